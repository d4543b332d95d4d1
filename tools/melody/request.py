"""Requests for melodies: the user's options, resolved to a plan of notes over a backing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from muse.tools.datasets.forms.melody import HIGHEST
from muse.tools.datasets.melody_events import STEPS, StepBar, StepNote, quantize_melody
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
AROUND = 2  # semitones by which new notes may exceed the range of a continued melody
LEAST_DENSITY, MOST_DENSITY = 0.5, 16.0  # notes per bar
MAX_RANK = 1000  # candidates per melody
PITCHES = Sampling(1.0, 0, 0.95)
RHYTHM = Sampling(1.0, 0, 0.99)  # a lower top_p would cut off rests, which are rare
TONE_PULL = 1.75  # factor that makes chord tones on strong beats as frequent as in songs


@dataclass(frozen=True)
class MelodyRequest:
    """A user's options as on the command line; None is replaced by a default.

    Attributes:
        bars: number of bars; if the melody is continued, of additional bars.
        range: lowest and highest pitch, for example "C4:A5".
        density: notes per bar.
        rhythm_like: song whose melody gives the onsets and durations.
        motif: song whose melody this one begins with.
        form: a letter for each section; "auto" draws repeats from the chords, "none" plans none.
        is_continuing: whether the song's melody is continued.
        fill: bars of the song's melody that are replaced, for example "5-8" or "4".
        sampling: temperature, top_k and top_p of the pitches.
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
                f"--density must be {LEAST_DENSITY:g} to {MOST_DENSITY:g} notes per bar, "
                f"not {self.density:g}"
            )
        if self.bars is not None and self.fill:
            raise ParameterError("--fill excludes --bars; leave out one of them")
        if self.bars is not None and self.bars < 1:
            raise ParameterError(f"--bars must be 1 or more, not {self.bars}")
        if not 1 <= self.rank <= MAX_RANK:
            raise ParameterError(f"--rank must be 1 to {MAX_RANK}, not {self.rank}")


@dataclass(frozen=True)
class MelodyOptions:
    """A request with every value checked and resolved.

    Attributes:
        song: with chords, and without the melody that is replaced.
        backing: its chords and bars.
        plan: of the notes, without repeats.
        limits: of each note.
        bars: indices of the bars to write.
        own: track of the song's melody if it is continued or filled; else None.
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
    """Return the indices of the bars to write.

    Raises:
        ParameterError: there are no chords for them.
    """
    first, last = backing.bar_at(backing.start), backing.bar_at(backing.end - 1)
    if request.fill is not None:
        return parse_fill(request.fill, first, last)
    if request.is_continuing:
        first = max(first, backing.bar_at(given[-1].start + given[-1].duration - 1) + 1)
    available = max(last + 1 - first, 0)
    count = available if request.bars is None else request.bars
    if not 1 <= count <= available:
        more = " after the melody" if request.is_continuing else ""
        but_not = f", not {count}" if available else ""
        raise ParameterError(
            f"the song has {available or 'no'} bars of chords{more}{but_not}; "
            "`muse chords --like SONG` continues its chords"
        )
    return range(first, first + count)


def parse_fill(text: str, first: int, last: int) -> range:
    """Parse the bars of --fill, counted from 1, to indices.

    Raises:
        ParameterError: the text is malformed, or the bars are not in the song.
    """
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if match is None:
        raise ParameterError(f"--fill must be bars such as 5-8 or 4, not '{text}'")
    start, end = int(match[1]) - 1, int(match[2] or match[1])
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
    if high < low:
        raise ParameterError(f"--range {text}: the lowest pitch comes first, as in C4:A5")
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
    """Plan where notes may begin and which notes are given.

    Raises:
        BadInputError: the song of a motif or rhythm has no melody.
        ParameterError: a motif does not fit the range or the bars.
    """
    first, last = backing.bars[bars.start], backing.bars[bars.stop - 1]
    stop = min(last.start + last.length, backing.end)
    open_from = max(first.start, backing.start)
    slots = given_slots(given, bars, backing)
    is_closing = all(slot.start < stop for slot in slots)
    if request.motif:
        slots = motif_slots(request.motif, backing, motif_start(first, backing), limits)
        open_from = slots[-1].end
        if open_from > stop:
            raise ParameterError("the motif is longer than the bars to write")
    if request.rhythm_like:
        slots += rhythm_slots(request.rhythm_like, first.start, range(open_from, stop))
    end = max([stop, *(slot.end for slot in slots)])
    is_open = np.zeros(end, bool)
    if not request.rhythm_like:
        closing = max(last_start(backing, last.start, stop), open_from)
        is_open[open_from : closing + 1 if is_closing else stop] = True
    return NotePlan(is_open, end, stop, slots, is_closing=is_closing)


def motif_start(first: StepBar, backing: Backing) -> int:
    """Return the step of the first bar line at which there are chords."""
    return first.start if first.start >= backing.start else first.start + first.length


def last_start(backing: Backing, bar_start: int, stop: int) -> int:
    """Return the last step at which a melody's last note may begin.

    That is the middle of the last bar, or later: where the last chord begins, but at least a beat
    before the end.
    """
    middle = bar_start + (stop - bar_start) // 2
    chord = min(backing.chord_at(stop - 1).start, stop - STEPS)
    return max(middle, chord)


def with_repeats(options: MelodyOptions, form: str, rng: np.random.Generator) -> NotePlan:
    """Return the plan with repeated bars.

    Raises:
        ParameterError: the form is invalid or does not divide the bars.
    """
    if form == NONE:
        return options.plan
    if form == AUTO:
        repeats = draw_repeats(options.backing, options.bars, rng)
    else:
        repeats = form_repeats(form, options.backing, options.bars, rng)
    is_open = options.plan.open.copy()
    repeats_in_plan = [
        replace(repeat, end=min(repeat.end, options.plan.stop))
        for repeat in repeats
        if is_open[repeat.start]
    ]
    for repeat in repeats_in_plan:
        is_open[repeat.start : repeat.end] = False
    return replace(options.plan, open=is_open, repeats=repeats_in_plan)
