"""Detects the role of a solo recording: drums, bass, a melodic line, or chords.

Drums are detected by their spectrum: of 160 stems rendered from POP909 and Groove songs, all 40
drum stems have a median flatness above 0.007 and a percussive share above 0.26, and no pitched stem
has both above 0.005 and 0.2. The others are transcribed in every role of SOLO_ROLES; how often
notes sound together and how low they are suggests the role, unless the notes of another role
explain much more of the sound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.filters import running_median
from muse.tools.audio.io import AudioReader, resampled
from muse.tools.audio.mono import MonoMixer
from muse.tools.song.document import Role
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import PitchedTranscription

ANALYSIS_RATE = 22_050  # Hz
EXCERPT_S = 12.0  # seconds analyzed, from the first sound on
WINDOW_LENGTH = 2048  # samples
HOP_LENGTH = 512  # samples
HIGHEST_HZ = 8000.0  # lossy coding changes what is above
BAND_BINS = 4  # bins of 11 Hz in one band, for the percussive share
MEDIAN_LENGTH = 17  # frames along time, bands along frequency (Fitzgerald, DAFx 2010)
ACTIVE_POWER = 1e-3  # share of the loudest frame's power; softer frames are left out
SILENCE = 1e-3  # peak of a block below which the sound has not begun yet

DRUMS_FLATNESS = 0.005
DRUMS_PERCUSSIVE_SHARE = 0.22
SOLO_ROLES: tuple[Role, ...] = ("keys", "bass", "lead")  # the pitched roles that are distinguished
CHORDS_SHARE = 0.5  # polyphonic share: lines decoded as chords stay under 0.4, chords over 0.59
CONFIDENT = 0.6  # confidence of the notes that are counted; the others are often overtones
BASS_MEDIAN_PITCH = 52  # E3; a line with a lower median is a bass
# The suggested role must explain this share of what the best role explains. In 48 rendered stems of
# POP909 songs the right role explains most; in chords, bass and lead explain at most 0.75 of that.
EXPLAINED_OF_BEST = 0.8


@dataclass(frozen=True)
class SpectralCharacter:
    """Measures of a recording's spectrogram.

    Attributes:
        flatness: median over frames of geometric by arithmetic mean power, 0 (tone) to 1 (noise).
        percussive_share: power in vertical structures of the spectrogram, 0 to 1.
    """

    flatness: float
    percussive_share: float


def is_drums_file(path: Path) -> bool:
    """Return whether a solo recording is of drums."""
    character = measure_character(excerpt(path))
    return (
        character.flatness > DRUMS_FLATNESS and character.percussive_share > DRUMS_PERCUSSIVE_SHARE
    )


def choose_role(found: Mapping[Role, PitchedTranscription], expected: Role | None = None) -> Role:
    """Return the role of a solo recording that was transcribed in every role of `found`.

    The role `expected` is suggested, or else the notes of 'keys' suggest one. It is taken if its
    own notes explain nearly as much of the sound as those of the best role, and the best role
    otherwise.
    """
    best = max(found, key=lambda role: found[role].explained_share)
    by_notes = role_of_notes(found["keys"].notes) if "keys" in found else best
    suggested = by_notes if expected is None else expected
    if suggested not in found:
        return best
    enough = EXPLAINED_OF_BEST * found[best].explained_share
    return suggested if found[suggested].explained_share >= enough else best


def role_of_notes(notes: Sequence[NoteEvent]) -> Role:
    """Return the role that notes suggest: 'keys' for chords, 'bass' or 'lead' for a line."""
    counted = [note for note in notes if note.confidence >= CONFIDENT] or notes
    if not counted or polyphonic_share(counted) > CHORDS_SHARE:
        return "keys"
    return "bass" if np.median([note.pitch for note in counted]) < BASS_MEDIAN_PITCH else "lead"


def polyphonic_share(notes: Sequence[NoteEvent]) -> float:
    """Return the share of the sounding time in which two or more notes sound."""
    edges = sorted([(n.onset_s, 1) for n in notes] + [(n.offset_s, -1) for n in notes])
    times = np.array([time for time, _ in edges])
    sounding = np.cumsum([step for _, step in edges])[:-1]
    lengths = np.diff(times)
    total = lengths[sounding >= 1].sum()
    return float(lengths[sounding >= 2].sum() / total) if total else 0.0


def excerpt(path: Path, length_s: float = EXCERPT_S) -> NDArray[np.float32]:
    """Return the first `length_s` of sound in a file, mono at ANALYSIS_RATE."""
    wanted = round(length_s * ANALYSIS_RATE)
    pieces: list[NDArray[np.float32]] = []
    with AudioReader(path) as reader:
        mixer = MonoMixer()
        blocks = (mixer(block)[None] for block in reader.blocks())
        for block in resampled(blocks, reader.sample_rate, ANALYSIS_RATE):
            if pieces or np.abs(block).max(initial=0.0) > SILENCE:
                pieces.append(block[0])
            if sum(map(len, pieces)) >= wanted:
                break
    return np.concatenate(pieces)[:wanted] if pieces else np.zeros(wanted, np.float32)


def measure_character(audio: NDArray[np.float32]) -> SpectralCharacter:
    """Measure flatness and percussive share of a mono signal at ANALYSIS_RATE."""
    power = spectrogram(audio)
    frame_power = power.sum(axis=1)
    power = power[frame_power >= ACTIVE_POWER * frame_power.max()]
    floor = 1e-10 * power.max() + 1e-30
    flatness = np.exp(np.log(power + floor).mean(axis=1)) / (power.mean(axis=1) + floor)
    harmonic = running_median(band_power(power), MEDIAN_LENGTH).sum()
    percussive = running_median(band_power(power).T, MEDIAN_LENGTH).sum()
    return SpectralCharacter(
        flatness=float(np.median(flatness)),
        percussive_share=float(percussive / (percussive + harmonic + floor)),
    )


def spectrogram(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the power spectrogram (frames, bins up to HIGHEST_HZ); it has at least one frame."""
    padded = np.pad(audio, WINDOW_LENGTH // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::HOP_LENGTH]
    window = np.hanning(WINDOW_LENGTH).astype(np.float32)
    highest = int(HIGHEST_HZ * WINDOW_LENGTH / ANALYSIS_RATE)
    power: NDArray[np.float32] = np.square(np.abs(np.fft.rfft(frames * window)[:, :highest]))
    return power


def band_power(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum the power of BAND_BINS neighboring bins each: (frames, bands)."""
    count = power.shape[1] // BAND_BINS
    bands = power[:, : count * BAND_BINS].reshape(len(power), count, BAND_BINS)
    total: NDArray[np.float32] = bands.sum(axis=-1)
    return total
