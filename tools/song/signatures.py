"""Key signatures of MIDI files as keys."""

from muse.tools.song.document import Key

FIFTHS_PER_SHARP = 7  # semitones of a fifth: each sharp moves the tonic by one fifth
MINOR_TONIC = 9  # semitones from the tonic of a major key up to that of its relative minor


def key_of(beat: float, sharps: int, is_minor: bool) -> Key:
    """Return the key of a signature of -7 (flats) to 7 sharps."""
    tonic = (sharps * FIFTHS_PER_SHARP + (MINOR_TONIC if is_minor else 0)) % 12
    return Key(beat, tonic, "minor" if is_minor else "major")
