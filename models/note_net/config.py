"""Sizes of the note net, and the kinds of part that it knows; needs no torch."""

from dataclasses import dataclass

HEADS = ("voice", "bass", "chords", "other")  # kinds of part, each with its own outputs


@dataclass(frozen=True)
class NoteNetConfig:
    """Sizes of the net.

    Attributes:
        channels: of every hidden layer.
        heads: kinds of part, each with a frame and an onset output.
    """

    channels: int = 24
    heads: int = len(HEADS)
