"""Transcribes a drum stem into General MIDI percussion notes.

Conventions:
    feature frames as in onsets.py; one column of activations for each entry of DRUMS; hits are
    NoteEvents whose pitch is the General MIDI key and whose length is nominal.

A small net reads the rise and fall of each frequency band around every frame and gives an
activation for each drum; several drums may be struck at once. Peaks of the activations are the
hits. The net does not distinguish open from closed hi-hats, nor toms by their pitch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.drum_hits.inference import DrumHits, load_drum_hits
from muse.tools.audio import onsets
from muse.tools.audio.onsets import Features, Framing, Mono
from muse.tools.transcription.note_event import NoteEvent

BANDS_PER_OCTAVE = 4
LOWEST_HZ, HIGHEST_HZ = 35.0, 16000.0
TRAINED_RATE = 44_100  # Hz, the sample rate whose bands the net reads
COMPRESSION = 75.0  # log(1 + COMPRESSION * bands * magnitude / loudest)
LOUDEST_PERCENTILE = 99.0  # of the frames; the reference of the levels
SILENT = 1e-5  # sum of band magnitudes below which a recording is silent
BEFORE, AFTER = 3, 8  # frames of context that the net reads
PEAK_FRAMES = 4  # hits of the same drum are further apart than this
FRAME_LAG = 0.5  # frames from a hit to the peak of its activation
HIT_S = 0.05  # nominal length of a hit
BLOCK_FRAMES = 4096  # frames classified at a time
MIN_ADDED = 0.05  # least share of the magnitude that counts as added by a hit
LOUD_VELOCITY = 105  # velocity of the loud hits of each drum ...
LOUD_HIT_PERCENTILE = 90.0  # ... whose magnitude is at this percentile


@dataclass(frozen=True)
class Drum:
    """One output of the net.

    Attributes:
        key: General MIDI percussion key.
        threshold: activation from which a peak is a hit.
        band_hz: frequency range in which its magnitude is measured, for the velocity.
    """

    key: int
    threshold: float
    band_hz: tuple[float, float]


# in the order of the net's outputs; thresholds maximize F1 on drummers excluded from training
DRUMS = (
    Drum(36, 0.55, (30.0, 130.0)),  # kick
    Drum(38, 0.6, (180.0, 8000.0)),  # snare
    Drum(42, 0.6, (7000.0, 16000.0)),  # hi-hat
    Drum(45, 0.6, (60.0, 400.0)),  # tom
    Drum(49, 0.65, (4000.0, 16000.0)),  # crash
    Drum(51, 0.7, (4000.0, 16000.0)),  # ride
)


def transcribe_drums(
    audio: Mono, sample_rate: int, classify: DrumHits | None = None
) -> list[NoteEvent]:
    """Transcribe mono audio of shape (samples,).

    Args:
        audio: a drum stem; bleed of other instruments lowers the accuracy.
        sample_rate: in Hz; below 32 kHz more cymbals are missed.
        classify: the net; None takes the one that comes with muse.

    Returns:
        the hits by onset; simultaneous hits of several drums are several NoteEvents.
    """
    return transcribe_drums_stream(onsets.mono_blocks(audio), sample_rate, classify)


def transcribe_drums_file(path: str | Path) -> list[NoteEvent]:
    """Transcribe an audio file of any length; see `transcribe_drums`."""
    with onsets.blocks_of_file(path) as (blocks, sample_rate):
        return transcribe_drums_stream(blocks, sample_rate)


def transcribe_drums_stream(
    blocks: Iterable[Mono], sample_rate: int, classify: DrumHits | None = None
) -> list[NoteEvent]:
    """Transcribe a stream of mono blocks; memory grows by 150 bytes per feature frame."""
    grid = onsets.framing(sample_rate)
    magnitudes, centers = drum_bands(blocks, grid)
    if reference_level(magnitudes) < SILENT:
        return []
    activations = compute_activations(log_levels(magnitudes), classify or shared_net())
    hits = [
        hit
        for index, drum in enumerate(DRUMS)
        for hit in find_hits(drum, activations[:, index], magnitudes, centers, grid.frame_rate)
    ]
    return sorted(hits)


@lru_cache(maxsize=1)
def shared_net() -> DrumHits:
    """Return the net, loaded at first use and shared from then on."""
    return load_drum_hits()


def drum_bands(blocks: Iterable[Mono], grid: Framing) -> tuple[Features, NDArray[np.float64]]:
    """Return magnitudes in the net's bands, (frames, bands), and the centers of the bands in Hz.

    At other sample rates than TRAINED_RATE the nearest bands are used, and bands above the Nyquist
    frequency are zero.
    """
    own = (BANDS_PER_OCTAVE, LOWEST_HZ, HIGHEST_HZ)
    filters, centers = onsets.log_filterbank(grid, *own)
    _, wanted = onsets.log_filterbank(onsets.framing(TRAINED_RATE), *own)
    nearest = np.abs(np.log(centers[:, None] / wanted)).argmin(axis=0)
    filters = filters[:, nearest] * (wanted < grid.sample_rate / 2)
    pieces = [spectrum @ filters for spectrum in onsets.spectra(blocks, grid)]
    return np.concatenate(pieces).astype(np.float32), wanted


def reference_level(magnitudes: Features) -> float:
    """Return the sum of band magnitudes at LOUDEST_PERCENTILE of the frames."""
    return float(np.percentile(magnitudes.sum(axis=1), LOUDEST_PERCENTILE))


def log_levels(magnitudes: Features, compression: float = COMPRESSION) -> Features:
    """Convert magnitudes to a logarithmic scale relative to the level of the recording."""
    scale = compression * magnitudes.shape[1] / reference_level(magnitudes)
    levels: Features = np.log1p(scale * magnitudes).astype(np.float32)
    return levels


def compute_activations(levels: Features, classify: DrumHits) -> Features:
    """Return the net's activations, (frames, drums), computed BLOCK_FRAMES at a time."""
    padded = pad_edges(levels)
    pieces = [
        classify(net_inputs(padded[start : start + BLOCK_FRAMES + BEFORE + AFTER]))
        for start in range(0, len(levels), BLOCK_FRAMES)
    ]
    return np.concatenate(pieces)


def pad_edges(levels: Features) -> Features:
    """Repeat the first and last frames so that the net has context at the ends."""
    return np.pad(levels, ((BEFORE, AFTER), (0, 0)), mode="edge")


def net_inputs(padded: Features) -> Features:
    """Return the net's inputs, (frames, 10 * bands): rises of the bands and their levels around.

    `padded` has BEFORE frames before the first frame and AFTER behind the last.
    """
    count = len(padded) - BEFORE - AFTER

    def at(shift: int) -> Features:
        return padded[BEFORE + shift : BEFORE + shift + count]

    whole_rise = np.maximum(np.maximum(at(1), at(2)) - np.minimum(at(-2), at(-3)), 0.0)
    early_rise = np.maximum(at(0) - at(-2), 0.0)
    late_rise = np.maximum(at(1) - at(-1), 0.0)
    around = [at(shift) for shift in (-3, -1, 1, 2, 3, 5, 8)]
    return np.concatenate([whole_rise, early_rise, late_rise, *around], axis=1)


def find_hits(
    drum: Drum,
    activation: Features,
    magnitudes: Features,
    centers: NDArray[np.float64],
    frame_rate: float,
) -> list[NoteEvent]:
    """Return the hits of one drum: the peaks of its activation (frames,) above its threshold."""
    found = onsets.peaks(np.where(activation >= drum.threshold, activation, 0.0), PEAK_FRAMES)
    if not len(found):
        return []
    in_band = (centers >= drum.band_hz[0]) & (centers <= drum.band_hz[1])
    velocities = estimate_velocities(magnitudes[:, in_band].sum(axis=1), found)
    times = np.maximum(onsets.between(activation, found) - FRAME_LAG, 0.0) / frame_rate
    return [
        NoteEvent(float(time), float(time) + HIT_S, drum.key, int(velocity), float(confidence))
        for time, velocity, confidence in zip(times, velocities, activation[found], strict=True)
    ]


def estimate_velocities(energy: Features, hits: NDArray[np.intp]) -> NDArray[np.intp]:
    """Estimate the velocity of each hit from the magnitude that it adds in the drum's band.

    Loud hits get LOUD_VELOCITY; the magnitude of General MIDI instruments grows with the square of
    the velocity.
    """
    last = len(energy) - 1
    peak = np.max([energy[np.minimum(hits + ahead, last)] for ahead in range(4)], axis=0)
    before = np.where(hits >= 2, energy[hits - 2], 0.0)
    added = np.maximum(peak - before, MIN_ADDED * peak)
    loud = max(float(np.percentile(added, LOUD_HIT_PERCENTILE)), 1e-9)
    velocity = np.round(LOUD_VELOCITY * np.sqrt(added / loud))
    return np.asarray(np.clip(velocity, 1, 127), np.intp)
