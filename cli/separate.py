"""`muse separate`: audio in, stems out that sum to it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muse.cli.options import AsJson, AudioInputs, Device, Jobs, OutputFolder, SkipExisting

if TYPE_CHECKING:
    from muse.tools.separation.separate import SeparateOptions, Separation

TO_STDOUT = "-"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("separate", no_args_is_help=True)(separate)


def separate(
    inputs: AudioInputs,
    out: OutputFolder,
    model: Annotated[str, typer.Option(help="auto, or a name of 'muse models list'.")] = "auto",
    model_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of demucs weights to use.")
    ] = None,
    stems: Annotated[str, typer.Option(metavar="NAMES", help="Only these: drums,bass.")] = "",
    two_stems: Annotated[
        str | None, typer.Option(metavar="NAME", help="One stem, and all others as no_NAME.")
    ] = None,
    audio_format: Annotated[
        str, typer.Option("--format", metavar="wav|flac|mp3|ogg", help="Of the files.")
    ] = "wav",
    bits: Annotated[
        str, typer.Option(metavar="16|24|32f", help="32f is for wav, 24 for wav and flac.")
    ] = "16",
    overlap: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Of a segment, 0 to 0.95.")
    ] = None,
    segment: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Separated at once.")
    ] = None,
    shifts: Annotated[int, typer.Option(help="Passes that are averaged; slower, better.")] = 1,
    template: Annotated[str, typer.Option(help="Names of the files.")] = "{track}/{stem}.{ext}",
    device: Device = "auto",
    precision: Annotated[
        str, typer.Option(metavar="auto|float32|bfloat16", help="In which nets compute.")
    ] = "auto",
    jobs: Jobs = 1,
    skip_existing: SkipExisting = False,
    as_json: AsJson = False,
) -> int:
    """Separate songs into vocals, drums, bass and other; the stems sum to the mix.

    Prints one JSON object for each input. '-o -' writes a tar of the stems to stdout instead.

    Example: muse separate song.mp3 -o stems/

    Example: ffmpeg -i film.mkv -f wav - | muse separate - -o - --two-stems vocals | tar x
    """
    from muse.cli.batch import run_batch
    from muse.tools.separation.separate import SeparateOptions, check_distinct

    options = SeparateOptions(
        model=model,
        model_dir=model_dir,
        stems=tuple(name.strip() for name in stems.split(",") if name.strip()),
        two_stems=two_stems,
        format=audio_format,
        bits=bits,
        overlap=overlap,
        segment_s=segment,
        shifts=shifts,
        device=device,
        precision=precision,
        template=template,
        skip_existing=skip_existing,
    )
    check_distinct(inputs, options)
    if out == TO_STDOUT:
        return separate_to_stdout(inputs, options, jobs)
    return run_batch(inputs, partial(separate_one, Path(out), options), show, jobs=jobs)


def separate_one(folder: Path, options: "SeparateOptions", name: str) -> "Separation":
    """Separate one input under a progress bar."""
    from muse.cli.progress import bar
    from muse.tools.separation.separate import separate_file

    with bar(Path(name).name) as report:
        return separate_file(name, folder, options, report)


def show(_name: str, result: "Separation") -> None:
    """One JSON object on one line."""
    from muse.cli.output import print_json

    print_json(result)


def separate_to_stdout(inputs: list[str], options: "SeparateOptions", jobs: int) -> int:
    """Write a tar of all stems, and of what is told of them, to stdout."""
    import sys
    import tempfile

    from muse.cli.batch import run_batch
    from muse.cli.output import refuse_terminal
    from muse.tools.separation.archive import StemArchive

    refuse_terminal("a tar of stems")
    with (
        tempfile.TemporaryDirectory(prefix="muse-") as name,
        StemArchive(sys.stdout.buffer, Path(name)) as archive,
    ):
        work = partial(separate_one, Path(name), options)
        return run_batch(inputs, work, lambda _name, result: archive.add(result), jobs=jobs)
