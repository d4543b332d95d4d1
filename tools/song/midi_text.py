"""Encodings of the text in MIDI files.

The standard says ASCII; programs write the encoding of their system. One encoding is detected for
all texts of a file, and kept in `Song.text_encoding`, so that a file can be written as it was.
"""

import codecs
from collections.abc import Iterable
from typing import Final

from muse.tools.song.document import TextEncoding

UTF_8: Final = "utf-8"
LATIN_1: Final = "latin-1"
SHIFT_JIS: Final = "shift_jis"
UTF_16_LE: Final = "utf-16-le"
UTF_16_BE: Final = "utf-16-be"
# the codecs that decode and write each encoding; Windows extended two of the standards
CODECS: dict[TextEncoding, tuple[str, ...]] = {
    UTF_8: ("utf-8",),
    LATIN_1: ("cp1252", "latin-1"),
    SHIFT_JIS: ("cp932",),
    UTF_16_LE: ("utf-16-le",),
    UTF_16_BE: ("utf-16-be",),
}
BYTE_ORDER_MARKS: dict[TextEncoding, bytes] = {
    UTF_16_LE: codecs.BOM_UTF16_LE,
    UTF_16_BE: codecs.BOM_UTF16_BE,
}
DECLARED: dict[bytes, TextEncoding] = {
    b"{@JP}": SHIFT_JIS,
    b"{@LATIN}": LATIN_1,
}  # of lyrics, RP-026 of the MIDI Association
HIGH = 0x80  # bytes from here on are no ASCII
# first bytes of two in Shift-JIS that no Latin letter has: kana, punctuation and common kanji
JAPANESE_LEADS = range(0x81, 0xA0)
MIN_JAPANESE = 0.5  # share of the characters of two bytes that begin with such a byte


def text_encoding(texts: Iterable[bytes]) -> TextEncoding:
    """Detect the encoding of the texts of a file: a key of CODECS."""
    lines = [text for text in texts if text]
    whole = b"\n".join(lines)
    if utf_16 := utf_16_of(lines):
        return utf_16
    declared = next((name for tag, name in DECLARED.items() if tag in whole.upper()), None)
    if declared:
        return declared
    if decodes(lines, "utf-8"):
        return UTF_8
    return SHIFT_JIS if is_japanese(lines) else LATIN_1


def utf_16_of(lines: Iterable[bytes]) -> TextEncoding | None:
    """Return which UTF-16 the texts are in: by byte order marks, or every second byte zero."""
    for line in lines:
        for name, mark in BYTE_ORDER_MARKS.items():
            if line.startswith(mark):
                return name
        if len(line) >= 4 and len(line) % 2 == 0 and line.count(0) == len(line) // 2:
            if not any(line[1::2]):
                return UTF_16_LE
            if not any(line[::2]):
                return UTF_16_BE
    return None


def decodes(lines: Iterable[bytes], codec: str) -> bool:
    """Return whether a codec decodes all texts."""
    try:
        for line in lines:
            line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def is_japanese(lines: Iterable[bytes]) -> bool:
    """Return whether texts that are not UTF-8 are Shift-JIS rather than Latin-1."""
    lines = list(lines)
    if not decodes(lines, "cp932"):
        return False
    leads = [lead for line in lines for lead in first_bytes_of_pairs(line)]
    return sum(lead in JAPANESE_LEADS for lead in leads) > MIN_JAPANESE * len(leads)


def first_bytes_of_pairs(line: bytes) -> list[int]:
    """Return the first bytes of the characters of two bytes of a text in Shift-JIS."""
    pairs = (char.encode("cp932") for char in line.decode("cp932"))
    return [pair[0] for pair in pairs if len(pair) == 2]


def decode(text: bytes, encoding: TextEncoding) -> str:
    """Decode a text; bytes that the encoding cannot hold become U+FFFD."""
    text = text.removeprefix(BYTE_ORDER_MARKS.get(encoding, b""))
    for codec in CODECS[encoding]:
        try:
            return text.decode(codec)
        except UnicodeDecodeError:
            continue
    return text.decode(CODECS[encoding][0], "replace")


def encode(text: str, encoding: TextEncoding) -> bytes:
    """Encode a text as `decode` read it; in UTF-8 if the encoding lacks one of its characters."""
    mark = BYTE_ORDER_MARKS.get(encoding, b"") if text else b""
    for codec in CODECS[encoding]:
        try:
            return mark + text.encode(codec)
        except UnicodeEncodeError:
            continue
    return text.encode("utf-8", "replace")
