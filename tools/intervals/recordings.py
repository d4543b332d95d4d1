"""Find the intervals in a recording: between successive notes, and between two notes at once.

Conventions: times in s from the beginning, MIDI pitches, sizes in semitones, deviations in cents.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from muse.tools.audio.io import AudioReader, resampled
from muse.tools.audio.mono import MonoMixer
from muse.tools.intervals.clip_settings import DIRECTIONS, frequency_of
from muse.tools.intervals.hypothesis_scoring import Chord, Pitches
from muse.tools.intervals.hypothesis_weights import load_hypothesis_weights
from muse.tools.intervals.names import find_direction, size_name
from muse.tools.intervals.segments import RATE, Mono, Segment, segments
from muse.tools.intervals.single_notes import SoundSummary
from muse.tools.progress import Report, silent
from muse.tools.theory.interval_spelling import spell_pair

FORMAT = "muse.interval/1"
TOGETHER = DIRECTIONS[2]
SAME_PITCH = 0.6  # semitones within which two pitches are the same note
LONGEST_PAUSE_S = 1.5  # between two notes that form an interval
LONGEST_STROKE_S = 0.1  # duration of the attack of a struck note, which has other partials
LONGEST_OVERLAP_S = 0.45  # for which one note may decay under the next
DIGITS_S, DIGITS_CENTS, DIGITS_HZ, DIGITS_CONFIDENCE = 3, 1, 2, 2


class DetectedNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note of an interval.

    Attributes:
        name: of the nearest pitch, such as "F#4", spelled as the interval.
        pitch: MIDI.
        hz: measured frequency.
        onset_s: onset time.
    """

    name: str
    pitch: int
    hz: float
    onset_s: float


class DetectedInterval(msgspec.Struct, frozen=True, kw_only=True):
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
    first: DetectedNote
    second: DetectedNote
    name: str
    semitones: int
    cents_off: float
    direction: str
    confidence: float


def find_intervals_in_file(
    source: str | Path, report: Report = silent, summary: SoundSummary | None = None
) -> Iterator[DetectedInterval]:
    """Yield the intervals of a sound file, or of '-', as they are found.

    Args:
        source: the file.
        report: called with the progress.
        summary: collects the segments, for a message if there is no interval.

    Raises:
        BadInputError, MissingPartError: as in AudioReader.
    """
    with AudioReader(source) as reader:
        total = max(reader.duration_s, 1e-9)
        mixer = MonoMixer(reader.name)
        blocks = (mixer(block)[None] for block in reader.blocks())
        mono = (block[0] for block in resampled(blocks, reader.sample_rate, RATE))
        yield from find_intervals_in_blocks(report_blocks(mono, total, report), summary)


def report_blocks(blocks: Iterable[Mono], total_s: float, report: Report) -> Iterator[Mono]:
    """Pass the blocks through, and report progress."""
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        report("finding intervals", min(done / RATE / total_s, 1.0))


def find_intervals(audio: Mono, rate: int) -> list[DetectedInterval]:
    """Return the intervals of a mono array (frames,) at a sample rate in Hz."""
    return list(
        find_intervals_in_blocks(block[0] for block in resampled([audio[None]], rate, RATE))
    )


def find_intervals_in_blocks(
    blocks: Iterable[Mono], summary: SoundSummary | None = None
) -> Iterator[DetectedInterval]:
    """Yield the intervals of a stream of mono blocks at RATE."""
    found = segments(blocks)
    return intervals_of(merge_segments(summary.collect(found) if summary else found))


def merge_segments(found: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the segments with pitches, after merging those that continue, decay or overlap."""
    pending: list[Segment] = []
    for segment in found:
        if not segment.chord.pitches:
            continue
        if pending and continues(pending[-1], segment):
            pending[-1] = merge(pending[-1], segment)
            continue
        if pending:
            segment = remove_ringing_note(pending[-1], segment)
        if len(pending) > 1 and overlaps(pending[-2], pending[-1], segment):
            segment = replace(segment, start_s=pending.pop().start_s)
        pending.append(segment)
        if len(pending) > 2:
            yield pending.pop(0)
    yield from pending


def continues(before: Segment, segment: Segment) -> bool:
    """Return whether a segment only continues notes of the one before."""
    same_pitches = all(has_pitch(pitch, before.chord.pitches) for pitch in segment.chord.pitches)
    brief_overlap = before.overlapping and segment.start_s - before.start_s < LONGEST_OVERLAP_S
    return same_pitches and (brief_overlap or not segment.struck)


def merge(before: Segment, segment: Segment) -> Segment:
    """Merge two segments with the more probable chord; a brief attack does not outweigh a note."""
    same = len(before.chord.pitches) == len(segment.chord.pitches)
    brief = before.end_s - before.start_s < LONGEST_STROKE_S
    prefer_new = (same or brief) and chord_confidence(segment.chord) > chord_confidence(
        before.chord
    )
    return replace(before, end_s=segment.end_s, chord=(segment if prefer_new else before).chord)


def remove_ringing_note(before: Segment, segment: Segment) -> Segment:
    """Return the segment without a note that rings on from the one before, as successive notes."""
    if len(before.chord.pitches) != 1 or not adjacent(before, segment):
        return segment
    ringing = before.chord.pitches[0]
    remaining = new_notes(segment.chord.pitches, ringing)
    if len(remaining) != 1:
        return segment
    ranked = tuple(
        (new_notes(notes, ringing), probability) for notes, probability in segment.chord.ranked
    )
    overlapping = segment.overlapping or remaining != segment.chord.pitches
    return replace(segment, chord=Chord(remaining, ranked), overlapping=overlapping)


def new_notes(pitches: Pitches, ringing: float) -> Pitches:
    """Return the one of two notes that is not the ringing one; otherwise all notes."""
    new = tuple(pitch for pitch in pitches if not has_pitch(pitch, (ringing,)))
    return new if (len(pitches), len(new)) == (2, 1) else pitches


def adjacent(before: Segment, segment: Segment) -> bool:
    """Return whether notes of one segment could still ring in the other."""
    return segment.start_s - before.end_s < LONGEST_OVERLAP_S / 2


def overlaps(before: Segment, middle: Segment, after: Segment) -> bool:
    """Return whether the middle segment is only one note that decays under the next."""
    if len(middle.chord.pitches) < 2 or middle.end_s - middle.start_s > LONGEST_OVERLAP_S:
        return False
    around = (*before.chord.pitches, *after.chord.pitches)
    return adjacent(middle, after) and all(
        has_pitch(pitch, around) for pitch in middle.chord.pitches
    )


def has_pitch(pitch: float, others: Iterable[float]) -> bool:
    """Return whether one of the others is the same note."""
    return any(abs(pitch - other) < SAME_PITCH for other in others)


def intervals_of(found: Iterable[Segment]) -> Iterator[DetectedInterval]:
    """Yield the intervals of simultaneous pairs and of successive notes."""
    before: Segment | None = None
    for segment in found:
        count = len(segment.chord.pitches)
        if count == 2:
            yield simultaneous_interval(segment)
        elif count == 1 and before is not None and follows(before, segment):
            yield successive_interval(before, segment)
        before = segment


def follows(before: Segment, segment: Segment) -> bool:
    """Return whether both are single notes, without a long pause between."""
    return len(before.chord.pitches) == 1 and segment.start_s - before.end_s < LONGEST_PAUSE_S


def simultaneous_interval(segment: Segment) -> DetectedInterval:
    """Return the interval of two simultaneous notes."""
    low, high = segment.chord.pitches
    notes = make_notes((low, segment.start_s), (high, segment.start_s))
    return make_interval(
        *notes, high - low, TOGETHER, chord_confidence(segment.chord), segment.end_s
    )


def successive_interval(before: Segment, segment: Segment) -> DetectedInterval:
    """Return the interval from one note to the next."""
    first, second = before.chord.pitches[0], segment.chord.pitches[0]
    size = second - first
    confidence = sum(
        probability * other
        for (low,), probability in single_note_hypotheses(before.chord)
        for (high,), other in single_note_hypotheses(segment.chord)
        if round(high - low) == round(size)
    )
    notes = make_notes((first, before.start_s), (second, segment.start_s))
    return make_interval(*notes, size, find_direction(round(size)), confidence, segment.end_s)


def single_note_hypotheses(chord: Chord) -> list[tuple[Pitches, float]]:
    """Return the hypotheses of single notes with their probabilities."""
    return [row for row in chord.ranked if len(row[0]) == 1]


def make_notes(
    first: tuple[float, float], second: tuple[float, float]
) -> tuple[DetectedNote, DetectedNote]:
    """Make two notes from their pitches with fractions and onsets, spelled as their interval."""
    pitches = round(first[0]), round(second[0])
    low, high = spell_pair(min(pitches), max(pitches))
    names = (low, high) if pitches[0] <= pitches[1] else (high, low)
    return make_note(*first, names[0]), make_note(*second, names[1])


def make_note(pitch: float, onset_s: float, name: str) -> DetectedNote:
    """Make a note from a pitch with fractions."""
    return DetectedNote(
        name=name,
        pitch=round(pitch),
        hz=round(frequency_of(pitch), DIGITS_HZ),
        onset_s=round(onset_s, DIGITS_S),
    )


def make_interval(
    first: DetectedNote,
    second: DetectedNote,
    size: float,
    direction: str,
    confidence: float,
    end_s: float,
) -> DetectedInterval:
    """Make an interval from two notes and its size with fractions, negative if descending."""
    semitones = abs(round(size))
    return DetectedInterval(
        format=FORMAT,
        onset_s=first.onset_s,
        end_s=round(end_s, DIGITS_S),
        first=first,
        second=second,
        name=size_name(semitones),
        semitones=semitones,
        cents_off=round(100 * (abs(size) - semitones), DIGITS_CENTS),
        direction=direction,
        confidence=round(
            min(confidence, load_hypothesis_weights().largest_confidence), DIGITS_CONFIDENCE
        ),
    )


def chord_confidence(chord: Chord) -> float:
    """Return the probability of the number of notes, with the pitch of one or the size of two."""
    kind = kind_of(chord.pitches)
    return sum(probability for notes, probability in chord.ranked if kind_of(notes) == kind)


def kind_of(pitches: Pitches) -> tuple[int, int]:
    """Return the number of notes, and the pitch of one note or the size of two."""
    if len(pitches) == 1:
        return 1, round(pitches[0])
    return len(pitches), round(pitches[1] - pitches[0]) if len(pitches) == 2 else 0
