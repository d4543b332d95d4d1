"""Baselines of the interval benchmarks: arithmetic, and the plain CNN of `muse train intervals`.

Arithmetic is given the onsets and durations of the notes, and whether they are simultaneous. It
takes the two highest peaks of the spectrum, the two strongest harmonic series, two YIN pitches, or
two pYIN pitches (librosa's, if it is installed). YIN finds one pitch at a time and is not used for
simultaneous notes. The CNN is read from run folders and is given the clip alone.
"""

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.mel import log_mel
from muse.tools.audio.yin import interval_by_yin
from muse.tools.intervals.arithmetic import (
    cut_notes,
    interval_by_peaks,
    interval_by_series,
    together_by_peaks,
    together_by_series,
)

Clip = NDArray[np.float32]

PYIN_RATE = 22_050  # Hz
PYIN_RANGE_HZ = (50.0, 2000.0)
CNN_SIZES = list(range(1, 13))  # semitones, the classes of a CNN that can be read
TOGETHER = "together"


class NoteTimes(Protocol):
    """What arithmetic is given with a clip; labels of the generator have it."""

    @property
    def direction(self) -> str: ...

    @property
    def onsets_s(self) -> tuple[float, float]: ...

    @property
    def durations_s(self) -> tuple[float, float]: ...


class GivenTimes(NamedTuple):
    """The same for clips without a label of the generator."""

    direction: str
    onsets_s: tuple[float, float]
    durations_s: tuple[float, float]


Baseline = Callable[[Clip, NoteTimes, int], int]  # clip, times, rate in Hz -> semitones


def peaks(clip: Clip, times: NoteTimes, rate: int) -> int:
    """Return the interval between the two highest peaks."""
    if times.direction == TOGETHER:
        return together_by_peaks(clip, rate)
    first, second = cut_notes(clip, rate, times.onsets_s, times.durations_s)
    return interval_by_peaks(first, second, rate)


def series(clip: Clip, times: NoteTimes, rate: int) -> int:
    """Return the interval between the two strongest harmonic series."""
    if times.direction == TOGETHER:
        return together_by_series(clip, rate)
    first, second = cut_notes(clip, rate, times.onsets_s, times.durations_s)
    return interval_by_series(first, second, rate)


def yin(clip: Clip, times: NoteTimes, rate: int) -> int:
    """Return the interval between the median YIN pitches."""
    first, second = cut_notes(clip, rate, times.onsets_s, times.durations_s)
    return interval_by_yin(first, second, rate)


def pyin(clip: Clip, times: NoteTimes, rate: int) -> int:
    """Return the interval between the median pYIN pitches of librosa."""
    import librosa
    import soxr

    low, high = PYIN_RANGE_HZ
    pitches = []
    for note in cut_notes(clip, rate, times.onsets_s, times.durations_s):
        slower = soxr.resample(note, rate, PYIN_RATE)
        hertz, voiced, _ = librosa.pyin(slower, fmin=low, fmax=high, sr=PYIN_RATE)
        found = hertz[voiced] if voiced.any() else np.array([low])
        pitches.append(float(np.median(librosa.hz_to_midi(found))))
    return round(pitches[1] - pitches[0])


BASELINES: dict[str, Baseline] = {"peaks": peaks, "series": series, "yin": yin}
ONE_PITCH = ("yin", "pyin")  # baselines that find one pitch at a time


def has_pyin() -> bool:
    """Return whether librosa is installed."""
    return importlib.util.find_spec("librosa") is not None


class Cnn:
    """The CNN of one training run."""

    def __init__(self, run: Path) -> None:
        """Load the best weights of a run.

        Args:
            run: folder of `muse train intervals`, whose clips held the sizes 1 to 12.

        Raises:
            ValueError: it is of another net, or of other sizes.
            BadInputError: weights are missing or damaged.
        """
        from muse.models.interval_cnn.config import IntervalCnnConfig
        from muse.models.interval_cnn.net import IntervalCnn
        from muse.tools.training.fingerprint import hash_of
        from muse.tools.training.run_folder import RunFolder

        facts = json.loads((run / "stats" / "run_config.json").read_text())
        if facts["name"] != "intervals" or facts["vocabulary_hash"] != hash_of(CNN_SIZES):
            raise ValueError(f"{run}: not a run of `muse train intervals` with sizes 1 to 12")
        self.name = run.name
        self.trained_on = timbres_of(facts)
        self._net = IntervalCnn(IntervalCnnConfig(**lists_as_tuples(facts["config"])))
        self._net.load_state_dict(RunFolder(run).weights("best"))
        self._net.eval()

    def __call__(self, mel: NDArray[np.float32]) -> int:
        """Return the size in semitones for one mel spectrogram (bands, times)."""
        import torch

        with torch.inference_mode():
            return CNN_SIZES[int(self._net(torch.from_numpy(mel[None])).argmax())]


def lists_as_tuples(config: dict[str, Any]) -> dict[str, Any]:
    """Convert a config from JSON."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in config.items()}


def timbres_of(facts: dict[str, Any]) -> str:
    """Return the timbres of a run's training clips, such as "sine"."""
    note: str = facts["data"]["sources"][0]["note"]
    return note.split("; ")[1]


def cnn_answers(cnns: Sequence[Cnn], clip: Clip, rate: int) -> dict[str, int]:
    """Return the answer of each CNN; the spectrogram has the precision of the training data."""
    if not cnns:
        return {}
    mel = log_mel(clip, rate).astype(np.float16).astype(np.float32)
    return {cnn.name: cnn(mel) for cnn in cnns}
