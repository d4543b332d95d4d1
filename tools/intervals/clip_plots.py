"""Plot a clip: its waveform, spectrogram and mel spectrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.mel import HOPS_PER_WINDOW, log_mel, power_spectra, window_frames

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = (7.0, 7.5)  # width and height of the figure
HIGHEST_SHOWN_HZ = 5000.0
DEEPEST_DB = -80.0  # lowest level of the color scale


def clip_figure(clip: NDArray[np.float32], rate: int, title: str) -> Figure:
    """Plot a clip in three panels.

    Args:
        clip: (frames,) mono, full scale 1.0.
        rate: sample rate, Hz.
        title: above the first panel.
    """
    from matplotlib.figure import Figure

    figure = Figure(INCHES, layout="constrained")
    wave, spectrum, mel = figure.subplots(3, 1, sharex=True)
    seconds = len(clip) / rate
    wave.plot(np.arange(len(clip)) / rate, clip, linewidth=0.4)
    wave.set(title=title, ylabel="waveform", xlim=(0.0, seconds))
    levels = spectrogram_db(clip, rate)
    hertz = len(levels) * rate / window_frames(rate)
    place = {"origin": "lower", "aspect": "auto", "cmap": "magma"}
    spectrum.imshow(levels, extent=(0.0, seconds, 0.0, hertz), vmin=DEEPEST_DB, vmax=0.0, **place)
    spectrum.set(ylabel="spectrogram, Hz")
    bands = log_mel(clip, rate)
    mel.imshow(bands, extent=(0.0, seconds, 0, len(bands)), vmin=0.0, vmax=1.0, **place)
    mel.set(ylabel="mel band", xlabel="s")
    return figure


def spectrogram_db(clip: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the spectrogram up to HIGHEST_SHOWN_HZ, in dB relative to its maximum."""
    window = window_frames(rate)
    spectra = power_spectra(clip, window, window // HOPS_PER_WINDOW)
    shown = spectra[: int(HIGHEST_SHOWN_HZ * window / rate) + 1]
    least = np.finfo(np.float32).tiny
    levels: NDArray[np.float32] = 10 * np.log10(np.maximum(shown / max(shown.max(), least), least))
    return levels
