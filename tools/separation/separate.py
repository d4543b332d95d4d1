"""Separates audio files into stems that sum to the mix, with constant memory.

Ladder: `overlap_add` (arrays), `stem_blocks` (file to arrays), `separate_file` (file to files).
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from muse.tools.audio.encodings import LOSSY, find_encoding
from muse.tools.audio.io import AudioReader
from muse.tools.errors import ParameterError
from muse.tools.files import check_folder, real_path, track_name
from muse.tools.progress import Report, silent
from muse.tools.separation.engine import Engine, EngineOptions
from muse.tools.separation.engines import load_engine
from muse.tools.separation.pipeline import stem_blocks
from muse.tools.separation.stem_plan import StemPlan, make_plan
from muse.tools.separation.stem_writer import StemMeasurements, StemWriter
from muse.tools.song.document import MadeBy
from muse.tools.song.provenance import provenance

log = logging.getLogger("muse")

FORMAT = "muse.stems/1"
TEMPLATE = "{track}/{stem}.{ext}"


@dataclass(frozen=True)
class SeparateOptions:
    """Options of a separation; None takes the value of the engine.

    Attributes:
        model: auto, a name listed by `muse models list`, or a model in `model_dir`.
        model_dir: folder of Demucs weights, as the --repo option of the demucs package takes it.
        stems: names of the stems to write; empty for all.
        two_stems: name of a stem to write with the sum of all others.
        format: wav, flac, mp3 or ogg.
        bits: sample format, 16, 24 or 32f.
        overlap: share of a segment that the next one covers too, 0 to 0.95.
        segment_s: seconds of audio in one segment.
        shifts: number of passes that are averaged, 1 or more.
        device: auto, cpu, cuda or mps.
        precision: auto, float32 or bfloat16.
        template: file names, with {track}, {stem} and {ext}.
        skip_existing: skip a track whose files all exist.
    """

    model: str = "auto"
    model_dir: Path | None = None
    stems: tuple[str, ...] = ()
    two_stems: str | None = None
    format: str = "wav"
    bits: str = "16"
    overlap: float | None = None
    segment_s: float | None = None
    shifts: int = 1
    device: str = "auto"
    precision: str = "auto"
    template: str = TEMPLATE
    skip_existing: bool = False


class Stem(msgspec.Struct, kw_only=True):
    """One written stem. `from_` says what it was made with; what was not measured is null."""

    stem: str
    path: str
    from_: str = msgspec.field(name="from")
    peak_dbfs: float | None = None
    loudness_lufs: float | None = None


class Separation(msgspec.Struct, kw_only=True):
    """The result for one input.

    `residual_dbfs` is the peak of the mix minus all stems, `gain_db` the gain of all stems that
    prevents clipping, `seconds` the time that the separation took.
    """

    format: str = FORMAT
    source: str
    sample_rate: int
    channels: int
    duration_s: float
    stems: list[Stem]
    residual_dbfs: float | None = None
    gain_db: float = 0.0
    lossy: bool = False
    seconds: float = 0.0
    realtime_factor: float = 0.0
    skipped: bool = False
    made_by: MadeBy

    def path_of(self, stem: str) -> Path | None:
        """Return the file of a stem, or None if it was not written."""
        return next((Path(each.path) for each in self.stems if each.stem == stem), None)


def separate_file(
    source: str | Path,
    directory: Path,
    options: SeparateOptions | None = None,
    report: Report = silent,
    *,
    engine: Engine | None = None,
) -> Separation:
    """Separate one file, or standard input for '-', into files in `directory`.

    Args:
        source: audio of any rate; more than two channels are mixed to stereo first.
        directory: folder of the stems, whose names follow `options.template`.
        options: None takes the defaults.
        report: called with the progress.
        engine: an engine that is already loaded; None loads the one of the options.

    Raises:
        BadInputError: the input does not exist or is not audio.
        MissingPartError: the engine is not installed.
        ParameterError: an option is out of range, or two options exclude each other.
    """
    options = options or SeparateOptions()
    started = time.perf_counter()
    find_encoding(options.format, options.bits)
    check_folder(directory)
    with AudioReader(source) as reader:  # before the engine, which takes seconds to load
        engine = engine or engine_for(options)
        plan = make_plan(engine, options.stems, options.two_stems)
        paths = stem_paths(source, directory, options, plan)
        result = describe(reader, engine, options, plan, paths)
        if options.skip_existing and all(path.is_file() for path in paths.values()):
            result.skipped = True
            return result
        measured = write_stems(reader, engine, options, plan, paths, report)
    add_measurements(result, measured, time.perf_counter() - started)
    return result


def engine_for(options: SeparateOptions) -> Engine:
    """Load the engine for some options."""
    needed = (options.two_stems,) if options.two_stems else options.stems
    return load_engine(
        EngineOptions(
            options.model,
            model_dir=options.model_dir,
            stems=tuple(name for name in needed if name),
            device=options.device,
            precision=options.precision,
            segment_s=options.segment_s,
        )
    )


def check_distinct(sources: Sequence[str], options: SeparateOptions) -> None:
    """Raise ParameterError if two inputs would be written to the same files."""
    names = [track_name(source) for source in sources]
    shared = sorted({name for name in names if names.count(name) > 1})
    if shared:
        raise ParameterError(f"several inputs are called {shared[0]}; separate them one at a time")
    if len(names) > 1 and "{track}" not in options.template:
        raise ParameterError("several inputs need {track} in --template")


def stem_paths(
    source: str | Path, directory: Path, options: SeparateOptions, plan: StemPlan
) -> dict[str, Path]:
    """Return the file of each stem that is written.

    Raises:
        ParameterError: the template is not valid, or two stems, or a stem and the input, share a
            file.
    """
    paths = {}
    for stem in plan.written:
        try:
            name = options.template.format(track=track_name(source), stem=stem, ext=options.format)
        except (KeyError, IndexError, ValueError) as error:
            raise ParameterError("--template may use {track}, {stem} and {ext} only") from error
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ParameterError(f"--template leads out of the folder: {name}")
        paths[stem] = directory / name
    if len(set(paths.values())) < len(paths):
        raise ParameterError("--template gives several stems the same name; add {stem}")
    if any(path.suffix != f".{options.format}" for path in paths.values()):
        raise ParameterError(f"--template must end with .{{ext}} or .{options.format}")
    if real_path(source) in {real_path(path) for path in paths.values()}:
        raise ParameterError(f"{source}: a stem would overwrite it; choose another --template")
    return paths


def describe(
    reader: AudioReader,
    engine: Engine,
    options: SeparateOptions,
    plan: StemPlan,
    paths: dict[str, Path],
) -> Separation:
    """Return the result as far as it is known before the separation."""
    params = {key: value for key, value in asdict(options).items() if value not in (None, ())}
    params |= {"model_dir": str(options.model_dir)} if options.model_dir else {}
    return Separation(
        source=reader.name,
        sample_rate=reader.sample_rate,
        channels=min(reader.channels, 2),
        duration_s=reader.duration_s,
        stems=[
            Stem(stem=name, path=str(path), from_=origin_of(name, engine, plan))
            for name, path in paths.items()
        ],
        lossy=options.format in LOSSY,
        made_by=provenance(
            "separate",
            params,
            model=engine.name,
            model_hash=engine.model_hash,
        ),
    )


def origin_of(name: str, engine: Engine, plan: StemPlan) -> str:
    """Return what a stem is made with."""
    if name in engine.origins:
        return engine.origins[name]
    members = dict(plan.computed).get(name)
    if members:
        return "sum of " + ", ".join(engine.stems[member] for member in members)
    return "mix without " + ", ".join(each for each, _ in plan.computed)


def add_measurements(result: Separation, measured: StemMeasurements, seconds: float) -> None:
    """Enter the measurements of the stems, and the time taken in seconds, into the result."""
    for stem in result.stems:
        stem.peak_dbfs = round(measured.peaks_dbfs[stem.stem], 2)
        loudness = measured.loudness_lufs[stem.stem]
        stem.loudness_lufs = None if loudness is None else round(loudness, 2)
    result.duration_s = measured.frames / result.sample_rate
    result.residual_dbfs = round(measured.residual_dbfs, 2)
    result.gain_db = round(measured.gain_db, 3)
    result.seconds = round(seconds, 3)
    result.realtime_factor = round(result.duration_s / seconds, 2)


def write_stems(
    reader: AudioReader,
    engine: Engine,
    options: SeparateOptions,
    plan: StemPlan,
    paths: dict[str, Path],
    report: Report,
) -> StemMeasurements:
    """Separate an open file, write the stems and return their measurements."""
    rate, channels = reader.sample_rate, min(reader.channels, 2)
    if reader.channels > channels:
        log.info("%s: %d channels are mixed to stereo", reader.name, reader.channels)
    done = 0
    with StemWriter(plan, paths, rate, channels, options.bits, reader.frames) as writer:
        pieces = stem_blocks(reader, engine, plan, overlap=options.overlap, shifts=options.shifts)
        for mix, stems in pieces:
            writer.add(mix, stems)
            done += mix.shape[1]
            report("separating", min(1.0, done / reader.frames))
        return writer.finish(report)
