"""Files in, figures out: `evaluate` reads the songs under test and the reference, and compares."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from muse.tools.datasets.readers import Source, find_sources
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.evaluation.symbolic.comparison import as_json, compare
from muse.tools.evaluation.symbolic.figures import View
from muse.tools.evaluation.symbolic.passage import Passage, TrackChoice, passage_of
from muse.tools.files import PIPE
from muse.tools.progress import Report, part, silent
from muse.tools.song.document import Song
from muse.tools.song.provenance import provenance_dict

log = logging.getLogger("muse")

FORMAT = "muse.figures/1"
READING_SHARE = 0.7  # of the work: what is reported while files are read


@dataclass(frozen=True)
class EvalOptions:
    """How songs are measured; see `passage_of` and `compare`."""

    view: View = "symbolic"
    track: TrackChoice = "all"
    bars: int | None = None
    seed: int = 0


@dataclass
class Gathered:
    """Songs of some files: passages by id, the ids whose chords were heard, and what failed."""

    passages: dict[str, Passage] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def evaluate(
    inputs: Sequence[str],
    reference: Sequence[str] = (),
    options: EvalOptions | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """The figures of a set of songs beside those of a reference and of its shuffled bars.

    Args:
        inputs: files and folders of any kind that muse.tools.datasets.readers knows, or '-'.
        reference: the same, real music; songs that are among the inputs are left out of it.
        options: see EvalOptions.
        report: told how far it is.

    Returns:
        `figures` by name, for each `set`, `reference` and `shuffled` with `mean`, `sd` and `songs`
        or None; `songs`, the figures of each song of the set; `heard_chords`, how many songs had no
        chords of their own; `problems`, files that were left out.

    Raises:
        BadInputError: an input is not there, or nothing in either set can be measured.
        ParameterError: standard input is named twice, or an option is out of range.
    """
    options = options or EvalOptions()
    if [*inputs, *reference].count(PIPE) > 1:
        raise ParameterError("'-' can be named once")
    sources = sources_of(inputs)
    others = without(sources_of(reference), sources)
    split = READING_SHARE * len(sources) / (len(sources) + len(others))
    tested = gather(sources, options, part(report, 0.0, split))
    real = gather(others, options, part(report, split, READING_SHARE)) if others else Gathered()
    columns, rows = compare(
        list(tested.passages.values()),
        list(real.passages.values()),
        options.view,
        options.seed,
        part(report, READING_SHARE, 1.0),
    )
    return {
        "format": FORMAT,
        "figures": as_json(columns),
        "songs": [
            {"id": name, **values} for name, values in zip(tested.passages, rows, strict=True)
        ],
        "reference_songs": len(real.passages),
        "heard_chords": {"set": len(tested.heard), "reference": len(real.heard)},
        "problems": [*tested.problems, *real.problems],
        "made_by": provenance_dict(
            f"eval {options.view}", {"reference": list(reference), **asdict(options)}, options.seed
        ),
    }


def sources_of(names: Sequence[str]) -> list[Source]:
    """What there is to read, each file once."""
    found = {place(source): source for name in names for source in find_sources(name)}
    return list(found.values())


def place(source: Source) -> str:
    """Where a source lies, whatever way it was named."""
    return source.path if source.path == PIPE else str(Path(source.path).resolve())


def without(reference: Sequence[Source], tested: Sequence[Source]) -> list[Source]:
    """The reference but for what is tested; raises BadInputError where nothing is left."""
    places = {place(source) for source in tested}
    left = [source for source in reference if place(source) not in places]
    if reference and not left:
        raise BadInputError("the reference holds nothing but the songs under test; name another")
    if len(left) < len(reference):
        count = len(reference) - len(left)
        log.info("left out of the reference: %d files that are under test", count)
    return left


def gather(sources: Sequence[Source], options: EvalOptions, report: Report = silent) -> Gathered:
    """The passages of the sources' songs.

    Raises:
        BadInputError: no song can be measured.
    """
    found = Gathered()
    for number, source in enumerate(sources):
        report("reading", number / len(sources))
        for name, song in songs_of(source, found.problems):
            add(found, name, song, options)
    report("reading", 1.0)
    if not found.passages:
        count = len(found.problems)
        raise BadInputError(f"no song of {count} can be measured: {found.problems[0]}")
    return found


def songs_of(source: Source, problems: list[str]) -> Iterator[tuple[str, Song]]:
    """The songs of a source; one that cannot be read is noted as a problem."""
    try:
        yield from source.read()
    except BadInputError as error:
        problems.append(str(error))


def add(found: Gathered, name: str, song: Song, options: EvalOptions) -> None:
    """Add the passage of a song, or why it has none."""
    while name in found.passages:
        name += "'"
    try:
        whole = with_chords(song)
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
        found.heard.append(name)


def missing_part(passage: Passage, view: View) -> str | None:
    """What a song lacks to be measured; None where there is enough."""
    if view == "chords":
        return None if passage.chords else "no chords in it, and no pitched notes to hear them in"
    return None if len(passage.bar) else "no notes in it; 'muse eval chords' measures charts"


def with_chords(song: Song) -> Song:
    """The song itself, or with chords that are heard in its notes where none are written."""
    if song.chords or not any(track.notes and not track.is_drum for track in song.tracks):
        return song
    from muse.tools.theory.chord_finding import find_chords

    return msgspec.structs.replace(song, chords=find_chords(song))
