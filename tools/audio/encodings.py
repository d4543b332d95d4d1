"""The audio formats that muse writes.

Nothing heavy is imported, so that commands can check options against this table.
"""

from dataclasses import dataclass
from typing import Final

from muse.tools.errors import ParameterError


@dataclass(frozen=True)
class Encoding:
    """Container and sample formats of one file format.

    Attributes:
        container: libsndfile's name of the format.
        subtypes: libsndfile's subtype for each bit depth.
        default_bits: bit depth if none is given.
    """

    container: str
    subtypes: dict[str, str]
    default_bits: str


ENCODINGS: Final = {
    "wav": Encoding("WAV", {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}, "16"),
    "flac": Encoding("FLAC", {"16": "PCM_16", "24": "PCM_24"}, "16"),
    "ogg": Encoding("OGG", {"16": "VORBIS"}, "16"),
    "mp3": Encoding("MP3", {"16": "MPEG_LAYER_III"}, "16"),
}
LOSSY: Final = frozenset({"ogg", "mp3"})
AUDIO_SUFFIXES: Final = tuple(f".{name}" for name in ENCODINGS)


def find_encoding(suffix: str, bits: str) -> Encoding:
    """Return the encoding of a format, after checking the bit depth.

    Args:
        suffix: of the file, without its dot.
        bits: '16', '24' or '32f'.

    Raises:
        ParameterError: muse does not write the format, or not with this bit depth.
    """
    encoding = ENCODINGS.get(suffix)
    if encoding is None:
        what = f".{suffix} files" if suffix else "a file without a suffix"
        raise ParameterError(f"cannot write {what}; the formats are {', '.join(ENCODINGS)}")
    if bits not in encoding.subtypes:
        *others, last = encoding.subtypes
        depths = f"{', '.join(others)} or {last}" if others else last
        raise ParameterError(f".{suffix} files hold {depths} bits, not {bits}")
    return encoding
