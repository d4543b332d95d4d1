"""Key signatures of MIDI files as keys."""

from muse.tools.song.document import Key
from muse.tools.theory.keys import SIGNATURE_OF_TONIC, Mode, Tonality, song_key


def key_of(beat: float, sharps: int, is_minor: bool) -> Key:
    """Return the key of a signature of -7 (flats) to 7 sharps, as it is spelled."""
    mode: Mode = "minor" if is_minor else "major"
    return song_key(beat, Tonality(sharps - SIGNATURE_OF_TONIC[mode], mode))
