"""Notes are spelled as the interval between them: in recordings, in the quiz, in scores."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import BadInputError
from muse.tools.intervals.names import describe, describe_interval, describe_words
from muse.tools.intervals.quiz import Quiz
from muse.tools.intervals.quiz_answers import answer_semitones
from muse.tools.intervals.recordings import find_intervals
from muse.tools.intervals.timbres import sine
from muse.tools.notation.musicxml import save_musicxml
from muse.tools.song.document import Note, Song, Track
from muse.tools.theory.interval_spelling import spell_pair, tonic_of_intervals
from muse.tools.theory.intervals import INTERVAL_NAMES

RATE = 22_050


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        (57, 61, ("A3", "C#4")),
        (60, 63, ("C4", "Eb4")),
        (61, 65, ("Db4", "F4")),
        (58, 62, ("Bb3", "D4")),
        (59, 65, ("B3", "F4")),
        (60, 66, ("C4", "F#4")),
        (64, 68, ("E4", "G#4")),
        (57, 73, ("A3", "C#5")),
    ],
)
def test_pairs_are_spelled_as_their_interval(low: int, high: int, names: tuple[str, str]) -> None:
    assert spell_pair(low, high) == names


@given(st.integers(24, 96), st.integers(0, 24))
def test_the_name_by_letters_is_the_name_by_size(low: int, size: int) -> None:
    found = describe(*spell_pair(low, low + size))
    assert found["semitones"] == size
    usual = INTERVAL_NAMES[size]
    by_letters = {"unison": "perfect unison", "octave": "perfect octave"}.get(usual, usual)
    if size == 6:
        assert found["spelled"] in ("augmented fourth", "diminished fifth")
    elif size not in (18, 24):
        assert found["spelled"] == by_letters


def test_a_major_third_in_a_recording_is_spelled_as_one() -> None:
    rng = np.random.default_rng(0)
    notes = [sine(hertz, RATE // 2, RATE, rng) for hertz in (220.0, 277.18, 220.0)]
    up, down = find_intervals(np.concatenate(notes).astype(np.float32), RATE)
    assert (up.first.name, up.second.name) == ("A3", "C#4")
    assert (down.first.name, down.second.name) == ("C#4", "A3")


def test_the_quiz_spells_its_questions() -> None:
    with Quiz(6, timbres=("sine",), seed=2) as quiz:
        for _ in range(25):
            question = quiz.question()
            first, _, second = question.note_names.split()
            label = question.label
            low, high = spell_pair(label.low_pitch, label.high_pitch)
            assert {first, second} == {low, high}
            quiz.answer(question, 7)


def test_a_score_without_a_key_spells_intervals(tmp_path: Path) -> None:
    notes = [Note(0.0, 1.0, 57, 90), Note(1.0, 1.0, 61, 90)]
    path = tmp_path / "third.musicxml"
    save_musicxml(Song(tracks=[Track(name="a", notes=notes)]), path)
    text = path.read_text()
    assert re.findall(r"<step>(.)</step>", text) == ["A", "C"]
    assert re.findall(r"<alter>(.*)</alter>", text) == ["1"]
    assert tonic_of_intervals([60, 64, 67, 72]) == 0
    assert tonic_of_intervals([]) == 0


@pytest.mark.parametrize(
    ("text", "size", "spelled"),
    [
        ("min3", 3, "minor third"),
        ("dim5", 6, "diminished fifth"),
        ("aug 4", 6, "augmented fourth"),
        ("b5", 6, "diminished fifth"),
        ("TT", 6, "augmented fourth"),
        ("Maj7", 11, "major seventh"),
        ("♭3", 3, "minor third"),
        ("bb7", 9, "diminished seventh"),
        ("#11", 18, "augmented eleventh"),
        ("min. 6th", 8, "minor sixth"),
        ("M 10", 16, "major tenth"),
        ("8", 8, "minor sixth"),
        ("perf 5", 7, "perfect fifth"),
    ],
)
def test_names_of_intervals(muse, text: str, size: int, spelled: str) -> None:
    assert answer_semitones(text) == size
    assert describe_interval(text)["spelled"] == spelled
    shown = json.loads(muse("intervals", "name", *text.split()).out)
    assert (shown["semitones"], shown["spelled"]) == (size, spelled)


@pytest.mark.parametrize(
    "text", ["min", "P3", "M5", "min5", "third", "b1", "maj 16", "aug", "####5"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        answer_semitones(text)


def test_a_note_and_an_interval_give_the_second_note(muse) -> None:
    for words, second in {
        ("A3", "M3"): "C#4",
        ("C4", "aug", "4"): "F#4",
        ("C4", "dim5"): "Gb4",
        ("F#4", "TT"): "B#4",
        ("Bb3", "octave"): "Bb4",
    }.items():
        assert json.loads(muse("intervals", "name", *words).out)["second"] == second
    wrong = muse("intervals", "name", "C4", "min5")
    assert (wrong.code, wrong.out) == (4, b"")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("C4",), "'C4' is one note; add a second one"),
        (("C4", "foo"), "'foo' is neither a note, such as G#4, nor an interval"),
        (("C4", "third"), "'third' is neither a note"),
        (("Z4", "G4"), "'Z4' is not a note"),
        (("min", "min"), "'min min' is not an interval"),
    ],
)
def test_the_message_says_what_a_name_lacks(words: Sequence[str], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        describe_words(words[0], " ".join(words[1:]))
