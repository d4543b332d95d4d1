"""A data set of clips in a folder: WAV files, labels.jsonl and dataset.json, written atomically.

DIR/
  clip-000000.wav ...  16 bits, mono
  labels.jsonl         one label per line, in the order of the clips; see sample_label.Label
  dataset.json         settings, seed, count and two hashes; see DataSet

The request hash identifies what was requested: a folder with the same one is not made again. The
content hash shows whether the files are unchanged.
"""

import hashlib
import json
import logging
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from muse.tools.audio.io import AudioWriter
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.files import PIPE, json_bytes, read_bytes, replacing_folder, sha256_of
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.generate import ClipMaker
from muse.tools.intervals.sample_label import Label, ResolvedSettings, resolve_settings
from muse.tools.progress import Report, silent
from muse.tools.song.provenance import muse_version

log = logging.getLogger("muse")

FORMAT = "muse.intervals/1"
GENERATION = 1  # incremented when the same settings and seed give other clips
INDEX, LABELS = "dataset.json", "labels.jsonl"
CHUNK = 25  # clips that a process makes between two progress reports
MAX_CLIPS = 1_000_000
BITS = "16"

Made = tuple[list[Label], list[str]]  # labels, and the SHA-256 of each file

_maker: list[ClipMaker] = []  # of this process, if it is one of several that make clips


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """Contents of dataset.json.

    Attributes:
        format: FORMAT.
        version: of muse.
        clips: number of clips.
        seed: that the clips were sampled with.
        recipe: the fields of ClipSettings; soundfonts as names.
        soundfonts: SHA-256 of each.
        request_hash: SHA-256 of the request.
        content_hash: SHA-256 of the labels and of the files' SHA-256, in order.
    """

    format: str
    version: str
    clips: int
    seed: int
    recipe: dict[str, Any]
    soundfonts: dict[str, str]
    request_hash: str
    content_hash: str


def generate_folder(
    folder: Path,
    settings: ClipSettings,
    count: int,
    seed: int,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    report: Report = silent,
) -> DataSet:
    """Write clips and labels into a folder; a folder that already holds them is left unchanged.

    Args:
        folder: created; it must not exist, be empty, or hold a data set.
        settings: of the clips.
        count: number of clips, 1 to a million.
        seed: 0 or more; the same settings, count and seed give the same bytes.
        jobs: processes; they only change the time.
        overwrite: whether a data set of other settings, count or seed is replaced.
        report: called with the progress.

    Raises:
        ParameterError: the settings or the count are invalid.
        BadInputError, MissingPartError: as in sample_label.resolve_settings.
        MuseError: the folder holds something else, or another data set that is not overwritten.
    """
    check_request(count, seed, jobs)
    resolved = resolve_settings(settings)
    existing = read_existing(folder)
    request = request_of(resolved, count, seed)
    if existing is not None and existing.request_hash == hash_of(request):
        if is_intact(folder, existing):
            log.info("%s already holds these clips", folder)
            return existing
        log.info("%s is damaged; making it again", folder)
    elif existing is not None and not overwrite:
        raise MuseError(
            f"{folder} holds another data set ({existing.clips} clips, seed {existing.seed}); "
            "name a new folder, or replace it with --overwrite"
        )
    with replacing_folder(folder) as fresh:
        made = write_clips(fresh, settings, count, seed, jobs, report)
        return write_index(fresh, request, made)


def check_request(count: int, seed: int, jobs: int) -> None:
    """Raise ParameterError unless count, seed and jobs are in range."""
    for option, value, lowest, highest in (
        ("--count", count, 1, MAX_CLIPS),
        ("--seed", seed, 0, 2**63 - 1),
        ("--jobs", jobs, 1, 1024),
    ):
        if not lowest <= value <= highest:
            raise ParameterError(f"{option} must be {lowest} to {highest}, not {value}")


def read_existing(folder: Path) -> DataSet | None:
    """Return the data set in a folder, or None if the folder is empty or missing.

    Raises:
        MuseError: it is a file, or holds other files, which are never replaced.
    """
    if str(folder) == PIPE:
        raise ParameterError("clips are files; name a folder with -o")
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise MuseError(f"{folder} is a file; name a folder for the clips")
    names = {path.name for path in folder.iterdir()}
    if not names:
        return None
    others = {n for n in names if not (n.startswith("clip-") and n.endswith(".wav"))}
    if others != {INDEX, LABELS}:
        raise MuseError(f"{folder} holds other files; name a new folder for the clips")
    return read_index(folder)


def request_of(resolved: ResolvedSettings, count: int, seed: int) -> dict[str, Any]:
    """Return everything that the clips depend on, as JSON values."""
    fonts = {path.stem: sha256_of(path) for path in resolved.soundfonts}
    recipe = json.loads(json.dumps({**resolved.settings.plain(), "soundfonts": sorted(fonts)}))
    return {
        "clips": count,
        "seed": seed,
        "recipe": recipe,
        "soundfonts": fonts,
        "generation": GENERATION,
    }


def hash_of(value: Any) -> str:
    """Return the SHA-256, 64 hex digits, of a JSON value; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_clips(
    folder: Path, settings: ClipSettings, count: int, seed: int, jobs: int, report: Report
) -> Made:
    """Write all clips, in one or several processes; returns labels and hashes in order."""
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    labels: list[Label] = []
    hashes: list[str] = []
    with chunk_results(folder, settings, seed, chunks, min(jobs, len(chunks))) as results:
        for some, chunk_hashes in results:
            labels += some
            hashes += chunk_hashes
            report(f"{len(labels)}/{count}", len(labels) / count)
    return labels, hashes


@contextmanager
def chunk_results(
    folder: Path, settings: ClipSettings, seed: int, chunks: Sequence[range], jobs: int
) -> Iterator[Iterator[Made]]:
    """Yield the result of each chunk, in order."""
    if jobs == 1:
        with ClipMaker(settings, seed) as maker:
            yield (write_chunk(maker, folder, numbers) for numbers in chunks)
        return
    context = multiprocessing.get_context("spawn")  # forking after a library's threads hangs
    with context.Pool(jobs, initializer=start_worker, initargs=(settings, seed)) as pool:
        yield pool.imap(make_chunk, [(folder, numbers) for numbers in chunks])


def start_worker(settings: ClipSettings, seed: int) -> None:
    """Set up a worker process; Ctrl-C is left to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _maker.append(ClipMaker(settings, seed))


def make_chunk(task: tuple[Path, range]) -> Made:
    """Make one chunk in a worker process."""
    return write_chunk(_maker[0], *task)


def write_chunk(maker: ClipMaker, folder: Path, numbers: range) -> Made:
    """Write some clips; returns their labels and hashes."""
    labels, hashes = [], []
    for number in numbers:
        clip, label = maker.clip(number)
        path = folder / label.file
        writer = AudioWriter(path, maker.resolved.settings.sample_rate, 1, BITS, len(clip))
        try:
            writer.write(clip[np.newaxis])
        finally:
            writer.close()
        labels.append(label)
        hashes.append(sha256_of(path))
    return labels, hashes


def write_index(folder: Path, request: dict[str, Any], made: Made) -> DataSet:
    """Write labels.jsonl and dataset.json."""
    labels, hashes = made
    lines = b"".join(json_bytes(label) + b"\n" for label in labels)
    (folder / LABELS).write_bytes(lines)
    index = DataSet(
        format=FORMAT,
        version=muse_version(),
        clips=request["clips"],
        seed=request["seed"],
        recipe=request["recipe"],
        soundfonts=request["soundfonts"],
        request_hash=hash_of(request),
        content_hash=content_hash(lines, hashes),
    )
    (folder / INDEX).write_bytes(msgspec.json.format(json_bytes(index), indent=2) + b"\n")
    return index


def content_hash(lines: bytes, hashes: Sequence[str]) -> str:
    """Return the SHA-256 of the labels and of the files' hashes."""
    return hashlib.sha256(lines + "".join(hashes).encode()).hexdigest()


def read_index(folder: Path) -> DataSet:
    """Read dataset.json.

    Raises:
        BadInputError: it is missing, or not a data set of intervals.
    """
    path = folder / INDEX
    if not path.is_file():
        raise BadInputError(
            f"{folder}: no data set of intervals; make one: muse intervals generate -o {folder}"
        )
    try:
        index = msgspec.json.decode(read_bytes(path), type=DataSet)
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: not a data set of intervals ({error})") from error
    if index.format != FORMAT:
        raise BadInputError(f"{path}: has format {index.format}, not {FORMAT}")
    return index


def read_labels(folder: Path) -> list[Label]:
    """Read the labels of a data set, in the order of its clips.

    Raises:
        BadInputError: they are missing or damaged.
    """
    path = folder / LABELS
    try:
        return msgspec.json.Decoder(Label).decode_lines(read_bytes(path))
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: not labels of intervals ({error})") from error


def is_intact(folder: Path, index: DataSet) -> bool:
    """Return whether a folder's files are unchanged since they were made; reads every file."""
    lines = read_bytes(folder / LABELS)
    try:
        hashes = [sha256_of(folder / label.file) for label in read_labels(folder)]
    except (BadInputError, FileNotFoundError):
        return False
    return content_hash(lines, hashes) == index.content_hash
