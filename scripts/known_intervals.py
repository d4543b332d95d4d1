"""Clips whose notes are known, of sounds that interval-net did not learn from.

Lessons of training_spectra.py, two notes, one and three, noise, in rooms and with noise; and
triads; of the validation instruments and of synthesizers. Every clip comes from its seed and number
alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.intervals.clip_settings import SYNTHS, frequency_of
from muse.tools.intervals.generate import Clip, Maker
from muse.tools.intervals.instruments import INSTRUMENTS, of_side
from muse.tools.intervals.sample_label import dice_for, draw
from muse.tools.intervals.sampled_notes import Sampler
from muse.tools.intervals.segments import RATE
from muse.tools.intervals.timbres import VOICES
from muse.tools.intervals.training_spectra import PLAIN, TIMBRES, VARIANTS, lesson, soundfonts

SIDE = "validation"
SEED = 500
LESSONS = {TIMBRES[SIDE]: 1600, SYNTHS: 480}  # of each set of timbres
TRIADS = {SIDE: 280, "synthesizers": 200}
TRIAD_SEED = 40
SHAPES = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 9), (0, 3, 8), (0, 7, 16), (0, 5, 10))
TRIAD_S, PAD_S = (0.25, 1.0), 0.1  # length, silence round it
TRIAD_DB = 4.0  # by which a note of it is louder or softer, at most
LOWEST, HIGHEST = 40, 88  # MIDI pitches of triads
TURN = 7  # semitones from one synthesizer's triad to the next one's, round and round

Notes = Sequence[tuple[float, float, float]]  # pitch, onset in s, end in s


@dataclass(frozen=True)
class Given:
    """A clip and the truth.

    Attributes:
        clip: mono at RATE.
        notes: what sounds.
        half: of the instruments, 0 or 1; synthesizers' clips are in both in turn.
    """

    clip: Clip
    notes: Notes
    half: int


def lesson_clips(timbres: tuple[str, ...], count: int) -> Iterator[Given]:
    """Lessons of every variant."""
    for place, (share, changes) in enumerate(VARIANTS):
        recipe = replace(PLAIN, timbres=timbres, soundfonts=soundfonts(), **changes)
        with Maker(recipe, SEED + place) as maker:
            for number in range(round(share * count)):
                program = draw(maker.given, SEED + place, number).program
                found = lesson(maker, number)
                yield Given(found.clip, found.notes, half_of(program, number))


def half_of(program: int | None, number: int) -> int:
    """Which half a clip is in: by its instrument, a synthesizer's by its number."""
    return number % 2 if program is None else of_side(SIDE).index(program) % 2


def sampled_triads() -> Iterator[Given]:
    """Triads of one instrument each."""
    font = choose_soundfont()
    with Sampler(RATE) as sampler:
        for number in range(TRIADS[SIDE]):
            dice = dice_for(TRIAD_SEED, number, 0)
            program = int(dice.choice(of_side(SIDE)))
            shape = SHAPES[int(dice.integers(len(SHAPES)))]
            low = max(INSTRUMENTS[program].lowest, LOWEST)
            high = min(INSTRUMENTS[program].highest, HIGHEST) - shape[-1]
            base = int(dice.integers(low, max(high, low + 1)))
            frames = round(float(dice.uniform(*TRIAD_S)) * RATE)
            tones = [sampler.note(font, program, base + step, frames) for step in shape]
            yield triad(tones, base, shape, frames, dice, half_of(program, number))


def synthesized_triads() -> Iterator[Given]:
    """Triads of one synthesizer each; voices, shapes and pitches come in turn."""
    kinds = list(product(SHAPES, SYNTHS))
    for number in range(TRIADS["synthesizers"]):
        dice = dice_for(TRIAD_SEED + 1, number, 0)
        shape, voice = kinds[number % len(kinds)]
        base = LOWEST + number * TURN % (HIGHEST - shape[-1] - LOWEST)
        frames = round(float(dice.uniform(*TRIAD_S)) * RATE)
        tones = [VOICES[voice](frequency_of(base + step), frames, RATE, dice) for step in shape]
        yield triad(tones, base, shape, frames, dice, half_of(None, number // len(SYNTHS)))


def triad(
    tones: Sequence[NDArray[np.floating]],
    base: int,
    shape: Sequence[int],
    frames: int,
    dice: np.random.Generator,
    half: int,
) -> Given:
    """Three tones at once."""
    gains = 10 ** (dice.uniform(-TRIAD_DB, TRIAD_DB, len(shape)) / 20)
    sound = np.sum([gain * tone for gain, tone in zip(gains, tones, strict=True)], axis=0)
    clip = np.pad(sound / np.abs(sound).max() / 2, round(PAD_S * RATE)).astype(np.float32)
    end = PAD_S + frames / RATE
    return Given(clip, [(float(base + step), PAD_S, end) for step in shape], half)


def all_clips() -> Iterator[Given]:
    """Everything that is fitted to."""
    for timbres, count in LESSONS.items():
        yield from lesson_clips(timbres, count)
    yield from sampled_triads()
    yield from synthesized_triads()
