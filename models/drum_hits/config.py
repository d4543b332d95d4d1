"""Sizes of the drum hit net, and the shapes of its arrays."""

from dataclasses import dataclass

NAME = "drum-hits"


@dataclass(frozen=True)
class DrumHitsConfig:
    """Sizes of the net.

    Attributes:
        inputs: features of a frame.
        hidden: units of the hidden layer.
        outputs: kinds of hit.
    """

    inputs: int
    hidden: int
    outputs: int


def array_shapes(config: DrumHitsConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of each of the net's arrays, by its name in the file."""
    return {
        "into_hidden": (config.inputs, config.hidden),
        "hidden_bias": (config.hidden,),
        "into_outputs": (config.hidden, config.outputs),
        "output_bias": (config.outputs,),
    }
