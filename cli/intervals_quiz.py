"""`muse intervals quiz`: an ear trainer."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from muse.cli.completion import complete_list, complete_names
from muse.cli.names import DIRECTIONS, SYNTH_TIMBRES, TIMBRES, one_of
from muse.cli.options import INPUT, OUTPUT, SAMPLING, SOUND, AsJson, Text, option

if TYPE_CHECKING:
    from muse.tools.intervals.quiz_session import Dialog
    from muse.tools.intervals.quiz_stats import Answer

LONGEST_LINE = 200  # characters of an answer that are read
QUESTIONS = "Questions"

Level = Annotated[
    int,
    option(
        panel=QUESTIONS,
        metavar="1-6",
        help="Difficulty: 1 (ascending fourth, fifth and octave) to 6 (all intervals within two "
        "octaves, in all directions).",
        complete=complete_names("1", "2", "3", "4", "5", "6"),
    ),
]
Direction = Annotated[
    Text,
    option(
        panel=QUESTIONS,
        metavar="NAMES",
        default="the level's",
        help=f"Directions, separated by commas: {one_of(DIRECTIONS)}.",
        complete=complete_list(*DIRECTIONS),
    ),
]
Count = Annotated[
    int,
    option(
        "-n", "--count", panel=QUESTIONS, metavar="N", low=1, help="Number of questions to answer."
    ),
]
Timbre = Annotated[
    Text,
    option(
        panel=SOUND,
        metavar="NAMES",
        default="a piano",
        help=f"Timbres, separated by commas: {', '.join(SYNTH_TIMBRES)}, or General MIDI programs "
        "such as gm:0-7.",
        complete=complete_list(*TIMBRES),
    ),
]
Play = Annotated[
    bool,
    option(
        "--play/--no-play",
        panel=SOUND,
        help="Sound for each question; --no-play shows the names of the notes.",
    ),
]
Out = Annotated[
    Path | None,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="DIR",
        help="Folder for the questions as audio files, instead of playing them.",
    ),
]
Stats = Annotated[
    Path | None,
    option(
        panel=INPUT,
        metavar="FILE.jsonl",
        help="File of earlier answers, which new ones are added to; intervals that were missed are "
        "asked more often.",
    ),
]
Seed = Annotated[
    int | None,
    option(
        panel=SAMPLING,
        metavar="N",
        default="random, and reported",
        help="Random seed; the same seed gives the same questions.",
    ),
]


def quiz(
    stats: Stats = None,
    level: Level = 1,
    direction: Direction = None,
    count: Count = 10,
    timbre: Timbre = None,
    play: Play = True,
    out: Out = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    r"""Practice intervals by ear: hear questions, type answers, and get scores.

    Each answer is a line of standard input: a name, a short name such as m3 or P5, or a number of
    semitones. The scores come last, as JSON lines in a pipe and as a table on a terminal.

    Example: muse intervals quiz --level 2 --stats ear.jsonl
    Example: printf 'P5\nP4\n' | muse intervals quiz --no-play --count 2
    """
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.intervals.parse_settings import parse_names
    from muse.tools.intervals.quiz import Quiz
    from muse.tools.intervals.quiz_session import run_quiz
    from muse.tools.intervals.quiz_stats import read_answers

    earlier = read_answers(stats) if stats else []
    dialog = make_dialog(play, out)
    chosen = choose_seed(seed)
    if seed is None:
        report_seed(chosen)
    with Quiz(
        level,
        directions=parse_names(direction),
        timbres=parse_names(timbre),
        seed=chosen,
        earlier=earlier,
        is_heard=play or out is not None,
    ) as opened:
        try:
            run_quiz(opened, count, dialog, stats)
        finally:
            show_scores(opened.answers, as_json)


def make_dialog(play: bool, out: Path | None) -> "Dialog":
    """Return the input and output of a quiz: lines from stdin, text on stderr."""
    from muse.cli.progress import print_message
    from muse.tools.intervals.quiz_session import (
        Dialog,
        note_names_only,
        play_questions,
        write_questions,
    )

    present = write_questions(out) if out else play_questions() if play else note_names_only
    return Dialog(print_message, read_line, present)


def read_line() -> str | None:
    """Return the next line of stdin, None at its end."""
    from muse.tools.streams import standard_input

    line = standard_input().readline(LONGEST_LINE)
    return line.decode("utf-8", "replace").rstrip("\r\n") if line else None


def show_scores(answers: "list[Answer]", as_json: bool) -> None:
    """Print the score of each interval: JSON lines in a pipe, a table on a terminal."""
    from muse.cli.output import print_json, print_table
    from muse.tools.intervals.quiz_stats import scores
    from muse.tools.theory.intervals import INTERVAL_NAMES

    found = scores(answers)
    if as_json or not sys.stdout.isatty():
        for score in found:
            print_json(score)
        return
    if not answers:
        return
    right = sum(score.right for score in found)
    rows: list[tuple[str, ...]] = [
        (
            score.name,
            f"{score.right} of {score.asked}",
            "" if score.taken_for is None else INTERVAL_NAMES[score.taken_for],
        )
        for score in found
    ]
    print_table(
        f"{right} of {len(answers)} correct", ("interval", "correct", "confused with"), rows
    )
