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
from muse.tools.intervals.clip_settings import (
    SYNTHS,
    ClipSettings,
    Span,
    check_settings,
    frequency_of,
)
from muse.tools.intervals.expression import Expression
from muse.tools.intervals.instruments import INSTRUMENTS, programs
from muse.tools.theory.intervals import INTERVAL_NAMES

TIME_STEP_S = 0.01  # of sampled lengths, so that rendered General MIDI notes can be reused
LABEL, EFFECTS, SIZE_ORDER, VOICE, EXPRESSION, PHASE = range(6)  # streams of random numbers
ANY_PITCH = (0, 127)
DIGITS = 6  # after the point, of times and cents in a label

Pair = tuple[float, float]
T = TypeVar("T")


class Label(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
        expression: how the notes are played; None for steady notes.
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
    expression: Expression | None = None


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
class ResolvedSettings:
    """Settings with the timbres and soundfonts that they name.

    Attributes:
        settings: checked.
        timbres: for each word of the settings, the timbres that it stands for.
        soundfonts: files; empty if none is needed.
    """

    settings: ClipSettings
    timbres: tuple[tuple[Timbre, ...], ...]
    soundfonts: tuple[Path, ...]


def resolve_settings(settings: ClipSettings) -> ResolvedSettings:
    """Check settings, and find the timbres and soundfonts that they name.

    Raises:
        ParameterError: clips cannot be made with these settings.
        BadInputError: a soundfont is missing or invalid.
        MissingPartError: instruments are needed and no soundfont is installed.
    """
    check_settings(settings)
    if not settings.timbres:
        raise ParameterError(f"--timbre must be {', '.join(SYNTHS)} or gm:PROGRAMS")
    groups = tuple(timbres_of(word) for word in settings.timbres)
    for size in settings.intervals:
        if not any(low_pitches(settings, timbre, size) for group in groups for timbre in group):
            raise ParameterError(f"no timbre plays {size} semitones within --lowest and --highest")
    sampled = any(timbre.program is not None for group in groups for timbre in group)
    return ResolvedSettings(settings, groups, soundfonts(settings) if sampled else ())


def timbres_of(word: str) -> tuple[Timbre, ...]:
    """Return the timbres that a word stands for."""
    if word in SYNTHS:
        return (Timbre(word),)
    if not word.startswith("gm"):
        known = ", ".join(SYNTHS)
        raise ParameterError(f"--timbre must be {known}, or gm:0-7 and the like, not '{word}'")
    return tuple(Timbre("gm", program) for program in programs(word))


def soundfonts(settings: ClipSettings) -> tuple[Path, ...]:
    """Return the named soundfonts, or the best one found."""
    named = tuple(map(Path, settings.soundfonts))
    for path in named:
        check_soundfont(path)
    if len({path.stem for path in named}) < len(named):
        raise ParameterError("two soundfonts have the same name; rename one")
    return named or (choose_soundfont(),)


def low_pitches(settings: ClipSettings, timbre: Timbre, size: int) -> range:
    """Return the pitches that the lower note of an interval may have."""
    lowest = max(settings.pitches[0], timbre.pitches[0])
    highest = min(settings.pitches[1], timbre.pitches[1])
    return range(lowest, highest - size + 1)


def clip_rng(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Return the generator of one clip, or one block of clips, for one purpose."""
    return np.random.default_rng((seed, number, purpose))


def balanced_size(settings: ClipSettings, seed: int, number: int) -> int:
    """Return the size of a clip's interval; each size occurs once per block of clips."""
    block, place = divmod(number, len(settings.intervals))
    order = clip_rng(seed, block, SIZE_ORDER).permutation(len(settings.intervals))
    return settings.intervals[int(order[place])]


def sample_label(resolved: ResolvedSettings, seed: int, number: int) -> Label:
    """Sample the label of a clip."""
    settings = resolved.settings
    rng = clip_rng(seed, number, LABEL)
    size = balanced_size(settings, seed, number)
    timbre = sample_timbre(resolved, size, rng)
    low = int(rng.choice(low_pitches(settings, timbre, size)))
    direction = sample_direction(settings, size, rng)
    onsets, durations = sample_times(settings, direction, rng)
    detune = (
        sample_deviation(settings.detune_cents, rng),
        sample_deviation(settings.detune_cents, rng),
    )
    tuning = sample_deviation(settings.tuning_cents, rng)
    snr_db = sample_value(settings.snr_db, rng)
    return Label(
        number=number,
        file=f"clip-{number:06d}.wav",
        name=INTERVAL_NAMES[size],
        semitones=size,
        cents=round_value(100 * size + detune[1] - detune[0]),
        direction=direction,
        low_pitch=low,
        high_pitch=low + size,
        low_hz=round_value(frequency_of(low + (detune[0] + tuning) / 100)),
        high_hz=round_value(frequency_of(low + size + (detune[1] + tuning) / 100)),
        onsets_s=onsets,
        durations_s=durations,
        detune_cents=detune,
        tuning_cents=tuning,
        balance_db=sample_deviation(settings.balance_db, rng),
        timbre=timbre.name,
        program=timbre.program,
        instrument=timbre.instrument,
        soundfont=None if timbre.program is None else sample_one(resolved.soundfonts, rng).stem,
        snr_db=snr_db,
        noise=None if snr_db is None else settings.noise,
        reverb_s=sample_value(settings.reverb_s, rng),
        peak_dbfs=round_value(rng.uniform(*settings.peak_dbfs)),
        seed=seed,
        expression=sample_expression(settings, seed, number),
    )


def sample_expression(settings: ClipSettings, seed: int, number: int) -> Expression | None:
    """Sample the expression of a clip; None for steady notes."""
    spans = settings.expression
    rng = clip_rng(seed, number, EXPRESSION)
    if spans is None or rng.uniform() >= spans.share:
        return None
    return Expression(
        vibrato_cents=round_value(rng.uniform(*spans.vibrato_cents)),
        rate_hz=round_value(rng.uniform(*spans.rate_hz)),
        tremolo_db=round_value(rng.uniform(*spans.tremolo_db)),
        bend_cents=round_value(rng.uniform(*spans.bend_cents)),
        portamento_s=round_value(rng.uniform(*spans.portamento_s)),
    )


def sample_timbre(resolved: ResolvedSettings, size: int, rng: np.random.Generator) -> Timbre:
    """Sample a word of the settings, then one of its timbres that can play the size."""
    fitting = [
        [timbre for timbre in group if low_pitches(resolved.settings, timbre, size)]
        for group in resolved.timbres
    ]
    return sample_one(sample_one([group for group in fitting if group], rng), rng)


def sample_one(items: Sequence[T], rng: np.random.Generator) -> T:
    """Sample one of the items."""
    return items[int(rng.integers(len(items)))]


def sample_direction(settings: ClipSettings, size: int, rng: np.random.Generator) -> str:
    """Sample a direction; a unison has none, its notes follow each other."""
    chosen = sample_one(settings.directions, rng)
    return chosen if size else "repeated"


def sample_times(
    settings: ClipSettings, direction: str, rng: np.random.Generator
) -> tuple[Pair, Pair]:
    """Sample onsets and durations of the lower and higher note; remaining time is at both ends."""
    gap = sample_length(settings.gap_s, rng)
    notes = 1 if direction == "together" else 2
    longest = (settings.clip_s - gap) / notes
    lengths = [longest] * notes
    if settings.note_s is not None:
        lengths = [min(sample_length(settings.note_s, rng), longest) for _ in range(notes)]
    start = rng.uniform(0.0, max(settings.clip_s - gap - sum(lengths), 0.0))
    first, second = lengths[0], lengths[-1]
    if notes == 1:
        return (round_value(start),) * 2, (round_value(first),) * 2
    onsets = (round_value(start), round_value(start + first + gap))
    durations = (round_value(first), round_value(second))
    if direction == "descending":
        return onsets[::-1], durations[::-1]
    return onsets, durations


def sample_length(span: Span, rng: np.random.Generator) -> float:
    """Sample a length within the span, in steps of TIME_STEP_S from its beginning."""
    steps = int((span[1] - span[0]) / TIME_STEP_S + 1e-6)
    return span[0] + TIME_STEP_S * int(rng.integers(steps + 1))


def sample_deviation(limit: float, rng: np.random.Generator) -> float:
    """Sample a value between minus and plus the limit."""
    return round_value(rng.uniform(-limit, limit))


def sample_value(span: Span | None, rng: np.random.Generator) -> float | None:
    """Sample a value within the span; without a span return None, but use the generator too."""
    value = rng.uniform(*(span or (0.0, 1.0)))
    return None if span is None else round_value(value)


def round_value(value: float) -> float:
    """Round to the digits of labels, so that a clip matches its label exactly."""
    return round(float(value), DIGITS)
