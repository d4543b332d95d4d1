"""Names of pitches and intervals on the line of fifths."""

import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import BadInputError
from muse.tools.theory.intervals import (
    INTERVAL_NAMES,
    Interval,
    interval_between,
    parse_interval,
)
from muse.tools.theory.pitch import (
    midi_name,
    note_name,
    parse_midi_name,
    parse_note_name,
    pitch_class,
    respell,
    spell,
)

FIFTHS = st.integers(-15, 19)  # Fbb to B##


@pytest.mark.parametrize(
    ("name", "fifths", "pc"),
    [("C", 0, 0), ("F#", 6, 6), ("Gb", -6, 6), ("B♭", -2, 10), ("Cx", 14, 2), ("E#", 11, 5)],
)
def test_names_and_positions_on_the_line_of_fifths(name: str, fifths: int, pc: int) -> None:
    assert parse_note_name(name) == fifths
    assert pitch_class(fifths) == pc


@given(FIFTHS)
def test_a_name_reads_back(fifths: int) -> None:
    assert parse_note_name(note_name(fifths)) == fifths


@given(st.integers(0, 11), FIFTHS)
def test_spelling_keeps_the_sound(pc: int, tonic: int) -> None:
    assert pitch_class(spell(pc, tonic)) == pc
    assert respell(spell(pc, tonic), tonic) == spell(pc, tonic)


@pytest.mark.parametrize(
    ("tonic", "names"),
    [
        ("C", "C Db D Eb E F F# G Ab A Bb B"),
        ("E", "C C# D D# E F F# G G# A A# B"),
        ("Ab", "C Db D Eb Fb F Gb G Ab Bbb Bb Cb"),
    ],
)
def test_a_key_spells_its_own_notes(tonic: str, names: str) -> None:
    spelled = {pc: note_name(spell(pc, parse_note_name(tonic))) for pc in range(12)}
    assert list(spelled.values()) == names.split()


@given(st.integers(0, 127))
def test_midi_names_are_those_of_pretty_midi(pitch: int) -> None:
    assert parse_midi_name(pretty_midi.note_number_to_name(pitch)) == pitch


@given(st.integers(0, 127), FIFTHS)
def test_midi_names_read_back_in_any_key(pitch: int, tonic: int) -> None:
    assert parse_midi_name(midi_name(pitch, tonic)) == pitch


def test_an_octave_belongs_to_the_letter() -> None:
    assert parse_midi_name("B#3") == parse_midi_name("C4") == 60
    assert parse_midi_name("Cb4") == 59
    assert midi_name(59, parse_note_name("Gb")) == "Cb4"


@pytest.mark.parametrize("text", ["", "H", "C####", "c", "C4", "♯"])
def test_text_that_is_not_a_note_name_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="not the name of a note"):
        parse_note_name(text)


@pytest.mark.parametrize("text", ["C", "4", "C-2", "A9", "B#9"])
def test_text_that_is_not_a_pitch_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_midi_name(text)


@pytest.mark.parametrize(
    ("text", "semitones"),
    [("1", 0), ("b3", 3), ("5", 7), ("bb7", 9), ("#11", 18), ("b13", 20), ("15", 24)],
)
def test_degrees(text: str, semitones: int) -> None:
    assert parse_interval(text).semitones == semitones
    assert str(parse_interval(text)) == text


@given(st.integers(1, 7), st.integers(-2, 2), FIFTHS)
def test_degrees_are_found_again_between_notes(number: int, alteration: int, root: int) -> None:
    degree = Interval(number, alteration)
    assert interval_between(root, root + degree.fifths) == degree
    assert (pitch_class(root) + degree.semitones) % 12 == pitch_class(root + degree.fifths)


@pytest.mark.parametrize("text", ["", "0", "16", "b", "3b", "x"])
def test_text_that_is_not_a_degree_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="not a degree"):
        parse_interval(text)


def test_every_interval_to_two_octaves_has_a_name() -> None:
    assert len(set(INTERVAL_NAMES)) == 25
    assert INTERVAL_NAMES[8] == "minor sixth"
