"""Recognize the interval in a sound with the interval net, in numpy."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muse.models.interval_net.config import STEP
from muse.models.interval_net.inference import IntervalInference
from muse.tools.audio.cqt import RATE, Rows, levels
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.intervals.calibration import softmax
from muse.tools.weights import load_trained_weights

NAME = "interval-net"
KINDS = ("ascending", "descending", "together")
LONGEST_S = 10.0  # of a sound that is analyzed
FRAMES = 44  # that the net was trained with; shorter sounds are padded, longer ones averaged

Values = NDArray[np.float64]


class IntervalProbabilities(NamedTuple):
    """The net's probabilities for one sound.

    Attributes:
        sizes: (25,) probability of each size in semitones, given that there is an interval.
        kinds: (3,) probability of ascending, descending, together, given the same; a unison counts
            as either of the first two.
        none: probability that there is no interval: silence, noise, one note, three or more.
        pairs: (25, 3) probability of size and direction, given that there is an interval.
        notes: (88,) log odds that a note sounds on each semitone from A0, averaged over time.
    """

    sizes: Values
    kinds: Values
    none: float
    pairs: Values
    notes: Values

    @property
    def semitones(self) -> int:
        """The likeliest size."""
        return int(self.sizes.argmax())

    @property
    def kind(self) -> str:
        """The likeliest direction."""
        return KINDS[int(self.kinds.argmax())]

    @property
    def confidence(self) -> float:
        """Probability that there is an interval, and that it has the likeliest size."""
        return float((1 - self.none) * self.sizes.max())


class IntervalClassifier:
    """The net with its temperatures, loaded once and run on many sounds."""

    def __init__(self, weights: str | Path = NAME) -> None:
        """Load the weights that ship with muse, or others.

        Args:
            weights: a name, or a path to NAME.safetensors or its card.

        Raises:
            BadInputError: they are missing, damaged, or of another net.
        """
        found = load_trained_weights(weights)
        try:
            self._net = IntervalInference(found.config, found.tensors)
            temperatures = found.card["metrics"]["temperatures"]
            self._temperatures = float(temperatures["pairs"]), float(temperatures["none"])
        except (KeyError, ValueError) as error:
            raise BadInputError(f"{weights}: no weights of {NAME} ({error})") from error

    def classify(
        self, audio: NDArray[np.float32] | NDArray[np.float64], rate: int
    ) -> IntervalProbabilities:
        """Return the probabilities for a sound, which may begin and end with silence.

        Args:
            audio: (n,) or (channels, n); only the first LONGEST_S are analyzed.
            rate: sample rate, Hz.

        Raises:
            ParameterError: the rate is not positive, or a sample is not finite.
        """
        rows = levels(to_mono(audio, rate))
        scores = self._net.score(fit_frames(rows))
        flat = softmax(scores.pairs.reshape(1, -1), self._temperatures[0])
        pairs = flat.reshape(scores.pairs.shape)
        none = 1 / (1 + np.exp(-np.clip(scores.none / self._temperatures[1], -60, 60)))
        sounding = max(min(rows.shape[1], FRAMES) // STEP, 1)  # the rest is padding
        notes = scores.notes[:, :sounding].mean(axis=1, dtype=np.float64)
        return IntervalProbabilities(
            pairs.sum(axis=1), pairs.sum(axis=0), float(none), pairs, notes
        )


def to_mono(audio: NDArray[np.float32] | NDArray[np.float64], rate: int) -> NDArray[np.float32]:
    """Return the first LONGEST_S as mono, at the net's sample rate."""
    if rate <= 0:
        raise ParameterError(f"the sample rate is {rate} Hz; it must be positive")
    audible = np.asarray(audio, np.float32)[..., : round(LONGEST_S * rate)]
    mono = audible.mean(axis=0) if audible.ndim == 2 else audible
    if not np.isfinite(mono).all():
        raise ParameterError("the sound has samples that are not finite numbers")
    if rate == RATE or not len(mono):
        return mono
    import soxr

    resampled: NDArray[np.float32] = soxr.resample(mono, rate, RATE)
    return resampled


def fit_frames(rows: Rows) -> Rows:
    """Return FRAMES frames: pad with silence, or average as many frames as needed."""
    each = max(-(-rows.shape[1] // FRAMES), 1)
    padded = np.pad(rows, ((0, 0), (0, each * FRAMES - rows.shape[1])))
    found: Rows = padded.reshape(len(rows), FRAMES, each).mean(axis=2)
    return found
