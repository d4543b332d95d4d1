"""Performed notes onto a grid that can be written down.

Conventions:
    the grid has GRID steps to the quarter note, so that semiquavers, demisemiquavers and triplets
    of quavers and semiquavers lie on it; all times here are whole steps. A song that lies on it
    already is written as it is. Any other is quantised beat by beat: each quarter note is divided
    in four or in three, whichever its onsets lie nearer to. A performance that lies beside its
    own beats as a whole, as those recorded without a click do, is moved onto them first.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muse.tools.notation.drum_kit import FEET
from muse.tools.song.document import Note, Song, Track
from muse.tools.theory.chord_features import beat_phase
from muse.tools.theory.sounding_notes import sounding_notes

GRID = 24  # steps to a quarter note
STRAIGHT, TRIPLET = GRID // 4, GRID // 3  # steps between the places of a divided beat
TRIPLET_ADVANTAGE = 0.6  # a beat is read as a triplet when its error is below this share
ROUNDING = 0.02  # steps: how far off a note may be that was meant to lie on the grid
NEAR = 0.75  # steps: where half the notes lie so close to a place of the beat, they were meant to
SMALLEST_SHIFT = 0.05  # quarter notes: a song that lies closer to its beats stays there
TOGETHER = STRAIGHT  # steps: notes that begin together and end so close end together


@dataclass(frozen=True, order=True)
class GridNote:
    """A note in steps: where it begins and ends, and its MIDI pitch."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Moved:
    """How far quantising moved the notes, in quarter notes; all 0 when nothing had to move.

    `shift` is what the song was moved by as a whole, forward in time when above 0; the other
    distances come on top of it.
    """

    notes: int = 0
    shift: float = 0.0
    largest_onset: float = 0.0
    mean_onset: float = 0.0
    mean_end: float = 0.0


def on_grid(song: Song) -> bool:
    """Whether all pitched notes begin and end on the grid, and all drums begin on it."""
    return all(
        is_step(note.start_beats)
        and (track.is_drum or is_step(note.start_beats + note.duration_beats))
        for track in song.tracks
        for note in track.notes
    )


def is_step(beats: float) -> bool:
    """Whether a beat is a whole number of steps, but for rounding."""
    return abs(beats * GRID - round(beats * GRID)) <= ROUNDING


def gridded(song: Song) -> tuple[list[list[GridNote]], Moved]:
    """The notes of each track on the grid, sorted, and how far they had to move.

    A note gets at least one step. A hit of a drum is written up to the next one of the same
    limbs, hands or feet, or to the next beat, since how long a drum is held means nothing.
    """
    fits = on_grid(song)
    shift = 0.0 if fits else shift_onto_beats(song)
    performed = [shifted(track, shift) for track in song.tracks]
    division = None if fits else beat_divisions(performed)
    tracks, moves = [], []
    for track in performed:
        notes = [snapped(note, division) for note in track.notes]
        if track.is_drum:
            notes = as_hits(notes)
        elif division is not None:
            notes = tidied(notes)
        if not track.is_drum or division is not None:
            moves += distances(track, notes)
        tracks.append(sorted(notes))
    return tracks, Moved() if division is None else moved(moves, shift)


def shift_onto_beats(song: Song) -> float:
    """Quarter notes to move a song by so that what sounds like beats lies on the beats."""
    places = [note.start_beats % 1.0 * GRID for track in song.tracks for note in track.notes]
    near = [place for place in places if min(off(place, STRAIGHT), off(place, TRIPLET)) <= NEAR]
    if 2 * len(near) >= len(places):
        return 0.0
    phase = beat_phase(sounding_notes(song))
    shift = -phase if phase <= 0.5 else 1.0 - phase
    return shift if abs(shift) >= SMALLEST_SHIFT else 0.0


def shifted(track: Track, shift: float) -> Track:
    """The track with its notes moved; none begins before beat 0."""
    notes = [
        Note(max(note.start_beats + shift, 0.0), note.duration_beats, note.pitch, note.velocity)
        for note in track.notes
    ]
    return Track(track.name, track.role, track.program, track.is_drum, notes)


def beat_divisions(tracks: Sequence[Track]) -> dict[int, int]:
    """The steps between the places of each beat that has onsets: STRAIGHT or TRIPLET."""
    onsets: dict[int, list[float]] = defaultdict(list)
    for track in tracks:
        for note in track.notes:
            onsets[int(note.start_beats)].append(note.start_beats % 1.0 * GRID)
    return {beat: division_of(places) for beat, places in onsets.items()}


def division_of(places: Sequence[float]) -> int:
    """The division that onsets, in steps from their beat, lie nearer to."""
    straight, triplet = (off_by(places, step) for step in (STRAIGHT, TRIPLET))
    return TRIPLET if triplet < TRIPLET_ADVANTAGE * straight else STRAIGHT


def off_by(places: Iterable[float], step: int) -> float:
    """Sum of the squared distances to the nearest multiple of a step."""
    return sum(off(place, step) ** 2 for place in places)


def off(place: float, step: int) -> float:
    """Distance of a place to the nearest multiple of a step, in steps of the grid."""
    return abs(place - step * round(place / step))


def snapped(note: Note, division: dict[int, int] | None) -> GridNote:
    """One note on the grid; `division` None rounds to the nearest step."""
    start = nearest_place(note.start_beats, division)
    end = nearest_place(note.start_beats + note.duration_beats, division)
    shortest = 1 if division is None else division.get(int(note.start_beats), STRAIGHT)
    return GridNote(start, end if end > start else start + shortest, note.pitch)


def nearest_place(beats: float, division: dict[int, int] | None) -> int:
    """The place of its beat's division that is nearest to a beat, in steps."""
    if division is None:
        return round(beats * GRID)
    beat = int(beats)
    step = division.get(beat, STRAIGHT)
    return beat * GRID + step * round((beats - beat) * GRID / step)


def as_hits(notes: Sequence[GridNote]) -> list[GridNote]:
    """Hits up to the next one of the same limbs, or to the next beat if that comes first."""
    following: dict[tuple[bool, int], int] = {}
    for feet in (True, False):
        onsets = sorted({note.start for note in notes if (note.pitch in FEET) == feet})
        limits = [(onset // GRID + 1) * GRID for onset in onsets]
        ends = map(min, [*onsets[1:], *limits[-1:]], limits)
        following |= {(feet, onset): end for onset, end in zip(onsets, ends, strict=True)}
    return [GridNote(n.start, following[n.pitch in FEET, n.start], n.pitch) for n in notes]


def tidied(notes: Sequence[GridNote]) -> list[GridNote]:
    """Ends that lie within TOGETHER of a better place moved there.

    Notes of one chord end together, and a note that ends just beside an onset ends on it, which
    needs fewer voices.
    """
    onsets = sorted({note.start for note in notes})
    chords: dict[int, list[GridNote]] = defaultdict(list)
    for note in notes:
        chords[note.start].append(note)
    tidy = []
    for note in notes:
        latest = max(n.end for n in chords[note.start] if n.end - note.end <= TOGETHER)
        tidy.append(GridNote(note.start, end_on_onset(note.start, latest, onsets), note.pitch))
    return tidy


def end_on_onset(start: int, end: int, onsets: Sequence[int]) -> int:
    """The onset nearest to the end of a note, if it is near and behind the note's own start."""
    place = bisect_left(onsets, end)
    around = [onset for onset in onsets[max(place - 1, 0) : place + 1] if onset > start]
    nearest = min(around, key=lambda onset: abs(onset - end), default=end)
    return nearest if abs(nearest - end) <= TOGETHER else end


def distances(track: Track, notes: Sequence[GridNote]) -> list[tuple[float, float]]:
    """(onset, end) distance of each note from where it was, in quarter notes; drums have no end."""
    return [
        (
            abs(new.start / GRID - old.start_beats),
            0.0 if track.is_drum else abs(new.end / GRID - old.start_beats - old.duration_beats),
        )
        for old, new in zip(track.notes, notes, strict=True)
    ]


def moved(distances: Sequence[tuple[float, float]], shift: float) -> Moved:
    """The figures of all notes."""
    if not distances:
        return Moved()
    onsets, ends = zip(*distances, strict=True)
    means = sum(onsets) / len(onsets), sum(ends) / len(ends)
    return Moved(len(onsets), shift, max(onsets), *means)
