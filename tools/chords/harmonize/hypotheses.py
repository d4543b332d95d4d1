"""Progressions that grow under a melody, and how many of them are cut to a few.

Source: Fearnhead and Clifford, "On-line inference for hidden Markov models via particle filters",
JRSS B 65, 2003, for the resampling.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np

from muse.tools.chords.constraints import Placed
from muse.tools.chords.model import ChordModel, Floats, Prediction
from muse.tools.chords.net_model import NetModel, Trail


@dataclass(frozen=True, eq=False)
class Way:
    """A progression up to a beat.

    Attributes:
        placed: its last chord; None at the start.
        chord_id: of that.
        parent: the progression before it; None at the start.
        prediction: what the model expected there.
        log_weight: of all of it, at the temperature asked for.
        led: whether that chord leads into the cadence's last.
        given: whether it was prompted or fixed.
        model: what was asked, as it remembers the chords before this one; None once it has grown.
    """

    placed: Placed | None = None
    chord_id: int = 0
    parent: "Way | None" = None
    prediction: Prediction | None = None
    log_weight: float = 0.0
    led: bool = False
    given: bool = False
    model: ChordModel | None = None

    @property
    def beat(self) -> float:
        """Where it ends."""
        return self.placed.end_beats if self.placed else 0.0

    def back(self) -> "Iterator[tuple[Way, Placed]]":
        """It and all that it grew from, each with its last chord; the start is left out."""
        way: Way | None = self
        while way is not None and way.placed is not None:
            yield way, way.placed
            way = way.parent


def forked(model: ChordModel) -> ChordModel:
    """The model with a memory of its own of what it was asked last; the n-gram has none."""
    if not isinstance(model, NetModel):
        return model
    twin = NetModel(model.reader, model.name, model.hash)
    if model.trail is not None:
        trail = model.trail
        twin.trail = Trail(trail.context, [*trail.steps], [*trail.states], [*trail.reads])
    return twin


def resampled(weights: Floats, count: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """So many of the places in `weights`, in order, each with what its log weight gains.

    The heavy ones stay as they are; of the light ones some are drawn, and made as heavy as makes up
    for the others, so that every place's expected weight is what it was.

    Args:
        weights: more than `count`, above 0 for so many at least.
        count: 1 or more.
        rng: the dice.
    """
    order = weights.argsort(kind="stable")[::-1]
    left = weights[order][::-1].cumsum()[::-1]  # of each place in the order and all behind it
    heavy = next(
        n for n in range(count) if n == count - 1 or weights[order[n]] < left[n] / (count - n)
    )
    level = left[heavy] / (count - heavy)
    light = np.sort(order[heavy:])
    marks = (np.arange(count - heavy) + rng.random()) * level
    drawn = light[np.minimum(np.searchsorted(weights[light].cumsum(), marks), len(light) - 1)]
    found = [(int(place), 0.0) for place in order[:heavy]]
    found += [(int(place), log(level / weights[place])) for place in drawn]
    return sorted(found)
