"""Audio as text: facts, waveform and mel spectrogram."""

import numpy as np
from numpy.typing import NDArray

from muse.tools.view.audio_overview import FLOOR_DB, Overview
from muse.tools.view.heading import clock, folded
from muse.tools.view.text import DIM, STRONG, Line, Span, line, merged

LABEL_WIDTH = 9  # characters to the left
WAVE_LINES = 6  # each of two half blocks
MEL_LINES = 12  # each of two bands with colors, of one without
UPWARD, DOWNWARD = " ▄█", " ▀█"  # by the number of half lines filled, from the middle
SHADES = " .:-=+*#%@"  # from silence to the maximum
WAVE_STYLE = "#2e86ab"
MARKS = 5  # time labels below
# dark to bright in even steps of lightness, so that it can be read without color vision
RAMP = ((0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191))


def sound_columns(width: int) -> int:
    """Return the number of audio columns in lines of `width` characters."""
    return max(width - LABEL_WIDTH, 1)


def sound_lines(overview: Overview, width: int, *, color: bool) -> list[Line]:
    """Draw an overview with `sound_columns(width)` columns in lines of `width` characters."""
    return [
        *sound_heading(overview, width),
        [],
        *wave_lines(overview),
        *mel_lines(overview, color),
        time_line(overview),
    ]


def sound_heading(overview: Overview, width: int) -> list[Line]:
    """Return name, duration, sample rate, channels, peak and loudness."""
    loudness = overview.loudness_lufs
    facts = [
        clock(overview.duration_s) if overview.duration_s >= 1 else f"{overview.duration_s:.3f} s",
        f"{overview.sample_rate} Hz",
        {1: "mono", 2: "stereo"}.get(overview.channels, f"{overview.channels} channels"),
        f"peak {overview.peak_dbfs:.1f} dBFS",
        "too short or quiet for a loudness" if loudness is None else f"{loudness:.1f} LUFS",
    ]
    return [line(overview.name[:width], STRONG), *folded(facts, width)]


def wave_lines(overview: Overview) -> list[Line]:
    """Draw the waveform, mirrored and scaled to the peak, by the larger of both amplitudes."""
    reach = np.maximum(overview.highest, -overview.lowest)
    loudest = max(float(reach.max(initial=0.0)), 1e-9)
    halves = np.ceil(reach / loudest * WAVE_LINES).astype(int)  # half lines, up and down alike
    lines: list[Line] = []
    for row in range(WAVE_LINES // 2):
        filled = np.clip(halves - 2 * row, 0, 2)
        above, below = ("".join(blocks[i] for i in filled) for blocks in (UPWARD, DOWNWARD))
        lines.insert(0, wave_line(above))
        lines.append(wave_line(below))
    return lines


def wave_line(blocks: str) -> Line:
    """Return a line of the waveform after its margin."""
    return [Span(" " * LABEL_WIDTH), Span(blocks, WAVE_STYLE)]


def mel_lines(overview: Overview, color: bool) -> list[Line]:
    """Draw the spectrogram, the highest band at the top."""
    rows = MEL_LINES * (2 if color else 1)
    bands = [part.mean(axis=0) for part in np.array_split(overview.mel_db, rows)]
    level = np.clip(1 - np.array(bands) / FLOOR_DB, 0, 1)[::-1]
    centers = [float(part.mean()) for part in np.array_split(overview.edges_hz[1:-1], rows)][::-1]
    if not color:
        return [
            shade_line(row, hz, i % 3 == 0)
            for i, (row, hz) in enumerate(zip(level, centers, strict=True))
        ]
    return [
        ramp_line(level[i], level[i + 1], centers[i + 1], i % 6 == 0) for i in range(0, rows, 2)
    ]


def hz_label(hz: float, wanted: bool) -> Span:
    """Return the frequency label of a band."""
    text = "" if not wanted else f"{hz / 1000:.1f} kHz" if hz >= 1000 else f"{hz:.0f} Hz"
    return Span(f"{text:>{LABEL_WIDTH - 1}} ", DIM)


def shade_line(row: NDArray[np.float32], hz: float, label: bool) -> Line:
    """Draw one band in characters from faint to full."""
    letters = "".join(SHADES[min(int(value * len(SHADES)), len(SHADES) - 1)] for value in row)
    return [hz_label(hz, label), Span(letters)]


def ramp_line(
    upper: NDArray[np.float32], lower: NDArray[np.float32], hz: float, label: bool
) -> Line:
    """Draw two bands in colors, one in each half of a line."""
    spans = [
        Span("▀", f"{ramp(float(high))} on {ramp(float(low))}")
        for high, low in zip(upper, lower, strict=True)
    ]
    return [hz_label(hz, label), *merged(spans)]


def ramp(level: float) -> str:
    """Return the color '#rrggbb' of a level from 0 to 1."""
    place = level * (len(RAMP) - 1)
    index = min(int(place), len(RAMP) - 2)
    share = place - index
    pairs = zip(RAMP[index], RAMP[index + 1], strict=True)
    return "#" + "".join(f"{round(low + share * (high - low)):02x}" for low, high in pairs)


def time_line(overview: Overview) -> Line:
    """Return the time labels below the columns."""
    columns = len(overview.highest)
    text = ""
    for mark in range(MARKS):
        column = mark * columns // MARKS
        seconds = mark * overview.duration_s / MARKS
        label = clock(seconds) if overview.duration_s >= 2 * MARKS else f"{seconds:.1f} s"
        text = f"{text:<{column}}{label}"
    return [Span(" " * LABEL_WIDTH), Span(text[:columns], DIM)]
