"""A singing voice of the studio: a glottal source through moving formants, and consonants of noise.

Each syllable is a consonant and one or two vowels. Every partial of the source is a sine whose
level follows the formants (Klatt, "Software for a cascade/parallel formant synthesizer", 1980, for
the frequencies; Sundberg, "The Science of the Singing Voice", 1987, for the singer's formant).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from muse.tools.training.studio.effects import equalize
from muse.tools.training.studio.instrument import Audio, add_at, length_of, velocity_gain
from muse.tools.transcription.note_event import NoteEvent

Values = NDArray[np.float64]

# first three formants in Hz, of a man
VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "ae": (660, 1720, 2410),
    "er": (490, 1350, 1690),
    "uh": (640, 1190, 2390),
}
HIGHER_FORMANTS = (3300, 3750)  # Hz
BANDWIDTHS = (80, 100, 140, 200, 250)  # Hz
# noise of a consonant: lowest and highest Hz, level in dB relative to the vowel
CONSONANTS = {
    "s": (5000, 10_000, -12),
    "sh": (2500, 7000, -10),
    "f": (1500, 9000, -22),
    "t": (3000, 8000, -14),
    "k": (1200, 3500, -16),
    "p": (500, 2500, -20),
    "h": (700, 5000, -24),
}
VOICED = ("m", "l", "none", "none")  # no noise; m and l close the mouth
CONTROL_S = 0.01  # between two control values
MOST_PARTIALS = 60
BREATH_HZ = (1500.0, 8000.0)


@dataclass(frozen=True)
class Singer:
    """One singer.

    Attributes:
        tract: factor of all formants, about 1 for men, 1.17 for women, 1.3 for children.
        tilt_db: fall of the source by octave, dB.
        ring_db: level added around 3 kHz, as trained singers have it.
        vibrato_cents, vibrato_hz: depth and rate of the vibrato.
        wander_cents: slow deviations of the pitch.
        scoop_cents: by which notes start low.
        glide_s: time from one pitch to the next.
        breath_db: level of the noise of breath.
        clarity: share of syllables with a consonant of noise.
    """

    tract: float
    tilt_db: float
    ring_db: float
    vibrato_cents: float
    vibrato_hz: float
    wander_cents: float
    scoop_cents: float
    glide_s: float
    breath_db: float
    clarity: float

    def __call__(
        self, notes: Sequence[NoteEvent], rate: int, cents: float, rng: Generator
    ) -> Audio:
        """Sing notes; see `instrument.Play`. Overlapping notes are sung by several voices."""
        total = np.zeros(length_of(notes, rate), np.float32)
        before: float | None = None
        for note in notes:
            sound = self.syllable(note, rate, cents, before, rng)
            add_at(total, sound, round(note.onset_s * rate))
            before = float(note.pitch)
        return total * np.float32(0.3)

    def syllable(
        self, note: NoteEvent, rate: int, cents: float, before: float | None, rng: Generator
    ) -> Audio:
        """Return one note: consonant, vowels, breath."""
        length_s = note.offset_s - note.onset_s + rng.uniform(0.0, 0.06)
        control = np.arange(0.0, length_s + CONTROL_S, CONTROL_S)
        pitch = self.pitch(note.pitch + cents / 100.0, before, control, rng)
        consonant = self.consonant(rng)
        formants, level = self.mouth(control, consonant, rng)
        frames = round(length_s * rate)
        sung = self.sing(pitch, formants, level, frames, rate, rng)
        sung += self.breath(level, frames, rate, rng)
        if consonant in CONSONANTS:
            noise = burst(consonant, rate, rng)
            size = min(len(noise), len(sung))
            sung[:size] += noise[:size]
        return sung * velocity_gain(note.velocity)

    def consonant(self, rng: Generator) -> str:
        """Draw the consonant before a vowel."""
        names = list(CONSONANTS) if rng.random() < self.clarity else VOICED
        return str(rng.choice(names))

    def pitch(self, pitch: float, before: float | None, time: Values, rng: Generator) -> Values:
        """Return the pitch at the control times, MIDI numbers with fraction."""
        course = np.full(len(time), pitch)
        start = pitch if before is None else before
        if rng.random() < 0.5:
            course += (start - pitch) * np.exp(-4.0 * time / max(self.glide_s, 0.01))
        course -= rng.uniform(0.0, self.scoop_cents) / 100.0 * np.exp(-time / 0.06)
        depth = self.vibrato_cents / 100.0 * np.clip((time - 0.2) / 0.3, 0.0, 1.0)
        course += depth * np.sin(2 * np.pi * self.vibrato_hz * time + rng.uniform(0, 6.28))
        slow = np.cumsum(rng.standard_normal(len(time)))
        slow -= slow.mean()
        course += self.wander_cents / 100.0 * slow / max(np.abs(slow).max(), 1.0)
        return course + 0.06 * rng.standard_normal(len(time))

    def mouth(self, time: Values, consonant: str, rng: Generator) -> tuple[Values, Values]:
        """Return formants (5, times) in Hz and the level (times,) of the voice."""
        first, second = (VOWELS[str(v)] for v in rng.choice(list(VOWELS), 2))
        end = second if rng.random() < 0.35 else first
        turn = np.clip((time / time[-1] - 0.5) * 4.0, 0.0, 1.0)
        low = np.outer(first, 1.0 - turn) + np.outer(end, turn)
        opening = np.clip(time / rng.uniform(0.02, 0.1), 0.0, 1.0)
        low[0] *= 0.5 + 0.5 * opening
        low[1] *= 1.0 + rng.uniform(-0.3, 0.3) * (1.0 - opening)
        high = np.outer(HIGHER_FORMANTS, np.ones(len(time)))
        quiet_s = rng.uniform(0.03, 0.1) if consonant in CONSONANTS else 0.0
        level = np.clip((time - quiet_s) / rng.uniform(0.01, 0.06), 0.0, 1.0)
        level *= np.clip((time[-1] - time) / rng.uniform(0.02, 0.1), 0.0, 1.0)
        if consonant in ("m", "l"):
            level *= 0.3 + 0.7 * np.clip((time - 0.06) / 0.03, 0.0, 1.0)
        swell = 1.0 + rng.uniform(-0.4, 0.4) * np.sin(np.pi * time / time[-1])
        return np.concatenate([low, high]) * self.tract, level * swell

    def sing(
        self,
        pitch: Values,
        formants: Values,
        level: Values,
        frames: int,
        rate: int,
        rng: Generator,
    ) -> Audio:
        """Return the voiced sound: each partial with the level that source and formants give it."""
        hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
        count = int(min(MOST_PARTIALS, 0.45 * rate / hz.max()))
        number = np.arange(1, count + 1)[:, None]
        gains = number ** (self.tilt_db / 6.02) * formant_gain(number * hz, formants, self.ring_db)
        gains *= level * (1.0 + 0.05 * rng.standard_normal(len(level)))
        times = np.arange(frames) / rate / CONTROL_S
        places = np.arange(len(hz))
        phase = 2 * np.pi * np.cumsum(np.interp(times, places, hz)) / rate
        turn = np.exp(1j * phase).astype(np.complex64)
        partial, total = np.ones(frames, np.complex64), np.zeros(frames, np.float32)
        for row in gains:
            partial *= turn
            total += partial.imag * np.interp(times, places, row).astype(np.float32)
        return total

    def breath(self, level: Values, frames: int, rate: int, rng: Generator) -> Audio:
        """Return noise that follows the level of the voice."""
        points = [(BREATH_HZ[0] / 3, -24.0), (BREATH_HZ[0], 0.0), (BREATH_HZ[1], -12.0)]
        noise = equalize(rng.standard_normal(frames).astype(np.float32), rate, points=points)
        course = np.interp(np.arange(frames) / rate / CONTROL_S, np.arange(len(level)), level)
        return (noise * course * 10 ** (self.breath_db / 20)).astype(np.float32)


def formant_gain(hz: Values, formants: Values, ring_db: float) -> Values:
    """Return the gain of frequencies (partials, times) by formants (5, times)."""
    gain = np.zeros(hz.shape)
    for number, (center, width) in enumerate(zip(formants, BANDWIDTHS, strict=True)):
        height = 10 ** (-4.0 * number / 20) * (10 ** (ring_db / 20) if number in (2, 3) else 1.0)
        gain += height / (1.0 + ((hz - center) / width) ** 2)
    return gain + 0.01


def burst(consonant: str, rate: int, rng: Generator) -> Audio:
    """Return the noise of a consonant."""
    low, high, level_db = CONSONANTS[consonant]
    frames = round(rng.uniform(0.04, 0.14) * rate)
    edge = 0.45 * rate
    points = [(low / 2, -30.0), (low, 0.0), (min(high, edge), 0.0), (min(high * 2, rate), -30.0)]
    noise = equalize(rng.standard_normal(frames).astype(np.float32), rate, points=points)
    shape = np.sin(np.pi * np.linspace(0.0, 1.0, frames)) ** 0.7
    return (noise * shape * 10 ** ((level_db + rng.uniform(-6, 6)) / 20)).astype(np.float32)


def make_singer(number: int) -> tuple[Singer, int, int]:
    """Return a singer, who is decided by the number, and the range in MIDI numbers."""
    rng = np.random.default_rng([0x51, number])
    kind = number % 3  # man, woman, child or high voice
    low, high = ((40, 64), (52, 79), (57, 84))[kind]
    tract = (1.0, 1.17, 1.3)[kind] * rng.uniform(0.93, 1.07)
    trained = rng.random()
    return (
        Singer(
            tract=float(tract),
            tilt_db=float(rng.uniform(-14.0, -6.0)),
            ring_db=float(rng.uniform(0.0, 14.0) * trained),
            vibrato_cents=float(rng.uniform(0.0, 70.0) * trained),
            vibrato_hz=float(rng.uniform(4.8, 6.8)),
            wander_cents=float(rng.uniform(10.0, 60.0) * (1.3 - trained)),
            scoop_cents=float(rng.uniform(0.0, 150.0)),
            glide_s=float(rng.uniform(0.03, 0.15)),
            breath_db=float(rng.uniform(-52.0, -26.0)),
            clarity=float(rng.uniform(0.2, 0.9)),
        ),
        low,
        high,
    )
