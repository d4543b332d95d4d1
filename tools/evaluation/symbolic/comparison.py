"""A set of songs beside real music and beside real music whose bars are shuffled.

No figure here is good or bad by itself: a set is like real music as far as it is near the reference
and far from the shuffled. All three are measured in the same way in one run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from muse.tools.evaluation.symbolic.figures import (
    SSMD_NAME,
    Figure,
    Summary,
    Values,
    View,
    figures_of,
    measure,
    summarised,
)
from muse.tools.evaluation.symbolic.passage import Passage, shuffled
from muse.tools.evaluation.symbolic.structure import Similarities, bar_similarities, ssmd
from muse.tools.progress import Report, silent

Columns = dict[str, Summary | None]


@dataclass(frozen=True)
class Measured:
    """A set of songs: the figures and the bars' similarities of each."""

    values: list[Values]
    similarities: list[Similarities]


def compare(
    songs: Sequence[Passage],
    reference: Sequence[Passage] = (),
    view: View = "symbolic",
    seed: int = 0,
    report: Report = silent,
) -> tuple[dict[str, Columns], list[Values]]:
    """Measure a set, the reference, and the reference with its bars shuffled.

    Args:
        songs: the set, one passage a song.
        reference: real music; without any, the set itself is what is shuffled.
        view: which figures.
        seed: of the shuffling, and of the draw that SSMD needs.
        report: told how far it is.

    Returns:
        For each figure {"set", "reference", "shuffled"}, None where there is nothing to measure;
        and the figures of each song of the set. SSMD is the distance of the set to the reference.
        Its column "reference" is that of songs drawn from the reference, as many as the set has but
        half of them at the most, to those that are left; its column "shuffled" is that of the same
        draw with the bars shuffled.
    """
    rng = np.random.default_rng(seed)
    figures = figures_of(view)
    base = reference or songs
    mixed = [shuffled(passage, rng) for passage in base]
    sets = {"set": songs, "reference": reference, "shuffled": mixed}
    total = sum(len(group) for group in sets.values())
    found: dict[str, Measured] = {}
    done = 0
    for name, group in sets.items():
        found[name] = measured(group, figures, view)
        done += len(group)
        report(f"measuring the {name}", done / total)
    columns: dict[str, Columns] = {
        figure.name: {name: summarised(each.values, figure.name) for name, each in found.items()}
        for figure in figures
    }
    if view != "chords":
        columns[SSMD_NAME] = distances(found, rng)
    return columns, found["set"].values


def measured(passages: Sequence[Passage], figures: Sequence[Figure], view: View) -> Measured:
    """The figures of a set."""
    with_form = passages if view != "chords" else ()
    return Measured(
        [measure(passage, figures) for passage in passages],
        [bar_similarities(passage) for passage in with_form if len(passage.bar)],
    )


def distances(found: dict[str, Measured], rng: np.random.Generator) -> Columns:
    """SSMD of the set, of a draw of the reference, and of the same draw shuffled."""
    songs, real, mixed = (found[name].similarities for name in ("set", "reference", "shuffled"))
    if not real:
        return {"set": None, "reference": None, "shuffled": summary(mixed, songs)}
    order = rng.permutation(len(real))
    count = min(len(songs), len(real) // 2)
    drawn, left = order[:count], [real[index] for index in order[count:]]
    return {
        "set": summary(songs, real),
        "reference": summary([real[index] for index in drawn], left),
        "shuffled": summary([mixed[index] for index in drawn], left),
    }


def summary(songs: Sequence[Similarities], others: Sequence[Similarities]) -> Summary | None:
    """Their SSMD as a figure of a set, which has no deviation."""
    distance = ssmd(songs, others)
    return None if distance is None else Summary(distance, None, len(songs))


def as_json(columns: dict[str, Columns]) -> dict[str, Any]:
    """The columns as plain values."""
    return {
        name: {column: None if each is None else vars(each) for column, each in by_column.items()}
        for name, by_column in columns.items()
    }
