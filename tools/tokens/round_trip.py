"""Round trip of a song through tokens, compared with what its scheme guarantees.

A scheme guarantees errors of at most half a step of its grid: of the meter for onsets and durations
(for long notes of the coarser grid of long durations), of the velocities and of the tempos. What a
scheme cannot represent by design (`Scheme.lost`) is counted separately. Where notes exchange their
ends, the set of ends is compared instead of the durations.
"""

from collections import Counter
from typing import Any

import msgspec
import numpy as np
from symusic.core import ScoreTick

from muse.tools.song.document import Song
from muse.tools.tokens.error_bounds import ROUNDING, duration_bounds, end_bound, onset_bounds
from muse.tools.tokens.grid import Grid, raw_notes
from muse.tools.tokens.meters import meter_sections
from muse.tools.tokens.note_matching import Cost, Notes, group_places, match, voice_numbers
from muse.tools.tokens.scheme import LOST_BY_ALL
from muse.tools.tokens.stream_encoder import notes_with_swapped_ends
from muse.tools.tokens.token_types import (
    DRUMS,
    METERS,
    TEMPO_RANGE,
    TEMPOS,
    VELOCITIES,
)
from muse.tools.tokens.tokenizer import Tokenizer

# bpm; 2 % more than half a step, as times per beat are rounded instead of tempos
TEMPO_BOUND = float(np.diff(TEMPOS).max()) / 2 * 1.02
VELOCITY_BOUND = float(np.ceil(np.diff(VELOCITIES).max() / 2))
LOST_PAST_BARS = "note past the last bar"


class Errors(msgspec.Struct):
    """Largest and mean error of a quantity, the bound, and the number of errors above it."""

    max: float
    mean: float
    bound: float
    past_bound: int


class RoundTrip(msgspec.Struct):
    """Result of a song's round trip.

    Attributes:
        notes: number of notes.
        onset_beats, duration_beats: errors in quarter notes.
        velocity: errors in MIDI velocity.
        tempo_bpm: errors at the onsets, in bpm; None for a scheme without tempos.
        meter: number of wrong meter changes; None for a scheme without meters.
        pitch_program: notes with a wrong pitch or program.
        lost, added: notes without a partner.
        repairs: counts of the decoder's repairs by kind; normally empty.
        lost_by_design: counts of what the scheme cannot represent, by kind.
        broken: names of the quantities with errors above their bounds.
        end_beats: errors, in quarter notes, of the sorted ends of pitches whose notes exchange
            ends; None if none do.
    """

    notes: int
    onset_beats: Errors
    duration_beats: Errors
    velocity: Errors
    tempo_bpm: Errors | None
    meter: int | None
    pitch_program: int
    lost: int
    added: int
    repairs: dict[str, int]
    lost_by_design: dict[str, int]
    broken: list[str]
    end_beats: Errors | None = None

    @property
    def ok(self) -> bool:
        """Whether all errors are within their bounds."""
        return not self.broken


def check(score: ScoreTick, tokenizer: Tokenizer, name: str = "input") -> RoundTrip:
    """Encode a score, decode the ids and compare.

    Raises:
        BadInputError: the score has more bars than `grid.MAX_BARS_WRITTEN`.
    """
    encoded = tokenizer.encode(score, name)
    decoded = tokenizer.decode(encoded.ids)
    grid, lost_by_design = encoded.grid, dict(encoded.losses)
    truth, found = score_notes(score), song_notes(decoded.song)
    bounds = note_bounds(truth, grid)
    exchanged = np.zeros(0, np.int64)
    if "overlaps" not in tokenizer.scheme.features:
        exchanged = notes_with_swapped_ends(grid)
        bounds["duration"][exchanged] = np.inf
    first, second = match(truth, found, pair_cost(truth, found, bounds)).T
    measured = {
        key: errors(truth[key][first] - found[key][second], bounds[key][first]) for key in bounds
    }
    lost = len(truth["pitch"]) - len(first)
    result = RoundTrip(
        notes=len(truth["pitch"]),
        onset_beats=measured["onset"],
        duration_beats=measured["duration"],
        velocity=measured["velocity"],
        tempo_bpm=tempo_errors(score, decoded.song, grid, found["onset"][second], lost_by_design),
        meter=meter_errors(score, decoded.song, grid, lost_by_design),
        pitch_program=max(lost - encoded.losses.get(LOST_PAST_BARS, 0), 0),
        lost=lost,
        added=len(found["pitch"]) - len(second),
        repairs=decoded.repairs,
        lost_by_design=lost_by_design,
        broken=[],
        end_beats=end_errors(truth, found, grid, exchanged),
    )
    result.broken = quantities_above_bounds(result)
    return result


def note_bounds(truth: Notes, grid: Grid) -> dict[str, np.ndarray]:
    """Return the largest allowed error of each note's onset, duration and velocity."""
    return {
        "onset": onset_bounds(truth, grid),
        "duration": duration_bounds(truth, grid),
        "velocity": np.full(len(truth["pitch"]), VELOCITY_BOUND),
    }


def pair_cost(truth: Notes, found: Notes, bounds: dict[str, np.ndarray]) -> Cost:
    """Return a cost of pairing notes: their differences in units of the bounds, at least 1."""

    def cost(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        sizes = [
            np.abs(truth[key][first] - found[key][second]) / bounds[key][first]
            for key in ("duration", "velocity")
        ]
        return np.asarray(np.maximum(sizes, 1).sum(axis=0))

    return cost


def quantities_above_bounds(result: RoundTrip) -> list[str]:
    """Return the names of the quantities with errors above their bounds."""
    measured = {
        "onset": result.onset_beats.past_bound,
        "duration": result.duration_beats.past_bound,
        "ends": result.end_beats.past_bound if result.end_beats else 0,
        "velocity": result.velocity.past_bound,
        "tempo": result.tempo_bpm.past_bound if result.tempo_bpm else 0,
        "meter": result.meter or 0,
        "notes lost": result.lost - result.lost_by_design.get(LOST_PAST_BARS, 0),
        "notes added": result.added,
        "repairs": sum(result.repairs.values()),
    }
    return [name for name, count in measured.items() if count]


def errors(differences: np.ndarray, bounds: np.ndarray) -> Errors:
    """Summarize errors; those with infinite bounds are left out."""
    is_bounded = np.isfinite(bounds)
    sizes, bounds = np.abs(differences[is_bounded]), bounds[is_bounded]
    if not len(sizes):
        return Errors(0.0, 0.0, 0.0, 0)
    past = int((sizes > bounds + ROUNDING).sum())
    return Errors(
        round(float(sizes.max()), 6),
        round(float(sizes.mean()), 6),
        round(float(bounds.max()), 6),
        past,
    )


def score_notes(score: ScoreTick) -> Notes:
    """Return the notes of a score with velocity above 0."""
    raw = raw_notes(score, merge=True)
    quarter = score.ticks_per_quarter
    times = {"onset": raw["time"] / quarter, "duration": raw["duration"] / quarter}
    return {**times, **{key: raw[key] for key in ("pitch", "velocity", "program")}}


def song_notes(song: Song) -> Notes:
    """Return the notes of a Song."""
    rows = [
        (*msgspec.structs.astuple(note), DRUMS if track.is_drum else track.program)
        for track in song.tracks
        for note in track.notes
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    notes = dict(zip(("onset", "duration", "pitch", "velocity", "program"), columns, strict=True))
    return {**notes, "pitch": notes["pitch"].astype(int), "program": notes["program"].astype(int)}


def end_errors(truth: Notes, found: Notes, grid: Grid, exchanged: np.ndarray) -> Errors | None:
    """Return the errors of the sorted ends of whole voices, where notes exchange ends.

    Args:
        truth: original notes.
        found: decoded notes.
        grid: of the original.
        exchanged: indices in `truth` of notes with another's end; their voices are compared.

    Returns:
        None if no note has another's end.
    """
    if not len(exchanged):
        return None
    true_ends, found_ends = ends_by_voice(truth), ends_by_voice(found)
    voices = np.unique(voice_numbers(truth)[exchanged]).tolist()
    # voices that lost or gained notes are counted elsewhere
    whole = [v for v in voices if len(true_ends[v]) == len(found_ends.get(v, ()))]
    sizes = np.concatenate([np.zeros(0), *(true_ends[v] - found_ends[v] for v in whole)])
    return errors(sizes, np.full(len(sizes), end_bound(grid)))


def ends_by_voice(notes: Notes) -> dict[int, np.ndarray]:
    """Return the ends of each voice's notes, ascending, in quarter notes."""
    ends = notes["onset"] + notes["duration"]
    return {voice: np.sort(ends[places]) for voice, places in group_places(notes).items()}


def tempo_errors(
    score: ScoreTick, song: Song, grid: Grid, onsets: np.ndarray, lost_by_design: dict[str, int]
) -> Errors | None:
    """Return the tempo errors at the onsets; a change within half a step may be on either side."""
    if "tempo" not in grid.scheme.features:
        lost_by_design["tempo"] = len(score.tempos)
        return None
    quarter = score.ticks_per_quarter
    truth = [(0.0, 120.0), *((t.time / quarter, 6e7 / t.mspq) for t in score.tempos)]
    found = [(0.0, 120.0), *((t.beat, t.bpm) for t in song.tempos)]
    reach = max(section.step for section in grid.sections) / 2 / grid.scheme.ticks_per_beat
    low, high = TEMPO_RANGE
    at = in_force(found, onsets)
    candidates = np.array([in_force(truth, onsets + shift) for shift in (-reach, 0.0, reach)])
    in_range = (candidates >= low).all(axis=0) & (candidates <= high).all(axis=0)
    if not in_range.all():
        lost_by_design["tempo outside 20-300 bpm"] = int((~in_range).sum())
    sizes = np.abs(candidates - at).min(axis=0, initial=np.inf)
    return errors(sizes, np.where(in_range, TEMPO_BOUND, np.inf))


def in_force(changes: list[tuple[float, float]], beats: np.ndarray) -> np.ndarray:
    """Return the value at each beat, given changes as (beat, value)."""
    changes = sorted(changes, key=lambda change: change[0])
    times, values = np.array(changes).T
    places = np.maximum(np.searchsorted(times, beats + ROUNDING, side="right") - 1, 0)
    return np.asarray(values[places])


def meter_errors(
    score: ScoreTick, song: Song, grid: Grid, lost_by_design: dict[str, int]
) -> int | None:
    """Return the number of meter changes that are missing, added or moved."""
    if "meter" not in grid.scheme.features:
        lost_by_design["meter"] = len(score.time_signatures)
        return None
    ticks = grid.scheme.ticks_per_beat
    true = {(s.start, METERS[s.number]) for s in meter_sections(score, grid.scheme, {})}
    encoded = {(section.start, METERS[section.number]) for section in grid.sections}
    if grid.scheme.max_bars:
        if true - encoded:
            lost_by_design["meter between notes"] = len(true - encoded)
        if not len(grid.notes["start"]) or LOST_PAST_BARS in grid.losses:
            return 0
    found = {(round(m.beat * ticks), (m.numerator, m.denominator)) for m in song.meters}
    return len(encoded ^ found)


def summary(results: dict[str, RoundTrip], tokenizer: Tokenizer) -> dict[str, Any]:
    """Return many round trips together: the largest errors, and the files with errors above bounds.

    `lost_by_design` counts what the scheme could not represent, `by_design` explains why.
    """
    trips = list(results.values())
    greatest = {
        key: max((getattr(trip, key).max for trip in trips if getattr(trip, key)), default=0.0)
        for key in ("onset_beats", "duration_beats", "end_beats", "velocity", "tempo_bpm")
    }
    return {
        "files": len(trips),
        "notes": sum(trip.notes for trip in trips),
        "greatest": greatest,
        "lost": sum(trip.lost for trip in trips),
        "added": sum(trip.added for trip in trips),
        "meter": sum(trip.meter or 0 for trip in trips),
        "lost_by_design": dict(sum((Counter(trip.lost_by_design) for trip in trips), Counter())),
        "by_design": {**LOST_BY_ALL, **tokenizer.scheme.lost},
        "broken": {name: trip.broken for name, trip in results.items() if trip.broken},
    }
