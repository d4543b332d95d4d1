"""Transcribes drums into General MIDI percussion notes.

Conventions:
    feature frames as in drum_features.py; one column of activations for each entry of DRUMS; hits
    are NoteEvents whose pitch is the General MIDI key and whose length is nominal.

A net (models/drum_net) reads the spectrum and gives an activation for each drum and the velocity of
a hit. Peaks of the activations are the hits; they are not moved to a grid.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.drum_net.inference import Activations, DrumInference
from muse.tools.audio import onsets
from muse.tools.audio.onsets import Features, Mono
from muse.tools.transcription.drum_features import (
    CENTERS_HZ,
    SILENCE_DB,
    Levels,
    measure_levels,
    net_input,
    reference_db,
)
from muse.tools.transcription.drum_peaks import find_peaks, peak_times
from muse.tools.transcription.note_event import NoteEvent

ENGINE = "drum-net"
HIT_S = 0.05  # nominal length of a hit
# In a mix, which may have no drums, a hit counts if at least PROBABLE_HITS hits with a confidence
# of PROBABLE or more lie within NEAR_S. False hits in guitars, basses and voices are rare and
# seldom so probable; those of drums are many and probable.
PROBABLE, PROBABLE_HITS, NEAR_S = 0.75, 4, 5.0
ATTACK_FRAMES = 4  # in which a hit reaches its level
MIN_ADDED = 0.05  # least share of the magnitude that counts as added by a hit
LOUD_VELOCITY = 105  # velocity of the loud hits of each drum ...
LOUD_HIT_PERCENTILE = 90.0  # ... whose magnitude is at this percentile
SAME_STROKE_S = 0.03  # hits of two keys of EXCLUSIVE that are so near are one stroke


@dataclass(frozen=True)
class Drum:
    """One output of the net.

    Attributes:
        name: as in the net's card.
        key: General MIDI percussion key.
        threshold: activation from which a peak is a hit.
        band_hz: frequency range in which a hit adds magnitude, for its velocity.
    """

    name: str
    key: int
    threshold: float
    band_hz: tuple[float, float]


# in the order of the net's outputs; thresholds of 0.4 or more that maximize F1 on held-out kits
DRUMS = (
    Drum("kick", 36, 0.4, (30.0, 130.0)),
    Drum("snare", 38, 0.45, (180.0, 8000.0)),
    Drum("side stick", 37, 0.4, (180.0, 8000.0)),
    Drum("closed hi-hat", 42, 0.4, (7000.0, 17_000.0)),
    Drum("open hi-hat", 46, 0.4, (7000.0, 17_000.0)),
    Drum("low tom", 43, 0.4, (60.0, 400.0)),
    Drum("mid tom", 45, 0.4, (60.0, 400.0)),
    Drum("high tom", 50, 0.4, (60.0, 400.0)),
    Drum("crash", 49, 0.4, (4000.0, 17_000.0)),
    Drum("ride", 51, 0.5, (4000.0, 17_000.0)),
)
# keys of which only the more probable one is kept if both are hit in one stroke
EXCLUSIVE = ((42, 46), (37, 38))


def transcribe_drums(
    audio: Mono, sample_rate: int, net: DrumInference | None = None
) -> list[NoteEvent]:
    """Transcribe mono audio of shape (samples,).

    Args:
        audio: a drum stem, or a mix.
        sample_rate: in Hz.
        net: None takes the one that comes with muse.

    Returns:
        the hits by onset; simultaneous hits of several drums are several NoteEvents.
    """
    return transcribe_drums_stream(onsets.mono_blocks(audio), sample_rate, net)


def transcribe_drums_file(path: str | Path, *, is_mix: bool = False) -> list[NoteEvent]:
    """Transcribe an audio file of any length; see `transcribe_drums`.

    Args:
        path: of the file.
        is_mix: whether other instruments play too and drums may be missing; then hits that are not
            among probable ones are left out.
    """
    with onsets.blocks_of_file(path) as (blocks, sample_rate):
        hits = transcribe_drums_stream(blocks, sample_rate)
    return keep_accompanied(hits) if is_mix else hits


def transcribe_drums_stream(
    blocks: Iterable[Mono], sample_rate: int, net: DrumInference | None = None
) -> list[NoteEvent]:
    """Transcribe a stream of mono blocks; memory grows by 250 bytes per feature frame."""
    levels = measure_levels(blocks, sample_rate)
    reference = reference_db(levels)
    if reference < SILENCE_DB:
        return []
    activations = (net or shared_net())(levels, partial(net_input, reference=reference))
    hits = [hit for row in range(len(DRUMS)) for hit in find_hits(row, activations, levels)]
    return sorted(keep_probable(hits))


@lru_cache(maxsize=1)
def shared_net() -> DrumInference:
    """Return the net, loaded at first use and shared from then on."""
    return DrumInference()


def keep_accompanied(hits: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Return the hits that have PROBABLE_HITS probable ones within NEAR_S, themselves included."""
    times = np.sort([hit.onset_s for hit in hits if hit.confidence >= PROBABLE])

    def near(hit: NoteEvent) -> int:
        first, last = np.searchsorted(times, [hit.onset_s - NEAR_S, hit.onset_s + NEAR_S])
        return int(last - first)

    return [hit for hit in hits if near(hit) >= PROBABLE_HITS]


def find_hits(row: int, activations: Activations, levels: Levels) -> list[NoteEvent]:
    """Return the hits of the drum of one output: the peaks that reach its threshold."""
    drum, hit = DRUMS[row], activations.hit[:, row]
    frames = find_peaks(hit, drum.threshold)
    if not len(frames):
        return []
    added = added_magnitude(levels, drum.band_hz, frames)
    velocities = estimate_velocities(activations.velocity[frames, row], added)
    return [
        NoteEvent(float(time), float(time) + HIT_S, drum.key, int(velocity), float(confidence))
        for time, velocity, confidence in zip(
            peak_times(hit, frames), velocities, hit[frames], strict=True
        )
    ]


def added_magnitude(
    levels: Levels, band_hz: tuple[float, float], frames: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the magnitude that each hit adds in a frequency range."""
    bands = np.flatnonzero((band_hz[0] <= CENTERS_HZ) & (band_hz[1] >= CENTERS_HZ))

    def magnitude(at: NDArray[np.intp]) -> NDArray[np.float64]:
        inside = levels[np.clip(at, 0, len(levels) - 1)][:, bands]
        total: NDArray[np.float64] = (10.0 ** (inside.astype(np.float64) / 20.0)).sum(axis=1)
        return total

    peak = np.max([magnitude(frames + ahead) for ahead in range(ATTACK_FRAMES)], axis=0)
    before = np.where(frames >= 2, magnitude(frames - 2), 0.0)
    added: NDArray[np.float64] = np.maximum(peak - before, MIN_ADDED * peak)
    return added


def estimate_velocities(predicted: Features, added: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the velocities of the hits of one drum, 1 to 127.

    The mean of two estimates follows the velocities of held-out drummers better than either: the
    net's, and the root of the magnitude that a hit adds, as the magnitude of General MIDI
    instruments grows with the square of the velocity. Loud hits get LOUD_VELOCITY.

    Args:
        predicted: by the net, as a share of 127.
        added: magnitude that each hit adds.
    """
    loud = max(float(np.percentile(added, LOUD_HIT_PERCENTILE)), 1e-9)
    measured = np.minimum(LOUD_VELOCITY * np.sqrt(added / loud), 127.0)
    velocities: NDArray[np.float64] = (127.0 * predicted + measured) / 2.0
    return np.clip(np.round(velocities), 1.0, 127.0)


def keep_probable(hits: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Return the hits without the less probable ones of strokes found on both of EXCLUSIVE."""
    kept = list(hits)
    for one, other in EXCLUSIVE:
        of_one, of_other = (sorted(h for h in kept if h.pitch == key) for key in (one, other))
        rivals = {one: of_other, other: of_one}
        kept = [hit for hit in kept if not is_beaten(hit, rivals.get(hit.pitch, []))]
    return kept


def is_beaten(hit: NoteEvent, rivals: Sequence[NoteEvent]) -> bool:
    """Return whether a more probable rival, of those by onset, is within SAME_STROKE_S of a hit."""
    first = bisect_right(rivals, hit.onset_s - SAME_STROKE_S, key=attrgetter("onset_s"))
    last = bisect_left(rivals, hit.onset_s + SAME_STROKE_S, key=attrgetter("onset_s"))
    order = (hit.confidence, hit.pitch)
    return any((near.confidence, near.pitch) > order for near in rivals[first:last])
