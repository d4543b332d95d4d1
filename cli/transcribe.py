"""`muse transcribe`: audio in; stems, one MIDI file per instrument, song.mid and song.json out."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muse.cli.completion import complete_list, complete_names
from muse.cli.help_format import Command
from muse.cli.names import GRIDS, ROLES, SEPARATION_MODELS, STEMS, TRANSCRIPTION_ENGINES, one_of
from muse.cli.options import (
    INPUT,
    MODEL,
    MUSIC,
    OUTPUT,
    AsJson,
    AudioInputs,
    Device,
    Jobs,
    SkipExisting,
    Text,
    option,
)

if TYPE_CHECKING:
    from muse.tools.transcription.options import TranscribeOptions
    from muse.tools.transcription.transcribe import Transcription

NoSeparate = Annotated[
    bool,
    option("--no-separate", panel=INPUT, help="Input is one instrument; no source separation."),
]
SoloRole = Annotated[
    Text,
    option(
        "--role",
        panel=INPUT,
        metavar="ROLE",
        default="detected",
        help=f"Role of the instrument, with --no-separate: {one_of(ROLES)}.",
        complete=complete_names(*ROLES),
    ),
]
OnlyStems = Annotated[
    Text,
    option(
        "--only",
        panel=INPUT,
        metavar="STEMS",
        default="all",
        help="Stems to transcribe, for example bass,drums.",
        complete=complete_list(*STEMS),
    ),
]
SeparationModel = Annotated[
    str,
    option(
        "--model",
        panel=MODEL,
        metavar="NAME",
        help="Separation model: auto, or a name listed by 'muse models list'.",
        complete=complete_names("auto", *SEPARATION_MODELS),
    ),
]
Engine = Annotated[
    str,
    option(
        panel=MODEL,
        metavar="NAME",
        help=f"Transcription engine for pitched parts: {one_of(TRANSCRIPTION_ENGINES)}.",
        complete=complete_names(*TRANSCRIPTION_ENGINES),
    ),
]
TempoBpm = Annotated[
    str,
    option(
        "--tempo",
        panel=MUSIC,
        metavar="BPM",
        help="Tempo in quarter notes per minute, 20 to 400; 'auto' detects it.",
        complete=complete_names("auto"),
    ),
]
Quantize = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="GRID",
        default="no quantization",
        help="Grid that notes are moved to, for example 1/16, or 1/8t for triplets.",
        complete=complete_names(*GRIDS),
    ),
]
MinConfidence = Annotated[
    float,
    option(
        panel=MUSIC,
        metavar="P",
        low=0.0,
        high=1.0,
        help="Smallest confidence of a note; less certain notes are left out.",
    ),
]
Out = Annotated[
    Path | None,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="DIR",
        default="standard output, the Song alone",
        help="Output folder for stems, MIDI files and the Song document.",
    ),
]
ToZip = Annotated[
    Text,
    option(
        "--zip",
        panel=OUTPUT,
        metavar="FILE",
        help="Zip file of everything that is written; '-' for standard output.",
    ),
]
NoStems = Annotated[
    bool, option("--no-stems", panel=OUTPUT, help="MIDI and Song files alone, without stem audio.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("transcribe", cls=Command, no_args_is_help=True)(transcribe)


def transcribe(
    inputs: AudioInputs,
    no_separate: NoSeparate = False,
    role: SoloRole = None,
    only: OnlyStems = None,
    tempo: TempoBpm = "auto",
    quantize: Quantize = None,
    min_confidence: MinConfidence = 0.0,
    model: SeparationModel = "auto",
    engine: Engine = "auto",
    out: Out = None,
    to_zip: ToZip = None,
    no_stems: NoStems = False,
    skip_existing: SkipExisting = False,
    as_json: AsJson = False,
    device: Device = "auto",
    jobs: Jobs = 1,
) -> int:
    """Transcribe audio files to one MIDI file per instrument and a Song document.

    The input is separated into stems, each stem is transcribed, and beats and key are detected.
    Folder -o gets <stem>.wav, <stem>.mid, song.mid and song.json; with several inputs each has a
    folder of its own in it.

    Example: muse transcribe song.wav -o stems/
    Example: muse transcribe bass.wav --no-separate --role bass --json > bass.json
    """
    from muse.cli.batch import run_batch
    from muse.tools.transcription.options import TranscribeOptions
    from muse.tools.transcription.output_paths import choose_output_paths

    options = TranscribeOptions.parse(
        separate=not no_separate,
        role=role,
        only=only,
        model=model,
        engine=engine,
        tempo=tempo,
        quantize=quantize,
        min_confidence=min_confidence,
        device=device,
        keep_stems=not no_stems,
    )
    check_stdout(to_zip, as_json)
    with choose_output_paths(inputs, out, to_zip) as places:
        work = partial(transcribe_one, places.folders, options, skip_existing)
        show = partial(show_one, as_json, out is not None, to_zip == "-")
        code = run_batch(inputs, work, show, jobs=jobs)
        places.pack()
    return code


def check_stdout(to_zip: str | None, as_json: bool) -> None:
    """Raise ParameterError if two results go to stdout, or a zip file to a terminal."""
    from muse.cli.output import refuse_terminal
    from muse.tools.errors import ParameterError

    if to_zip == "-":
        refuse_terminal("a zip file")
        if as_json:
            raise ParameterError(
                "--zip - and --json both write to standard output; give --zip a file"
            )


def transcribe_one(
    folders: "dict[str, Path]", options: "TranscribeOptions", skip_existing: bool, name: str
) -> "Transcription":
    """Transcribe one input under a progress bar."""
    from muse.cli.progress import progress_bar
    from muse.tools.transcription.transcribe import transcribe_file

    with progress_bar(Path(name).name) as report:
        return transcribe_file(
            name, folders.get(name), options, report, skip_existing=skip_existing
        )


def show_one(
    as_json: bool, is_written: bool, is_quiet: bool, name: str, result: "Transcription"
) -> None:
    """Print the result of one input: the Song, a table on a terminal, or the paths written."""
    import sys

    from muse.cli.output import write_bytes
    from muse.tools.song.document import song_to_json

    if is_quiet:
        return
    if as_json or not (is_written or sys.stdout.isatty()):
        write_bytes(song_to_json(result.song))
    elif sys.stdout.isatty():
        show_table(name, result)
    else:
        print("\n".join(map(str, result.files)))


def show_table(name: str, result: "Transcription") -> None:
    """Print what was transcribed as a table."""
    from muse.cli.output import print_table
    from muse.tools.transcription.summary import headline, stem_rows

    print_table(
        f"{name}: {headline(result.song)}",
        ("stem", "role", "notes", "from", "engine"),
        stem_rows(result.song),
    )
    if result.files:
        print(f"{len(result.files)} files in {result.files[-1].parent}")
