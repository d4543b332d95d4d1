"""Sizes of the net that hears intervals; see models/interval_net/net.py. Needs no torch."""

from dataclasses import dataclass

STEP = 2  # frames of the spectrum in one of the picture
LEAST = 1e-4  # beside correlations, before their logarithm


@dataclass(frozen=True)
class IntervalNetConfig:
    """Sizes.

    Attributes:
        rows: of the spectrum.
        semitone: of these.
        notes: semitones, counted from the lowest, on which a note can be.
        sizes: intervals, from unison on.
        kinds: ascending, descending, together.
        channels: of hidden layers.
        faces: pictures that are correlated.
        hidden: values for each interval.
        partials: semitones from a note to what may be its partial, or of which it may be one.
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
