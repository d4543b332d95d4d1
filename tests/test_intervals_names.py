"""`muse intervals name`: names by size and by spelling, and inversions."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music21 import interval, note

from muse.tools.errors import BadInputError
from muse.tools.intervals.names import describe

notes = st.builds(
    lambda letter, sign, octave: f"{letter}{sign}{octave}",
    st.sampled_from("CDEFGAB"),
    st.sampled_from(["", "#", "b"]),
    st.integers(1, 7),
)


@pytest.mark.parametrize(
    ("first", "second", "semitones", "name", "spelled", "inverted"),
    [
        ("C4", "G#4", 8, "minor sixth", "augmented fifth", "diminished fourth"),
        ("C4", "Ab4", 8, "minor sixth", "minor sixth", "major third"),
        ("G4", "C4", 7, "perfect fifth", "perfect fifth", "perfect fourth"),
        ("F4", "B4", 6, "tritone", "augmented fourth", "diminished fifth"),
        ("B3", "F4", 6, "tritone", "diminished fifth", "augmented fourth"),
        ("C4", "B#3", 0, "unison", "diminished second", "augmented seventh"),
        ("C4", "Cb4", 1, "minor second", "augmented unison", "diminished octave"),
        ("C4", "C#5", 13, "minor ninth", "augmented octave", "diminished octave"),
        ("C4", "C5", 12, "octave", "perfect octave", "perfect unison"),
        ("c4", "Fbb4", 3, "minor third", "doubly diminished fourth", "doubly augmented fifth"),
        ("C2", "E5", 40, "major third and 3 octaves", "major 24th", "minor sixth"),
    ],
)
def test_textbook_names(
    first: str, second: str, semitones: int, name: str, spelled: str, inverted: str
) -> None:
    found = describe(first, second)
    assert found["semitones"] == semitones
    assert (found["name"], found["spelled"]) == (name, spelled)
    assert found["inversion"]["spelled"] == inverted


@pytest.mark.parametrize(
    ("second", "compound"),
    [("E5", "octave and major third"), ("C6", "2 octaves"), ("C5", None), ("Db6", "2 octaves and")],
)
def test_compound_intervals_are_split_into_octaves_and_rest(
    second: str, compound: str | None
) -> None:
    found = describe("C4", second)["compound"]
    assert found is compound is None or found.startswith(compound)


def test_second_note_without_an_octave_is_above_the_first() -> None:
    assert describe("C", "G#")["second"] == "G#4"
    assert describe("B", "C")["second"] == "C5"
    assert describe("Bb2", "A")["second"] == "A3"


@given(notes, notes)
@settings(deadline=None)
def test_spelled_names_match_music21(first: str, second: str) -> None:
    found = describe(first, second)
    low, high = sorted((first, second), key=lambda n: (int(n[-1]), "CDEFGAB".index(n[0])))
    expected = interval.Interval(
        note.Note(low.replace("b", "-")), note.Note(high.replace("b", "-"))
    )
    if expected.generic.undirected == 1 or expected.generic.undirected > 14:
        return  # music21 names descending unisons and large numbers differently
    assert found["spelled"] == expected.niceName.lower().replace("doubly-", "doubly ").replace(
        "triply-", "triply "
    )


@given(notes, notes)
def test_inversion_complements_the_interval(first: str, second: str) -> None:
    found = describe(first, second)
    inverted = found["inversion"]
    assert (found["semitones"] + inverted["semitones"]) % 12 == 0 or inverted["semitones"] > 12
    assert describe(second, first)["spelled"] == found["spelled"]


@pytest.mark.parametrize("bad", ["H4", "", "C99", "C-9", "4", "C####4", "#", "Cé"])
def test_invalid_notes_are_refused(bad: str) -> None:
    for pair in ((bad, "C4"), ("C4", bad)):
        with pytest.raises(BadInputError):
            describe(*pair)


def test_command_prints_json_in_a_pipe(muse) -> None:
    shown = muse("intervals", "name", "C4", "G#4")
    assert shown.code == 0
    assert json.loads(shown.out)["spelled"] == "augmented fifth"
    wrong = muse("intervals", "name", "C4", "Z")
    assert (wrong.code, wrong.out) == (4, b"")
    assert "'Z" in wrong.err
