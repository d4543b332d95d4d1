"""Name the interval between two spelled notes: C to G# is an augmented fifth, C to Ab a sixth.

Conventions: a staff position counts letters from C0, seven per octave; interval numbers count from
1 (1 unison, 3 third). The lower note is the one written lower.
"""

import re
from dataclasses import dataclass
from typing import Any

from muse.tools.errors import BadInputError
from muse.tools.intervals.quiz_answers import named_interval
from muse.tools.theory.intervals import (
    INTERVAL_NAMES,
    MAJOR_SCALE,
    NUMBERS,
    PERFECT_STEPS,
    STEPS,
)
from muse.tools.theory.pitch import (
    MIDI_NAME,
    name_with_octave,
    note_name,
    parse_midi_name,
    parse_note_name,
)

LETTERS = "CDEFGAB"  # up the staff
USUAL_OCTAVE = 4  # of a first note without an octave
TIMES = {1: "", 2: "doubly ", 3: "triply "}
WHOLE_OCTAVE = "perfect octave"
FORMAT = "muse.interval-name/1"


@dataclass(frozen=True)
class SpelledNote:
    """A spelled note.

    Attributes:
        name: letter, accidentals, octave.
        staff_position: letters from C0.
        pitch: MIDI.
    """

    name: str
    staff_position: int
    pitch: int


def describe(first: str, second: str) -> dict[str, Any]:
    """Return all names of the interval from one note to another.

    Args:
        first: such as "C4"; without an octave it is in octave 4.
        second: such as "G#4"; without an octave it is the next one up the staff. Or the name of an
            interval, such as "min3"; the second note is that interval above the first.

    Returns:
        JSON values: the notes, semitones, direction, `name` by the size, `spelled` by the letters,
        `compound` if larger than an octave, and the inversion.

    Raises:
        BadInputError: a note's name is invalid or out of MIDI's range.
    """
    start = parse_spelled_note(first)
    end = parse_end(second, start)
    low, high = sorted((start, end), key=lambda note: (note.staff_position, note.pitch))
    steps, semitones = high.staff_position - low.staff_position, high.pitch - low.pitch
    return {
        "format": FORMAT,
        "first": start.name,
        "second": end.name,
        "semitones": abs(semitones),
        "direction": find_direction(end.pitch - start.pitch),
        "name": size_name(abs(semitones)),
        "spelled": spelled_name(steps, semitones),
        "compound": compound_name(steps, semitones),
        "inversion": inversion(steps, semitones),
    }


def describe_interval(text: str) -> dict[str, Any]:
    """Return all names of an interval that is named: "min3", "dim5", "aug 4", "b5", "TT".

    Returns:
        JSON values as of `describe`, without notes and direction.

    Raises:
        BadInputError: the text is not an interval up to two octaves.
    """
    found = named_interval(text)
    steps, semitones = found.number - 1, found.semitones
    return {
        "format": FORMAT,
        "semitones": semitones,
        "name": size_name(semitones),
        "spelled": spelled_name(steps, semitones),
        "compound": compound_name(steps, semitones),
        "inversion": inversion(steps, semitones),
    }


def describe_words(first: str, rest: str) -> dict[str, Any]:
    """Return all names of the interval of two notes, of a note and an interval, or of a name.

    Args:
        first: a note, or the first word of an interval's name.
        rest: a note, an interval, or further words; may be empty.

    Raises:
        BadInputError: the words are none of these.
    """
    is_first_note = is_note(first)
    if is_first_note and rest:
        return describe(first, rest)
    try:
        return describe_interval(f"{first} {rest}")
    except BadInputError as error:
        if is_first_note:
            raise BadInputError(
                f"'{first}' is one note; add a second one, such as G4, or an interval, such as m3"
            ) from error
        if rest and is_note(rest):
            raise BadInputError(f"'{first}' is not a note, such as C4, F#3 or Bb-1") from error
        raise


def is_note(text: str) -> bool:
    """Return whether a text is the name of a note, with or without an octave."""
    try:
        parse_spelled_note(text)
    except BadInputError:
        return False
    return True


def parse_end(text: str, start: SpelledNote) -> SpelledNote:
    """Parse the second note, or the interval from the first one to it."""
    try:
        return parse_spelled_note(text, start.staff_position)
    except BadInputError:
        if text.strip().isdigit():  # a number of semitones, or a note without its letter
            raise
        try:
            found = named_interval(text)
        except BadInputError:
            raise BadInputError(
                f"'{text.strip()}' is neither a note, such as G#4, nor an interval, such as m3"
            ) from None
    fifths = parse_note_name(start.name.rstrip("-0123456789")) + found.fifths
    name = name_with_octave(start.pitch + found.semitones, fifths)
    return parse_spelled_note(name)


def parse_spelled_note(text: str, above: int | None = None) -> SpelledNote:
    """Parse a note's name.

    Args:
        text: with or without an octave.
        above: lowest staff position of a note without an octave.
    """
    name = text.strip()
    if not re.search(r"\d$", name):
        parse_note_name(name[:1].upper() + name[1:])
        name += str(implied_octave(name, above))
    pitch = parse_midi_name(name)
    found = MIDI_NAME.fullmatch(name)
    if found is None:
        raise BadInputError(f"'{text}' is not a pitch, such as C4, F#3 or Bb-1")
    letter = name[0].upper()
    spelled = note_name(parse_note_name(letter + found[1][1:]))
    staff_position = STEPS * int(found[2]) + LETTERS.index(letter)
    return SpelledNote(f"{spelled}{int(found[2])}", staff_position, pitch)


def implied_octave(name: str, above: int | None) -> int:
    """Return the octave of a note named without one."""
    if above is None:
        return USUAL_OCTAVE
    return -((LETTERS.index(name[0].upper()) - above) // STEPS)


def find_direction(semitones: int) -> str:
    """Return the direction from the first note to the second."""
    if semitones == 0:
        return "repeated"
    return "ascending" if semitones > 0 else "descending"


def size_name(semitones: int) -> str:
    """Return the usual name of a size: 8 is a minor sixth; over two octaves, with the octaves."""
    if semitones < len(INTERVAL_NAMES):
        return INTERVAL_NAMES[semitones]
    octaves, rest = divmod(semitones, 12)
    return f"{INTERVAL_NAMES[rest]} and {octaves} octaves" if rest else f"{octaves} octaves"


def spelled_name(steps: int, semitones: int) -> str:
    """Return the name by letters: 4 steps and 8 semitones are an augmented fifth."""
    octaves, step = divmod(steps, STEPS)
    alteration = semitones - 12 * octaves - MAJOR_SCALE[step]
    number = NUMBERS[steps] if steps < len(NUMBERS) else ordinal(steps + 1)
    return f"{quality(alteration, step in PERFECT_STEPS)} {number}"


def quality(alteration: int, perfect: bool) -> str:
    """Return the quality of an interval that differs from the major scale's by `alteration`."""
    if alteration == 0:
        return "perfect" if perfect else "major"
    if alteration == -1 and not perfect:
        return "minor"
    times = alteration if alteration > 0 else -alteration - (not perfect)
    kind = "augmented" if alteration > 0 else "diminished"
    return f"{TIMES.get(times, f'{times} times ')}{kind}"


def ordinal(number: int) -> str:
    """Format a number: 16 as "16th", 22 as "22nd"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number // 10 % 10 != 1 else 0, "th")
    return f"{number}{ending}"


def simple_interval(steps: int, semitones: int) -> tuple[int, int]:
    """Return the interval without its octaves; a perfect octave stays, augmented ones do not."""
    octaves = max((steps - 1) // STEPS, 0)
    steps, semitones = steps - STEPS * octaves, semitones - 12 * octaves
    return (0, semitones - 12) if steps == STEPS and semitones > 12 else (steps, semitones)


def compound_name(steps: int, semitones: int) -> str | None:
    """Return the parts of an interval larger than an octave, such as a tenth; otherwise None."""
    octaves = max((steps - 1) // STEPS, 0)
    if not octaves:
        return None
    rest = spelled_name(steps - STEPS * octaves, semitones - 12 * octaves)
    if rest == WHOLE_OCTAVE:
        return f"{octaves + 1} octaves"
    return f"{'octave' if octaves == 1 else f'{octaves} octaves'} and {rest}"


def inversion(steps: int, semitones: int) -> dict[str, Any]:
    """Return the inversion of the simple interval: its lower note an octave higher."""
    steps, semitones = simple_interval(steps, semitones)
    inverted = 12 - semitones
    return {
        "semitones": inverted,
        "name": size_name(abs(inverted)),
        "spelled": spelled_name(STEPS - steps, inverted),
    }
