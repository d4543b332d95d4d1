"""Overviews of audio files: waveform and mel spectrogram, one value for each column drawn.

Conventions:
    columns are equal stretches of the file, whatever its length, so that memory does not grow with
    it; levels are in dBFS, bands on the mel scale of audio/mel.py.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.io import Audio, AudioReader
from muse.tools.audio.loudness import Meter, dbfs
from muse.tools.audio.mel import mel_edges, mel_filterbank
from muse.tools.audio.mono import MonoMixer
from muse.tools.progress import Report, silent

Array = NDArray[np.float32]

WINDOW_S = 0.046  # seconds of one spectrum; the window is the next power of two
BANDS = 96
LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
FLOOR_DB = -80.0  # relative to the maximum of the spectrogram
FRAMES_AT_ONCE = 256  # spectra computed at a time


@dataclass(frozen=True)
class Overview:
    """The overview of an audio file.

    Attributes:
        name: of the file, for people.
        duration_s, sample_rate, channels: as read.
        peak_dbfs: of the highest sample.
        loudness_lufs: integrated, ITU-R BS.1770; None if there is too little sound.
        lowest, highest: (columns,) range of the samples of all channels, full scale 1.0.
        mel_db: (BANDS, columns) mean power, the lowest band first; 0 dB is the maximum.
        edges_hz: (BANDS + 2,) where the bands begin, peak and end.
    """

    name: str
    duration_s: float
    sample_rate: int
    channels: int
    peak_dbfs: float
    loudness_lufs: float | None
    lowest: Array
    highest: Array
    mel_db: Array
    edges_hz: NDArray[np.float64]


def band_range_hz(sample_rate: int) -> tuple[float, float]:
    """Return the lowest and the highest edge of the bands in Hz, both within the spectrum."""
    highest = min(HIGHEST_HZ, sample_rate / 2)
    return min(LOWEST_HZ, highest / 2), highest


class Columns:
    """Collects blocks of audio into columns; see `Overview`."""

    def __init__(self, frames: int, sample_rate: int, columns: int) -> None:
        """Start with no audio; `frames` is the expected length."""
        self.columns = max(min(columns, frames), 1)
        self.frames = frames
        self.window = 1 << int(np.ceil(np.log2(WINDOW_S * sample_rate)))
        self.hop = max(min(self.window // 2, frames // self.columns), 1)
        self.lowest = np.zeros(self.columns, np.float32)
        self.highest = np.zeros(self.columns, np.float32)
        self._power = np.zeros((self.columns, BANDS))
        self._count = np.zeros(self.columns)
        self._filters = mel_filterbank(sample_rate, self.window, BANDS, *band_range_hz(sample_rate))
        self._hann = np.hanning(self.window + 1)[:-1].astype(np.float32)
        self._waiting = np.zeros(self.window // 2, np.float32)  # spectrum 0 is centered on 0
        self._mixer = MonoMixer()
        self._added = 0  # frames
        self._made = 0  # spectra

    def add(self, block: Audio) -> None:
        """Add the next block (channels, frames)."""
        places = self._column(np.arange(self._added, self._added + block.shape[1]))
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        at = places[starts]
        high = np.maximum.reduceat(block.max(axis=0), starts)
        low = np.minimum.reduceat(block.min(axis=0), starts)
        self.highest[at] = np.maximum(self.highest[at], high)
        self.lowest[at] = np.minimum(self.lowest[at], low)
        self._added += block.shape[1]
        self._waiting = np.concatenate([self._waiting, self._mixer(block)])
        self._spectra()

    def finish(self) -> Array:
        """Return the spectrogram (BANDS, columns) in dB below its maximum; call it at the end."""
        self._waiting = np.concatenate([self._waiting, np.zeros(self.window, np.float32)])
        self._spectra()
        power = self._power / np.maximum(self._count, 1)[:, None]
        loudest = max(float(power.max(initial=0.0)), 1e-12)
        floor = 10 ** (FLOOR_DB / 10)
        return np.asarray(10 * np.log10(np.maximum(power / loudest, floor)).T, np.float32)

    def _column(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the column of each frame; frames after the expected length are in the last one."""
        return np.minimum(frames * self.columns // max(self.frames, 1), self.columns - 1)

    def _spectra(self) -> None:
        """Compute the spectra for which there is enough audio."""
        while len(self._waiting) >= self.window:
            cut = np.lib.stride_tricks.sliding_window_view(self._waiting, self.window)
            cut = cut[:: self.hop][:FRAMES_AT_ONCE]
            spectra = np.fft.rfft(cut * self._hann, axis=1)
            power = (spectra.real**2 + spectra.imag**2) @ self._filters.T
            places = self._column((self._made + np.arange(len(cut))) * self.hop)
            np.add.at(self._power, places, power)
            np.add.at(self._count, places, 1)
            self._made += len(cut)
            self._waiting = self._waiting[len(cut) * self.hop :]


def read_overview(
    path: Path, columns: int, *, name: str | None = None, report: Report = silent
) -> Overview:
    """Read an audio file block by block.

    Args:
        path: the file.
        columns: number of columns, 1 or more; fewer are returned if there are fewer samples.
        name: of the file, for messages; the path by default.
        report: called with the progress.

    Raises:
        BadInputError, MissingPartError: as AudioReader.
    """
    with AudioReader(path, name) as reader:
        gathered = Columns(reader.frames, reader.sample_rate, columns)
        meter = Meter(reader.sample_rate, reader.channels)
        frames = 0
        for block in reader.blocks():
            gathered.add(block)
            meter.add(block)
            frames += block.shape[1]
            report("reading", frames / max(reader.frames, 1))
        return Overview(
            reader.name,
            frames / reader.sample_rate,
            reader.sample_rate,
            reader.channels,
            dbfs(meter.peak),
            meter.integrated_lufs(),
            gathered.lowest,
            gathered.highest,
            gathered.finish(),
            mel_edges(BANDS, *band_range_hz(reader.sample_rate)),
        )
