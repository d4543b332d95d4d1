"""Sizes of the phrase nets, and the shapes of their arrays; needs no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhraseGruConfig:
    """Sizes of an ensemble of equal nets.

    Attributes:
        features: inputs at each beat.
        classes: triads that are predicted.
        hidden: units of the input layer and of the GRU.
        nets: nets in the ensemble.
    """

    features: int
    classes: int
    hidden: int = 256
    nets: int = 3


def array_shapes(config: PhraseGruConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array, by its name in the weight file.

    Rows of the GRU's gates are in torch's order: reset, update, new.
    """
    nets, hidden = config.nets, config.hidden
    return {
        "phrase_in": (nets, hidden, config.features),
        "phrase_in_bias": (nets, hidden),
        "phrase_reads": (nets, 3 * hidden, hidden),
        "phrase_reads_bias": (nets, 3 * hidden),
        "phrase_keeps": (nets, 3 * hidden, hidden),
        "phrase_keeps_bias": (nets, 3 * hidden),
        "phrase_out": (nets, config.classes, 2 * hidden),
        "phrase_out_bias": (nets, config.classes),
        "phrase_base": (nets, 1),
    }
