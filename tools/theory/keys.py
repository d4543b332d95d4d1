"""Keys: a spelled tonic and a mode; names and scales."""

import re
from dataclasses import dataclass
from typing import Literal

from muse.tools.errors import BadInputError
from muse.tools.song import document as song
from muse.tools.theory.pitch import FLATTEST, SIGNS, note_name, parse_note_name, pitch_class, spell

Mode = Literal["major", "minor"]

# degrees in semitones above the tonic; minor is the natural one
SCALES: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
}
MOST_SIGNS = 7  # of a key signature
SIGNATURE_OF_TONIC: dict[Mode, int] = {"major": 0, "minor": -3}  # sharps of C's signature
MODE_WORDS: dict[str, Mode] = {
    "": "major",
    "maj": "major",
    "major": "major",
    "dur": "major",
    "m": "minor",
    "-": "minor",
    "min": "minor",
    "minor": "minor",
    "moll": "minor",
}
KEY_NAME = re.compile(rf"([A-Ga-g][{''.join(SIGNS)}]*)(?:[\s:_]*|-(?=[a-zA-Z]))([a-zA-Z]*|-)")
# by pitch class, for texts that do not depend on the signature
TONIC_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# sharps of the flattest of the twelve signatures in use: Db to F# major, Eb to G# minor
FLATTEST_SIGNATURE: dict[Mode, int] = {"major": -5, "minor": -6}


@dataclass(frozen=True)
class Tonality:
    """A key: its tonic as a place on the line of fifths, and its mode."""

    tonic: int
    mode: Mode

    @property
    def tonic_pc(self) -> int:
        """Pitch class of the tonic, 0 to 11."""
        return pitch_class(self.tonic)

    @property
    def sharps(self) -> int:
        """Sharps of the key signature; flats are negative."""
        return self.tonic + SIGNATURE_OF_TONIC[self.mode]

    @property
    def name(self) -> str:
        """Full name, such as "Eb minor"."""
        return f"{note_name(self.tonic)} {self.mode}"

    @property
    def short(self) -> str:
        """Short name, such as "Ebm"."""
        return note_name(self.tonic) + ("m" if self.mode == "minor" else "")


C_MAJOR = Tonality(0, "major")


def tonality(tonic_pc: int, mode: Mode) -> Tonality:
    """Return a key with the usual spelling of its tonic: Db to F# major, Eb to G# minor."""
    flattest_tonic = FLATTEST_SIGNATURE[mode] - SIGNATURE_OF_TONIC[mode]
    return Tonality(spell(tonic_pc, flattest_tonic - FLATTEST), mode)


def tonality_of(key: song.Key) -> Tonality:
    """Return a key of a Song as it was written, else with the usual spelling of its tonic."""
    if key.sharps is not None:
        written = Tonality(key.sharps - SIGNATURE_OF_TONIC[key.mode], key.mode)
        if written.tonic_pc == key.tonic_pc:
            return written
    return tonality(key.tonic_pc, key.mode)


def song_key(beat: float, key: Tonality, confidence: float = 1.0) -> song.Key:
    """Return the key of a Song that keeps the spelling, if a signature has it."""
    is_usual = key == tonality(key.tonic_pc, key.mode) or abs(key.sharps) > MOST_SIGNS
    sharps = None if is_usual else key.sharps
    return song.Key(beat, key.tonic_pc, key.mode, confidence, sharps)


def parse_key(text: str) -> Tonality:
    """Read a key such as "Eb minor", "Ebm", "C:min", "F#", or "a" (small letter: minor).

    Raises:
        BadInputError: not a note name followed by a mode.
    """
    found = KEY_NAME.fullmatch(text.strip())
    mode = mode_of(found[2]) if found else None
    if found is None or mode is None:
        raise BadInputError(f"'{text}' is not a key, such as 'Eb minor', 'F#m' or 'C major'")
    tonic = parse_note_name(found[1][0].upper() + found[1][1:])
    is_small = found[1][0].islower() and not found[2]
    return Tonality(tonic, "minor" if is_small else mode)


def mode_of(word: str) -> Mode | None:
    """Return the mode that a word after a tonic names; "M" is major and "m" minor."""
    return "major" if word == "M" else MODE_WORDS.get(word.lower())


def scale_pcs(key: Tonality) -> tuple[int, ...]:
    """Return the seven pitch classes from the tonic up; of a minor key the natural scale."""
    return tuple((key.tonic_pc + step) % 12 for step in SCALES[key.mode])


def relative(key: Tonality) -> Tonality:
    """Return the key of the other mode with the same signature."""
    if key.mode == "major":
        return Tonality(key.tonic + 3, "minor")
    return Tonality(key.tonic - 3, "major")


def parallel(key: Tonality) -> Tonality:
    """Return the key of the other mode with the same tonic."""
    return Tonality(key.tonic, "minor" if key.mode == "major" else "major")
