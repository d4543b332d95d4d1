"""`muse transcribe`: audio in; stems, one MIDI file per instrument, song.mid and song.json out."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muse.cli.options import AsJson, AudioInputs, Device, Jobs, SkipExisting

if TYPE_CHECKING:
    from muse.tools.transcription.options import TranscribeOptions
    from muse.tools.transcription.transcribe import Transcription


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("transcribe", no_args_is_help=True)(transcribe)


def transcribe(
    inputs: AudioInputs,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Folder for stems and MIDI.")
    ] = None,
    to_zip: Annotated[
        str | None, typer.Option("--zip", metavar="FILE|-", help="Pack what was written.")
    ] = None,
    no_stems: Annotated[bool, typer.Option("--no-stems", help="Write no stem audio.")] = False,
    no_separate: Annotated[
        bool, typer.Option("--no-separate", help="The input is one instrument already.")
    ] = False,
    role: Annotated[
        str | None, typer.Option(metavar="ROLE", help="What a solo input is: keys, bass, drums ...")
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="STEMS", help="Only these stems: bass,drums")
    ] = None,
    model: Annotated[str, typer.Option(help="Separation model; see 'muse models'.")] = "auto",
    engine: Annotated[
        str, typer.Option(metavar="auto|note-net|basic-pitch", help="What hears pitched notes.")
    ] = "auto",
    tempo: Annotated[str, typer.Option(metavar="auto|BPM", help="Beats a minute.")] = "auto",
    quantize: Annotated[
        str | None, typer.Option(metavar="1/16", help="Snap notes to a grid; 1/8t is triplets.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out notes less sure than this.")
    ] = 0.0,
    device: Device = "auto",
    jobs: Jobs = 1,
    skip_existing: SkipExisting = False,
    as_json: AsJson = False,
) -> int:
    """Turn audio into MIDI: separate, hear each stem, find the beats, write a song.

    Into DIR go <stem>.wav, <stem>.mid, song.mid and song.json; several inputs go into
    DIR/<track>/. Without -o the Song document goes to stdout.

    Example: muse transcribe song.wav -o stems/

    Example: muse transcribe bass.wav --no-separate --role bass --json > bass.json
    """
    from muse.cli.batch import run_batch
    from muse.tools.transcription.options import TranscribeOptions
    from muse.tools.transcription.output_paths import places_of

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
    with places_of(inputs, out, to_zip) as places:
        work = partial(transcribe_one, places.folders, options, skip_existing)
        show = partial(show_one, as_json, out is not None, to_zip == "-")
        code = run_batch(inputs, work, show, jobs=jobs)
        places.pack()
    return code


def check_stdout(to_zip: str | None, as_json: bool) -> None:
    """Raise ParameterError where two results want stdout, or a zip file a terminal."""
    from muse.cli.output import refuse_terminal
    from muse.tools.errors import ParameterError

    if to_zip == "-":
        refuse_terminal("a zip file")
        if as_json:
            raise ParameterError("--zip - and --json both want stdout; name a file for the zip")


def transcribe_one(
    folders: "dict[str, Path]", options: "TranscribeOptions", skip_existing: bool, name: str
) -> "Transcription":
    """Transcribe one input under a progress bar."""
    from muse.cli.progress import bar
    from muse.tools.transcription.transcribe import transcribe_file

    with bar(Path(name).name) as report:
        return transcribe_file(
            name, folders.get(name), options, report, skip_existing=skip_existing
        )


def show_one(as_json: bool, kept: bool, quiet: bool, name: str, result: "Transcription") -> None:
    """Show what came of one input: the Song, a table for people, or the paths written."""
    import sys

    from muse.cli.output import write_bytes
    from muse.tools.song.document import song_to_json

    if quiet:
        return
    if as_json or not (kept or sys.stdout.isatty()):
        write_bytes(song_to_json(result.song))
    elif sys.stdout.isatty():
        show_table(name, result)
    else:
        print("\n".join(map(str, result.files)))


def show_table(name: str, result: "Transcription") -> None:
    """What was heard, for people."""
    from muse.cli.output import print_table
    from muse.tools.transcription.summary import headline, stem_rows

    print_table(
        f"{name}: {headline(result.song)}",
        ("stem", "heard as", "notes", "from", "by"),
        stem_rows(result.song),
    )
    if result.files:
        print(f"{len(result.files)} files in {result.files[-1].parent}")
