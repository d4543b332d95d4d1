"""Run a quiz: ask, read and judge, until there are no more questions or answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from muse.tools.errors import BadInputError
from muse.tools.intervals.quiz import Question, Quiz
from muse.tools.intervals.quiz_answers import answer_semitones
from muse.tools.intervals.quiz_sound import find_player, play, write_clip
from muse.tools.intervals.quiz_stats import Answer, add_answer
from muse.tools.theory.intervals import INTERVAL_NAMES

Say = Callable[[str], None]
Read = Callable[[], str | None]  # the next line without its end; None at the end of input
Present = Callable[[Quiz, Question], str]  # plays or shows a question; returns text to print

HELP, QUIT = "?", ("q", "quit")
HOW_TO_ANSWER = "answer with a name, m3 or semitones; Enter repeats, ? lists the choices, q quits"


@dataclass(frozen=True)
class Talk:
    """Functions that a quiz talks to the user with.

    Attributes:
        say: prints a line.
        read: reads a line.
        present: plays or shows a question.
    """

    say: Say
    read: Read
    present: Present


def hold(quiz: Quiz, count: int, talk: Talk, stats: Path | None = None) -> None:
    """Ask questions until all are answered, or input ends.

    Args:
        quiz: an open quiz; it stores the answers.
        count: number of questions.
        talk: input and output.
        stats: file to which each answer is appended at once.

    Raises:
        MuseError: a clip cannot be played or written.
    """
    talk.say(HOW_TO_ANSWER)
    for _ in range(count):
        question = quiz.question()
        semitones = read_answer(quiz, question, talk)
        if semitones is None:
            return
        answer = quiz.answer(question, semitones)
        if stats is not None:
            add_answer(stats, answer)
        talk.say(verdict(answer, question))


def read_answer(quiz: Quiz, question: Question, talk: Talk) -> int | None:
    """Present a question until it is answered; returns None at the end of input."""
    again = True
    while True:
        if again:
            shown = talk.present(quiz, question)
            talk.say(f"{question.number}: {question.label.direction}{shown}")
        line = talk.read()
        if line is None or line.strip().lower() in QUIT:
            return None
        again = not line.strip()
        if line.strip() == HELP:
            talk.say(", ".join(INTERVAL_NAMES[size] for size in quiz.settings.intervals))
        elif not again:
            try:
                return answer_semitones(line)
            except BadInputError as error:
                talk.say(str(error))


def verdict(answer: Answer, question: Question) -> str:
    """Return the line to print for an answer."""
    told = f"{answer.name}, {question.in_notes}"
    if answer.right:
        return f"   right: {told}"
    return f"   wrong: {told} (answered: {INTERVAL_NAMES[answer.answered]})"


def in_sound() -> Present:
    """Return a function that plays questions.

    Raises:
        MissingPartError: no sound player is installed.
    """
    player = find_player()

    def present(quiz: Quiz, question: Question) -> str:
        play(quiz.clip(question), quiz.settings.sample_rate, player)
        return ""

    return present


def in_files(folder: Path) -> Present:
    """Return a function that writes questions as files and returns their paths."""

    def present(quiz: Quiz, question: Question) -> str:
        path = folder / f"question-{question.number:03d}.wav"
        write_clip(path, quiz.clip(question), quiz.settings.sample_rate)
        return f", {path}"

    return present


def in_names(_quiz: Quiz, question: Question) -> str:
    """Return the names of the notes, for questions without sound."""
    return f", {question.in_notes}"
