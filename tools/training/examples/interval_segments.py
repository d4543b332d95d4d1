"""Clips whose notes are known, of sounds that interval-net was not trained on.

There are examples of training_spectra.py (two notes, one, three, or noise, in rooms and with noise)
and triads, both of the validation instruments and of synthesizers. Every clip depends on its seed
and number alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.intervals.clip_settings import SYNTHS, ClipSettings, frequency_of
from muse.tools.intervals.generate import Clip, ClipMaker
from muse.tools.intervals.instruments import INSTRUMENTS, programs_in_split
from muse.tools.intervals.sample_label import clip_rng, sample_label
from muse.tools.intervals.sampled_notes import Sampler
from muse.tools.intervals.segments import RATE
from muse.tools.intervals.timbres import VOICES
from muse.tools.intervals.training_spectra import PLAIN, TIMBRES, VARIANTS, make_example, soundfonts

SIDE = "validation"  # of the instruments
LESSON_SEED, TRIAD_SEED = 500, 40
LESSONS = {TIMBRES[SIDE]: 1600, SYNTHS: 480}  # clips of each set of timbres
SAMPLED_TRIADS, SYNTHESIZED_TRIADS = 280, 200
# semitones above the lowest note
SHAPES = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 9), (0, 3, 8), (0, 7, 16), (0, 5, 10))
TRIAD_S, PADDING_S = (0.25, 1.0), 0.1  # length of a triad, silence before and after it
TRIAD_DB = 4.0  # largest change of the level of a note in a triad
LOWEST, HIGHEST = 40, 88  # MIDI pitches of triads
STEP = 7  # semitones from the pitch of one synthesized triad to that of the next, cyclically

Notes = Sequence[tuple[float, float, float]]  # pitch, onset in seconds, end in seconds


@dataclass(frozen=True)
class KnownClip:
    """A clip and its notes.

    Attributes:
        clip: mono at RATE.
        notes: that sound in it.
        half: 0 or 1, by instrument; clips of synthesizers take turns.
    """

    clip: Clip
    notes: Notes
    half: int


def known_clips(share: float) -> Iterator[KnownClip]:
    """Yield all clips, or the first `share` (0 to 1) of each kind."""
    for timbres, count in LESSONS.items():
        yield from example_clips(timbres, round(share * count))
    yield from sampled_triads(round(share * SAMPLED_TRIADS))
    yield from synthesized_triads(round(share * SYNTHESIZED_TRIADS))


def example_clips(timbres: tuple[str, ...], count: int) -> Iterator[KnownClip]:
    """Yield about `count` examples of every variant."""
    for number, (share, changes) in enumerate(VARIANTS):
        settings = replace(PLAIN, timbres=timbres, soundfonts=soundfonts(), **changes)
        yield from variant_clips(settings, LESSON_SEED + number, round(share * count))


def variant_clips(settings: ClipSettings, seed: int, count: int) -> Iterator[KnownClip]:
    """Yield examples made with the same settings."""
    with ClipMaker(settings, seed) as maker:
        for number in range(count):
            program = sample_label(maker.resolved, seed, number).program
            found = make_example(maker, number)
            yield KnownClip(found.clip, found.notes, half_of(program, number))


def half_of(program: int | None, number: int) -> int:
    """Return the half of a clip: by its instrument, or by its number for a synthesizer."""
    return number % 2 if program is None else programs_in_split(SIDE).index(program) % 2


def sampled_triads(count: int) -> Iterator[KnownClip]:
    """Yield triads of one random instrument each."""
    font = choose_soundfont()
    with Sampler(RATE) as sampler:
        for number in range(count):
            rng = clip_rng(TRIAD_SEED, number, 0)
            program = int(rng.choice(programs_in_split(SIDE)))
            shape = SHAPES[int(rng.integers(len(SHAPES)))]
            low = max(INSTRUMENTS[program].lowest, LOWEST)
            high = min(INSTRUMENTS[program].highest, HIGHEST) - shape[-1]
            base = int(rng.integers(low, max(high, low + 1)))
            frames = round(float(rng.uniform(*TRIAD_S)) * RATE)
            tones = [sampler.note(font, program, base + step, frames) for step in shape]
            yield mix_triad(tones, base, shape, rng, half_of(program, number))


def synthesized_triads(count: int) -> Iterator[KnownClip]:
    """Yield triads of one synthesizer each; voices, shapes and pitches take turns."""
    kinds = list(product(SHAPES, SYNTHS))
    for number in range(count):
        rng = clip_rng(TRIAD_SEED + 1, number, 0)
        shape, voice = kinds[number % len(kinds)]
        base = LOWEST + number * STEP % (HIGHEST - shape[-1] - LOWEST)
        frames = round(float(rng.uniform(*TRIAD_S)) * RATE)
        tones = [VOICES[voice](frequency_of(base + step), frames, RATE, rng) for step in shape]
        yield mix_triad(tones, base, shape, rng, half_of(None, number // len(SYNTHS)))


def mix_triad(
    tones: Sequence[NDArray[np.floating]],
    base: int,
    shape: Sequence[int],
    rng: np.random.Generator,
    half: int,
) -> KnownClip:
    """Return three simultaneous tones of equal length at random levels, padded with silence."""
    gains = 10 ** (rng.uniform(-TRIAD_DB, TRIAD_DB, len(shape)) / 20)
    sound = np.sum([gain * tone for gain, tone in zip(gains, tones, strict=True)], axis=0)
    clip = np.pad(sound / np.abs(sound).max() / 2, round(PADDING_S * RATE)).astype(np.float32)
    end = PADDING_S + len(tones[0]) / RATE
    return KnownClip(clip, [(float(base + step), PADDING_S, end) for step in shape], half)
