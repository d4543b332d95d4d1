"""Ways to hear an interval that the benches set beside muse's nets: arithmetic, and the plain CNN.

Arithmetic is told where the notes begin and end, and whether they sound together: two highest
peaks of the spectrum, two strongest harmonic series, two YIN pitches, two pYIN pitches (librosa's,
where it is installed). YIN hears one pitch at a time and is left out of notes together. The CNN is
that of `muse train intervals`, read from run folders; it is given the clip alone.
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
    cut,
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


class Places(Protocol):
    """What arithmetic is told of a clip; a label of the generator has it."""

    @property
    def direction(self) -> str: ...

    @property
    def onsets_s(self) -> tuple[float, float]: ...

    @property
    def durations_s(self) -> tuple[float, float]: ...


class Told(NamedTuple):
    """The same for clips that come without such a label."""

    direction: str
    onsets_s: tuple[float, float]
    durations_s: tuple[float, float]


Way = Callable[[Clip, Places, int], int]  # clip, what is told of it, rate in Hz -> semitones


def peaks(clip: Clip, told: Places, rate: int) -> int:
    """The two highest peaks."""
    if told.direction == TOGETHER:
        return together_by_peaks(clip, rate)
    first, second = cut(clip, rate, told.onsets_s, told.durations_s)
    return interval_by_peaks(first, second, rate)


def series(clip: Clip, told: Places, rate: int) -> int:
    """The two strongest harmonic series."""
    if told.direction == TOGETHER:
        return together_by_series(clip, rate)
    first, second = cut(clip, rate, told.onsets_s, told.durations_s)
    return interval_by_series(first, second, rate)


def yin(clip: Clip, told: Places, rate: int) -> int:
    """Two medians of YIN."""
    first, second = cut(clip, rate, told.onsets_s, told.durations_s)
    return interval_by_yin(first, second, rate)


def pyin(clip: Clip, told: Places, rate: int) -> int:
    """Two medians of pYIN; librosa is imported here."""
    import librosa
    import soxr

    low, high = PYIN_RANGE_HZ
    pitches = []
    for note in cut(clip, rate, told.onsets_s, told.durations_s):
        slower = soxr.resample(note, rate, PYIN_RATE)
        heard, voiced, _ = librosa.pyin(slower, fmin=low, fmax=high, sr=PYIN_RATE)
        found = heard[voiced] if voiced.any() else np.array([low])
        pitches.append(float(np.median(librosa.hz_to_midi(found))))
    return round(pitches[1] - pitches[0])


WAYS: dict[str, Way] = {"peaks": peaks, "series": series, "yin": yin}
ONE_PITCH = ("yin", "pyin")  # at a time


def has_pyin() -> bool:
    """Whether librosa is installed."""
    return importlib.util.find_spec("librosa") is not None


class Cnn:
    """The CNN of one run."""

    def __init__(self, run: Path) -> None:
        """Read its best weights.

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
            raise ValueError(f"{run}: is no run of `muse train intervals` on sizes 1 to 12")
        self.name = run.name
        self.learnt_from = learnt_from(facts)
        self._net = IntervalCnn(IntervalCnnConfig(**lists_as_tuples(facts["config"])))
        self._net.load_state_dict(RunFolder(run).weights("best"))
        self._net.eval()

    def __call__(self, mel: NDArray[np.float32]) -> int:
        """The size in semitones of one spectrogram (bands, times)."""
        import torch

        with torch.inference_mode():
            return CNN_SIZES[int(self._net(torch.from_numpy(mel[None])).argmax())]


def lists_as_tuples(config: dict[str, Any]) -> dict[str, Any]:
    """A config out of JSON."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in config.items()}


def learnt_from(facts: dict[str, Any]) -> str:
    """The timbres of a run's clips, such as "sine"."""
    note: str = facts["data"]["sources"][0]["note"]
    return note.split("; ")[1]


def cnn_answers(cnns: Sequence[Cnn], clip: Clip, rate: int) -> dict[str, int]:
    """What each CNN hears in a clip; the spectrogram is computed once, in the precision learnt."""
    if not cnns:
        return {}
    mel = log_mel(clip, rate).astype(np.float16).astype(np.float32)
    return {cnn.name: cnn(mel) for cnn in cnns}
