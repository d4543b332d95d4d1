"""What audio looks like: its outline and its mel spectrogram, in as many columns as are drawn.

Conventions:
    columns are equal stretches of the file, whatever its length, so that memory does not grow with
    it; levels are in dB of full scale, bands on the mel scale of Slaney, "Auditory Toolbox" (1998).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.io import Audio, AudioReader
from muse.tools.audio.loudness import Meter, dbfs
from muse.tools.audio.mel import mel_edges, mel_filterbank
from muse.tools.progress import Report, silent

Array = NDArray[np.float32]

WINDOW_S = 0.046  # seconds of one spectrum; the window is the next power of two
BANDS = 96
LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
FLOOR_DB = -80.0  # below the loudest place of the spectrogram
FRAMES_AT_ONCE = 256  # spectra made at a time


@dataclass(frozen=True)
class Overview:
    """A file of audio at a glance.

    Attributes:
        name: what the user called it.
        duration_s, sample_rate, channels: as read.
        peak_dbfs: of the highest sample.
        loudness_lufs: integrated, ITU-R BS.1770; None where there is too little sound.
        lowest, highest: (columns,) the samples' range in each column, all channels, full scale 1.0.
        mel_db: (BANDS, columns) mean power, the lowest band first; 0 dB is the loudest place.
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
    """Gathers blocks of audio into columns; see `Overview`."""

    def __init__(self, frames: int, sample_rate: int, columns: int) -> None:
        """Start with no audio; `frames` is how much is to come."""
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
        self._waiting = np.zeros(self.window // 2, np.float32)  # so that spectrum 0 is centred on 0
        self._heard = 0  # frames
        self._made = 0  # spectra

    def add(self, block: Audio) -> None:
        """Take the next (channels, frames)."""
        places = self._column(np.arange(self._heard, self._heard + block.shape[1]))
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        at = places[starts]
        high = np.maximum.reduceat(block.max(axis=0), starts)
        low = np.minimum.reduceat(block.min(axis=0), starts)
        self.highest[at] = np.maximum(self.highest[at], high)
        self.lowest[at] = np.minimum(self.lowest[at], low)
        self._heard += block.shape[1]
        self._waiting = np.concatenate([self._waiting, block.mean(axis=0)])
        self._spectra()

    def finish(self) -> Array:
        """(BANDS, columns) in dB below the loudest place; call it once, at the end."""
        self._waiting = np.concatenate([self._waiting, np.zeros(self.window, np.float32)])
        self._spectra()
        power = self._power / np.maximum(self._count, 1)[:, None]
        loudest = max(float(power.max(initial=0.0)), 1e-12)
        floor = 10 ** (FLOOR_DB / 10)
        return np.asarray(10 * np.log10(np.maximum(power / loudest, floor)).T, np.float32)

    def _column(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """The column of each frame; a file that is longer than its header says ends in the last."""
        return np.minimum(frames * self.columns // max(self.frames, 1), self.columns - 1)

    def _spectra(self) -> None:
        """Make the spectra that the waiting audio is enough for."""
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


def overview(
    path: Path, columns: int, *, name: str | None = None, report: Report = silent
) -> Overview:
    """Look at a file of audio, in blocks.

    Args:
        path: the file.
        columns: how many are drawn, 1 or more; fewer come back where there are fewer samples.
        name: what to call it in messages; None takes the path.
        report: told how far the reading is.

    Raises:
        BadInputError, MissingPartError: as AudioReader.
    """
    with AudioReader(path, name) as reader:
        gathered = Columns(reader.frames, reader.sample_rate, columns)
        meter = Meter(reader.sample_rate, reader.channels)
        heard = 0
        for block in reader.blocks():
            gathered.add(block)
            meter.add(block)
            heard += block.shape[1]
            report("looking", heard / max(reader.frames, 1))
        return Overview(
            reader.name,
            heard / reader.sample_rate,
            reader.sample_rate,
            reader.channels,
            dbfs(meter.peak),
            meter.integrated_lufs(),
            gathered.lowest,
            gathered.highest,
            gathered.finish(),
            mel_edges(BANDS, *band_range_hz(reader.sample_rate)),
        )
