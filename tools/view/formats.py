"""Formats of the files that songs and audio are written to, and the check of an output file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from muse.tools.errors import MuseError, ParameterError
from muse.tools.files import real_path
from muse.tools.song.document import MARK
from muse.tools.song.midi import MIDI_SUFFIXES
from muse.tools.song.midi_container import looks_like_midi

PICTURE_SUFFIXES = (".png", ".svg", ".pdf")
SCORE_SUFFIXES = (".musicxml", ".xml", ".mxl", ".abc")
SONG_SUFFIXES = (*MIDI_SUFFIXES, ".json")
HEAD_BYTES = 4096  # enough to recognize the format

# test of the first bytes of a file of each format
LOOKS_LIKE: dict[str, Callable[[bytes], bool]] = {
    ".png": lambda head: head.startswith(b"\x89PNG"),
    ".pdf": lambda head: head.startswith(b"%PDF"),
    ".svg": lambda head: b"<svg" in head,
    ".mxl": lambda head: head.startswith(b"PK"),
    ".abc": lambda head: b"X:" in head,
    ".mid": looks_like_midi,
    ".midi": looks_like_midi,
    ".json": lambda head: MARK in head,
    ".xml": lambda head: b"<score-partwise" in head or b"<score-timewise" in head,
    ".musicxml": lambda head: b"<score-partwise" in head or b"<score-timewise" in head,
}


def check_output(out: Path, source: str, others: Sequence[str] = ()) -> None:
    """Check that an output file can be written, before any work is done.

    Args:
        out: the file.
        source: the input, which must not be overwritten.
        others: further suffixes that the caller writes itself, for the message.

    Raises:
        ParameterError: the suffix names no format, or `out` is the input.
        MuseError: a file of another format exists.
    """
    suffix = out.suffix.lower()
    if suffix not in LOOKS_LIKE:
        what = f"{suffix} files" if suffix else "a file without a suffix"
        known = ", ".join((*PICTURE_SUFFIXES, *SCORE_SUFFIXES, *SONG_SUFFIXES, *others))
        raise ParameterError(f"{out}: cannot write {what}; formats are {known}")
    if real_path(out) == real_path(source):
        raise ParameterError(f"{out} is the input; name another file")
    if out.is_file() and (head := first_bytes(out)) and not LOOKS_LIKE[suffix](head):
        raise MuseError(
            f"{out} exists and is not a {suffix} file that muse writes; name another file"
        )


def first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
