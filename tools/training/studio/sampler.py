"""A sampler: recorded notes, each played at the keys and velocities around it.

Samples come from folders whose file names hold pitches (`read_folder`) or from text maps
(sfz.py).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator

from muse.tools.theory.pitch import A4
from muse.tools.training.studio.instrument import Audio, add_at, fade, length_of, velocity_gain
from muse.tools.transcription.note_event import NoteEvent

LONGEST_S = 6.0  # read of a sample
CACHED_SAMPLES = 600
CACHED_PITCHES = 400
ATTACK_FRAMES = 16  # fade at the start of each note, against clicks
LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
PITCH_IN_NAME = re.compile(r"(?:^|[^a-z])([a-g])(#|b|s)?(-?\d)(?=$|[^a-z0-9#])", re.IGNORECASE)
LAYER_IN_NAME = re.compile(r"(?:^|[ _])(?:vl?(\d+)|(pp|mp|mf|ff|p|f))(?=$|[ _])", re.IGNORECASE)
DYNAMICS = {"pp": 0, "p": 1, "mp": 2, "mf": 3, "f": 4, "ff": 5}
SUFFIXES = frozenset({".wav", ".flac", ".ogg"})
HIGHEST_KEY = 127


@dataclass(frozen=True)
class Region:
    """A sample and where it is played.

    Attributes:
        path: of the sample.
        center: the pitch at which it sounds as recorded, MIDI number with fraction.
        keys: lowest and highest key, both included.
        velocities: lowest and highest velocity, both included.
        release_s: time in which a note fades after its end.
        loop: first and last frame of the part that repeats, at the rate of the file; None for none.
        gain_db: added to the level.
    """

    path: Path
    center: float
    keys: tuple[int, int] = (0, HIGHEST_KEY)
    velocities: tuple[int, int] = (1, 127)
    release_s: float = 0.15
    loop: tuple[int, int] | None = None
    gain_db: float = 0.0


@dataclass(frozen=True)
class Sampler:
    """Plays notes with the samples of its regions."""

    regions: tuple[Region, ...]

    def __call__(
        self, notes: Sequence[NoteEvent], rate: int, cents: float, rng: Generator
    ) -> Audio:
        """Play notes; see `instrument.Play`. Notes without a region are left out."""
        total = np.zeros(length_of(notes, rate), np.float32)
        for note in notes:
            fitting = self.fitting(note)
            if fitting:
                region = fitting[int(rng.integers(len(fitting)))]
                sound = play_region(region, note, rate, cents)
                add_at(total, sound, round(note.onset_s * rate))
        return total

    def fitting(self, note: NoteEvent) -> list[Region]:
        """Return the regions for the key and velocity of a note."""
        return [
            region
            for region in self.regions
            if region.keys[0] <= note.pitch <= region.keys[1]
            and region.velocities[0] <= note.velocity <= region.velocities[1]
        ]


def play_region(region: Region, note: NoteEvent, rate: int, cents: float) -> Audio:
    """Return the sound of one note, with its release."""
    length = round((note.offset_s - note.onset_s) * rate)
    release = max(round(region.release_s * rate), 1)
    sample = sample_at(region, rate, round(note.pitch - region.center + cents / 100.0, 2))
    sound = repeated(sample, looped_frames(region, len(sample)), length + release)
    sound = sound[: length + release] * velocity_gain(note.velocity)
    if len(sound) > length:
        sound[length:] *= fade(release)[: len(sound) - length]
    attack = min(ATTACK_FRAMES, len(sound))
    sound[:attack] *= np.linspace(0.0, 1.0, attack, dtype=np.float32)
    return sound * np.float32(10.0 ** (region.gain_db / 20.0))


def looped_frames(region: Region, frames: int) -> tuple[int, int] | None:
    """Return the loop of a region in a sample that has been resampled to `frames`."""
    if region.loop is None:
        return None
    full = soundfile.info(region.path).frames
    first, last = (round(point * frames / full) for point in region.loop)
    return (first, last) if 0 <= first < last <= frames else None


def repeated(sample: Audio, loop: tuple[int, int] | None, frames: int) -> Audio:
    """Return at least `frames` of a sample whose loop repeats; all of it without a loop."""
    if loop is None or frames <= len(sample):
        return sample
    cycle = sample[loop[0] : loop[1]]
    count = -(-(frames - loop[1]) // len(cycle))
    return np.concatenate([sample[: loop[1]], *[cycle] * max(count, 0)])


@lru_cache(CACHED_PITCHES)
def sample_at(region: Region, rate: int, semitones: float) -> Audio:
    """Return a sample at `rate`, moved by `semitones`."""
    import soxr

    audio, own_rate = read_sample(region.path)
    speed = 2.0 ** (semitones / 12.0)
    return np.asarray(soxr.resample(audio, own_rate * speed, rate), np.float32)


@lru_cache(CACHED_SAMPLES)
def read_sample(path: Path) -> tuple[Audio, int]:
    """Return the first LONGEST_S of a sample, mono, and its rate in Hz."""
    with soundfile.SoundFile(path) as file:
        rate = int(file.samplerate)
        audio = file.read(round(LONGEST_S * rate), dtype="float32", always_2d=True)
    return np.asarray(audio.mean(axis=1), np.float32), rate


def read_folder(folder: Path, *, transpose: int = 0) -> tuple[Region, ...]:
    """Return regions for the samples of a folder whose names hold pitches such as 'eb2' or 'F#4'.

    Args:
        folder: with the samples; files without a pitch in their name are left out.
        transpose: semitones from the pitch in a name, C4 = 60, to the one that sounds.
    """
    layers: dict[int, list[tuple[int, Path]]] = {}
    for path in sorted(folder.iterdir()):
        pitch = pitch_in_name(path.stem)
        if path.suffix.lower() in SUFFIXES and pitch is not None:
            layers.setdefault(layer_in_name(path.stem), []).append((pitch + transpose, path))
    spans = velocity_spans(sorted(layers))
    return tuple(
        replace(region, velocities=spans[layer])
        for layer, samples in layers.items()
        for region in spread(samples)
    )


def spread(samples: Sequence[tuple[int, Path]]) -> list[Region]:
    """Return regions that share the keys between samples of (pitch, path)."""
    pitches = sorted({pitch for pitch, _ in samples})
    edges = [0, *((a + b) // 2 + 1 for a, b in pairwise(pitches)), 128]
    keys = {pitch: (edges[i], edges[i + 1] - 1) for i, pitch in enumerate(pitches)}
    return [Region(path, float(pitch), keys[pitch]) for pitch, path in samples]


def velocity_spans(layers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return the velocities of each layer, from soft to loud."""
    edges = np.linspace(1, 128, len(layers) + 1).round().astype(int)
    return {layer: (int(edges[i]), int(edges[i + 1]) - 1) for i, layer in enumerate(layers)}


def pitch_in_name(name: str) -> int | None:
    """Return the MIDI number of the pitch in a name, C4 = 60; None if there is none."""
    found = PITCH_IN_NAME.search(name)
    if found is None:
        return None
    letter, accidental, octave = found.groups()
    step = {"#": 1, "s": 1, "b": -1}.get((accidental or "").lower(), 0)
    return A4 - 9 + LETTERS[letter.lower()] + step + 12 * (int(octave) - 4)


def layer_in_name(name: str) -> int:
    """Return the dynamic layer in a name, 'vl3' or 'mf'; 0 if there is none."""
    found = LAYER_IN_NAME.search(name)
    if found is None:
        return 0
    return int(found[1]) if found[1] else DYNAMICS[found[2].lower()]
