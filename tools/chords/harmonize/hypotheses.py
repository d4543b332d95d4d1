"""Hypotheses of the harmonization search (progressions up to a beat), and their resampling.

Source: Fearnhead and Clifford, "On-line inference for hidden Markov models via particle filters",
JRSS B 65, 2003, for the resampling.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np

from muse.tools.chords.constraints import PlacedChord
from muse.tools.chords.model import ChordModel, Floats, Prediction
from muse.tools.chords.net_model import NetMemory, NetModel


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A progression up to a beat.

    Attributes:
        placed: its last chord; None at the start.
        chord_id: id of that chord.
        parent: the progression without that chord; None at the start.
        prediction: the model's prediction of that chord.
        log_weight: of the whole progression, at the sampling temperature.
        is_prepared: whether that chord can prepare the cadence's last one.
        is_given: whether that chord is prompted or fixed.
        model: the model with the chords before in its memory; None after the hypothesis was
            extended.
    """

    placed: PlacedChord | None = None
    chord_id: int = 0
    parent: "Hypothesis | None" = None
    prediction: Prediction | None = None
    log_weight: float = 0.0
    is_prepared: bool = False
    is_given: bool = False
    model: ChordModel | None = None

    @property
    def beat(self) -> float:
        """Beat at which it ends."""
        return self.placed.end_beats if self.placed else 0.0

    def chords_backwards(self) -> "Iterator[tuple[Hypothesis, PlacedChord]]":
        """Yield it and all its ancestors with their last chords, without the start."""
        hypothesis: Hypothesis | None = self
        while hypothesis is not None and hypothesis.placed is not None:
            yield hypothesis, hypothesis.placed
            hypothesis = hypothesis.parent


def fork_model(model: ChordModel) -> ChordModel:
    """Return a copy of the model with its own memory of the last progression; n-grams have none."""
    if not isinstance(model, NetModel):
        return model
    twin = NetModel(model.net, model.name, model.hash)
    if model.memory is not None:
        memory = model.memory
        twin.memory = NetMemory(memory.context, [*memory.steps], [*memory.states], [*memory.reads])
    return twin


def resample(weights: Floats, count: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Choose a number of weighted hypotheses so that expected weights stay the same.

    Heavy ones are all taken with their weight. Some of the light ones are drawn, and get a common
    weight that compensates for those left out.

    Args:
        weights: (hypotheses,), more than `count`, at least `count` of them above 0.
        count: 1 or more.
        rng: random generator.

    Returns:
        Indices in rising order, each with the increase of its log weight.
    """
    order = weights.argsort(kind="stable")[::-1]
    remaining = weights[order][::-1].cumsum()[::-1]  # sum from each one in the order to the end
    heavy = next(
        n for n in range(count) if n == count - 1 or weights[order[n]] < remaining[n] / (count - n)
    )
    level = remaining[heavy] / (count - heavy)
    light = np.sort(order[heavy:])
    marks = (np.arange(count - heavy) + rng.random()) * level
    sampled = light[np.minimum(np.searchsorted(weights[light].cumsum(), marks), len(light) - 1)]
    chosen = [(int(index), 0.0) for index in order[:heavy]]
    chosen += [(int(index), log(level / weights[index])) for index in sampled]
    return sorted(chosen)
