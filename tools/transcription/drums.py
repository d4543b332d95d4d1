"""Drum hits from a drum stem, as General MIDI percussion notes.

Conventions:
    feature frames as in onsets.py; one column of activations for each entry of DRUMS; hits are
    NoteEvents whose pitch is the General MIDI key and whose length is nominal.

A small net looks at the rise and fall of each band around every frame and says which drums were
just struck, several at once where they are. Peaks of its activations are the hits. Open and closed
hi-hats are not told apart, nor are toms by their pitch.
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
TRAINED_RATE = 44_100  # the bands of this rate are the net's inputs
COMPRESSION = 75.0  # log(1 + COMPRESSION * bands * magnitude / loudest)
LOUDEST_PERCENTILE = 99.0  # of frames, what the level is measured against
SILENT = 1e-5  # sum of band magnitudes under which there is nothing to hear
BEFORE, AFTER = 3, 8  # frames around the one in question that the net looks at
PEAK_FRAMES = 4  # two hits of one drum lie further apart than this
FRAME_LAG = 0.5  # frames from a hit to the peak of its activation
HIT_S = 0.05  # nominal length of a hit
BLOCK_FRAMES = 4096  # frames classified at a time
LEAST_ADDED = 0.05  # part of the magnitude that a hit is given at least, in a ringing band
LOUD_VELOCITY = 105  # of the loud hits of each drum ...
LOUD_HIT_PERCENTILE = 90.0  # ... which are those at this percentile


@dataclass(frozen=True)
class Drum:
    """One drum the net knows.

    Attributes:
        key: General MIDI percussion key.
        threshold: activation from which a peak is a hit.
        band_hz: where its energy is measured, for the velocity.
    """

    key: int
    threshold: float
    band_hz: tuple[float, float]


# in the order of the net's outputs; thresholds by F-measure on drummers kept out of training
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
    """The hits in mono audio of shape (frames,), in order of time.

    Args:
        audio: a drum stem; bleed of other instruments costs some accuracy.
        sample_rate: in Hz; under 32 kHz there is no air for the cymbals, and more are missed.
        classify: the net; None takes the one that ships with muse.

    Returns:
        NoteEvents; simultaneous hits of several drums are several events.
    """
    return transcribe_drums_stream(onsets.mono_blocks(audio), sample_rate, classify)


def transcribe_drums_file(path: str | Path) -> list[NoteEvent]:
    """As `transcribe_drums`, of an audio file of any length."""
    with onsets.blocks_of_file(path) as (blocks, sample_rate):
        return transcribe_drums_stream(blocks, sample_rate)


def transcribe_drums_stream(
    blocks: Iterable[Mono], sample_rate: int, classify: DrumHits | None = None
) -> list[NoteEvent]:
    """As `transcribe_drums`, of a stream of mono blocks; kept of it are 150 bytes a frame."""
    grid = onsets.framing(sample_rate)
    magnitudes, centres = drum_bands(blocks, grid)
    if loudness_of(magnitudes) < SILENT:
        return []
    activations = activations_of(levels_of(magnitudes), classify or net())
    hits = [
        hit
        for index, drum in enumerate(DRUMS)
        for hit in hits_of(drum, activations[:, index], magnitudes, centres, grid.frame_rate)
    ]
    return sorted(hits)


@lru_cache(maxsize=1)
def net() -> DrumHits:
    """The net, read once."""
    return load_drum_hits()


def drum_bands(blocks: Iterable[Mono], grid: Framing) -> tuple[Features, NDArray[np.float64]]:
    """Magnitudes in the net's bands, (frames, bands), and the centres of the bands in Hz.

    At other rates than the trained one the bands are read off at the same frequencies; what lies
    above the Nyquist rate is silent.
    """
    own = (BANDS_PER_OCTAVE, LOWEST_HZ, HIGHEST_HZ)
    filters, centres = onsets.log_filterbank(grid, *own)
    _, wanted = onsets.log_filterbank(onsets.framing(TRAINED_RATE), *own)
    nearest = np.abs(np.log(centres[:, None] / wanted)).argmin(axis=0)
    filters = filters[:, nearest] * (wanted < grid.sample_rate / 2)
    pieces = [spectrum @ filters for spectrum in onsets.spectra(blocks, grid)]
    return np.concatenate(pieces).astype(np.float32), wanted


def loudness_of(magnitudes: Features) -> float:
    """What the level is measured against: the sum of the bands of the loudest frames."""
    return float(np.percentile(magnitudes.sum(axis=1), LOUDEST_PERCENTILE))


def levels_of(magnitudes: Features, compression: float = COMPRESSION) -> Features:
    """Magnitudes of something that sounds on a logarithmic scale, freed of the whole's level."""
    scale = compression * magnitudes.shape[1] / loudness_of(magnitudes)
    levels: Features = np.log1p(scale * magnitudes).astype(np.float32)
    return levels


def activations_of(levels: Features, classify: DrumHits) -> Features:
    """The net's activations for all frames, (frames, drums), some frames at a time."""
    padded = with_edges(levels)
    pieces = [
        classify(patches(padded[start : start + BLOCK_FRAMES + BEFORE + AFTER]))
        for start in range(0, len(levels), BLOCK_FRAMES)
    ]
    return np.concatenate(pieces)


def with_edges(levels: Features) -> Features:
    """The levels with the first and last frames repeated as far as the net looks."""
    return np.pad(levels, ((BEFORE, AFTER), (0, 0)), mode="edge")


def patches(padded: Features) -> Features:
    """The net's inputs for each frame: how the bands rise, how they stand, and what is left later.

    `padded` has BEFORE frames before the first and AFTER behind the last; (frames, 10 * bands).
    """
    count = len(padded) - BEFORE - AFTER

    def at(shift: int) -> Features:
        return padded[BEFORE + shift : BEFORE + shift + count]

    whole_rise = np.maximum(np.maximum(at(1), at(2)) - np.minimum(at(-2), at(-3)), 0.0)
    early_rise = np.maximum(at(0) - at(-2), 0.0)
    late_rise = np.maximum(at(1) - at(-1), 0.0)
    standing = [at(shift) for shift in (-3, -1, 1, 2, 3, 5, 8)]
    return np.concatenate([whole_rise, early_rise, late_rise, *standing], axis=1)


def hits_of(
    drum: Drum,
    activation: Features,
    magnitudes: Features,
    centres: NDArray[np.float64],
    frame_rate: float,
) -> list[NoteEvent]:
    """The hits of one drum: peaks of its activation, (frames,), above its threshold."""
    found = onsets.peaks(np.where(activation >= drum.threshold, activation, 0.0), PEAK_FRAMES)
    if not len(found):
        return []
    in_band = (centres >= drum.band_hz[0]) & (centres <= drum.band_hz[1])
    velocities = velocities_of(magnitudes[:, in_band].sum(axis=1), found)
    times = np.maximum(onsets.between(activation, found) - FRAME_LAG, 0.0) / frame_rate
    return [
        NoteEvent(float(time), float(time) + HIT_S, drum.key, int(velocity), float(sure))
        for time, velocity, sure in zip(times, velocities, activation[found], strict=True)
    ]


def velocities_of(energy: Features, hits: NDArray[np.intp]) -> NDArray[np.intp]:
    """Velocity of each hit from the magnitude it adds in its band.

    Loud hits are LOUD_VELOCITY; General MIDI instruments sound with the square of the velocity.
    """
    last = len(energy) - 1
    peak = np.max([energy[np.minimum(hits + ahead, last)] for ahead in range(4)], axis=0)
    before = np.where(hits >= 2, energy[hits - 2], 0.0)
    added = np.maximum(peak - before, LEAST_ADDED * peak)
    loud = max(float(np.percentile(added, LOUD_HIT_PERCENTILE)), 1e-9)
    velocity = np.round(LOUD_VELOCITY * np.sqrt(added / loud))
    return np.asarray(np.clip(velocity, 1, 127), np.intp)
