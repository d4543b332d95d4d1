"""Sizes of the role net, and the classes that it knows; needs no torch."""

from dataclasses import dataclass

NAME = "role-net"
# drums and percussion; basses; singers and choirs; synthesizers that play a line; pianos, organs
# and synthesizers that play chords; guitars and other plucked strings; pads and bowed strings;
# brass, reeds and flutes; tuned bars and bells; anything else, such as a whole mix or noise
CLASSES = (
    "drums",
    "bass",
    "voice",
    "lead",
    "keys",
    "guitar",
    "pad",
    "winds",
    "mallets",
    "other",
)


@dataclass(frozen=True)
class RoleNetConfig:
    """Sizes of the net.

    Attributes:
        bands: of the spectrogram.
        channels: of each convolution, one after the other.
        hidden: units of the layer before the output.
        classes: number of outputs.
        temperature: by which the logits are divided, so that odds are frequencies on unseen sounds.
    """

    bands: int = 96
    channels: tuple[int, ...] = (16, 32, 48, 64)
    hidden: int = 64
    classes: int = len(CLASSES)
    temperature: float = 1.0
