"""Lyrics of a track as the syllables of a score.

Two conventions are in use for words of several syllables. Either a syllable inside a word ends in a
hyphen, or, as in karaoke files, a space stands before or behind each word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from muse.tools.notation.grid import GRID
from muse.tools.song.document import Lyric

HYPHEN = "-"
LINE_MARKS = "/\\"  # before the first word of a line, in karaoke files
NEAR = GRID // 2  # steps between a syllable and its note, at most


@dataclass(frozen=True)
class Syllable:
    """A syllable, and whether the word began before it and goes on behind it."""

    text: str
    begun: bool
    goes_on: bool

    @property
    def kind(self) -> str:
        """MusicXML's name of its place in the word."""
        names = {(True, True): "middle", (True, False): "end", (False, True): "begin"}
        return names.get((self.begun, self.goes_on), "single")


def syllables_of(lyrics: Sequence[Lyric]) -> list[tuple[float, Syllable]]:
    """Return the syllables of a track with their beats, in order."""
    ordered = sorted(lyrics, key=lambda lyric: lyric.beat)
    texts = [lyric.text for lyric in ordered]
    found: list[tuple[float, Syllable]] = []
    begun = False
    for index, lyric in enumerate(ordered):
        goes_on = is_inside(texts, index)
        text = lyric.text.strip().strip(LINE_MARKS).strip().removesuffix(HYPHEN)
        if text:
            found.append((lyric.beat, Syllable(text, begun, goes_on)))
            begun = goes_on
    return found


def is_inside(texts: Sequence[str], index: int) -> bool:
    """Return whether the word of a text goes on with the next one."""
    text = texts[index]
    if index + 1 == len(texts):
        return False
    if any(HYPHEN in each.strip() for each in texts) or not is_spaced(texts):
        return text.strip().endswith(HYPHEN)
    following = texts[index + 1]
    return (
        not text[-1:].isspace() and not following[:1].isspace() and following[:1] not in LINE_MARKS
    )


def is_spaced(texts: Sequence[str]) -> bool:
    """Return whether spaces part the words of some texts."""
    return any(text != text.strip() for text in texts)


def place_syllables(
    lyrics: Sequence[Lyric], onsets: Sequence[int], shift: float
) -> dict[int, Syllable]:
    """Return the syllables by the onsets of their notes.

    Args:
        lyrics: of a track.
        onsets: of its notes, in steps; a syllable goes to the nearest one, if that is NEAR.
        shift: quarter notes by which the notes were shifted.
    """
    placed: dict[int, Syllable] = {}
    for beat, syllable in syllables_of(lyrics):
        step = round((beat + shift) * GRID)
        onset = min(onsets, key=lambda onset: abs(onset - step), default=None)
        if onset is not None and abs(onset - step) <= NEAR:
            placed.setdefault(onset, syllable)
    return placed


def add_syllable(note: Element, syllable: Syllable | None) -> None:
    """Add the syllable of a note, if it has one."""
    if syllable is None:
        return
    lyric = SubElement(note, "lyric", number="1")
    SubElement(lyric, "syllabic").text = syllable.kind
    SubElement(lyric, "text").text = "".join(c for c in syllable.text if c.isprintable())
