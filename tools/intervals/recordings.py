"""The intervals of a recording: between successive notes, and between two that sound together.

Conventions: times in s from the beginning, pitches MIDI's, sizes in semitones, deviations in cents.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from muse.tools.audio.io import AudioReader, resampled
from muse.tools.intervals.clip_settings import DIRECTIONS, frequency_of
from muse.tools.intervals.hypothesis_scoring import Chord, Pitches
from muse.tools.intervals.hypothesis_weights import load_hypothesis_weights
from muse.tools.intervals.names import direction, size_name
from muse.tools.intervals.segments import RATE, Mono, Segment, segments
from muse.tools.intervals.single_notes import Sounded
from muse.tools.progress import Report, silent
from muse.tools.theory.pitch import midi_name

FORMAT = "muse.interval/1"
TOGETHER = DIRECTIONS[2]
SAME = 0.6  # semitones within which two pitches are one note
LONGEST_PAUSE_S = 1.5  # between two notes that make an interval
LONGEST_STROKE_S = 0.1  # for which a struck note has other partials than later
LONGEST_OVERLAP_S = 0.45  # in which one note dies away under the next
DIGITS_S, DIGITS_CENTS, DIGITS_HZ, DIGITS_SURE = 3, 1, 2, 2


class HeardNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note of an interval.

    Attributes:
        name: of the nearest pitch, such as "F#4".
        pitch: MIDI's.
        hz: frequency as it sounds.
        onset_s: when it begins.
    """

    name: str
    pitch: int
    hz: float
    onset_s: float


class HeardInterval(msgspec.Struct, frozen=True, kw_only=True):
    """An interval that is heard.

    Attributes:
        format: FORMAT.
        onset_s: when the first note begins.
        end_s: when the last one ends.
        first: the note that begins first; of two together the lower one.
        second: the other.
        name: of the interval.
        semitones: its size, between the nearest pitches.
        cents_off: by how much it sounds larger than that.
        direction: ascending, descending, together, or repeated for a unison.
        confidence: 0 to 1, how likely it is to be right.
    """

    format: str
    onset_s: float
    end_s: float
    first: HeardNote
    second: HeardNote
    name: str
    semitones: int
    cents_off: float
    direction: str
    confidence: float


def hear_file(
    source: str | Path, report: Report = silent, sounded: Sounded | None = None
) -> Iterator[HeardInterval]:
    """The intervals of a sound file, or of '-', as they are found.

    Args:
        source: the file.
        report: hears how far it is.
        sounded: hears what sounds.

    Raises:
        BadInputError, MissingPartError: as AudioReader.
    """
    with AudioReader(source) as reader:
        total = max(reader.duration_s, 1e-9)
        blocks = (block.mean(axis=0, keepdims=True) for block in reader.blocks())
        mono = (block[0] for block in resampled(blocks, reader.sample_rate, RATE))
        yield from hear_blocks(counted(mono, total, report), sounded)


def counted(blocks: Iterable[Mono], total_s: float, report: Report) -> Iterator[Mono]:
    """The blocks, and word of how far they are."""
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        report("listening", min(done / RATE / total_s, 1.0))


def hear(audio: Mono, rate: int) -> list[HeardInterval]:
    """The intervals of a mono array (frames,) at a rate in Hz."""
    return list(hear_blocks(block[0] for block in resampled([audio[None]], rate, RATE)))


def hear_blocks(blocks: Iterable[Mono], sounded: Sounded | None = None) -> Iterator[HeardInterval]:
    """The intervals of a stream, mono at RATE."""
    found = segments(blocks)
    return intervals_of(joined(sounded.taken(found) if sounded else found))


def joined(found: Iterable[Segment]) -> Iterator[Segment]:
    """Segments that have pitches; what goes on, dies away or overlaps is not one of its own."""
    kept: list[Segment] = []
    for segment in found:
        if not segment.chord.pitches:
            continue
        if kept and goes_on(kept[-1], segment):
            kept[-1] = continued(kept[-1], segment)
            continue
        if kept:
            segment = without_ringing(kept[-1], segment)
        if len(kept) > 1 and overlaps(kept[-2], kept[-1], segment):
            segment = replace(segment, start_s=kept.pop().start_s)
        kept.append(segment)
        if len(kept) > 2:
            yield kept.pop(0)
    yield from kept


def goes_on(before: Segment, segment: Segment) -> bool:
    """Whether a segment is what still sounds of the one before."""
    held = all(near(pitch, before.chord.pitches) for pitch in segment.chord.pitches)
    rising = before.over and segment.start_s - before.start_s < LONGEST_OVERLAP_S
    return held and (rising or not segment.struck)


def continued(before: Segment, segment: Segment) -> Segment:
    """Both as one, with the chord that is surer; what a struck note begins with is none."""
    same = len(before.chord.pitches) == len(segment.chord.pitches)
    brief = before.end_s - before.start_s < LONGEST_STROKE_S
    surer = (same or brief) and sureness(segment.chord) > sureness(before.chord)
    return replace(before, end_s=segment.end_s, chord=(segment if surer else before).chord)


def without_ringing(before: Segment, segment: Segment) -> Segment:
    """A note that begins over one that rings on, as a note of its own: the two are successive."""
    if len(before.chord.pitches) != 1 or not adjacent(before, segment):
        return segment
    ringing = before.chord.pitches[0]
    own = alone(segment.chord.pitches, ringing)
    if len(own) != 1:
        return segment
    chances = tuple((alone(notes, ringing), chance) for notes, chance in segment.chord.chances)
    over = segment.over or own != segment.chord.pitches
    return replace(segment, chord=Chord(own, chances), over=over)


def alone(pitches: Pitches, ringing: float) -> Pitches:
    """Of two notes the one that does not ring on; otherwise all."""
    new = tuple(pitch for pitch in pitches if not near(pitch, (ringing,)))
    return new if (len(pitches), len(new)) == (2, 1) else pitches


def adjacent(before: Segment, segment: Segment) -> bool:
    """Whether one could still ring in the other."""
    return segment.start_s - before.end_s < LONGEST_OVERLAP_S / 2


def overlaps(before: Segment, middle: Segment, after: Segment) -> bool:
    """Whether the middle is only one note dying away under the next."""
    if len(middle.chord.pitches) < 2 or middle.end_s - middle.start_s > LONGEST_OVERLAP_S:
        return False
    round_it = (*before.chord.pitches, *after.chord.pitches)
    return adjacent(middle, after) and all(near(pitch, round_it) for pitch in middle.chord.pitches)


def near(pitch: float, others: Iterable[float]) -> bool:
    """Whether one of the others is the same note."""
    return any(abs(pitch - other) < SAME for other in others)


def intervals_of(found: Iterable[Segment]) -> Iterator[HeardInterval]:
    """What two notes together make, and two that follow each other."""
    before: Segment | None = None
    for segment in found:
        count = len(segment.chord.pitches)
        if count == 2:
            yield together(segment)
        elif count == 1 and before is not None and follows(before, segment):
            yield successive(before, segment)
        before = segment


def follows(before: Segment, segment: Segment) -> bool:
    """Whether both are single notes, with no long pause between."""
    return len(before.chord.pitches) == 1 and segment.start_s - before.end_s < LONGEST_PAUSE_S


def together(segment: Segment) -> HeardInterval:
    """The interval of two notes at once."""
    low, high = segment.chord.pitches
    notes = heard_note(low, segment.start_s), heard_note(high, segment.start_s)
    return interval(*notes, high - low, TOGETHER, sureness(segment.chord), segment.end_s)


def successive(before: Segment, segment: Segment) -> HeardInterval:
    """The interval from one note to the next."""
    first, second = before.chord.pitches[0], segment.chord.pitches[0]
    size = second - first
    sure = sum(
        chance * other
        for (low,), chance in singles(before.chord)
        for (high,), other in singles(segment.chord)
        if round(high - low) == round(size)
    )
    notes = heard_note(first, before.start_s), heard_note(second, segment.start_s)
    return interval(*notes, size, direction(round(size)), sure, segment.end_s)


def singles(chord: Chord) -> list[tuple[Pitches, float]]:
    """The chances of single notes."""
    return [row for row in chord.chances if len(row[0]) == 1]


def heard_note(pitch: float, onset_s: float) -> HeardNote:
    """A note by its pitch with fractions."""
    nearest = round(pitch)
    return HeardNote(
        name=midi_name(nearest),
        pitch=nearest,
        hz=round(frequency_of(pitch), DIGITS_HZ),
        onset_s=round(onset_s, DIGITS_S),
    )


def interval(
    first: HeardNote, second: HeardNote, size: float, way: str, sure: float, end_s: float
) -> HeardInterval:
    """An interval of two notes, its size with fractions, negative where it falls."""
    semitones = abs(round(size))
    return HeardInterval(
        format=FORMAT,
        onset_s=first.onset_s,
        end_s=round(end_s, DIGITS_S),
        first=first,
        second=second,
        name=size_name(semitones),
        semitones=semitones,
        cents_off=round(100 * (abs(size) - semitones), DIGITS_CENTS),
        direction=way,
        confidence=round(min(sure, load_hypothesis_weights().largest_confidence), DIGITS_SURE),
    )


def sureness(chord: Chord) -> float:
    """How likely so many notes sound, and if it is one that it is this, if two at this size."""
    kind = kind_of(chord.pitches)
    return sum(chance for notes, chance in chord.chances if kind_of(notes) == kind)


def kind_of(pitches: Pitches) -> tuple[int, int]:
    """How many notes, and what is told of them: the pitch of one, the size of two."""
    if len(pitches) == 1:
        return 1, round(pitches[0])
    return len(pitches), round(pitches[1] - pitches[0]) if len(pitches) == 2 else 0
