"""Run a quiz: ask, read and judge, until there are no more questions or answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from muse.tools.errors import BadInputError, MuseError
from muse.tools.intervals.quiz import Question, Quiz
from muse.tools.intervals.quiz_answers import answer_semitones
from muse.tools.intervals.quiz_sound import HINT, find_player, play, write_clip
from muse.tools.intervals.quiz_stats import Answer, add_answer
from muse.tools.theory.intervals import INTERVAL_NAMES

PrintLine = Callable[[str], None]
ReadLine = Callable[[], str | None]  # the next line without its end; None at the end of input
Present = Callable[[Quiz, Question], str]  # plays or shows a question; returns text to print

HELP, QUIT = "?", ("q", "quit")
HOW_TO_ANSWER = "answer with a name, m3 or semitones; Enter repeats, ? lists the choices, q quits"


@dataclass(frozen=True)
class Dialog:
    """Functions for the output and input of a quiz.

    Attributes:
        print_line: prints a line.
        read_line: reads a line; None at the end of input.
        present: plays or shows a question.
    """

    print_line: PrintLine
    read_line: ReadLine
    present: Present


def run_quiz(quiz: Quiz, count: int, dialog: Dialog, stats: Path | None = None) -> None:
    """Ask questions until all are answered, or input ends.

    Args:
        quiz: an open quiz; it stores the answers.
        count: number of questions.
        dialog: output and input.
        stats: file to which each answer is appended at once.

    Raises:
        MuseError: a clip cannot be played or written.
    """
    dialog.print_line(HOW_TO_ANSWER)
    for _ in range(count):
        question = quiz.question()
        semitones = read_answer(quiz, question, dialog)
        if semitones is None:
            return
        answer = quiz.answer(question, semitones)
        if stats is not None:
            add_answer(stats, answer)
        dialog.print_line(verdict(answer, question))


def read_answer(quiz: Quiz, question: Question, dialog: Dialog) -> int | None:
    """Present a question until it is answered; returns None at the end of input."""
    again = True
    while True:
        if again:
            shown = dialog.present(quiz, question)
            dialog.print_line(f"{question.number}: {question.label.direction}{shown}")
        line = dialog.read_line()
        if line is None or line.strip().lower() in QUIT:
            return None
        again = not line.strip()
        if line.strip() == HELP:
            dialog.print_line(", ".join(INTERVAL_NAMES[size] for size in quiz.settings.intervals))
        elif not again:
            try:
                return answer_semitones(line)
            except BadInputError as error:
                dialog.print_line(str(error))


def verdict(answer: Answer, question: Question) -> str:
    """Return the line to print for an answer."""
    names = f"{answer.name}, {question.note_names}"
    if answer.right:
        return f"   right: {names}"
    return f"   wrong: {names} (answered: {INTERVAL_NAMES[answer.answered]})"


def play_questions() -> Present:
    """Return a function that plays questions, after a check that sound can be played.

    Raises:
        MissingPartError, MuseError: as `find_player`.
    """
    player = find_player()

    def present(quiz: Quiz, question: Question) -> str:
        try:
            play(quiz.clip(question), quiz.settings.sample_rate, player)
        except MuseError as error:
            raise MuseError(
                f"question {question.number} was not played: {error}; {HINT}"
            ) from error
        return ""

    return present


def write_questions(folder: Path) -> Present:
    """Return a function that writes questions as files and returns their paths."""

    def present(quiz: Quiz, question: Question) -> str:
        path = folder / f"question-{question.number:03d}.wav"
        write_clip(path, quiz.clip(question), quiz.settings.sample_rate)
        return f", {path}"

    return present


def note_names_only(_quiz: Quiz, question: Question) -> str:
    """Return the names of the notes, for questions without sound."""
    return f", {question.note_names}"
