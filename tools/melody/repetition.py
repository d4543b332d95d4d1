"""Repetition in a melody: which bars repeat earlier ones.

A form is given as letters, or drawn: real melodies repeat where their chords do. In 160 training
songs of POP909 and OpenEWLD, phrases of four bars with the same chords as a phrase 4, 8, 16 or 24
bars earlier repeat it in 47, 67, 66 and 79 % of the cases; with other chords in 6 %. Three of ten
repeated bars are varied, the last of a phrase more often. Rhythms are also repeated alone: that of
two bars earlier in 16 % of the bars, against 7 % in melodies sampled without a form.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from muse.tools.datasets.melody_events import STEPS, StepBar
from muse.tools.errors import ParameterError
from muse.tools.melody.backing import Backing
from muse.tools.melody.note_slots import Repeat

AUTO, NONE = "auto", "none"
PHRASE = 4  # bars that are repeated together
# probability of a repeat by distance in bars, for phrases with the same chords; that of 24 is lower
# than in songs, where most such phrases also repeat one 8 or 16 bars earlier
ODDS = {8: 0.67, 16: 0.66, 24: 0.6, 12: 0.36, 4: 0.47}
# probability of a repeated rhythm by distance in bars, in addition to those that nets sample
RHYTHM_ODDS = {2: 0.10, 4: 0.05, 1: 0.02}
SAME = 0.75  # smallest share of beats with equal chords for phrases to have the same chords
VARIED, VARIED_LAST = 0.28, 0.38  # probability that a bar of a repeated phrase is new
NEW_END = 4  # the last 1 / NEW_END of the bars of a repeated section are new
MAX_FORM = 64  # letters


def draw_repeats(backing: Backing, bars: range, rng: np.random.Generator) -> list[Repeat]:
    """Draw which phrases repeat earlier ones over the same chords, as often as in songs.

    Args:
        backing: chords and bars.
        bars: indices of the bars to write.
        rng: random generator.
    """
    by_start: dict[int, Repeat] = {}
    for first in range(bars.start, bars.stop, PHRASE):
        phrase = range(first, min(first + PHRASE, bars.stop))
        back = draw_distance(backing, phrase, bars.start, rng)
        rolls = rng.random(PHRASE)
        if back:
            limits = [*[VARIED] * (len(phrase) - 1), VARIED_LAST]
            repeated = [
                bar for bar, roll, p in zip(phrase, rolls, limits, strict=False) if roll >= p
            ]
            repeats = make_repeats(backing, repeated, back)
            by_start |= {repeat.start: repeat for repeat in repeats}
    for repeat in draw_rhythm_repeats(backing, bars, rng):
        by_start.setdefault(repeat.start, repeat)
    return [by_start[start] for start in sorted(by_start)]


def draw_rhythm_repeats(
    backing: Backing, bars: range, rng: np.random.Generator
) -> Iterator[Repeat]:
    """Draw which bars repeat a rhythm; never the first bars nor the last."""
    ends = np.cumsum(list(RHYTHM_ODDS.values()))
    for bar, roll in zip(bars, rng.random(len(bars)), strict=True):
        index = int(np.searchsorted(ends, roll, side="right"))
        if index < len(ends) and bar < bars.stop - 1:
            back = list(RHYTHM_ODDS)[index]
            if bar - back > bars.start:
                for repeat in make_repeats(backing, [bar], back):
                    yield replace(repeat, is_rhythm=True)


def draw_distance(backing: Backing, phrase: range, start: int, rng: np.random.Generator) -> int:
    """Draw the distance in bars to the phrase that is repeated; 0 for a new phrase."""
    roll = rng.random()
    for back, odds in ODDS.items():
        if phrase.start - back >= start and have_same_chords(backing, phrase, back):
            return back if roll < odds else 0
    return 0


def have_same_chords(backing: Backing, phrase: range, back: int) -> bool:
    """Return whether bars and those `back` bars earlier have the same lengths and chords."""
    pairs = [(backing.bars[bar], backing.bars[bar - back]) for bar in phrase]
    if any(bar.length != other.length for bar, other in pairs):
        return False
    same = [
        backing.chord_at(one).tones == backing.chord_at(other).tones
        for bar, earlier in pairs
        for one, other in zip(beat_steps(bar), beat_steps(earlier), strict=True)
    ]
    return float(np.mean(same)) >= SAME


def beat_steps(bar: StepBar) -> range:
    """Return the steps of a bar's beats."""
    return range(bar.start, bar.start + bar.length, STEPS)


def form_repeats(
    form: str, backing: Backing, bars: range, rng: np.random.Generator
) -> list[Repeat]:
    """Return the repeats of a form; the ends of repeated sections and some other bars are new.

    Args:
        form: a letter for each section, for example "AABA"; sections have equal lengths.
        backing: chords and bars.
        bars: indices of the bars to write.
        rng: random generator.

    Raises:
        ParameterError: the form is not letters, or does not divide the bars.
    """
    sections = parse_form(form, bars)
    repeats: list[Repeat] = []
    for index, (letter, section) in enumerate(sections):
        earlier = [bars for name, bars in sections[:index] if name == letter]
        rolls = rng.random(len(section))
        if earlier:
            count = len(section) - len(section) // NEW_END
            repeated = [
                bar for bar, roll in zip(section[:count], rolls, strict=False) if roll >= VARIED
            ]
            back = section.start - earlier[0].start
            repeats += make_repeats(backing, repeated or [section.start], back)
    return repeats


def parse_form(form: str, bars: range) -> list[tuple[str, range]]:
    """Return the letters of a form and the bars of each section.

    Raises:
        ParameterError: as `form_repeats`.
    """
    if not form.isalpha() or len(form) > MAX_FORM:
        raise ParameterError(
            f"--form must be letters of sections, such as AABA, {AUTO} or {NONE}, not '{form}'"
        )
    size, rest = divmod(len(bars), len(form))
    if rest or not size:
        raise ParameterError(
            f"--form {form}: {len(bars)} bars cannot be divided into {len(form)} equal sections; "
            + (f"use --bars {size * len(form)}" if size else "use a shorter form")
        )
    return [(letter, bars[n * size : (n + 1) * size]) for n, letter in enumerate(form.upper())]


def make_repeats(backing: Backing, repeated: Sequence[int], back: int) -> Iterator[Repeat]:
    """Yield the repeats of bars, except where the lengths of the two bars differ."""
    for number in repeated:
        bar, earlier = backing.bars[number], backing.bars[number - back]
        if bar.length == earlier.length:
            yield Repeat(bar.start, bar.start + bar.length, bar.start - earlier.start)
