"""Find the intervals in a recording: between successive notes, and between two notes at once.

Conventions: times in s from the beginning, MIDI pitches, sizes in semitones, deviations in cents.
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
SAME = 0.6  # semitones within which two pitches are the same note
LONGEST_PAUSE_S = 1.5  # between two notes that form an interval
LONGEST_STROKE_S = 0.1  # duration of the attack of a struck note, which has other partials
LONGEST_OVERLAP_S = 0.45  # for which one note may decay under the next
DIGITS_S, DIGITS_CENTS, DIGITS_HZ, DIGITS_SURE = 3, 1, 2, 2


class HeardNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note of an interval.

    Attributes:
        name: of the nearest pitch, such as "F#4".
        pitch: MIDI.
        hz: measured frequency.
        onset_s: onset time.
    """

    name: str
    pitch: int
    hz: float
    onset_s: float


class HeardInterval(msgspec.Struct, frozen=True, kw_only=True):
    """An interval found in a recording.

    Attributes:
        format: FORMAT.
        onset_s: onset of the first note.
        end_s: end of the last note.
        first: the note that begins first; the lower one of two together.
        second: the other note.
        name: of the interval.
        semitones: its size, between the nearest pitches.
        cents_off: measured size minus that size.
        direction: ascending, descending, together, or repeated for a unison.
        confidence: 0 to 1, probability that the interval is right.
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


def find_intervals_in_file(
    source: str | Path, report: Report = silent, sounded: Sounded | None = None
) -> Iterator[HeardInterval]:
    """Yield the intervals of a sound file, or of '-', as they are found.

    Args:
        source: the file.
        report: called with the progress.
        sounded: collects what sounds.

    Raises:
        BadInputError, MissingPartError: as in AudioReader.
    """
    with AudioReader(source) as reader:
        total = max(reader.duration_s, 1e-9)
        blocks = (block.mean(axis=0, keepdims=True) for block in reader.blocks())
        mono = (block[0] for block in resampled(blocks, reader.sample_rate, RATE))
        yield from find_intervals_in_blocks(counted(mono, total, report), sounded)


def counted(blocks: Iterable[Mono], total_s: float, report: Report) -> Iterator[Mono]:
    """Pass the blocks through, and report progress."""
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        report("listening", min(done / RATE / total_s, 1.0))


def hear(audio: Mono, rate: int) -> list[HeardInterval]:
    """Return the intervals of a mono array (frames,) at a sample rate in Hz."""
    return list(
        find_intervals_in_blocks(block[0] for block in resampled([audio[None]], rate, RATE))
    )


def find_intervals_in_blocks(
    blocks: Iterable[Mono], sounded: Sounded | None = None
) -> Iterator[HeardInterval]:
    """Yield the intervals of a stream of mono blocks at RATE."""
    found = segments(blocks)
    return intervals_of(joined(sounded.taken(found) if sounded else found))


def joined(found: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the segments with pitches, after merging those that continue, decay or overlap."""
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
    """Return whether a segment only continues notes of the one before."""
    held = all(near(pitch, before.chord.pitches) for pitch in segment.chord.pitches)
    rising = before.over and segment.start_s - before.start_s < LONGEST_OVERLAP_S
    return held and (rising or not segment.struck)


def continued(before: Segment, segment: Segment) -> Segment:
    """Merge two segments, with the more probable chord; attacks of struck notes do not count."""
    same = len(before.chord.pitches) == len(segment.chord.pitches)
    brief = before.end_s - before.start_s < LONGEST_STROKE_S
    surer = (same or brief) and sureness(segment.chord) > sureness(before.chord)
    return replace(before, end_s=segment.end_s, chord=(segment if surer else before).chord)


def without_ringing(before: Segment, segment: Segment) -> Segment:
    """Return the segment without a note that rings on from the one before, as successive notes."""
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
    """Return the one of two notes that does not ring on; otherwise all notes."""
    new = tuple(pitch for pitch in pitches if not near(pitch, (ringing,)))
    return new if (len(pitches), len(new)) == (2, 1) else pitches


def adjacent(before: Segment, segment: Segment) -> bool:
    """Return whether notes of one segment could still ring in the other."""
    return segment.start_s - before.end_s < LONGEST_OVERLAP_S / 2


def overlaps(before: Segment, middle: Segment, after: Segment) -> bool:
    """Return whether the middle segment is only one note decaying under the next."""
    if len(middle.chord.pitches) < 2 or middle.end_s - middle.start_s > LONGEST_OVERLAP_S:
        return False
    round_it = (*before.chord.pitches, *after.chord.pitches)
    return adjacent(middle, after) and all(near(pitch, round_it) for pitch in middle.chord.pitches)


def near(pitch: float, others: Iterable[float]) -> bool:
    """Return whether one of the others is the same note."""
    return any(abs(pitch - other) < SAME for other in others)


def intervals_of(found: Iterable[Segment]) -> Iterator[HeardInterval]:
    """Yield the intervals of simultaneous pairs and of successive notes."""
    before: Segment | None = None
    for segment in found:
        count = len(segment.chord.pitches)
        if count == 2:
            yield together(segment)
        elif count == 1 and before is not None and follows(before, segment):
            yield successive(before, segment)
        before = segment


def follows(before: Segment, segment: Segment) -> bool:
    """Return whether both are single notes, without a long pause between."""
    return len(before.chord.pitches) == 1 and segment.start_s - before.end_s < LONGEST_PAUSE_S


def together(segment: Segment) -> HeardInterval:
    """Return the interval of two simultaneous notes."""
    low, high = segment.chord.pitches
    notes = heard_note(low, segment.start_s), heard_note(high, segment.start_s)
    return interval(*notes, high - low, TOGETHER, sureness(segment.chord), segment.end_s)


def successive(before: Segment, segment: Segment) -> HeardInterval:
    """Return the interval from one note to the next."""
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
    """Return the hypotheses of single notes with their probabilities."""
    return [row for row in chord.chances if len(row[0]) == 1]


def heard_note(pitch: float, onset_s: float) -> HeardNote:
    """Make a note from a pitch with fractions."""
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
    """Make an interval from two notes and its size with fractions, negative if descending."""
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
    """Return the probability of the number of notes, with the pitch of one or the size of two."""
    kind = kind_of(chord.pitches)
    return sum(chance for notes, chance in chord.chances if kind_of(notes) == kind)


def kind_of(pitches: Pitches) -> tuple[int, int]:
    """Return the number of notes, and the pitch of one note or the size of two."""
    if len(pitches) == 1:
        return 1, round(pitches[0])
    return len(pitches), round(pitches[1] - pitches[0]) if len(pitches) == 2 else 0
