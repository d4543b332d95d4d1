"""`muse intervals quiz`: an ear trainer."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muse.cli.options import AsJson

if TYPE_CHECKING:
    from muse.tools.intervals.quiz_session import Talk
    from muse.tools.intervals.quiz_stats import Answer

LONGEST_LINE = 200  # characters of an answer that are read


def quiz(
    level: Annotated[int, typer.Option(metavar="1-6", help="1: fourth, fifth, octave.")] = 1,
    direction: Annotated[
        str | None,
        typer.Option(metavar="ascending,descending,together", help="The level's own."),
    ] = None,
    timbre: Annotated[
        str | None, typer.Option(metavar="sine,saw,fm,pluck,gm:0-7", help="A piano.")
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Questions.")] = 10,
    play: Annotated[
        bool, typer.Option("--play/--no-play", help="Or ask by the names of the notes.")
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Write clips instead of playing."),
    ] = None,
    stats: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help="Add answers to it; what it shows missed is asked oftener."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same questions.")] = None,
    as_json: AsJson = False,
) -> None:
    """Name intervals by ear; those that were missed come oftener.

    Answers are read line by line: a name, a short name such as m3 or P5, or semitones. At the end
    the intervals asked are shown, in a pipe as JSON lines.

    Example: muse intervals quiz --level 2 --stats ear.jsonl
    """
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.intervals.parse_settings import names
    from muse.tools.intervals.quiz import Quiz
    from muse.tools.intervals.quiz_session import hold
    from muse.tools.intervals.quiz_stats import read_answers

    earlier = read_answers(stats) if stats else []
    talk = talk_with_people(play, out)
    chosen = choose_seed(seed)
    if seed is None:
        report_seed(chosen)
    with Quiz(
        level,
        directions=names(direction),
        timbres=names(timbre),
        seed=chosen,
        earlier=earlier,
    ) as opened:
        try:
            hold(opened, count, talk, stats)
        finally:
            show_scores(opened.answers, as_json)


def talk_with_people(play: bool, out: Path | None) -> "Talk":
    """Lines from stdin, words on stderr, questions as they were asked for."""
    from muse.cli.progress import say
    from muse.tools.intervals.quiz_session import Talk, in_files, in_names, in_sound

    present = in_files(out) if out else in_sound() if play else in_names
    return Talk(say, read_line, present)


def read_line() -> str | None:
    """The next line of stdin, None at its end."""
    line = sys.stdin.buffer.readline(LONGEST_LINE)
    return line.decode("utf-8", "replace").rstrip("\r\n") if line else None


def show_scores(answers: "list[Answer]", as_json: bool) -> None:
    """How well each interval was known: JSON lines in a pipe, a table on a terminal."""
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
    print_table(f"{right} of {len(answers)} right", ("interval", "right", "taken for"), rows)
