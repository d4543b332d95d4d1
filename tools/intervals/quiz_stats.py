"""The answers of quizzes, one JSON object a line, added to and never rewritten.

A line is written by one call of the system, so that an interruption leaves all of it or nothing.
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
    """One question of a quiz and what was answered.

    Attributes:
        format: FORMAT.
        time: UTC, ISO 8601.
        seed: of the quiz.
        question: number within the quiz, from 1.
        level: of the quiz.
        semitones: size of the interval asked.
        name: of it.
        direction: ascending, descending, together or repeated.
        low_pitch: MIDI pitch of the lower note.
        timbre: sine, saw, fm, pluck or gm.
        program: 0 to 127 for gm.
        answered: semitones.
        right: whether that is the size asked.
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


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How well one interval is known.

    Attributes:
        semitones: its size.
        name: of it.
        asked: times.
        right: times.
        taken_for: semitones most often answered where the answer was wrong; None where none was.
    """

    semitones: int
    name: str
    asked: int
    right: int
    taken_for: int | None


def read_answers(path: Path) -> list[Answer]:
    """The answers in a file; none where it is not there yet.

    Raises:
        BadInputError: the file holds something else, which must not be added to.
    """
    if not path.exists():
        return []
    lines = [line for line in read(path).split(NEW_LINE) if line.strip()]
    found = [answer for answer in map(parsed, lines) if answer is not None]
    if lines and not found:
        raise BadInputError(f"{path}: holds no answers of a quiz; name another file for them")
    if len(found) < len(lines):
        log.warning("%s: %d lines are no answers, left out", path, len(lines) - len(found))
    return found


def read(path: Path) -> bytes:
    """The bytes of a file that is to be added to."""
    if not path.is_file():
        raise BadInputError(f"{path}: is no file that answers can be added to")
    with blaming(path):
        return path.read_bytes()


def parsed(line: bytes) -> Answer | None:
    """The answer of a line, or None where there is none."""
    try:
        answer = msgspec.json.decode(line, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return answer if answer.format == FORMAT else None


def add_answer(path: Path, answer: Answer) -> None:
    """Add a line; one that something else left half is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = msgspec.json.encode(answer) + NEW_LINE
    with blaming(path), path.open("a+b", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == NEW_LINE else NEW_LINE + line
        file.write(line)
        os.fsync(file.fileno())


def scores(answers: Iterable[Answer]) -> list[Score]:
    """How well each interval that was asked is known, the smallest first."""
    of_size: dict[int, list[Answer]] = {}
    for answer in answers:
        of_size.setdefault(answer.semitones, []).append(answer)
    return [score(of_size[size]) for size in sorted(of_size)]


def score(answers: Sequence[Answer]) -> Score:
    """How well the interval of these answers is known."""
    wrong = [answer.answered for answer in answers if not answer.right]
    return Score(
        semitones=answers[0].semitones,
        name=answers[0].name,
        asked=len(answers),
        right=len(answers) - len(wrong),
        taken_for=max(sorted(set(wrong)), key=wrong.count) if wrong else None,
    )
