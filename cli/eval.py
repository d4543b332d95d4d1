"""`muse eval`: scores of a result against a reference; one subcommand for each kind of result."""

import sys
from typing import Annotated, Any

import typer

from muse.cli.completion import complete_names
from muse.cli.exit_codes import ExitCode
from muse.cli.help_format import Command, Group
from muse.cli.options import INPUT, SAMPLING, AsJson, option

SongFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES...",
        help="Songs to evaluate: Song documents, MIDI files or charts, or folders of them; '-' for "
        "standard input.",
    ),
]
Reference = Annotated[
    list[str] | None,
    option(
        "-r",
        "--reference",
        panel=INPUT,
        metavar="PATH",
        help="Folder or file of real music to compare with; may be repeated.",
    ),
]
TrackOption = Annotated[
    str,
    option(
        "--track",
        panel=INPUT,
        metavar="TRACK",
        help="Notes to evaluate: 'lead' for the melody alone, 'all' for every track.",
        complete=complete_names("lead", "all"),
    ),
]
Bars = Annotated[
    int | None,
    option(
        "--bars",
        panel=INPUT,
        metavar="N",
        low=1,
        default="all",
        help="Number of bars to evaluate, from the start of each song.",
    ),
]
ShuffleSeed = Annotated[
    int,
    option(
        "--seed",
        panel=SAMPLING,
        metavar="N",
        low=0,
        help="Random seed of the shuffled bars that serve as a baseline.",
    ),
]
ReferenceFile = Annotated[
    str,
    typer.Argument(
        metavar="REFERENCE",
        help="Correct notes: a MIDI file or Song document; '-' for standard input.",
    ),
]
EstimateFile = Annotated[
    str,
    typer.Argument(
        metavar="ESTIMATE",
        help="Transcribed notes: a MIDI file or Song document; '-' for standard input.",
    ),
]

COUNTS = ("reference", "estimate")  # numbers of notes
FIGURE_COLUMNS = ("set", "reference", "shuffled")
SCORE_COLUMNS = ("onset_50ms", "onset_offset_50ms", "onset_100ms", "onset_offset_100ms")

group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(group, name="eval")


@group.callback()
def scores() -> None:
    """Score transcriptions against references, and songs against real music.

    Example: muse eval transcription truth.mid estimate.mid
    Example: muse eval symbolic made/ --reference pop909/
    """


@group.command("transcription", cls=Command)
def transcription(
    reference: ReferenceFile, estimate: EstimateFile, as_json: AsJson = False
) -> None:
    """Score a transcription against the correct notes, per instrument and drum.

    Note onsets are matched within 50 and 100 ms, with and without offsets; at most one of the two
    files is '-'. The scores are a table on a terminal and JSON in a pipe.

    Example: muse eval transcription truth.mid estimate.mid
    Example: muse transcribe song.wav --json | muse eval transcription truth.mid -
    """
    from muse.cli.output import print_json
    from muse.tools.errors import ParameterError
    from muse.tools.evaluation.transcription import evaluate_transcription

    if reference == estimate == "-":
        raise ParameterError("only one of REFERENCE and ESTIMATE can be '-'")
    result = evaluate_transcription(reference, estimate)
    if as_json or not sys.stdout.isatty():
        print_json(result)
    else:
        print_scores(result)


@group.command("symbolic", cls=Command)
def symbolic(
    files: SongFiles,
    reference: Reference = None,
    track: TrackOption = "all",
    bars: Bars = None,
    seed: ShuffleSeed = 0,
    as_json: AsJson = False,
) -> ExitCode:
    """Measure rhythm, pitch, melodic line, harmony and form of a set of songs.

    Each figure is shown beside those of real music and of real music with shuffled bars: a good set
    is close to the first and far from the second.

    Example: muse eval symbolic made/ --reference pop909/ --track lead
    """
    return figures("symbolic", track, files, reference, bars, seed, as_json)


@group.command("melody", cls=Command)
def melody(
    files: SongFiles,
    reference: Reference = None,
    bars: Bars = None,
    seed: ShuffleSeed = 0,
    as_json: AsJson = False,
) -> ExitCode:
    """Measure the melody of each song over its chords.

    The figures are those of 'muse eval symbolic' that concern melodies.

    Example: muse eval melody tune.mid --reference pop909/ --bars 16
    """
    return figures("melody", "lead", files, reference, bars, seed, as_json)


@group.command("chords", cls=Command)
def chords(
    files: SongFiles,
    reference: Reference = None,
    bars: Bars = None,
    seed: ShuffleSeed = 0,
    as_json: AsJson = False,
) -> ExitCode:
    """Measure the chords of each song; the songs may be charts without notes.

    The figures are those of 'muse eval symbolic' that concern harmony and form.

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
    """Measure and print a table or JSON; return FAILED if a file could not be read."""
    from muse.cli.output import print_json
    from muse.cli.progress import print_message, progress_bar
    from muse.tools.evaluation.symbolic.evaluate import EvalOptions, evaluate

    with progress_bar("eval") as report:
        result = evaluate(files, reference or [], EvalOptions(view, track, bars, seed), report)
    for problem in result["problems"]:
        print_message(f"muse: {problem}")
    if as_json or not sys.stdout.isatty():
        print_json(result)
    else:
        print_figures(result)
    return ExitCode.FAILED if result["problems"] else ExitCode.OK


def print_figures(result: dict[str, Any]) -> None:
    """Print figures as a table: mean and standard deviation over the songs."""
    from muse.cli.output import print_table
    from muse.tools.evaluation.symbolic.figures import LABELS

    counts = f"{len(result['songs'])} songs, {result['reference_songs']} reference songs"
    print_table(
        f"{counts}: mean and standard deviation",
        ("", *FIGURE_COLUMNS),
        [
            (LABELS[name], *(figure_cell(columns[column]) for column in FIGURE_COLUMNS))
            for name, columns in result["figures"].items()
        ],
    )


def figure_cell(summary: dict[str, Any] | None) -> str:
    """Return one figure of one set as 'mean (standard deviation)'."""
    if summary is None:
        return "-"
    deviation = summary["sd"]
    return f"{summary['mean']:.3f}" + ("" if deviation is None else f" ({deviation:.3f})")


def print_scores(result: dict[str, Any]) -> None:
    """Print scores as tables: notes of each instrument and of all, then drums."""
    from muse.cli.output import print_table

    rows = [
        note_row(row["reference"] or f"({row['estimate']})", row) for row in result["instruments"]
    ]
    print_table(
        "notes: F1 of onsets, and of onsets and offsets",
        ("", *COUNTS, "50 ms", "+offset", "100 ms", "+offset", "octave", "velocity"),
        [*rows, note_row("all", result["pitched"])],
    )
    if result["drums"]:
        print_table(
            "drums: onsets within 50 ms",
            ("", *COUNTS, "precision", "recall", "F1"),
            [drum_row(name, row) for name, row in result["drums"].items()],
        )


def note_row(name: str, scores: dict[str, Any]) -> tuple[str, ...]:
    """Return the table row of one instrument."""
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
    """Return the table row of one class of drum."""
    ratios = (f"{scores[column]:.3f}" for column in ("precision", "recall", "f1"))
    return (name, str(scores["reference_notes"]), str(scores["estimated_notes"]), *ratios)
