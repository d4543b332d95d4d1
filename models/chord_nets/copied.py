"""What a copy pointer of the numpy inference looks at."""

from dataclasses import dataclass

from muse.models.numpy_layers import Floats, Ids


@dataclass(frozen=True)
class Copied:
    """The earlier steps that the pointer may copy from.

    Attributes:
        weights: (earlier,) of each step, with sum 1.
        chords: (earlier,) the chord after each step.
        lengths: (earlier,) that chord's length.
        basses: (earlier,) that chord's bass.
    """

    weights: Floats
    chords: Ids
    lengths: Ids
    basses: Ids
