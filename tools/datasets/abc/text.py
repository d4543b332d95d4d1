"""The text of an ABC file: its encoding, its tunes, and its kinds of lines.

A tune begins with a line `X:` and ends with a blank line or the next `X:`. A blank line in the
header, before `K:`, is passed over. Lines before the first tune are its file header: their fields
hold for every tune. Source: the ABC standard 2.1, sections 2 and 3.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

FIELD = re.compile(r"\s*([A-Zmrsw+]):(?![|:])(.*)", re.DOTALL)
# encodings by the bytes that mark them
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FALLBACK = "latin-1"  # for text that is not UTF-8
CHARSET = re.compile(rb"^(?:%%|I:)abc-charset\s+(\S+)", re.MULTILINE)
LINE_END = re.compile(r"\r\n|\r|\n")
COMMENT = re.compile(r"(?<!\\)%.*", re.DOTALL)
BLOCK = re.compile(r"%%begin(\w+)")
FILE_FIELDS = frozenset("MLQUIm")  # fields of the file header that matter to the music
# a line between tunes that is music, if it has a bar line, and not prose
MUSIC = re.compile(r"[\sA-Ga-gxyzZ\d|:\[\]()'\",_^=/<>~.!{}\\-]+")
# combining characters by the sign of an escape such as \'e
ACCENTS = dict(
    zip(
        "`'^~\"cvuo=.;",
        "\u0300\u0301\u0302\u0303\u0308\u0327\u030c\u0306\u030a\u0304\u0307\u0328",
        strict=True,
    )
)
ESCAPE = re.compile(r"\\([`'^~\"cvuo=.;])([A-Za-z])|\\u([0-9a-fA-F]{4})|\\(%)")


@dataclass(frozen=True)
class Line:
    """A line of a file; `number` counts from 1."""

    number: int
    text: str


@dataclass
class TuneText:
    """The lines of one tune.

    Attributes:
        order: of the tune in the file, from 1.
        lines: the file header, then the tune itself from its `X:` on.
        stray: number of lines of music that follow the tune after a blank line.
    """

    order: int
    lines: list[Line] = field(default_factory=list)
    stray: int = 0
    has_key: bool = False
    ended: bool = False

    def first_value(self, name: str) -> str:
        """Return the text of the first field of a name, or ""."""
        found = (FIELD.fullmatch(line.text) for line in self.lines)
        return next((f[2].strip() for f in found if f and f[1] == name), "")

    @property
    def label(self) -> str:
        """Number and title, for messages."""
        title = without_comment(self.first_value("T"))
        number = without_comment(self.first_value("X")) or str(self.order)
        return f"tune {number}" + (f" ('{unescaped(title)}')" if title else "")


def decode(data: bytes) -> str:
    """Return the text of a file: as its byte order mark says, UTF-8, or Latin-1."""
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode(declared_charset(data), "replace")


def declared_charset(data: bytes) -> str:
    """Return the encoding that a file names, if Python knows it, else Latin-1."""
    found = CHARSET.search(data)
    try:
        name = codecs.lookup(found[1].decode("ascii", "replace")).name if found else FALLBACK
    except LookupError:
        return FALLBACK
    return FALLBACK if name == "utf-8" else name


def split_tunes(text: str) -> list[TuneText]:
    """Return the tunes of a file in order."""
    header: list[Line] = []
    tunes: list[TuneText] = []
    for line in lines_outside_blocks(text):
        found = FIELD.fullmatch(line.text)
        if found and found[1] == "X":
            tunes.append(TuneText(len(tunes) + 1, [*header, line]))
        elif not tunes:
            if line.text.startswith("%%") or (found and found[1] in FILE_FIELDS):
                header.append(line)
        else:
            add_line(tunes[-1], line, found[1] if found else "")
    return tunes


def add_line(tune: TuneText, line: Line, name: str) -> None:
    """Add a line to a tune, unless the tune has ended; `name` is that of its field or ""."""
    if not line.text.strip():
        tune.ended |= tune.has_key
    elif not tune.ended:
        tune.has_key |= name == "K"
        tune.lines.append(line)
    elif not name and "|" in line.text and MUSIC.fullmatch(line.text):
        tune.stray += 1


def lines_outside_blocks(text: str) -> Iterator[Line]:
    """Yield the lines that are not inside `%%begintext` ... `%%endtext` or another such block."""
    end = ""
    for number, line in enumerate(LINE_END.split(text), start=1):
        if end:
            end = "" if line.startswith(end) else end
        elif block := BLOCK.match(line):
            end = f"%%end{block[1]}"
        else:
            yield Line(number, line)


def without_comment(text: str) -> str:
    """Return a line without the comment at its end, stripped."""
    return COMMENT.sub("", text).strip() if "%" in text else text.strip()


def unescaped(text: str) -> str:
    r"""Return a text with its escapes as characters: `\'e`, `&eacute;` and `\u00e9` are é."""
    text = ESCAPE.sub(character_of, text) if "\\" in text else text
    return unescape(text) if "&" in text else text


def character_of(found: re.Match[str]) -> str:
    """Return the character of an escape."""
    sign, letter, code, percent = found.groups()
    if code:
        return chr(int(code, 16))
    return percent or unicodedata.normalize("NFC", letter + ACCENTS[sign])
