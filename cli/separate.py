"""`muse separate`: audio in, stems out that sum to it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muse.cli.completion import complete_list, complete_names
from muse.cli.help_format import Command
from muse.cli.names import AUDIO_FORMATS, SAMPLE_FORMATS, SEPARATION_MODELS, STEMS, one_of
from muse.cli.options import (
    MODEL,
    OUTPUT,
    PROCESSING,
    AsJson,
    AudioInputs,
    Device,
    Jobs,
    NetPrecision,
    Number,
    SkipExisting,
    Text,
    option,
)

if TYPE_CHECKING:
    from muse.tools.separation.separate import SeparateOptions, Separation

TO_STDOUT = "-"
BY_ENGINE = "the model's"

Out = Annotated[
    str,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="DIR",
        help="Output folder, created if missing; '-' for a tar of the stems on standard output.",
    ),
]
StemNames = Annotated[
    str,
    option(
        "--stems",
        panel=OUTPUT,
        metavar="NAMES",
        default="all",
        help="Stems to write, for example drums,bass.",
        complete=complete_list(*STEMS),
    ),
]
TwoStems = Annotated[
    Text,
    option(
        panel=OUTPUT,
        metavar="NAME",
        help="Stem to write as NAME, with the sum of all others as no_NAME.",
        complete=complete_names(*STEMS),
    ),
]
AudioFormat = Annotated[
    str,
    option(
        "--format",
        panel=OUTPUT,
        metavar="FORMAT",
        help=f"File format of the stems: {one_of(AUDIO_FORMATS)}.",
        complete=complete_names(*AUDIO_FORMATS),
    ),
]
Bits = Annotated[
    str,
    option(
        panel=OUTPUT,
        metavar="BITS",
        help="Bits per sample: 16, 24 (WAV and FLAC) or 32f (WAV, floating point).",
        complete=complete_names(*SAMPLE_FORMATS),
    ),
]
Template = Annotated[
    str,
    option(
        panel=OUTPUT,
        metavar="PATTERN",
        help="Pattern of the file names, with {track}, {stem} and {ext}.",
    ),
]
Model = Annotated[
    str,
    option(
        panel=MODEL,
        metavar="NAME",
        help="Separation model: auto, or a name listed by 'muse models list'.",
        complete=complete_names("auto", *SEPARATION_MODELS),
    ),
]
ModelDir = Annotated[
    Path | None,
    option(panel=MODEL, metavar="DIR", help="Folder of Demucs weights that contains --model."),
]
Overlap = Annotated[
    Number,
    option(
        panel=PROCESSING,
        metavar="SHARE",
        default=BY_ENGINE,
        help="Overlap of successive segments, as a share of their length, 0 to 0.95.",
    ),
]
Segment = Annotated[
    Number,
    option(
        panel=PROCESSING,
        metavar="SECONDS",
        default=BY_ENGINE,
        help="Length of the segments that are separated one by one, in seconds.",
    ),
]
Shifts = Annotated[
    int,
    option(
        panel=PROCESSING,
        metavar="N",
        help="Number of time-shifted passes to average; more are slower and more accurate.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("separate", cls=Command, no_args_is_help=True)(separate)


def separate(
    inputs: AudioInputs,
    out: Out,
    stems: StemNames = "",
    two_stems: TwoStems = None,
    audio_format: AudioFormat = "wav",
    bits: Bits = "16",
    template: Template = "{track}/{stem}.{ext}",
    skip_existing: SkipExisting = False,
    as_json: AsJson = False,
    model: Model = "auto",
    model_dir: ModelDir = None,
    device: Device = "auto",
    precision: NetPrecision = "auto",
    overlap: Overlap = None,
    segment: Segment = None,
    shifts: Shifts = 1,
    jobs: Jobs = 1,
) -> int:
    """Separate audio files into stems that sum to the input.

    The stems are vocals, drums, bass and other; some models add guitar and piano. Each input gives
    one JSON object on standard output, with the files written and their levels.

    Example: muse separate song.wav -o stems/
    Example: cat song.wav | muse separate - -o - --two-stems vocals | tar x
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
    from muse.cli.progress import progress_bar
    from muse.tools.separation.separate import separate_file

    with progress_bar(Path(name).name) as report:
        return separate_file(name, folder, options, report)


def show(_name: str, result: "Separation") -> None:
    """Print one JSON object on one line."""
    from muse.cli.output import print_json

    print_json(result)


def separate_to_stdout(inputs: list[str], options: "SeparateOptions", jobs: int) -> int:
    """Write a tar of all stems and their descriptions to stdout."""
    import sys

    from muse.cli.batch import run_batch
    from muse.cli.output import refuse_terminal
    from muse.tools.separation.archive import StemArchive
    from muse.tools.temporary import temporary_folder

    refuse_terminal("a tar of stems")
    with (
        temporary_folder() as folder,
        StemArchive(sys.stdout.buffer, folder) as archive,
    ):
        work = partial(separate_one, folder, options)
        return run_batch(inputs, work, lambda _name, result: archive.add(result), jobs=jobs)
