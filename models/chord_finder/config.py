"""Sizes of the chord finder, and the shapes of its arrays; needs no torch.

Conventions: a cell is one beat. A class is a chord kind on one of twelve roots, numbered
root * kinds + kind; the last class stands for no chord.
"""

from dataclasses import dataclass

NAME = "chord-finder"
ROOTS = 12


@dataclass(frozen=True)
class ChordFinderConfig:
    """Sizes of the model.

    Attributes:
        kinds: names of the chord kinds, in the order of their numbers.
        blocks: features of a segment that have one value per pitch class.
        scalars: features of a segment that count for or against the class "no chord".
        longest: cells in the longest segment.
        strengths: classes of metrical strength, the strongest first, the last one "not known".
        sharpness: factor on scores before they become probabilities (an inverse temperature).
    """

    kinds: tuple[str, ...]
    blocks: int
    scalars: int
    longest: int
    strengths: int
    sharpness: float = 1.0

    @property
    def no_chord(self) -> int:
        """The number of the class "no chord"."""
        return ROOTS * len(self.kinds)


def array_shapes(config: ChordFinderConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of each of the model's arrays, by its name in the file."""
    kinds = len(config.kinds)
    return {
        "content": (kinds, config.blocks, ROOTS),
        "kind": (kinds,),
        "length": (config.longest,),
        "strength": (config.strengths,),
        "none": (config.scalars,),
        "follow": (kinds, kinds, ROOTS),
        "to_none": (kinds,),
        "from_none": (kinds,),
        "stay_none": (1,),
    }
