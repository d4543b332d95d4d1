"""Evaluation of files: read the songs under test and the reference, and compare their figures."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from muse.tools.datasets.readers import Source, find_sources
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.evaluation.symbolic.comparison import as_json, compare
from muse.tools.evaluation.symbolic.figures import View
from muse.tools.evaluation.symbolic.passage import Passage, TrackChoice, passage_of
from muse.tools.files import PIPE, real_path
from muse.tools.progress import Report, scale_report, silent
from muse.tools.song.document import Song
from muse.tools.song.provenance import provenance_dict
from muse.tools.theory.missing_chords import add_missing_chords

log = logging.getLogger("muse")

FORMAT = "muse.figures/1"
READING_SHARE = 0.7  # share of the progress that reading the files takes


@dataclass(frozen=True)
class EvalOptions:
    """Options of the measurement; see `passage_of` and `compare`."""

    view: View = "symbolic"
    track: TrackChoice = "all"
    bars: int | None = None
    seed: int = 0


@dataclass
class MeasuredSongs:
    """Passages by id, ids of songs whose chords were detected, and errors."""

    passages: dict[str, Passage] = field(default_factory=dict)
    detected: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def evaluate(
    inputs: Sequence[str],
    reference: Sequence[str] = (),
    options: EvalOptions | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """Return the figures of a set of songs, of a reference, and of its shuffled bars.

    Args:
        inputs: files and folders that `datasets.readers` can read, or '-'.
        reference: real music, in the same forms; songs that are also inputs are left out.
        options: EvalOptions() if None.
        report: called with the progress.

    Returns:
        `figures` by name, for each `set`, `reference` and `shuffled` with `mean`, `sd` and `songs`,
        or None; `songs`: the figures of each song of the set; `heard_chords`: numbers of songs
        whose chords were detected; `problems`: files that were skipped.

    Raises:
        BadInputError: an input does not exist, or no song of either set can be measured.
        ParameterError: standard input is given twice, or an option is out of range.
    """
    options = options or EvalOptions()
    if [*inputs, *reference].count(PIPE) > 1:
        raise ParameterError("'-' (standard input) can be given only once")
    sources = find_all_sources(inputs)
    others = exclude_tested(find_all_sources(reference), sources)
    split = READING_SHARE * len(sources) / (len(sources) + len(others))
    tested = collect_passages(sources, options, scale_report(report, 0.0, split))
    real = (
        collect_passages(others, options, scale_report(report, split, READING_SHARE))
        if others
        else MeasuredSongs()
    )
    columns, rows = compare(
        list(tested.passages.values()),
        list(real.passages.values()),
        options.view,
        options.seed,
        scale_report(report, READING_SHARE, 1.0),
    )
    return {
        "format": FORMAT,
        "figures": as_json(columns),
        "songs": [
            {"id": name, **values} for name, values in zip(tested.passages, rows, strict=True)
        ],
        "reference_songs": len(real.passages),
        "heard_chords": {"set": len(tested.detected), "reference": len(real.detected)},
        "problems": [*tested.problems, *real.problems],
        "made_by": provenance_dict(
            f"eval {options.view}", {"reference": list(reference), **asdict(options)}, options.seed
        ),
    }


def find_all_sources(names: Sequence[str]) -> list[Source]:
    """Return the sources at all paths, each file once."""
    found = {absolute_path(source): source for name in names for source in find_sources(name)}
    return list(found.values())


def absolute_path(source: Source) -> str:
    """Return the absolute path of a source."""
    return source.path if source.path == PIPE else str(real_path(source.path))


def exclude_tested(reference: Sequence[Source], tested: Sequence[Source]) -> list[Source]:
    """Return the reference without the songs under test; raises BadInputError if none is left."""
    paths = {absolute_path(source) for source in tested}
    left = [source for source in reference if absolute_path(source) not in paths]
    if reference and not left:
        raise BadInputError(
            "the reference contains only the songs under test; choose another reference"
        )
    if len(left) < len(reference):
        count = len(reference) - len(left)
        log.info("%d files under test are left out of the reference", count)
    return left


def collect_passages(
    sources: Sequence[Source], options: EvalOptions, report: Report = silent
) -> MeasuredSongs:
    """Return the passages of the sources' songs.

    Raises:
        BadInputError: no song can be measured.
    """
    found = MeasuredSongs()
    for number, source in enumerate(sources):
        report("reading", number / len(sources))
        for name, song in read_source(source, found.problems):
            add_song(found, name, song, options)
    report("reading", 1.0)
    if not found.passages:
        count = len(found.problems)
        raise BadInputError(f"none of {count} songs can be measured: {found.problems[0]}")
    return found


def read_source(source: Source, problems: list[str]) -> Iterator[tuple[str, Song]]:
    """Yield the songs of a source; add an unreadable one to the problems."""
    try:
        yield from source.read()
    except BadInputError as error:
        problems.append(str(error))


def add_song(found: MeasuredSongs, name: str, song: Song, options: EvalOptions) -> None:
    """Add the passage of a song, or the reason why it has none."""
    while name in found.passages:
        name += "'"
    try:
        whole = add_missing_chords(song)
        passage = passage_of(whole, options.track, options.bars)
    except ParameterError:
        raise
    except MuseError as error:
        found.problems.append(f"{name}: {error}")
        return
    missing = missing_part(passage, options.view)
    if missing:
        found.problems.append(f"{name}: {missing}")
        return
    found.passages[name] = passage
    if whole is not song:
        found.detected.append(name)


def missing_part(passage: Passage, view: View) -> str | None:
    """Return what a song lacks to be measured; None if nothing."""
    if view == "chords":
        return None if passage.chords else "no chords, and no pitched notes to detect them from"
    return None if len(passage.bar) else "no notes; use 'muse eval chords' for charts"
