"""Append the answers of quizzes to a file, one JSON object per line, and count them.

A line is written by one system call, so that an interruption leaves all of it or nothing.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.files import blaming

log = logging.getLogger("muse")

FORMAT = "muse.interval-answer/1"
NEW_LINE = b"\n"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A question of a quiz and its answer.

    Attributes:
        format: FORMAT.
        time: UTC, ISO 8601.
        seed: of the quiz.
        question: number within the quiz, from 1.
        level: of the quiz.
        semitones: size of the interval.
        name: of the interval.
        direction: ascending, descending, together or repeated.
        low_pitch: MIDI pitch of the lower note.
        timbre: sine, saw, fm, pluck or gm.
        program: 0 to 127 for gm.
        answered: semitones of the answer.
        right: whether the answer has the right size.
        heard: whether the question was sound; False where its notes were named.
    """

    format: str
    time: str
    seed: int
    question: int
    level: int
    semitones: int
    name: str
    direction: str
    low_pitch: int
    timbre: str
    program: int | None
    answered: int
    right: bool
    heard: bool = True


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Number of right and wrong answers for one interval.

    Attributes:
        semitones: its size.
        name: its name.
        asked: number of questions.
        right: number of right answers.
        taken_for: semitones of the most common wrong answer; None without wrong answers.
    """

    semitones: int
    name: str
    asked: int
    right: int
    taken_for: int | None


def read_answers(path: Path) -> list[Answer]:
    """Read the answers in a file; an absent file has none.

    Raises:
        BadInputError: the file holds something else, to which nothing may be appended.
    """
    if not path.exists():
        return []
    lines = [line for line in read_regular_file(path).split(NEW_LINE) if line.strip()]
    found = [answer for answer in map(parse_line, lines) if answer is not None]
    if lines and not found:
        raise BadInputError(f"{path}: holds no answers of a quiz; name another file")
    if len(found) < len(lines):
        log.warning("%s: ignored %d lines that are not answers", path, len(lines) - len(found))
    return found


def read_regular_file(path: Path) -> bytes:
    """Return the bytes of a file to append to."""
    if not path.is_file():
        raise BadInputError(f"{path}: not a regular file; name another file for the answers")
    with blaming(path):
        return path.read_bytes()


def parse_line(line: bytes) -> Answer | None:
    """Parse a line as an answer; returns None for other lines."""
    try:
        answer = msgspec.json.decode(line, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return answer if answer.format == FORMAT else None


def add_answer(path: Path, answer: Answer) -> None:
    """Append a line, after ending an incomplete last line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = msgspec.json.encode(answer) + NEW_LINE
    with blaming(path), path.open("a+b", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == NEW_LINE else NEW_LINE + line
        file.write(line)
        os.fsync(file.fileno())


def scores(answers: Iterable[Answer]) -> list[Score]:
    """Return the score of each interval that occurs in the answers, the smallest first."""
    of_size: dict[int, list[Answer]] = {}
    for answer in answers:
        of_size.setdefault(answer.semitones, []).append(answer)
    return [score(of_size[size]) for size in sorted(of_size)]


def score(answers: Sequence[Answer]) -> Score:
    """Return the score of one interval, from its answers."""
    wrong = [answer.answered for answer in answers if not answer.right]
    return Score(
        semitones=answers[0].semitones,
        name=answers[0].name,
        asked=len(answers),
        right=len(answers) - len(wrong),
        taken_for=max(sorted(set(wrong)), key=wrong.count) if wrong else None,
    )
