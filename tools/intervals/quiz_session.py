"""A whole quiz: asks, reads, judges, until the questions or the answers end."""

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
Read = Callable[[], str | None]  # the next line without its end, None where there is no more
Present = Callable[[Quiz, Question], str]  # make it heard; what to say beside

HELP, QUIT = "?", ("q", "quit")
HOW_TO_ANSWER = "answer by name, m3 or semitones; Enter hears it again, ? lists, q ends"


@dataclass(frozen=True)
class Talk:
    """How a quiz speaks with who answers.

    Attributes:
        say: shows a line.
        read: waits for one.
        present: makes a question heard.
    """

    say: Say
    read: Read
    present: Present


def hold(quiz: Quiz, count: int, talk: Talk, stats: Path | None = None) -> None:
    """Ask so many questions, or as many as are answered.

    Args:
        quiz: open; it keeps the answers.
        count: of questions.
        talk: with whom.
        stats: file that each answer is added to at once.

    Raises:
        MuseError: it cannot be played or written.
    """
    talk.say(HOW_TO_ANSWER)
    for _ in range(count):
        question = quiz.question()
        semitones = heard_answer(quiz, question, talk)
        if semitones is None:
            return
        answer = quiz.answer(question, semitones)
        if stats is not None:
            add_answer(stats, answer)
        talk.say(verdict(answer, question))


def heard_answer(quiz: Quiz, question: Question, talk: Talk) -> int | None:
    """Present a question until it is answered; None where no answers come any more."""
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
            talk.say(", ".join(INTERVAL_NAMES[size] for size in quiz.recipe.intervals))
        elif not again:
            try:
                return answer_semitones(line)
            except BadInputError as error:
                talk.say(str(error))


def verdict(answer: Answer, question: Question) -> str:
    """What is said of an answer."""
    told = f"{answer.name}, {question.in_notes}"
    if answer.right:
        return f"   right: {told}"
    return f"   wrong: {told} (answered: {INTERVAL_NAMES[answer.answered]})"


def in_sound() -> Present:
    """Questions that are played.

    Raises:
        MissingPartError: nothing here plays sound.
    """
    player = find_player()

    def present(quiz: Quiz, question: Question) -> str:
        play(quiz.clip(question), quiz.recipe.sample_rate, player)
        return ""

    return present


def in_files(folder: Path) -> Present:
    """Questions that are written as files, which `present` names."""

    def present(quiz: Quiz, question: Question) -> str:
        path = folder / f"question-{question.number:03d}.wav"
        write_clip(path, quiz.clip(question), quiz.recipe.sample_rate)
        return f", {path}"

    return present


def in_names(_quiz: Quiz, question: Question) -> str:
    """Questions that are read: the names of the notes."""
    return f", {question.in_notes}"
