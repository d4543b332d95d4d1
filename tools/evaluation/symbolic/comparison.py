"""Comparison of a set of songs with real music and with real music whose bars are shuffled.

A figure is neither good nor bad by itself: a set resembles real music as far as it is close to the
reference and far from the shuffled bars. All three are measured in the same way in one run.
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
    summarize,
)
from muse.tools.evaluation.symbolic.passage import Passage, shuffle_bars
from muse.tools.evaluation.symbolic.structure import Similarities, bar_similarities, ssmd
from muse.tools.progress import Report, silent

Columns = dict[str, Summary | None]


@dataclass(frozen=True)
class Measured:
    """Figures and bar similarities of each song of a set."""

    values: list[Values]
    similarities: list[Similarities]


def compare(
    songs: Sequence[Passage],
    reference: Sequence[Passage] = (),
    view: View = "symbolic",
    seed: int = 0,
    report: Report = silent,
) -> tuple[dict[str, Columns], list[Values]]:
    """Measure a set, a reference, and the reference with its bars shuffled.

    Args:
        songs: the set, one passage per song.
        reference: real music; if empty, the set itself is shuffled.
        view: which figures.
        seed: of the shuffling, and of the draw for SSMD.
        report: called with the progress.

    Returns:
        For each figure {"set", "reference", "shuffled"}, None if nothing can be measured; and the
        figures of each song of the set. SSMD is the distance of the set to the reference. Its
        column "reference" is that of songs drawn from the reference (as many as the set has, at
        most half) to the rest of it; its column "shuffled" is that of the same draw with the bars
        shuffled.
    """
    rng = np.random.default_rng(seed)
    figures = figures_of(view)
    base = reference or songs
    mixed = [shuffle_bars(passage, rng) for passage in base]
    sets = {"set": songs, "reference": reference, "shuffled": mixed}
    total = sum(len(group) for group in sets.values())
    found: dict[str, Measured] = {}
    done = 0
    for name, group in sets.items():
        found[name] = measure_set(group, figures, view)
        done += len(group)
        report(f"measuring the {name}", done / total)
    columns: dict[str, Columns] = {
        figure.name: {name: summarize(each.values, figure.name) for name, each in found.items()}
        for figure in figures
    }
    if view != "chords":
        columns[SSMD_NAME] = distances(found, rng)
    return columns, found["set"].values


def measure_set(passages: Sequence[Passage], figures: Sequence[Figure], view: View) -> Measured:
    """Return the figures of a set."""
    with_form = passages if view != "chords" else ()
    return Measured(
        [measure(passage, figures) for passage in passages],
        [bar_similarities(passage) for passage in with_form if len(passage.bar)],
    )


def distances(found: dict[str, Measured], rng: np.random.Generator) -> Columns:
    """Return SSMD of the set, of a draw of the reference, and of the same draw shuffled."""
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
    """Return SSMD as a figure of a set; it has no standard deviation."""
    distance = ssmd(songs, others)
    return None if distance is None else Summary(distance, None, len(songs))


def as_json(columns: dict[str, Columns]) -> dict[str, Any]:
    """Return the columns as plain values."""
    return {
        name: {column: None if each is None else vars(each) for column, each in by_column.items()}
        for name, by_column in columns.items()
    }
