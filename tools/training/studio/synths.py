"""Synthesizers of the studio: wavetables with a moving filter, frequency modulation, plucks.

A patch is a row of PATCHES. Each of its variants draws its parameters from the ranges of the row,
so that a variant is one instrument with a name. Waves are sums of partials below half the sample
rate, so nothing aliases; the filter moves by fading between a bright and a dark version of a wave.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from muse.tools.training.studio.instrument import Audio, add_at, length_of, velocity_gain
from muse.tools.transcription.note_event import NoteEvent

Span = tuple[float, float]  # range of a parameter
Partials = NDArray[np.float64]

TABLE_LENGTH = 2048
MOST_PARTIALS = 512
HIGHEST_SHARE = 0.45  # of the sample rate: highest frequency of a partial


@dataclass(frozen=True)
class Patch:
    """Ranges of the parameters of a synthesizer sound; times in seconds.

    Attributes:
        role: class of the sound.
        waves: names of WAVES, or 'table' for a wavetable of the data folder.
        keys: lowest and highest pitch.
        styles: scores that suit it; see scores.py.
        attack_s, decay_s, release_s: of the level.
        sustain: level after the decay, 0 to 1.
        brightness: partials at the start of a note, in octaves above the fundamental.
        darkness: partials after the decay, in octaves above the fundamental.
        voices: copies of the wave, detuned by up to `detune_cents`.
        detune_cents: of the copies.
        vibrato_cents: depth of a vibrato.
        glide_s: time from the pitch of the note before.
        fm_index: index of modulation at the start of a note; 0 for a wavetable.
        fm_ratio: ratio of the modulator to the carrier.
        drop_octaves: by which the pitch falls at the start of a note, as of a bass drum.
    """

    role: str
    waves: tuple[str, ...]
    keys: tuple[int, int]
    styles: tuple[str, ...]
    attack_s: Span = (0.002, 0.02)
    decay_s: Span = (0.1, 1.0)
    sustain: Span = (0.3, 1.0)
    release_s: Span = (0.02, 0.2)
    brightness: Span = (3.0, 6.0)
    darkness: Span = (1.5, 4.0)
    voices: tuple[int, int] = (1, 3)
    detune_cents: Span = (0.0, 12.0)
    vibrato_cents: Span = (0.0, 0.0)
    glide_s: Span = (0.0, 0.0)
    fm_index: Span = (0.0, 0.0)
    fm_ratio: tuple[float, ...] = (1.0,)
    drop_octaves: Span = (0.0, 0.0)


BASS_LINES = ("bass_pattern", "walking_bass", "riff", "repeated", "one_shot")
LEADS = ("melody", "riff", "arpeggio", "trill", "repeated", "one_shot")
CHORDS = ("comping", "arpeggio", "chord_pattern", "one_shot")
PADS = ("sustained", "sustained", "one_shot")
TUNED = ("melody", "arpeggio", "comping", "trill", "repeated", "one_shot")
ANALOG = ("saw", "square", "pulse", "triangle")

PATCHES = {
    "analog bass": Patch("bass", ANALOG, (24, 55), BASS_LINES, glide_s=(0.0, 0.05)),
    "sine bass": Patch("bass", ("sine", "triangle"), (24, 52), BASS_LINES, darkness=(0.5, 2.0)),
    "table bass": Patch("bass", ("table",), (24, 55), BASS_LINES),
    "fm bass": Patch(
        "bass",
        ("sine",),
        (24, 55),
        BASS_LINES,
        fm_index=(0.8, 5.0),
        fm_ratio=(0.5, 1.0, 2.0, 3.0),
        sustain=(0.0, 0.6),
    ),
    "808 bass": Patch(
        "bass",
        ("sine",),
        (24, 48),
        ("bass_pattern", "one_shot", "riff"),
        decay_s=(0.6, 2.0),
        sustain=(0.0, 0.3),
        drop_octaves=(0.2, 1.5),
        voices=(1, 1),
    ),
    "reese bass": Patch(
        "bass", ("saw",), (24, 52), BASS_LINES, voices=(2, 4), detune_cents=(8, 40)
    ),
    "analog lead": Patch(
        "lead",
        ANALOG,
        (48, 96),
        LEADS,
        vibrato_cents=(0.0, 40.0),
        glide_s=(0.0, 0.12),
        sustain=(0.5, 1.0),
    ),
    "table lead": Patch("lead", ("table",), (48, 96), LEADS, vibrato_cents=(0.0, 30.0)),
    "sine lead": Patch("lead", ("sine", "triangle"), (55, 96), LEADS, glide_s=(0.0, 0.15)),
    "super lead": Patch("lead", ("saw",), (48, 96), LEADS, voices=(4, 7), detune_cents=(10, 40)),
    "fm lead": Patch("lead", ("sine",), (48, 96), LEADS, fm_index=(0.5, 4.0), fm_ratio=(1.0, 2.0)),
    "pluck lead": Patch(
        "lead",
        (*ANALOG, "table"),
        (48, 96),
        ("arpeggio", "melody", "riff", "repeated"),
        decay_s=(0.08, 0.4),
        sustain=(0.0, 0.1),
        darkness=(0.5, 2.0),
    ),
    "analog pad": Patch(
        "pad",
        ANALOG,
        (36, 88),
        PADS,
        attack_s=(0.15, 0.8),
        release_s=(0.3, 1.2),
        sustain=(0.7, 1.0),
        brightness=(2.0, 4.0),
        voices=(2, 5),
        detune_cents=(5, 25),
    ),
    "table pad": Patch(
        "pad",
        ("table",),
        (36, 88),
        PADS,
        attack_s=(0.15, 0.8),
        release_s=(0.3, 1.2),
        sustain=(0.7, 1.0),
        brightness=(2.0, 5.0),
        voices=(2, 5),
        detune_cents=(5, 25),
    ),
    "polysynth": Patch("keys", ("saw", "square", "pulse"), (40, 88), CHORDS, sustain=(0.2, 0.8)),
    "fm piano": Patch(
        "keys",
        ("sine",),
        (36, 96),
        CHORDS,
        decay_s=(0.8, 2.5),
        sustain=(0.0, 0.1),
        fm_index=(0.5, 2.5),
        fm_ratio=(1.0, 14.0),
        release_s=(0.1, 0.4),
    ),
    "drawbar organ": Patch(
        "keys",
        ("drawbars",),
        (36, 96),
        (*CHORDS, "melody", "sustained"),
        sustain=(0.9, 1.0),
        brightness=(4.0, 5.0),
        darkness=(4.0, 5.0),
        vibrato_cents=(0.0, 15.0),
        voices=(1, 1),
    ),
    "clavinet": Patch(
        "keys",
        ("narrow",),
        (36, 84),
        (*CHORDS, "riff"),
        decay_s=(0.3, 1.0),
        sustain=(0.0, 0.1),
        voices=(1, 1),
    ),
    "fm bell": Patch(
        "mallets",
        ("sine",),
        (55, 103),
        TUNED,
        decay_s=(0.5, 2.0),
        sustain=(0.0, 0.0),
        fm_index=(0.5, 3.0),
        fm_ratio=(1.41, 3.5, 2.76, 5.4),
        release_s=(0.3, 1.2),
        voices=(1, 1),
    ),
    "bar": Patch(
        "mallets",
        ("bar",),
        (48, 100),
        TUNED,
        decay_s=(0.15, 0.9),
        sustain=(0.0, 0.0),
        attack_s=(0.001, 0.003),
        release_s=(0.1, 0.6),
        voices=(1, 1),
    ),
}
VARIANTS = 12  # of each patch


def partial_amplitudes(wave: str, rng: Generator) -> Partials:
    """Return the amplitudes of the partials 1 to MOST_PARTIALS of a wave, drawn where it varies."""
    k = np.arange(1, MOST_PARTIALS + 1)
    if wave == "saw":
        return 1.0 / k
    if wave == "square":
        return np.where(k % 2, 1.0 / k, 0.0)
    if wave == "triangle":
        return np.where(k % 2, 1.0 / k**2, 0.0)
    if wave in ("pulse", "narrow"):
        width = rng.uniform(0.04, 0.15) if wave == "narrow" else rng.uniform(0.15, 0.45)
        return np.asarray(np.abs(np.sin(np.pi * k * width)) / k)
    amplitudes = np.zeros(MOST_PARTIALS)
    if wave == "drawbars":
        amplitudes[[0, 1, 2, 3, 5, 7]] = rng.choice([0.0, 0.3, 0.6, 1.0], 6)
    elif wave == "bar":
        amplitudes[[3, 9]] = rng.uniform(0.0, 0.5), rng.uniform(0.0, 0.3)
    amplitudes[0] = max(amplitudes[0], 0.5)
    return amplitudes


def wavetable_partials(cycle: Audio) -> Partials:
    """Return the amplitudes of the partials of one recorded cycle."""
    found = np.abs(np.fft.rfft(cycle))[1 : MOST_PARTIALS + 1]
    amplitudes = np.zeros(MOST_PARTIALS)
    amplitudes[: len(found)] = found / max(float(found.max(initial=0.0)), 1e-9)
    return amplitudes


@dataclass(frozen=True, eq=False)
class Synth:
    """One variant of a patch.

    Attributes:
        partials: amplitudes of the wave.
        sizes: parameters by name, as in Patch.
    """

    partials: Partials
    sizes: dict[str, float]

    def __call__(
        self, notes: Sequence[NoteEvent], rate: int, cents: float, rng: Generator
    ) -> Audio:
        """Play notes; see `instrument.Play`."""
        total = np.zeros(length_of(notes, rate), np.float32)
        before = None
        for note in notes:
            sound = self.sound(note, rate, cents, before, rng)
            add_at(total, sound, round(note.onset_s * rate))
            before = note.pitch
        return total * np.float32(0.3)

    def sound(
        self, note: NoteEvent, rate: int, cents: float, before: int | None, rng: Generator
    ) -> Audio:
        """Return one note; it glides from the pitch `before`."""
        get = self.sizes.__getitem__
        length = round((note.offset_s - note.onset_s) * rate)
        time = np.arange(length + round(get("release_s") * rate)) / rate
        pitch = self.pitch(note.pitch + cents / 100.0, before, time)
        tone = np.zeros(len(time))
        for _ in range(int(get("voices"))):
            detune = rng.uniform(-1.0, 1.0) * get("detune_cents") / 100.0
            hz = 440.0 * 2.0 ** ((pitch + detune - 69.0) / 12.0)
            phase = np.cumsum(hz) / rate + rng.random()
            tone += self.wave(phase, float(hz.max(initial=1.0)), time, rate)
        level = envelope(time, length / rate, *map(get, ("attack_s", "decay_s", "sustain")))
        if length < len(time):
            level[length:] *= np.linspace(1.0, 0.0, len(time) - length)
        tone *= level / get("voices") ** 0.5
        return tone.astype(np.float32) * velocity_gain(note.velocity)

    def pitch(self, pitch: float, before: int | None, time: NDArray[np.float64]) -> Partials:
        """Return the pitch over time: glide, drop and vibrato."""
        get = self.sizes.__getitem__
        course = np.full(len(time), pitch)
        if before is not None and get("glide_s") > 0.005:
            course += (before - pitch) * np.exp(-3.0 * time / get("glide_s"))
        if get("drop_octaves") > 0.0:
            course += 12.0 * get("drop_octaves") * np.exp(-time / 0.02)
        depth = get("vibrato_cents") / 100.0 * np.clip((time - 0.15) / 0.2, 0.0, 1.0)
        return course + depth * np.sin(2 * np.pi * get("vibrato_hz") * time)

    def wave(self, phase: Partials, hz: float, time: Partials, rate: int) -> Partials:
        """Return the wave at phases in cycles; `hz` is the highest fundamental."""
        get = self.sizes.__getitem__
        fall = np.exp(-time / get("decay_s"))
        if get("fm_index") > 0.0:
            modulator = np.sin(2 * np.pi * get("fm_ratio") * phase)
            depth = get("fm_index") * (0.15 + 0.85 * fall)
            return np.asarray(np.sin(2 * np.pi * phase + depth * modulator))
        most = int(HIGHEST_SHARE * rate / hz)
        ends = (get("brightness"), get("darkness"))
        bright, dark = (table(self.partials.tobytes(), min(most, round(2**o))) for o in ends)
        place = (phase % 1.0) * TABLE_LENGTH
        return fall * look_up(bright, place) + (1.0 - fall) * look_up(dark, place)


def look_up(cycle: Partials, place: Partials) -> Partials:
    """Return the samples of a cycle at fractional places, linear between samples."""
    first = place.astype(np.int64) % TABLE_LENGTH
    share = place - np.floor(place)
    return cycle[first] * (1.0 - share) + cycle[(first + 1) % TABLE_LENGTH] * share


@lru_cache(4096)
def table(partials: bytes, most: int) -> Partials:
    """Return one cycle of a wave with its lowest `most` partials, softened at the edge."""
    amplitudes = np.frombuffer(partials)
    count = max(1, min(most, len(amplitudes)))
    spectrum = np.zeros(TABLE_LENGTH // 2 + 1, np.complex128)
    edge = np.minimum(1.0, 2.0 * (1.0 - np.arange(count) / (count + 1)))
    spectrum[1 : count + 1] = -1j * amplitudes[:count] * edge
    cycle = np.fft.irfft(spectrum) * TABLE_LENGTH / 2
    return np.asarray(cycle / max(float(np.abs(cycle).max()), 1e-9))


def envelope(
    time: Partials, length_s: float, attack_s: float, decay_s: float, sustain: float
) -> Partials:
    """Return the level over time, without the release."""
    rise = np.clip(time / max(attack_s, 1e-4), 0.0, 1.0)
    return rise * (sustain + (1.0 - sustain) * np.exp(-np.maximum(time - attack_s, 0) / decay_s))


def make_synth(name: str, variant: int, cycles: Sequence[Audio]) -> Synth:
    """Return a variant of a patch.

    Args:
        name: a key of PATCHES.
        variant: number, which decides all parameters.
        cycles: recorded single cycles for the wave 'table'; without them it is a pulse.
    """
    patch = PATCHES[name]
    rng = np.random.default_rng([zlib.crc32(name.encode()), variant])
    wave = str(rng.choice(list(patch.waves)))
    if wave == "table" and cycles:
        partials = wavetable_partials(cycles[int(rng.integers(len(cycles)))])
    else:
        partials = partial_amplitudes("pulse" if wave == "table" else wave, rng)
    ranges = {key: value for key, value in vars(patch).items() if is_range(key, value)}
    sizes = {key: float(rng.uniform(*value)) for key, value in ranges.items()}
    sizes["voices"] = int(rng.integers(patch.voices[0], patch.voices[1] + 1))
    sizes["fm_ratio"] = float(rng.choice(patch.fm_ratio))
    sizes["vibrato_hz"] = float(rng.uniform(4.5, 7.0))
    sizes["darkness"] = min(sizes["darkness"], sizes["brightness"])
    return Synth(partials, sizes)


def is_range(key: str, value: object) -> bool:
    """Return whether a field of Patch is a range that variants draw from."""
    return key not in ("keys", "voices", "fm_ratio", "waves", "styles") and isinstance(value, tuple)
