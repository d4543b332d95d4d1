"""Pictures of audio: the waveform, and the mel spectrogram below it."""

from pathlib import Path

import numpy as np

from muse.tools.audio.mel import hz_to_mel
from muse.tools.view.audio_overview import FLOOR_DB, Overview
from muse.tools.view.audio_text import WAVE_STYLE, sound_heading
from muse.tools.view.drawing import literal, save_figure
from muse.tools.view.text import plain

SIZE_IN = (12.0, 5.6)  # width and height, inches
DOTS_PER_INCH = 130
NAMED_HZ = (250, 500, 1000, 2000, 4000, 8000)


def save_sound_picture(overview: Overview, path: Path) -> None:
    """Draw audio to a PNG, PDF or SVG, chosen by the suffix."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_IN, dpi=DOTS_PER_INCH, layout="constrained")
    wave, mel = figure.subplots(2, 1, sharex=True, height_ratios=[1, 2])
    title = " · ".join(plain(sound_heading(overview, 200)).splitlines())
    wave.set_title(literal(title), loc="left", fontsize=9)
    edges = np.linspace(0, overview.duration_s, len(overview.highest) + 1)
    wave.stairs(overview.highest, edges, baseline=overview.lowest, fill=True, color=WAVE_STYLE)
    wave.set_ylabel("full scale 1.0")
    wave.grid(alpha=0.25)
    image = mel.imshow(
        overview.mel_db, origin="lower", aspect="auto", cmap="magma", vmin=FLOOR_DB, vmax=0.0,
        extent=(0.0, overview.duration_s, 0.0, float(len(overview.mel_db))),
        interpolation="nearest",
    )  # fmt: skip
    named = [hz for hz in NAMED_HZ if overview.edges_hz[0] < hz < overview.edges_hz[-1]]
    mel.set_yticks(
        [band_at(hz, overview) for hz in named], [f"{hz:,}".replace(",", " ") for hz in named]
    )
    mel.set_ylabel("Hz, mel scale")
    mel.set_xlabel("seconds")
    mel.set_xlim(0.0, overview.duration_s)
    figure.colorbar(image, ax=mel, label="dB below the loudest", pad=0.01)
    save_figure(figure, path)


def band_at(hz: float, overview: Overview) -> float:
    """Return the position of a frequency on the axis of bands, where band i is centered on i."""
    first, last = (hz_to_mel(float(hz)) for hz in overview.edges_hz[[0, -1]])
    mel = hz_to_mel(float(hz))
    return float((mel - first) / (last - first) * (len(overview.mel_db) + 1) - 0.5)
