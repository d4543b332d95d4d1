"""The interval quiz: parsing of answers, choice of questions, stored answers and playback."""

import contextlib
import json
import stat
from itertools import count
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from music21 import interval

from muse.cli import intervals_quiz
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.intervals import quiz_sound
from muse.tools.intervals.arithmetic import halves, interval_by_peaks
from muse.tools.intervals.quiz import LEVELS, Quiz
from muse.tools.intervals.quiz_answers import answer_semitones
from muse.tools.intervals.quiz_stats import read_answers
from muse.tools.theory.intervals import INTERVAL_NAMES

SINE = ("sine",)


@pytest.mark.parametrize("size", range(25))
def test_every_name_and_number_is_accepted(size: int) -> None:
    assert answer_semitones(INTERVAL_NAMES[size]) == size
    assert answer_semitones(f"  {INTERVAL_NAMES[size].upper()} ") == size
    assert answer_semitones(str(size)) == size


@given(st.sampled_from("PMmAd"), st.integers(1, 15))
def test_short_names_match_music21(quality: str, number: int) -> None:
    perfect = (number - 1) % 7 in (0, 3, 4)
    text = f"{quality}{number}"
    if ((quality == "P") != perfect and quality in "PMm") or text == "d1":
        with pytest.raises(BadInputError):
            answer_semitones(text)
        return
    expected = interval.Interval(text).semitones
    if expected > 24:
        with pytest.raises(BadInputError):
            answer_semitones(text)
    else:
        assert answer_semitones(text) == expected


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("TT", 6), ("tritone", 6), ("5th", 7), ("fourth", 5), ("minor 3rd", 3), ("p5", 7)),
        *(("diminished-fifth", 6), ("whole step", 2), ("two octaves", 24), ("m 6", 8)),
    ],
)
def test_other_names(text: str, size: int) -> None:
    assert answer_semitones(text) == size


@given(st.text(max_size=12))
def test_any_text_gives_a_valid_size_or_an_error(text: str) -> None:
    with contextlib.suppress(BadInputError):
        assert 0 <= answer_semitones(text) <= 24


@pytest.mark.parametrize("text", ["", "third", "25", "-3", "P3", "M5", "H7", "m99", "perfect"])
def test_invalid_answers_are_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        answer_semitones(text)


def test_a_clip_sounds_the_interval_of_its_question() -> None:
    with Quiz(4, directions=("ascending",), timbres=SINE, seed=3) as quiz:
        for _ in range(8):
            question = quiz.question()
            measured = interval_by_peaks(*halves(quiz.clip(question)), quiz.settings.sample_rate)
            assert measured == question.label.semitones
            assert quiz.answer(question, measured).right


@pytest.mark.parametrize("level", range(1, len(LEVELS) + 1))
def test_levels_ask_only_their_intervals_and_repeat_with_the_seed(level: int) -> None:
    def labels() -> list[tuple[int, str, int]]:
        with Quiz(level, timbres=SINE, seed=5) as quiz:
            questions = []
            for _ in range(30):
                questions.append(quiz.question())
                quiz.answer(questions[-1], 7)
        return [(q.label.semitones, q.label.direction, q.label.low_pitch) for q in questions]

    asked = labels()
    assert asked == labels()
    assert {size for size, _, _ in asked} <= set(LEVELS[level - 1].sizes)
    assert {direction for _, direction, _ in asked} <= {*LEVELS[level - 1].directions, "repeated"}


def test_missed_intervals_are_asked_more_often() -> None:
    with Quiz(1, timbres=SINE, seed=1) as quiz:
        for _ in range(200):
            question = quiz.question()
            quiz.answer(question, question.label.semitones if question.label.semitones != 5 else 7)
        asked = [answer.semitones for answer in quiz.answers]
    assert asked.count(5) > 2 * max(asked.count(7), asked.count(12))
    assert min(asked.count(7), asked.count(12)) > 10  # correct ones are still asked


def test_earlier_answers_count() -> None:
    with Quiz(1, timbres=SINE, seed=1) as quiz:
        for _ in range(60):
            question = quiz.question()
            quiz.answer(question, question.label.semitones if question.label.semitones < 12 else 0)
    with Quiz(1, timbres=SINE, seed=2, earlier=quiz.answers) as later:
        first = []
        for _ in range(100):
            question = later.question()
            first.append(question.label.semitones)
            later.answers.append(quiz.answers[0])
    assert first.count(12) > first.count(5)


def test_unknown_levels_are_refused() -> None:
    for level in (0, len(LEVELS) + 1):
        with pytest.raises(ParameterError):
            Quiz(level, timbres=SINE)


def test_answers_from_a_pipe(muse, tmp_path: Path) -> None:
    stats = tmp_path / "deep" / "ear.jsonl"
    words = ("intervals", "quiz", "--seed", 1, "--no-play", "--timbre", "sine", "--stats", stats)
    shown = muse(*words, "-n", 3, stdin=b"P5\nnonsense\n\xff\xfe\n\nm3\r\n")
    assert shown.code == 0
    assert "'nonsense' is not an interval" in shown.err
    lines = [json.loads(line) for line in stats.read_bytes().splitlines()]
    assert [line["answered"] for line in lines] == [7, 3]  # the third was never answered
    scores = [json.loads(line) for line in shown.out.splitlines()]
    assert sum(score["asked"] for score in scores) == 2
    before = stats.read_bytes()
    muse(*words, stdin=b"5")
    assert stats.read_bytes().startswith(before)
    assert len(stats.read_bytes().splitlines()) == 3


def test_quiz_without_sound_shows_the_notes(muse) -> None:
    shown = muse("intervals", "quiz", "--seed", 4, "--no-play", "-n", 1, stdin=b"0\n")
    asked = shown.err.splitlines()[1]
    assert " then " in asked
    first, second = asked.rpartition(", ")[2].split(" then ")
    named = json.loads(muse("intervals", "name", first, second).out)
    assert named["semitones"] == json.loads(shown.out)["semitones"]


def test_clips_are_written_to_a_folder(muse, tmp_path: Path) -> None:
    shown = muse("intervals", "quiz", "--seed", 2, "-o", tmp_path, "-n", 2, stdin=b"7\n7\n")
    assert shown.code == 0
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == ["question-001.wav", "question-002.wav"]
    assert all(soundfile.info(path).duration == 2.0 for path in paths)
    assert " then " not in shown.err.splitlines()[1]  # the notes are not shown before the answer


def test_an_interrupted_quiz_keeps_its_answers(muse, tmp_path: Path, monkeypatch) -> None:
    lines = iter(["7", "5"])

    def read_line() -> str:
        try:
            return next(lines)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(intervals_quiz, "read_line", read_line)
    stats = tmp_path / "ear.jsonl"
    shown = muse("intervals", "quiz", "--seed", 1, "--no-play", "--stats", stats)
    assert shown.code == 130
    assert len(stats.read_bytes().splitlines()) == 2
    assert sum(json.loads(line)["asked"] for line in shown.out.splitlines()) == 2


def test_an_incomplete_line_is_ignored_and_terminated(muse, tmp_path: Path) -> None:
    stats = tmp_path / "ear.jsonl"
    words = ("intervals", "quiz", "--no-play", "--timbre", "sine", "--seed", 1, "--stats", stats)
    muse(*words, "-n", 2, stdin=b"7\n7\n")
    stats.write_bytes(stats.read_bytes()[:-20])
    shown = muse(*words, "-n", 1, stdin=b"7\n")
    assert "ignored 1 lines that are not answers" in shown.err
    whole = [line for line in stats.read_bytes().splitlines() if line.endswith(b"}")]
    assert len(whole) == 2


def test_other_files_are_not_appended_to(muse, tmp_path: Path) -> None:
    for content in (b"RIFF\x00\xffnot answers", b'{"format":"muse.song/1"}\n'):
        path = tmp_path / "other"
        path.write_bytes(content)
        shown = muse("intervals", "quiz", "--no-play", "--stats", path, stdin=b"7\n")
        assert shown.code == 4
        assert str(path) in shown.err
        assert path.read_bytes() == content
    assert muse("intervals", "quiz", "--no-play", "--stats", tmp_path, stdin=b"7\n").code == 4


def fake_players(folder: Path, monkeypatch, *scripts: str, takes_s: float = 5.0) -> None:
    """Make scripts the only sound players; each seems to run for some seconds."""
    players = []
    for number, script in enumerate(scripts):
        path = folder / f"player{number}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        players.append((str(path), "-q"))
    monkeypatch.setattr(quiz_sound, "PLAYERS", tuple(players))
    monkeypatch.setattr(quiz_sound.shutil, "which", lambda name: name)
    monkeypatch.setattr(quiz_sound.time, "monotonic", count(0.0, takes_s).__next__)


NO_CARD = "echo audio open failed >&2; exit 0"  # as ffplay ends without a sound card


@pytest.mark.parametrize(("script", "takes_s"), [(NO_CARD, 5.0), ("exit 0", 0.1)])
def test_nothing_is_asked_where_nothing_is_heard(
    muse, tmp_path: Path, monkeypatch, script: str, takes_s: float
) -> None:
    fake_players(tmp_path, monkeypatch, script, takes_s=takes_s)
    stats = tmp_path / "ear.jsonl"
    shown = muse("intervals", "quiz", "--timbre", "sine", "--stats", stats, stdin=b"7\n7\n")
    assert (shown.code, shown.out) == (1, b"")
    assert "no sound: player0" in shown.err and "--no-play" in shown.err
    assert not stats.exists()


def test_the_next_player_is_tried(muse, tmp_path: Path, monkeypatch) -> None:
    fake_players(tmp_path, monkeypatch, NO_CARD, f"touch {tmp_path}/second")
    shown = muse("intervals", "quiz", "--timbre", "sine", "-n", 1, stdin=b"7\n")
    assert shown.code == 0
    assert (tmp_path / "second").exists()


def test_answers_to_written_notes_do_not_count_for_the_ear(muse, tmp_path: Path) -> None:
    stats = tmp_path / "ear.jsonl"
    words = ("intervals", "quiz", "--timbre", "sine", "--seed", 1, "--stats", stats, "-n", 1)
    muse(*words, "--no-play", stdin=b"7\n")
    muse(*words, "-o", tmp_path / "clips", stdin=b"7\n")
    answers = read_answers(stats)
    assert [answer.heard for answer in answers] == [False, True]
    with Quiz(1, timbres=SINE, earlier=answers) as quiz:
        assert quiz._earlier == answers[1:]


def test_questions_are_played(muse, tmp_path: Path, monkeypatch) -> None:
    fake_players(tmp_path, monkeypatch, f'cp "$2" {tmp_path}/played.wav')
    words = ("intervals", "quiz", "--timbre", "sine", "-n", 1)
    shown = muse(*words, stdin=b"7\n")
    assert shown.code == 0
    assert soundfile.info(tmp_path / "played.wav").frames == 88_200
    fake_players(tmp_path, monkeypatch, "echo no card >&2; exit 1")
    shown = muse(*words, stdin=b"7\n")
    assert (shown.code, shown.out) == (1, b"")
    assert "no card" in shown.err and "-o DIR" in shown.err


def test_missing_player_is_reported(muse, monkeypatch) -> None:
    monkeypatch.setattr(quiz_sound.shutil, "which", lambda _name: None)
    shown = muse("intervals", "quiz", stdin=b"7\n")
    assert shown.code == 3
    assert "-o DIR" in shown.err
