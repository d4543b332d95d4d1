"""`muse eval`: scores of a result against the truth; one subcommand for each kind of result."""

import sys
from typing import Annotated, Any

import typer

from muse.cli.exit_codes import ExitCode
from muse.cli.options import AsJson

SongFiles = Annotated[
    list[str],
    typer.Argument(metavar="FILES...", help="Songs and folders of any kind; '-' is stdin."),
]
Reference = Annotated[
    list[str] | None,
    typer.Option("--reference", "-r", metavar="FOLDER", help="Real music: a folder or file."),
]
TrackOption = Annotated[
    str, typer.Option("--track", metavar="lead|all", help="The melody alone, or every track.")
]
Bars = Annotated[
    int | None, typer.Option("--bars", min=1, help="Only the first bars of every song.")
]
ShuffleSeed = Annotated[int, typer.Option("--seed", min=0, help="Of the shuffled bars.")]

FIGURE_COLUMNS = ("set", "reference", "shuffled")
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
    from muse.tools.evaluation.transcription import evaluate_transcription

    if reference == estimate == "-":
        raise ParameterError("only one of REF and EST can be '-'")
    result = evaluate_transcription(reference, estimate)
    if as_json or not sys.stdout.isatty():
        print_json(result)
    else:
        print_scores(result)


@group.command("symbolic")
def symbolic(
    files: SongFiles,
    reference: Reference = None,
    track: TrackOption = "all",
    bars: Bars = None,
    seed: ShuffleSeed = 0,
    as_json: AsJson = False,
) -> ExitCode:
    """Figures of rhythm, pitch, line, harmony and form of a set of songs.

    Beside them stand those of real music and of real music with its bars shuffled. The set is like
    real music as far as it is near the one and far from the other.

    Example: muse eval symbolic made/ --reference pop909/ --track lead
    """
    return figures("symbolic", track, files, reference, bars, seed, as_json)


@group.command("melody")
def melody(
    files: SongFiles,
    reference: Reference = None,
    bars: Bars = None,
    seed: ShuffleSeed = 0,
    as_json: AsJson = False,
) -> ExitCode:
    """As 'symbolic', of each song's melody over its chords.

    Example: muse eval melody tune.mid --reference pop909/ --bars 16
    """
    return figures("melody", "lead", files, reference, bars, seed, as_json)


@group.command("chords")
def chords(
    files: SongFiles,
    reference: Reference = None,
    bars: Bars = None,
    seed: ShuffleSeed = 0,
    as_json: AsJson = False,
) -> ExitCode:
    """As 'symbolic', of each song's chords alone; charts without notes will do.

    Example: muse chords --bars 16 --count 20 | muse eval chords - --reference pop909/
    """
    return figures("chords", "all", files, reference, bars, seed, as_json)


def figures(
    view: Any,
    track: Any,
    files: list[str],
    reference: list[str] | None,
    bars: int | None,
    seed: int,
    as_json: bool,
) -> ExitCode:
    """Measure, and print a table or JSON; FAILED where a file was left out."""
    from muse.cli.output import print_json
    from muse.cli.progress import bar, say
    from muse.tools.evaluation.symbolic.evaluate import EvalOptions, evaluate

    with bar("eval") as report:
        result = evaluate(files, reference or [], EvalOptions(view, track, bars, seed), report)
    for problem in result["problems"]:
        say(f"muse: {problem}")
    if as_json or not sys.stdout.isatty():
        print_json(result)
    else:
        print_figures(result)
    return ExitCode.FAILED if result["problems"] else ExitCode.OK


def print_figures(result: dict[str, Any]) -> None:
    """The figures as a table: mean and standard deviation over the songs."""
    from muse.cli.output import print_table
    from muse.tools.evaluation.symbolic.figures import LABELS

    counts = f"{len(result['songs'])} songs beside {result['reference_songs']} of reference"
    print_table(
        f"{counts}: mean and standard deviation",
        ("", *FIGURE_COLUMNS),
        [
            (LABELS[name], *(figure_cell(columns[column]) for column in FIGURE_COLUMNS))
            for name, columns in result["figures"].items()
        ],
    )


def figure_cell(summary: dict[str, Any] | None) -> str:
    """One figure of one set."""
    if summary is None:
        return "-"
    deviation = summary["sd"]
    return f"{summary['mean']:.3f}" + ("" if deviation is None else f" ({deviation:.3f})")


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
