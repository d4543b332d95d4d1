"""What a user asks of a melody, made into a task that can be composed."""

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
from muse.tools.melody.fixed_notes import kept_slots, melody_in, motif_slots, rhythm_slots
from muse.tools.melody.note_slots import NotePlan
from muse.tools.melody.prepare_song import model_context, prepare_song
from muse.tools.melody.repetition import AUTO, NONE, draw_repeats, form_repeats
from muse.tools.song.document import Song, Track
from muse.tools.theory.pitch import midi_name, parse_midi_name

DEFAULT_RANGE = "C4:A5"
OCTAVE = 12  # pitches: in so many every chord has a tone
AROUND = 2  # semitones that a melody which goes on may leave the range it had
LEAST_DENSITY, MOST_DENSITY = 0.5, 16.0  # notes a bar
PITCHES = Sampling(1.0, 0, 0.95)
RHYTHM = Sampling(1.0, 0, 0.99)  # rests are rare, and they are what a melody breathes by
TONE_PULL = 1.75  # factor; with it strong beats are in the chord as often as in songs


@dataclass(frozen=True)
class MelodyRequest:
    """What is asked for; None leaves it to the engine.

    Attributes:
        bars: how many; of a melody that goes on, how many more.
        range: lowest and highest pitch, as "C4:A5".
        density: notes a bar.
        rhythm_like: a song from whose melody starts and durations are taken.
        motif: a song whose melody this one begins with.
        form: a letter for each section; "auto" draws one from the chords, "none" leaves it open.
        is_continuing: whether the song's own melody goes on.
        fill: bars of the song's own melody that are written anew, as "5-8" or "4".
        sampling: how freely is drawn.
        rank: so many are drawn, and the most song-like is kept.
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
        """Raise ParameterError for what does not go together."""
        if self.is_continuing and self.fill:
            raise ParameterError("--continue and --fill are two ways to go on; take one")
        if self.rhythm_like and (self.fill or self.density or self.form not in (AUTO, NONE)):
            raise ParameterError(
                "--rhythm-like tells where all notes are: no --form, no --density and no --fill"
            )
        if self.motif and (self.is_continuing or self.fill or self.rhythm_like):
            raise ParameterError("--motif begins a melody: no --continue, --fill or --rhythm-like")
        if self.density is not None and not LEAST_DENSITY <= self.density <= MOST_DENSITY:
            raise ParameterError(f"--density is {LEAST_DENSITY:g} to {MOST_DENSITY:g} notes a bar")
        if self.bars is not None and (self.bars < 1 or self.fill):
            raise ParameterError("--bars is 1 or more, and --fill names its own")
        if self.rank < 1:
            raise ParameterError("--rank is 1 or more")


@dataclass(frozen=True)
class MelodyOptions:
    """What is to be composed.

    Attributes:
        song: with chords, and without the melody that is written anew.
        backing: its chords and bars.
        plan: without repeats.
        limits: of each note.
        bars: numbers of the bars that are written over.
        own: the song's melody that stays, as it is; None without one.
    """

    song: Song
    backing: Backing
    plan: NotePlan
    limits: NoteLimits
    bars: range
    own: Track | None = None


def resolve(song: Song, request: MelodyRequest) -> MelodyOptions:
    """The task of a request.

    Args:
        song: with chords, or with tracks to hear them in.
        request: what is asked.

    Raises:
        BadInputError: no chords and none to be heard, or no melody where one is to go on.
        ParameterError: what is asked does not fit the song.
    """
    goes_on = request.is_continuing or request.fill is not None
    own = melody_in(song, "--fill" if request.fill else "--continue") if goes_on else None
    song = prepare_song(song, own)
    backing = build_backing(song, model_context(song))
    known = quantize_melody(own.notes) if own else []
    bars = asked_bars(request, backing, known)
    limits = limits_of(request, known)
    plan = plan_of(request, backing, bars, known, limits)
    return MelodyOptions(song, backing, plan, limits, bars, own)


def asked_bars(request: MelodyRequest, backing: Backing, known: Sequence[StepNote]) -> range:
    """The bars that are written over.

    Raises:
        ParameterError: more than there are chords for, or none.
    """
    first, last = backing.bar_at(backing.start), backing.bar_at(backing.end - 1)
    if request.fill is not None:
        return filled_bars(request.fill, first, last)
    if request.is_continuing:
        first = max(first, backing.bar_at(known[-1].start + known[-1].duration - 1) + 1)
    there = max(last + 1 - first, 0)
    wanted = there if request.bars is None else request.bars
    if not 1 <= wanted <= there:
        more = " after the melody" if request.is_continuing else ""
        missing = f", not {wanted}" if there else ""
        raise ParameterError(
            f"the song has {there or 'no'} bars of chords{more}{missing}; "
            "`muse chords --like SONG` goes on with its chords"
        )
    return range(first, first + wanted)


def filled_bars(text: str, first: int, last: int) -> range:
    """The bars of --fill, counted from 1.

    Raises:
        ParameterError: not bars, or not bars of the song.
    """
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if found is None:
        raise ParameterError(f"--fill is bars such as 5-8 or 4, not '{text}'")
    start, end = int(found[1]) - 1, int(found[2] or found[1])
    if not first <= start < end <= last + 1:
        raise ParameterError(f"--fill {text}: the song's chords are in bars {first + 1}-{last + 1}")
    return range(start, end)


def limits_of(request: MelodyRequest, known: Sequence[StepNote]) -> NoteLimits:
    """What holds for each note.

    Raises:
        ParameterError: the range cannot be read, or is less than an octave.
    """
    low, high = range_of(request.range or DEFAULT_RANGE)
    if known and request.range is None:
        low = min(note.pitch for note in known) - AROUND
        low = min(low, HIGHEST - OCTAVE)
        high = max(*(note.pitch for note in known), low + OCTAVE - 1) + AROUND
    rhythm = replace(RHYTHM, temperature=request.sampling.temperature)
    return NoteLimits(
        low=max(low, 0),
        high=min(high, HIGHEST),
        density=request.density,
        sampling=request.sampling,
        rhythm=rhythm,
        tone_pull=TONE_PULL,
    )


def range_of(text: str) -> tuple[int, int]:
    """Lowest and highest pitch of "C4:A5".

    Raises:
        ParameterError: not two pitches, or less than an octave apart.
    """
    try:
        low, high = (parse_midi_name(name) for name in text.split(":"))
    except (BadInputError, ValueError) as error:
        raise ParameterError(f"--range is two pitches, such as C4:A5, not '{text}'") from error
    if high - low < OCTAVE - 1:
        raise ParameterError(
            f"--range {text} is too narrow: the highest pitch is {midi_name(low + OCTAVE - 1)} "
            "at least, for a tone of each chord to be in it"
        )
    return low, high


def plan_of(
    request: MelodyRequest,
    backing: Backing,
    bars: range,
    known: Sequence[StepNote],
    limits: NoteLimits,
) -> NotePlan:
    """Where notes may begin, and which are known.

    Raises:
        BadInputError: no melody in the song of a motif or rhythm.
        ParameterError: a motif that does not fit the range or the bars.
    """
    first, last = backing.bars[bars.start], backing.bars[bars.stop - 1]
    stop = min(last.start + last.length, backing.end)
    slots = kept_slots(known, bars, backing)
    comes_after = any(slot.start >= stop for slot in slots)
    open_from = max(first.start, backing.start)
    if request.motif:
        is_late = (
            first.start < backing.start
        )  # chords that begin within a bar: from the next one on
        slots = motif_slots(request.motif, backing, first.start + is_late * first.length, limits)
        open_from = slots[-1].end
    if request.rhythm_like:
        slots += rhythm_slots(request.rhythm_like, first.start, range(open_from, stop))
    if request.motif and open_from > stop:
        raise ParameterError("the motif is longer than the bars that are asked for")
    end = max([stop, *(slot.end for slot in slots)])
    is_open = np.zeros(end, bool)
    if not request.rhythm_like:
        closing = max(last_start(backing, last.start, stop), open_from)
        is_open[open_from : stop if comes_after else closing + 1] = True
    return NotePlan(is_open, end, stop, slots, is_closing=not comes_after)


def last_start(backing: Backing, bar_start: int, stop: int) -> int:
    """The last step on which a melody's last note may begin.

    That is the middle of the last bar, or where its last chord begins, if a beat of it is left.
    """
    middle = bar_start + (stop - bar_start) // 2
    chord = min(backing.sounding(stop - 1).start, stop - STEPS)
    return max(middle, chord)


def with_repeats(task: MelodyOptions, form: str, rng: np.random.Generator) -> NotePlan:
    """The plan with the bars that come again.

    Raises:
        ParameterError: the form is not one, or does not share out the bars.
    """
    if form == NONE:
        return task.plan
    if form == AUTO:
        repeats = draw_repeats(task.backing, task.bars, rng)
    else:
        repeats = form_repeats(form, task.backing, task.bars, rng)
    is_open = task.plan.open.copy()
    kept = [
        replace(come, end=min(come.end, task.plan.stop)) for come in repeats if is_open[come.start]
    ]
    for come in kept:
        is_open[come.start : come.end] = False
    return replace(task.plan, open=is_open, repeats=kept)
