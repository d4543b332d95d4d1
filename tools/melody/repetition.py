"""Which bars of a melody come again, and from where.

A form is asked for by letters, or drawn: real melodies come back where their chords do. Of 160
songs of POP909 and OpenEWLD that nets learn from, four bars over the chords of four bars 8, 16 or
24 bars earlier repeat them in 67, 66 and 79 % of the cases, 4 bars earlier in 47 %; over other
chords in 6 %. Three of ten bars that come again are varied, the last ones of a phrase more often.
Their rhythm alone comes again, too: that of the bar two before in 16 % of the bars, where melodies
without a form of their own have it in 7 %.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from muse.tools.datasets.melody_events import STEPS, StepBar
from muse.tools.errors import ParameterError
from muse.tools.melody.backing import Backing
from muse.tools.melody.note_slots import Repeat

AUTO, NONE = "auto", "none"
PHRASE = 4  # bars that come again together
# bars back, and how often a melody comes back from there over the same chords; from 24 bars back
# less often than in songs, since what does so there has mostly come back from 8 or 16 already
ODDS = {8: 0.67, 16: 0.66, 24: 0.6, 12: 0.36, 4: 0.47}
# bars back, and how often only the rhythm comes from there: what nets leave out of that of songs
RHYTHM_ODDS = {2: 0.10, 4: 0.05, 1: 0.02}
SAME = 0.75  # share of the beats of a phrase whose chords have to be the same
VARIED, VARIED_LAST = 0.28, 0.38  # how often a bar that comes again is written anew
NEW_END = 4  # of a section that is asked to return, one bar in so many at its end is new
MAX_FORM = 64  # letters


def draw_repeats(backing: Backing, bars: range, rng: np.random.Generator) -> list[Repeat]:
    """Phrases that come again where their chords do, as often as in songs.

    Args:
        backing: chords and bars.
        bars: numbers of the bars that a melody is written over.
        rng: the dice.
    """
    found: dict[int, Repeat] = {}
    for first in range(bars.start, bars.stop, PHRASE):
        phrase = range(first, min(first + PHRASE, bars.stop))
        back = draw_distance(backing, phrase, bars.start, rng)
        dice = rng.random(PHRASE)
        if back:
            limits = [*[VARIED] * (len(phrase) - 1), VARIED_LAST]
            again = [bar for bar, roll, p in zip(phrase, dice, limits, strict=False) if roll >= p]
            found |= {come.start: come for come in returned(backing, again, back)}
    for come in draw_rhythm_repeats(backing, bars, rng):
        found.setdefault(come.start, come)
    return [found[start] for start in sorted(found)]


def draw_rhythm_repeats(
    backing: Backing, bars: range, rng: np.random.Generator
) -> Iterator[Repeat]:
    """Bars that take over a rhythm; never the first, which begins as it likes, nor the last."""
    ends = np.cumsum(list(RHYTHM_ODDS.values()))
    for bar, roll in zip(bars, rng.random(len(bars)), strict=True):
        place = int(np.searchsorted(ends, roll, side="right"))
        if place < len(ends) and bar < bars.stop - 1:
            back = list(RHYTHM_ODDS)[place]
            if bar - back > bars.start:
                yield from (
                    replace(come, is_rhythm=True) for come in returned(backing, [bar], back)
                )


def draw_distance(backing: Backing, phrase: range, start: int, rng: np.random.Generator) -> int:
    """How many bars earlier the phrase was that comes again; 0 where it is a new one."""
    roll = rng.random()
    for back, odds in ODDS.items():
        if phrase.start - back >= start and have_same_chords(backing, phrase, back):
            return back if roll < odds else 0
    return 0


def have_same_chords(backing: Backing, phrase: range, back: int) -> bool:
    """Whether bars and those so many bars earlier are equally long and have the same chords."""
    pairs = [(backing.bars[bar], backing.bars[bar - back]) for bar in phrase]
    if any(bar.length != other.length for bar, other in pairs):
        return False
    same = [
        backing.sounding(one).tones == backing.sounding(other).tones
        for bar, earlier in pairs
        for one, other in zip(beats_of(bar), beats_of(earlier), strict=True)
    ]
    return float(np.mean(same)) >= SAME


def beats_of(bar: StepBar) -> range:
    """The steps of a bar's beats."""
    return range(bar.start, bar.start + bar.length, STEPS)


def form_repeats(
    form: str, backing: Backing, bars: range, rng: np.random.Generator
) -> list[Repeat]:
    """Sections that come again as their letters do: all but their ends, some bars varied.

    Args:
        form: a letter for each section, such as "AABA"; sections are equally long.
        backing: chords and bars.
        bars: numbers of the bars that a melody is written over.
        rng: the dice.

    Raises:
        ParameterError: it is not letters, or the bars cannot be shared out evenly.
    """
    sections = sections_of(form, bars)
    repeats: list[Repeat] = []
    for place, (letter, section) in enumerate(sections):
        earlier = [own for name, own in sections[:place] if name == letter]
        dice = rng.random(len(section))
        if earlier:
            kept = len(section) - len(section) // NEW_END
            again = [bar for bar, roll in zip(section[:kept], dice, strict=False) if roll >= VARIED]
            back = section.start - earlier[0].start
            repeats += returned(backing, again or [section.start], back)
    return repeats


def sections_of(form: str, bars: range) -> list[tuple[str, range]]:
    """The letters of a form and the bars of each.

    Raises:
        ParameterError: as `form_repeats`.
    """
    if not form.isalpha() or len(form) > MAX_FORM:
        raise ParameterError(
            f"--form is a letter for each section, such as AABA, or {AUTO} or {NONE}, not '{form}'"
        )
    size, rest = divmod(len(bars), len(form))
    if rest or not size:
        raise ParameterError(
            f"--form {form}: {len(bars)} bars cannot be shared out to {len(form)} equal sections; "
            f"--bars {max(size, 1) * len(form)} can"
        )
    return [(letter, bars[n * size : (n + 1) * size]) for n, letter in enumerate(form.upper())]


def returned(backing: Backing, again: Sequence[int], back: int) -> Iterator[Repeat]:
    """The bars that come again; one that has another length than its model does not."""
    for number in again:
        bar, earlier = backing.bars[number], backing.bars[number - back]
        if bar.length == earlier.length:
            yield Repeat(bar.start, bar.start + bar.length, bar.start - earlier.start)
