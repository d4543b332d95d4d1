"""Requests for melodies: the user's options, resolved to a plan of notes over a backing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from muse.tools.datasets.forms.melody import HIGHEST
from muse.tools.datasets.melody_events import STEPS, StepNote, quantize_melody
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.melody.backing import Backing, build_backing
from muse.tools.melody.candidates import NoteLimits
from muse.tools.melody.fixed_notes import given_slots, melody_in, motif_slots, rhythm_slots
from muse.tools.melody.note_slots import NotePlan
from muse.tools.melody.prepare_song import model_context, prepare_song
from muse.tools.melody.repetition import AUTO, NONE, draw_repeats, form_repeats
from muse.tools.song.document import Song, Track
from muse.tools.theory.pitch import OCTAVE, midi_name, parse_midi_name

DEFAULT_RANGE = "C4:A5"
AROUND = 2  # semitones by which a continued melody may exceed its range
LEAST_DENSITY, MOST_DENSITY = 0.5, 16.0  # notes per bar
PITCHES = Sampling(1.0, 0, 0.95)
RHYTHM = Sampling(1.0, 0, 0.99)  # a lower top_p would cut off rests, which are rare
TONE_PULL = 1.75  # factor that makes chord tones on strong beats as frequent as in songs


@dataclass(frozen=True)
class MelodyRequest:
    """A user's request; None leaves a value to muse.

    Attributes:
        bars: number of bars; of a continued melody, of additional bars.
        range: lowest and highest pitch, for example "C4:A5".
        density: notes per bar.
        rhythm_like: song whose melody's onsets and durations are used.
        motif: song whose melody this one begins with.
        form: a letter for each section; "auto" draws a form from the chords, "none" leaves it open.
        is_continuing: whether the song's own melody is continued.
        fill: bars of the song's own melody that are replaced, for example "5-8" or "4".
        sampling: how freely pitches are drawn.
        rank: number of candidates, of which the most realistic is taken.
    """

    bars: int | None = None
    range: str | None = None
    density: float | None = None
    rhythm_like: Song | None = None
    motif: Song | None = None
    form: str = AUTO
    is_continuing: bool = False
    fill: str | None = None
    sampling: Sampling = PITCHES
    rank: int = 1

    def __post_init__(self) -> None:
        """Raise ParameterError if values are out of range or exclude each other."""
        if self.is_continuing and self.fill:
            raise ParameterError("--continue and --fill exclude each other; use one of them")
        if self.rhythm_like and (self.fill or self.density or self.form not in (AUTO, NONE)):
            raise ParameterError(
                "--rhythm-like sets all onsets: leave out --form, --density and --fill"
            )
        if self.motif and (self.is_continuing or self.fill or self.rhythm_like):
            raise ParameterError(
                "--motif begins a melody: leave out --continue, --fill and --rhythm-like"
            )
        if self.density is not None and not LEAST_DENSITY <= self.density <= MOST_DENSITY:
            raise ParameterError(
                f"--density must be {LEAST_DENSITY:g} to {MOST_DENSITY:g} notes per bar"
            )
        if self.bars is not None and (self.bars < 1 or self.fill):
            raise ParameterError("--bars must be 1 or more, and excludes --fill")
        if self.rank < 1:
            raise ParameterError("--rank must be 1 or more")


@dataclass(frozen=True)
class MelodyOptions:
    """A request with every value checked and resolved.

    Attributes:
        song: with chords, and without the melody that is replaced.
        backing: its chords and bars.
        plan: of the notes, without repeats.
        limits: of each note.
        bars: numbers of the bars that are written over.
        own: the song's own melody, as given, if it is continued or filled; else None.
    """

    song: Song
    backing: Backing
    plan: NotePlan
    limits: NoteLimits
    bars: range
    own: Track | None = None


def resolve(song: Song, request: MelodyRequest) -> MelodyOptions:
    """Check a request and prepare the song.

    Args:
        song: with chords, or with tracks to detect them in.
        request: the user's request.

    Raises:
        BadInputError: there are no chords, or no melody to continue.
        ParameterError: the request does not fit the song.
    """
    keeps_melody = request.is_continuing or request.fill is not None
    own = melody_in(song, "--fill" if request.fill else "--continue") if keeps_melody else None
    song = prepare_song(song, own)
    backing = build_backing(song, model_context(song))
    given = quantize_melody(own.notes) if own else []
    bars = requested_bars(request, backing, given)
    limits = note_limits(request, given)
    plan = plan_notes(request, backing, bars, given, limits)
    return MelodyOptions(song, backing, plan, limits, bars, own)


def requested_bars(request: MelodyRequest, backing: Backing, given: Sequence[StepNote]) -> range:
    """Return the bars that are written over.

    Raises:
        ParameterError: there are no chords for them.
    """
    first, last = backing.bar_at(backing.start), backing.bar_at(backing.end - 1)
    if request.fill is not None:
        return parse_fill(request.fill, first, last)
    if request.is_continuing:
        first = max(first, backing.bar_at(given[-1].start + given[-1].duration - 1) + 1)
    available = max(last + 1 - first, 0)
    wanted = available if request.bars is None else request.bars
    if not 1 <= wanted <= available:
        more = " after the melody" if request.is_continuing else ""
        but_not = f", not {wanted}" if available else ""
        raise ParameterError(
            f"the song has {available or 'no'} bars of chords{more}{but_not}; "
            "`muse chords --like SONG` continues its chords"
        )
    return range(first, first + wanted)


def parse_fill(text: str, first: int, last: int) -> range:
    """Parse the bars of --fill, counted from 1.

    Raises:
        ParameterError: the text is not bars, or not bars of the song.
    """
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if found is None:
        raise ParameterError(f"--fill must be bars such as 5-8 or 4, not '{text}'")
    start, end = int(found[1]) - 1, int(found[2] or found[1])
    if not first <= start < end <= last + 1:
        raise ParameterError(f"--fill {text}: the song's chords are in bars {first + 1}-{last + 1}")
    return range(start, end)


def note_limits(request: MelodyRequest, given: Sequence[StepNote]) -> NoteLimits:
    """Return the limits of each note.

    Raises:
        ParameterError: the range cannot be read, or is less than an octave.
    """
    low, high = parse_range(request.range or DEFAULT_RANGE)
    if given and request.range is None:
        low = min(note.pitch for note in given) - AROUND
        low = min(low, HIGHEST - OCTAVE)
        high = max(*(note.pitch for note in given), low + OCTAVE - 1) + AROUND
    rhythm = replace(RHYTHM, temperature=request.sampling.temperature)
    return NoteLimits(
        low=max(low, 0),
        high=min(high, HIGHEST),
        density=request.density,
        sampling=request.sampling,
        rhythm=rhythm,
        tone_pull=TONE_PULL,
    )


def parse_range(text: str) -> tuple[int, int]:
    """Parse lowest and highest pitch, for example "C4:A5".

    Raises:
        ParameterError: the text is not two pitches, or they are less than an octave apart.
    """
    try:
        low, high = (parse_midi_name(name) for name in text.split(":"))
    except (BadInputError, ValueError) as error:
        raise ParameterError(f"--range must be two pitches, such as C4:A5, not '{text}'") from error
    if high - low < OCTAVE - 1:
        raise ParameterError(
            f"--range {text} is too narrow: it needs an octave to contain a tone of each chord; "
            f"set the highest pitch to {midi_name(low + OCTAVE - 1)} or more"
        )
    return low, high


def plan_notes(
    request: MelodyRequest,
    backing: Backing,
    bars: range,
    given: Sequence[StepNote],
    limits: NoteLimits,
) -> NotePlan:
    """Plan where notes may begin and which are given.

    Raises:
        BadInputError: the song of a motif or rhythm has no melody.
        ParameterError: a motif does not fit the range or the bars.
    """
    first, last = backing.bars[bars.start], backing.bars[bars.stop - 1]
    stop = min(last.start + last.length, backing.end)
    slots = given_slots(given, bars, backing)
    comes_after = any(slot.start >= stop for slot in slots)
    open_from = max(first.start, backing.start)
    if request.motif:
        is_late = (
            first.start < backing.start
        )  # if the chords begin within a bar, the motif begins in the next
        slots = motif_slots(request.motif, backing, first.start + is_late * first.length, limits)
        open_from = slots[-1].end
    if request.rhythm_like:
        slots += rhythm_slots(request.rhythm_like, first.start, range(open_from, stop))
    if request.motif and open_from > stop:
        raise ParameterError("the motif is longer than the bars to write")
    end = max([stop, *(slot.end for slot in slots)])
    is_open = np.zeros(end, bool)
    if not request.rhythm_like:
        closing = max(last_start(backing, last.start, stop), open_from)
        is_open[open_from : stop if comes_after else closing + 1] = True
    return NotePlan(is_open, end, stop, slots, is_closing=not comes_after)


def last_start(backing: Backing, bar_start: int, stop: int) -> int:
    """Return the last step on which a melody's last note may begin.

    That is the middle of the last bar, or where its last chord begins, if a beat of it is left.
    """
    middle = bar_start + (stop - bar_start) // 2
    chord = min(backing.chord_at(stop - 1).start, stop - STEPS)
    return max(middle, chord)


def with_repeats(task: MelodyOptions, form: str, rng: np.random.Generator) -> NotePlan:
    """Add the repeated bars to the plan.

    Raises:
        ParameterError: the form is invalid or does not divide the bars.
    """
    if form == NONE:
        return task.plan
    if form == AUTO:
        repeats = draw_repeats(task.backing, task.bars, rng)
    else:
        repeats = form_repeats(form, task.backing, task.bars, rng)
    is_open = task.plan.open.copy()
    repeats_in_plan = [
        replace(repeat, end=min(repeat.end, task.plan.stop))
        for repeat in repeats
        if is_open[repeat.start]
    ]
    for repeat in repeats_in_plan:
        is_open[repeat.start : repeat.end] = False
    return replace(task.plan, open=is_open, repeats=repeats_in_plan)
