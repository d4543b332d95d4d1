"""Quantize performed notes to a grid that can be notated.

Conventions:
    the grid has GRID steps to the quarter note, which holds sixteenths, thirty-seconds, and
    triplets of eighths and sixteenths; all times here are whole steps. A song that is on the grid
    stays unchanged. Any other is quantized beat by beat: each quarter note is divided by four or
    by three, whichever fits its onsets better. A performance with a constant offset from its beats,
    such as one recorded without a click, is shifted onto them first.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muse.tools.notation.drum_kit import FEET
from muse.tools.song.document import Note, Song, Track
from muse.tools.song.meter import is_compound
from muse.tools.theory.chord_features import beat_phase
from muse.tools.theory.sounding_notes import sounding_notes

GRID = 24  # steps to a quarter note
STRAIGHT, TRIPLET = GRID // 4, GRID // 3  # steps of a division of the beat
TRIPLET_ADVANTAGE = 0.6  # a beat is a triplet if its error is below this share of the straight one
ROUNDING = 0.02  # steps: deviation of notes that count as on the grid
NEAR = 0.75  # steps: a song with half its notes this close to the grid is not shifted
SMALLEST_SHIFT = 0.05  # quarter notes; smaller shifts are ignored
SWUNG = (0.57, 0.75)  # places in a beat at which the second of two swung eighths begins
ON_BEAT = 0.15  # share of a beat: onsets this close to a beat are on it
FEWEST_SWUNG, SWUNG_SHARE = 4, 0.8  # least number, and share of the onsets within beats
ALIGN_WITHIN = STRAIGHT  # steps: ends that are closer than this are made equal


@dataclass(frozen=True, order=True)
class GridNote:
    """A note in steps: start, end, and MIDI pitch."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Displacement:
    """Distances that quantization moved the notes, in quarter notes; all 0 if nothing moved.

    `shift` is the shift of the whole song, later in time if above 0; the other distances are
    measured after it.
    """

    notes: int = 0
    shift: float = 0.0
    largest_onset: float = 0.0
    mean_onset: float = 0.0
    mean_end: float = 0.0


def on_grid(song: Song) -> bool:
    """Return whether all pitched notes begin and end on the grid, and all drums begin on it."""
    return all(
        is_step(note.start_beats)
        and (track.is_drum or is_step(note.start_beats + note.duration_beats))
        for track in song.tracks
        for note in track.notes
    )


def is_step(beats: float) -> bool:
    """Return whether a beat is a whole number of steps, up to rounding."""
    return abs(beats * GRID - round(beats * GRID)) <= ROUNDING


def quantize_song(song: Song) -> tuple[list[list[GridNote]], Displacement]:
    """Quantize the notes of each track, sorted; also return how far they moved.

    A note lasts at least one step. A drum hit lasts until the next one of the same limbs, hands or
    feet, or until the next beat, as the duration of drum notes has no meaning.
    """
    is_quantized = on_grid(song)
    shift = 0.0 if is_quantized else shift_onto_beats(song)
    performed = [shift_track(track, shift) for track in song.tracks]
    if (ratio := swing_ratio(song, shift)) is not None:
        performed = [straight_track(track, ratio) for track in performed]
    division = None if is_quantized else beat_divisions(performed)
    tracks, moves = [], []
    for track in performed:
        notes = [quantize_note(note, division) for note in track.notes]
        if track.is_drum:
            notes = drum_hits(notes)
        elif division is not None:
            notes = align_ends(notes)
        if not track.is_drum or division is not None:
            moves += distances(track, notes)
        tracks.append(sorted(notes))
    return tracks, Displacement() if division is None else displacement_of(moves, shift)


def shift_onto_beats(song: Song) -> float:
    """Return the shift in quarter notes that aligns the performed beats with those of the song."""
    places = [note.start_beats % 1.0 * GRID for track in song.tracks for note in track.notes]
    near = [
        place
        for place in places
        if min(distance_to_step(place, STRAIGHT), distance_to_step(place, TRIPLET)) <= NEAR
    ]
    if 2 * len(near) >= len(places):
        return 0.0
    phase = beat_phase(sounding_notes(song))
    shift = -phase if phase <= 0.5 else 1.0 - phase
    return shift if abs(shift) >= SMALLEST_SHIFT else 0.0


def shift_track(track: Track, shift: float) -> Track:
    """Return the track with its notes shifted; none begins before beat 0."""
    notes = [
        Note(max(note.start_beats + shift, 0.0), note.duration_beats, note.pitch, note.velocity)
        for note in track.notes
    ]
    return Track(track.name, track.role, track.program, track.is_drum, notes)


def swing_ratio(song: Song, shift: float = 0.0) -> float | None:
    """Return where the second of two swung eighths begins, as a share of the beat.

    None if the song is on the grid, in a compound meter, or if fewer than FEWEST_SWUNG onsets or
    SWUNG_SHARE of those within beats are swung.
    """
    if on_grid(song) or any(is_compound(m.numerator, m.denominator) for m in song.meters):
        return None
    places = [(n.start_beats + shift) % 1.0 for track in song.tracks for n in track.notes]
    within = [place for place in places if ON_BEAT < place < 1 - ON_BEAT]
    swung = sorted(place for place in within if SWUNG[0] <= place <= SWUNG[1])
    if len(swung) < max(FEWEST_SWUNG, SWUNG_SHARE * len(within)):
        return None
    return swung[len(swung) // 2]


def straight_track(track: Track, ratio: float) -> Track:
    """Return a track whose swung eighths are even: beats are stretched up to the ratio."""
    notes = []
    for note in track.notes:
        start = straight_beat(note.start_beats, ratio)
        end = straight_beat(note.start_beats + note.duration_beats, ratio)
        notes.append(Note(start, end - start, note.pitch, note.velocity))
    return Track(track.name, track.role, track.program, track.is_drum, notes)


def straight_beat(beat: float, ratio: float) -> float:
    """Return where a beat is when the second of two swung eighths begins in the middle."""
    place = beat % 1.0
    even = place / ratio / 2 if place < ratio else 1 - (1 - place) / (1 - ratio) / 2
    return beat - place + even


def beat_divisions(tracks: Sequence[Track]) -> dict[int, int]:
    """Return the division of each beat that has onsets: STRAIGHT or TRIPLET."""
    onsets: dict[int, list[float]] = defaultdict(list)
    for track in tracks:
        for note in track.notes:
            onsets[int(note.start_beats)].append(note.start_beats % 1.0 * GRID)
    return {beat: division_of(places) for beat, places in onsets.items()}


def division_of(places: Sequence[float]) -> int:
    """Return the division that fits onsets, in steps from their beat, best."""
    straight, triplet = (squared_error(places, step) for step in (STRAIGHT, TRIPLET))
    return TRIPLET if triplet < TRIPLET_ADVANTAGE * straight else STRAIGHT


def squared_error(places: Iterable[float], step: int) -> float:
    """Return the sum of the squared distances to the nearest multiples of a step."""
    return sum(distance_to_step(place, step) ** 2 for place in places)


def distance_to_step(place: float, step: int) -> float:
    """Return the distance to the nearest multiple of a step, in steps of the grid."""
    return abs(place - step * round(place / step))


def quantize_note(note: Note, division: dict[int, int] | None) -> GridNote:
    """Quantize one note; without divisions to the nearest step."""
    start = nearest_place(note.start_beats, division)
    end = nearest_place(note.start_beats + note.duration_beats, division)
    shortest = 1 if division is None else division.get(int(note.start_beats), STRAIGHT)
    return GridNote(start, end if end > start else start + shortest, note.pitch)


def nearest_place(beats: float, division: dict[int, int] | None) -> int:
    """Return the nearest step of the division of its beat; without divisions the nearest step."""
    if division is None:
        return round(beats * GRID)
    beat = int(beats)
    step = division.get(beat, STRAIGHT)
    return beat * GRID + step * round((beats - beat) * GRID / step)


def drum_hits(notes: Sequence[GridNote]) -> list[GridNote]:
    """Let each hit last until the next one of the same limbs, or until the next beat."""
    following: dict[tuple[bool, int], int] = {}
    for feet in (True, False):
        onsets = sorted({note.start for note in notes if (note.pitch in FEET) == feet})
        limits = [(onset // GRID + 1) * GRID for onset in onsets]
        ends = map(min, [*onsets[1:], *limits[-1:]], limits)
        following |= {(feet, onset): end for onset, end in zip(onsets, ends, strict=True)}
    return [GridNote(n.start, following[n.pitch in FEET, n.start], n.pitch) for n in notes]


def align_ends(notes: Sequence[GridNote]) -> list[GridNote]:
    """Move ends that are within ALIGN_WITHIN of a better place.

    Notes of one chord end together, and a note that ends near an onset ends on it, which needs
    fewer voices.
    """
    onsets = sorted({note.start for note in notes})
    chords: dict[int, list[GridNote]] = defaultdict(list)
    for note in notes:
        chords[note.start].append(note)
    aligned = []
    for note in notes:
        latest = max(n.end for n in chords[note.start] if n.end - note.end <= ALIGN_WITHIN)
        aligned.append(GridNote(note.start, end_on_onset(note.start, latest, onsets), note.pitch))
    return aligned


def end_on_onset(start: int, end: int, onsets: Sequence[int]) -> int:
    """Return the onset nearest to the end of a note if it is near and after the note's start."""
    place = bisect_left(onsets, end)
    around = [onset for onset in onsets[max(place - 1, 0) : place + 1] if onset > start]
    nearest = min(around, key=lambda onset: abs(onset - end), default=end)
    return nearest if abs(nearest - end) <= ALIGN_WITHIN else end


def distances(track: Track, notes: Sequence[GridNote]) -> list[tuple[float, float]]:
    """Return how far each onset and end moved, in quarter notes; 0 for the ends of drums."""
    return [
        (
            abs(new.start / GRID - old.start_beats),
            0.0 if track.is_drum else abs(new.end / GRID - old.start_beats - old.duration_beats),
        )
        for old, new in zip(track.notes, notes, strict=True)
    ]


def displacement_of(distances: Sequence[tuple[float, float]], shift: float) -> Displacement:
    """Summarize the distances of all notes."""
    if not distances:
        return Displacement()
    onsets, ends = zip(*distances, strict=True)
    means = sum(onsets) / len(onsets), sum(ends) / len(ends)
    return Displacement(len(onsets), shift, max(onsets), *means)
