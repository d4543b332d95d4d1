"""The round trip of a song through tokens, measured against what its scheme promises.

A scheme's promise is half a step of its grid: of the metre in force for onsets and durations (for
long notes of the coarser grid that durations have there), of the velocities and of the tempos. What
a scheme cannot hold by design (`Scheme.not_held`) is counted apart and breaks no promise. Where
notes exchange their ends it is not their durations that are held, but the ends as a whole.
"""

from collections import Counter
from typing import Any

import msgspec
import numpy as np
from symusic.core import ScoreTick

from muse.tools.song.document import Song
from muse.tools.tokens.error_bounds import SLACK, duration_bounds, end_bound, onset_bounds
from muse.tools.tokens.grid import Grid, raw_notes
from muse.tools.tokens.meters import metre_sections
from muse.tools.tokens.note_matching import Cost, Notes, group_places, match, voices_of
from muse.tools.tokens.schemes import NOT_HELD_ANYWHERE
from muse.tools.tokens.stream_encoder import exchanged_ends
from muse.tools.tokens.token_types import (
    DRUMS,
    METRES,
    TEMPO_RANGE,
    TEMPOS,
    VELOCITIES,
)
from muse.tools.tokens.tokenizer import Tokenizer

TEMPO_BOUND = float(np.diff(TEMPOS).max()) / 2 * 1.02  # bpm; the nearest is that in time, not bpm
VELOCITY_BOUND = float(np.ceil(np.diff(VELOCITIES).max() / 2))
LOST_PAST_BARS = "note past the last bar"


class Errors(msgspec.Struct):
    """How far off a quantity came back: its greatest and mean error, and what is allowed."""

    max: float
    mean: float
    bound: float
    past_bound: int


class RoundTrip(msgspec.Struct):
    """What came back of a song.

    Attributes:
        onset_beats, duration_beats: errors in quarter notes.
        velocity: errors in MIDI steps.
        tempo_bpm: errors at the onsets, in bpm; None where the scheme holds none.
        metre: changes of metre that did not come back; None where the scheme holds none.
        pitch_program: notes whose pitch or program did not come back.
        lost, added: notes without a partner.
        repairs: what the decoder had to mend; nothing, if all is well.
        not_held: what the scheme cannot hold, counted by kind.
        broken: the promises that were not kept.
        end_beats: errors of the ends, in turn, of pitches whose notes exchange ends, in quarter
            notes; None where none do.
    """

    notes: int
    onset_beats: Errors
    duration_beats: Errors
    velocity: Errors
    tempo_bpm: Errors | None
    metre: int | None
    pitch_program: int
    lost: int
    added: int
    repairs: dict[str, int]
    not_held: dict[str, int]
    broken: list[str]
    end_beats: Errors | None = None

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken


def check(score: ScoreTick, tokenizer: Tokenizer, name: str = "input") -> RoundTrip:
    """Encode a score, decode the ids and compare.

    Raises:
        BadInputError: the score has more bars than `grid.MAX_BARS_WRITTEN`.
    """
    encoded = tokenizer.encode(score, name)
    decoded = tokenizer.decode(encoded.ids)
    grid, not_held = encoded.grid, dict(encoded.losses)
    truth, found = score_notes(score), song_notes(decoded.song)
    bounds = bounds_of(truth, grid)
    exchanged = np.zeros(0, np.int64)
    if "overlaps" not in tokenizer.scheme.holds:
        exchanged = exchanged_ends(grid)
        bounds["duration"][exchanged] = np.inf
    first, second = match(truth, found, cost_of(truth, found, bounds)).T
    measured = {
        key: errors(truth[key][first] - found[key][second], bounds[key][first]) for key in bounds
    }
    lost = len(truth["pitch"]) - len(first)
    result = RoundTrip(
        notes=len(truth["pitch"]),
        onset_beats=measured["onset"],
        duration_beats=measured["duration"],
        velocity=measured["velocity"],
        tempo_bpm=tempo_errors(score, decoded.song, grid, found["onset"][second], not_held),
        metre=metre_errors(score, decoded.song, grid, not_held),
        pitch_program=max(lost - encoded.losses.get(LOST_PAST_BARS, 0), 0),
        lost=lost,
        added=len(found["pitch"]) - len(second),
        repairs=decoded.repairs,
        not_held=not_held,
        broken=[],
        end_beats=end_errors(truth, found, grid, exchanged),
    )
    result.broken = broken_promises(result)
    return result


def bounds_of(truth: Notes, grid: Grid) -> dict[str, np.ndarray]:
    """How far off each note's onset, duration and velocity may come back."""
    return {
        "onset": onset_bounds(truth, grid),
        "duration": duration_bounds(truth, grid),
        "velocity": np.full(len(truth["pitch"]), VELOCITY_BOUND),
    }


def cost_of(truth: Notes, found: Notes, bounds: dict[str, np.ndarray]) -> Cost:
    """What it costs to take two notes for the same: their distance past the bounds, in bounds."""

    def cost(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        sizes = [
            np.abs(truth[key][first] - found[key][second]) / bounds[key][first]
            for key in ("duration", "velocity")
        ]
        return np.asarray(np.maximum(sizes, 1).sum(axis=0))

    return cost


def broken_promises(result: RoundTrip) -> list[str]:
    """The quantities past their bounds."""
    measured = {
        "onset": result.onset_beats.past_bound,
        "duration": result.duration_beats.past_bound,
        "ends": result.end_beats.past_bound if result.end_beats else 0,
        "velocity": result.velocity.past_bound,
        "tempo": result.tempo_bpm.past_bound if result.tempo_bpm else 0,
        "metre": result.metre or 0,
        "notes lost": result.lost - result.not_held.get(LOST_PAST_BARS, 0),
        "notes added": result.added,
        "repairs": sum(result.repairs.values()),
    }
    return [name for name, count in measured.items() if count]


def errors(differences: np.ndarray, bounds: np.ndarray) -> Errors:
    """Sum up errors; infinite bounds are of what is not held, which is left out."""
    held = np.isfinite(bounds)
    sizes, bounds = np.abs(differences[held]), bounds[held]
    if not len(sizes):
        return Errors(0.0, 0.0, 0.0, 0)
    past = int((sizes > bounds + SLACK).sum())
    return Errors(
        round(float(sizes.max()), 6),
        round(float(sizes.mean()), 6),
        round(float(bounds.max()), 6),
        past,
    )


def score_notes(score: ScoreTick) -> Notes:
    """The notes of a score that sound."""
    raw = raw_notes(score, merge=True)
    quarter = score.ticks_per_quarter
    times = {"onset": raw["time"] / quarter, "duration": raw["duration"] / quarter}
    return {**times, **{key: raw[key] for key in ("pitch", "velocity", "program")}}


def song_notes(song: Song) -> Notes:
    """The notes of a Song."""
    rows = [
        (*msgspec.structs.astuple(note), DRUMS if track.is_drum else track.program)
        for track in song.tracks
        for note in track.notes
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    notes = dict(zip(("onset", "duration", "pitch", "velocity", "program"), columns, strict=True))
    return {**notes, "pitch": notes["pitch"].astype(int), "program": notes["program"].astype(int)}


def end_errors(truth: Notes, found: Notes, grid: Grid, exchanged: np.ndarray) -> Errors | None:
    """Errors of the ends of whole voices, in turn, since which note an end is of is not held.

    Args:
        truth: notes.
        found: what came back of them.
        grid: of the truth.
        exchanged: places in the truth of notes with another's end, whose voices are looked at.

    Returns:
        None where no note has another's end.
    """
    if not len(exchanged):
        return None
    ours, theirs = ends_by_voice(truth), ends_by_voice(found)
    voices = np.unique(voices_of(truth)[exchanged]).tolist()
    # a voice that lost or gained notes is told as that
    whole = [v for v in voices if len(ours[v]) == len(theirs.get(v, ()))]
    sizes = np.concatenate([np.zeros(0), *(ours[v] - theirs[v] for v in whole)])
    return errors(sizes, np.full(len(sizes), end_bound(grid)))


def ends_by_voice(notes: Notes) -> dict[int, np.ndarray]:
    """The ends of each voice's notes, rising, in quarter notes."""
    ends = notes["onset"] + notes["duration"]
    return {voice: np.sort(ends[places]) for voice, places in group_places(notes).items()}


def tempo_errors(
    score: ScoreTick, song: Song, grid: Grid, onsets: np.ndarray, not_held: dict[str, int]
) -> Errors | None:
    """Errors of the tempo at the onsets; a change half a step from an onset may go either way."""
    if "tempo" not in grid.scheme.holds:
        not_held["tempo"] = len(score.tempos)
        return None
    quarter = score.ticks_per_quarter
    truth = [(0.0, 120.0), *((t.time / quarter, 6e7 / t.mspq) for t in score.tempos)]
    found = [(0.0, 120.0), *((t.beat, t.bpm) for t in song.tempos)]
    reach = max(section.step for section in grid.sections) / 2 / grid.scheme.ticks_per_beat
    low, high = TEMPO_RANGE
    at = in_force(found, onsets)
    candidates = np.array([in_force(truth, onsets + shift) for shift in (-reach, 0.0, reach)])
    held = (candidates >= low).all(axis=0) & (candidates <= high).all(axis=0)
    if (~held).any():
        not_held["tempo outside 20-300 bpm"] = int((~held).sum())
    sizes = np.abs(candidates - at).min(axis=0, initial=np.inf)
    return errors(sizes, np.where(held, TEMPO_BOUND, np.inf))


def in_force(changes: list[tuple[float, float]], beats: np.ndarray) -> np.ndarray:
    """The value in force at some beats, of changes as (beat, value)."""
    changes = sorted(changes, key=lambda change: change[0])
    times, values = np.array(changes).T
    places = np.maximum(np.searchsorted(times, beats + SLACK, side="right") - 1, 0)
    return np.asarray(values[places])


def metre_errors(score: ScoreTick, song: Song, grid: Grid, not_held: dict[str, int]) -> int | None:
    """Changes of metre that did not come back, or came back elsewhere."""
    if "metre" not in grid.scheme.holds:
        not_held["metre"] = len(score.time_signatures)
        return None
    ticks = grid.scheme.ticks_per_beat
    true = {(s.start, METRES[s.number]) for s in metre_sections(score, grid.scheme, {})}
    held = {(section.start, METRES[section.number]) for section in grid.sections}
    if grid.scheme.max_bars:
        if len(true - held):
            not_held["metre between notes"] = len(true - held)
        if not len(grid.notes["start"]) or LOST_PAST_BARS in grid.losses:
            return 0
    found = {(round(m.beat * ticks), (m.numerator, m.denominator)) for m in song.meters}
    return len(held ^ found)


def summary(results: dict[str, RoundTrip], tokenizer: Tokenizer) -> dict[str, Any]:
    """Many round trips in one: the greatest errors, and the files that broke a promise.

    `not_held` counts what the scheme could not hold, `by_design` says why it cannot.
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
        "metre": sum(trip.metre or 0 for trip in trips),
        "not_held": dict(sum((Counter(trip.not_held) for trip in trips), Counter())),
        "by_design": {**NOT_HELD_ANYWHERE, **tokenizer.scheme.not_held},
        "broken": {name: trip.broken for name, trip in results.items() if trip.broken},
    }
