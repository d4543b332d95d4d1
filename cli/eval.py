"""`muse eval`: scores of a result against the truth; one subcommand for each kind of result."""

import sys
from typing import Annotated, Any

import typer

from muse.cli.options import AsJson

SCORE_COLUMNS = ("onset_50ms", "onset_offset_50ms", "onset_100ms", "onset_offset_100ms")

group = typer.Typer()


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(group, name="eval")


@group.callback()
def scores() -> None:
    """Score a result against the truth.

    Example: muse eval transcription truth.mid heard.mid
    """


@group.command("transcription")
def transcription(
    reference: Annotated[str, typer.Argument(metavar="REF", help="The truth: MIDI or Song JSON.")],
    estimate: Annotated[str, typer.Argument(metavar="EST", help="What was heard: the same.")],
    as_json: AsJson = False,
) -> None:
    """Score a transcription: notes at 50 and 100 ms, with and without offsets, and drums by class.

    One of the two may be '-'. A table on a terminal, JSON in a pipe.

    Example: muse transcribe song.wav --json | muse eval transcription truth.mid -
    """
    from muse.cli.output import print_json
    from muse.tools.errors import ParameterError
    from muse.tools.evaluation import evaluate_transcription

    if reference == estimate == "-":
        raise ParameterError("only one of REF and EST can be '-'")
    result = evaluate_transcription(reference, estimate)
    if as_json or not sys.stdout.isatty():
        print_json(result)
    else:
        print_scores(result)


def print_scores(result: dict[str, Any]) -> None:
    """The scores as tables: notes of each instrument and over all, then drums."""
    from muse.cli.output import print_table

    rows = [
        note_row(row["reference"] or f"({row['estimate']})", row) for row in result["instruments"]
    ]
    print_table(
        "notes: F1 of onsets, and of onsets with offsets",
        ("", "true", "heard", "50 ms", "+offset", "100 ms", "+offset", "octave", "velocity"),
        [*rows, note_row("all", result["pitched"])],
    )
    if result["drums"]:
        print_table(
            "drums: onsets within 50 ms",
            ("", "true", "heard", "precision", "recall", "F1"),
            [drum_row(name, row) for name, row in result["drums"].items()],
        )


def note_row(name: str, scores: dict[str, Any]) -> tuple[str, ...]:
    """One instrument's row."""
    correlation = scores["velocity"]["correlation"]
    return (
        name,
        str(scores["reference_notes"]),
        str(scores["estimated_notes"]),
        *(f"{scores[column]['f1']:.3f}" for column in SCORE_COLUMNS),
        f"{scores['octave_errors']['share']:.1%}",
        "-" if correlation is None else f"{correlation:.2f}",
    )


def drum_row(name: str, scores: dict[str, Any]) -> tuple[str, ...]:
    """One class of drum's row."""
    ratios = (f"{scores[column]:.3f}" for column in ("precision", "recall", "f1"))
    return (name, str(scores["reference_notes"]), str(scores["estimated_notes"]), *ratios)
