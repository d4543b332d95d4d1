"""Pitches and their names.

Conventions:
    A spelled pitch class is a place on the line of fifths, an int called `fifths`: F -1, C 0, G 1,
    D 2, ... B 5, F# 6, and in the other direction Bb -2, Eb -3. A sharp adds seven places. Spelling
    is then addition (Temperley, "The Cognition of Basic Musical Structures", 2001, chapter 5).
    A pitch class (`pc`) is 0 to 11 from C; a pitch is a MIDI number, 60 for C4.
"""

import re

from muse.tools.errors import BadInputError

A4, A4_HZ = 69, 440.0  # MIDI pitch of the tuning note, and its frequency in equal temperament
OCTAVE = 12  # semitones
LETTERS = "FCGDAEB"  # along the line of fifths, from -1 on
SHARP = 7  # places on the line of fifths that one sharp moves
SEMITONES_PER_FIFTH = 7
SIGNS = {"#": 1, "♯": 1, "b": -1, "♭": -1, "x": 2, "𝄪": 2, "𝄫": -2, "♮": 0}
MAX_SIGNS = 3  # sharps or flats on one letter; more is taken for an error
NOTE_NAME = re.compile(rf"([A-G])([{''.join(SIGNS)}]*)")
MIDI_NAME = re.compile(rf"([A-Ga-g][{''.join(SIGNS)}]*)(-?\d+)")
FLATTEST, SHARPEST = -5, 6  # places from a tonic: its flat second and its sharp fourth


def parse_note_name(text: str) -> int:
    """Read a name such as "F#", "B♭" or "Cx" as a place on the line of fifths.

    Raises:
        BadInputError: the text is not a letter A to G with up to three accidentals.
    """
    found = NOTE_NAME.fullmatch(text)
    alteration = sum(SIGNS[sign] for sign in found[2]) if found else MAX_SIGNS + 1
    if found is None or abs(alteration) > MAX_SIGNS:
        raise BadInputError(f"'{text}' is not the name of a note, such as C, F# or Bb")
    return LETTERS.index(found[1]) - 1 + SHARP * alteration


def note_name(fifths: int) -> str:
    """Return the name of a spelled pitch class in ASCII: 6 is "F#", -9 is "Bbb"."""
    alteration, letter = divmod(fifths + 1, len(LETTERS))
    return LETTERS[letter] + signs(alteration)


def signs(alteration: int) -> str:
    """Return sharps for a positive number, flats for a negative one."""
    return "#" * alteration if alteration > 0 else "b" * -alteration


def pitch_class(fifths: int) -> int:
    """Return the pitch class, 0 to 11, of a place on the line of fifths."""
    return fifths * SEMITONES_PER_FIFTH % 12


def spell(pc: int, tonic_fifths: int = 0) -> int:
    """Spell a pitch class as a key does, as a place on the line of fifths.

    The spelling is between the flat second and the sharp fourth of the tonic, so that the degrees
    of major and minor, b2, #4 and both thirds, sixths and sevenths are written as usual.

    Args:
        pc: 0 to 11; other ints are taken modulo 12.
        tonic_fifths: tonic of the key.
    """
    steps = (pc - pitch_class(tonic_fifths)) * SEMITONES_PER_FIFTH % 12
    return tonic_fifths + (steps if steps <= SHARPEST else steps - 12)


def respell(fifths: int, tonic_fifths: int = 0) -> int:
    """Respell a place on the line of fifths as a key does."""
    return spell(pitch_class(fifths), tonic_fifths)


def midi_name(pitch: int, tonic_fifths: int = 0) -> str:
    """Return the name of a MIDI pitch with its octave, spelled as a key does: 60 is "C4"."""
    return name_with_octave(pitch, spell(pitch % 12, tonic_fifths))


def name_with_octave(pitch: int, fifths: int) -> str:
    """Return the name of a MIDI pitch with its octave, spelled as a place on the line of fifths."""
    natural = pitch - (fifths + 1) // len(LETTERS)  # B#3 sounds like C4 and belongs to octave 3
    return f"{note_name(fifths)}{natural // 12 - 1}"


def parse_midi_name(text: str) -> int:
    """Read a name with its octave as a MIDI pitch, 0 to 127: "C4" is 60, "Bb-1" is 10.

    Raises:
        BadInputError: not such a name, or outside the range of MIDI.
    """
    found = MIDI_NAME.fullmatch(text.strip())
    if found is None:
        raise BadInputError(f"'{text}' is not a pitch, such as C4, F#3 or Bb-1")
    fifths = parse_note_name(found[1][0].upper() + found[1][1:])
    alteration, letter = divmod(fifths + 1, len(LETTERS))
    pitch = 12 * (int(found[2]) + 1) + pitch_class(letter - 1) + alteration
    if not 0 <= pitch <= 127:
        raise BadInputError(f"'{text}' is outside MIDI's range, C-1 to G9")
    return pitch
