"""Sizes of the net that recognizes intervals; needs no torch."""

from dataclasses import dataclass

STEP = 2  # frames of the spectrum per frame of the feature maps
LEAST = 1e-4  # added to correlations before their logarithm


@dataclass(frozen=True)
class IntervalNetConfig:
    """Sizes of the net.

    Attributes:
        rows: of the spectrum.
        semitone: rows per semitone.
        notes: semitones on which a note can be, counted from the lowest row.
        sizes: interval sizes in semitones, from unison.
        kinds: ascending, descending, and both notes together.
        channels: of hidden layers.
        faces: feature maps that are correlated with themselves.
        hidden: units for each interval size.
        partials: semitones from a note to the partials, and fundamentals, that are stacked on it.
    """

    rows: int = 306
    semitone: int = 3
    notes: int = 88
    sizes: int = 25
    kinds: int = 3
    channels: int = 16
    faces: int = 12
    hidden: int = 48
    partials: tuple[int, ...] = (-19, -12, 0, 12, 19, 24, 28, 31, 34, 36)
