"""Sample the label of a clip, which determines how it sounds.

Conventions: pairs are of the lower note and the higher one; for a unison, of the first and the
second. Clips are numbered from 0, and each label depends on the seed and its number alone, so that
neither the order nor the count of the clips changes any of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from muse.tools.audio.soundfonts import check_soundfont, choose_soundfont
from muse.tools.errors import ParameterError
from muse.tools.intervals.clip_settings import SYNTHS, Recipe, Span, check_recipe, frequency_of
from muse.tools.intervals.instruments import INSTRUMENTS, programs
from muse.tools.theory.intervals import INTERVAL_NAMES

TIME_STEP_S = 0.01  # of sampled lengths, so that rendered General MIDI notes can be reused
DRAWN, SOUNDED, BALANCED, VOICED = 0, 1, 2, 3  # streams of random numbers
ANY_PITCH = (0, 127)
DIGITS = 6  # after the point, of times and cents in a label

Pair = tuple[float, float]
T = TypeVar("T")


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that determines a clip.

    Attributes:
        number: of the clip, from 0.
        file: its name in the folder.
        name: of the interval.
        semitones: size by the pitches.
        cents: size as it sounds: 100 per semitone, with the detuning.
        direction: ascending, descending, together; repeated for a unison.
        low_pitch: MIDI pitch of the lower note.
        high_pitch: MIDI pitch of the higher note.
        low_hz: frequency of the lower note, with detuning and tuning.
        high_hz: frequency of the higher note, with detuning and tuning.
        onsets_s: time from the beginning of the clip, s.
        durations_s: time until a note is released, s.
        detune_cents: deviation of each note.
        tuning_cents: deviation of both notes together.
        balance_db: level of the higher note relative to the lower one.
        timbre: sine, saw, fm, pluck or gm.
        program: 0 to 127 for gm.
        instrument: General MIDI's name of the program.
        soundfont: file name without its suffix.
        snr_db: signal-to-noise ratio, None without noise.
        noise: white or pink, None without noise.
        reverb_s: reverberation time, None without reverberation.
        peak_dbfs: highest sample.
        seed: of the data set.
    """

    number: int
    file: str
    name: str
    semitones: int
    cents: float
    direction: str
    low_pitch: int
    high_pitch: int
    low_hz: float
    high_hz: float
    onsets_s: Pair
    durations_s: Pair
    detune_cents: Pair
    tuning_cents: float
    balance_db: float
    timbre: str
    program: int | None
    instrument: str | None
    soundfont: str | None
    snr_db: float | None
    noise: str | None
    reverb_s: float | None
    peak_dbfs: float
    seed: int


@dataclass(frozen=True)
class Timbre:
    """A synthesizer, or a General MIDI instrument.

    Attributes:
        name: of SYNTHS, or gm.
        program: 0 to 127 for gm.
    """

    name: str
    program: int | None = None

    @property
    def instrument(self) -> str | None:
        """General MIDI's name of the program."""
        return None if self.program is None else INSTRUMENTS[self.program].name

    @property
    def pitches(self) -> tuple[int, int]:
        """Lowest and highest pitch."""
        if self.program is None:
            return ANY_PITCH
        instrument = INSTRUMENTS[self.program]
        return instrument.lowest, instrument.highest


@dataclass(frozen=True)
class Choices:
    """Settings with the timbres and soundfonts that they name.

    Attributes:
        recipe: checked settings.
        timbres: for each word of the settings, the timbres that it stands for.
        soundfonts: files; empty if none is needed.
        """

    recipe: Recipe
    timbres: tuple[tuple[Timbre, ...], ...]
    soundfonts: tuple[Path, ...]


def choices(recipe: Recipe) -> Choices:
    """Check settings, and find the timbres and soundfonts that they name.

    Raises:
        ParameterError: clips cannot be made with these settings.
        BadInputError: a soundfont is missing or invalid.
        MissingPartError: instruments are needed and no soundfont is installed.
    """
    check_recipe(recipe)
    if not recipe.timbres:
        raise ParameterError(f"--timbre must be {', '.join(SYNTHS)} or gm:PROGRAMS")
    groups = tuple(meant(word) for word in recipe.timbres)
    for size in recipe.intervals:
        if not any(low_pitches(recipe, timbre, size) for group in groups for timbre in group):
            raise ParameterError(f"no timbre plays {size} semitones within --lowest and --highest")
    sampled = any(timbre.program is not None for group in groups for timbre in group)
    return Choices(recipe, groups, soundfonts(recipe) if sampled else ())


def meant(word: str) -> tuple[Timbre, ...]:
    """Return the timbres that a word stands for."""
    if word in SYNTHS:
        return (Timbre(word),)
    if not word.startswith("gm"):
        known = ", ".join(SYNTHS)
        raise ParameterError(f"--timbre must be {known}, or gm:0-7 and the like, not '{word}'")
    return tuple(Timbre("gm", program) for program in programs(word))


def soundfonts(recipe: Recipe) -> tuple[Path, ...]:
    """Return the named soundfonts, or the best one found."""
    named = tuple(map(Path, recipe.soundfonts))
    for path in named:
        check_soundfont(path)
    if len({path.stem for path in named}) < len(named):
        raise ParameterError("two soundfonts have the same name; rename one")
    return named or (choose_soundfont(),)


def low_pitches(recipe: Recipe, timbre: Timbre, size: int) -> range:
    """Return the pitches that the lower note of an interval may have."""
    lowest = max(recipe.pitches[0], timbre.pitches[0])
    highest = min(recipe.pitches[1], timbre.pitches[1])
    return range(lowest, highest - size + 1)


def dice_for(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Return the generator of one clip, or one block of clips, for one purpose."""
    return np.random.default_rng((seed, number, purpose))


def size_of(recipe: Recipe, seed: int, number: int) -> int:
    """Return the size of a clip's interval; each size occurs once per block of clips."""
    block, place = divmod(number, len(recipe.intervals))
    order = dice_for(seed, block, BALANCED).permutation(len(recipe.intervals))
    return recipe.intervals[int(order[place])]


def draw(given: Choices, seed: int, number: int) -> Label:
    """Sample the label of a clip."""
    recipe = given.recipe
    dice = dice_for(seed, number, DRAWN)
    size = size_of(recipe, seed, number)
    timbre = drawn_timbre(given, size, dice)
    low = int(dice.choice(low_pitches(recipe, timbre, size)))
    direction = drawn_direction(recipe, size, dice)
    onsets, durations = drawn_times(recipe, direction, dice)
    detune = (deviation(recipe.detune_cents, dice), deviation(recipe.detune_cents, dice))
    tuning = deviation(recipe.tuning_cents, dice)
    snr_db = drawn(recipe.snr_db, dice)
    return Label(
        number=number,
        file=f"clip-{number:06d}.wav",
        name=INTERVAL_NAMES[size],
        semitones=size,
        cents=rounded(100 * size + detune[1] - detune[0]),
        direction=direction,
        low_pitch=low,
        high_pitch=low + size,
        low_hz=rounded(frequency_of(low + (detune[0] + tuning) / 100)),
        high_hz=rounded(frequency_of(low + size + (detune[1] + tuning) / 100)),
        onsets_s=onsets,
        durations_s=durations,
        detune_cents=detune,
        tuning_cents=tuning,
        balance_db=deviation(recipe.balance_db, dice),
        timbre=timbre.name,
        program=timbre.program,
        instrument=timbre.instrument,
        soundfont=None if timbre.program is None else one_of(given.soundfonts, dice).stem,
        snr_db=snr_db,
        noise=None if snr_db is None else recipe.noise,
        reverb_s=drawn(recipe.reverb_s, dice),
        peak_dbfs=rounded(dice.uniform(*recipe.peak_dbfs)),
        seed=seed,
    )


def drawn_timbre(given: Choices, size: int, dice: np.random.Generator) -> Timbre:
    """Sample a word of the settings, then one of its timbres that can play the size."""
    fitting = [
        [timbre for timbre in group if low_pitches(given.recipe, timbre, size)]
        for group in given.timbres
    ]
    return one_of(one_of([group for group in fitting if group], dice), dice)


def one_of(items: Sequence[T], dice: np.random.Generator) -> T:
    """Sample one of the items."""
    return items[int(dice.integers(len(items)))]


def drawn_direction(recipe: Recipe, size: int, dice: np.random.Generator) -> str:
    """Sample a direction; a unison has none, its notes follow each other."""
    chosen = one_of(recipe.directions, dice)
    return chosen if size else "repeated"


def drawn_times(recipe: Recipe, direction: str, dice: np.random.Generator) -> tuple[Pair, Pair]:
    """Sample onsets and durations of the lower and higher note; remaining time is at both ends."""
    gap = in_steps(recipe.gap_s, dice)
    notes = 1 if direction == "together" else 2
    longest = (recipe.clip_s - gap) / notes
    lengths = [longest] * notes
    if recipe.note_s is not None:
        lengths = [min(in_steps(recipe.note_s, dice), longest) for _ in range(notes)]
    start = dice.uniform(0.0, max(recipe.clip_s - gap - sum(lengths), 0.0))
    first, second = lengths[0], lengths[-1]
    if notes == 1:
        return (rounded(start),) * 2, (rounded(first),) * 2
    onsets = (rounded(start), rounded(start + first + gap))
    durations = (rounded(first), rounded(second))
    if direction == "descending":
        return onsets[::-1], durations[::-1]
    return onsets, durations


def in_steps(span: Span, dice: np.random.Generator) -> float:
    """Sample a length within the span, in steps of TIME_STEP_S from its beginning."""
    steps = int((span[1] - span[0]) / TIME_STEP_S + 1e-6)
    return span[0] + TIME_STEP_S * int(dice.integers(steps + 1))


def deviation(limit: float, dice: np.random.Generator) -> float:
    """Sample a value between minus and plus the limit."""
    return rounded(dice.uniform(-limit, limit))


def drawn(span: Span | None, dice: np.random.Generator) -> float | None:
    """Sample a value within the span; without a span return None, but use the generator too."""
    value = dice.uniform(*(span or (0.0, 1.0)))
    return None if span is None else rounded(value)


def rounded(value: float) -> float:
    """Round to the digits of labels, so that a clip matches its label exactly."""
    return round(float(value), DIGITS)
