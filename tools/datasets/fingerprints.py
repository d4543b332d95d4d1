"""What a song is recognised by, whatever its key and tempo: the set of short phrases in it.

- A phrase of melody is seven notes in a row: the intervals between them in semitones, and for each
  whether it comes sooner than, as soon as or later than the one before it did (ratios of the times
  between onsets, in three classes, since players are not exact).
- A phrase of chords is ten changes in a row: the root's step in semitones and the next quality,
  with repeated chords taken as one.
- A phrase of drums is sixteen hits: drum, and the same classes of times.

Sources: sets of hashed runs are Broder's shingles ("On the resemblance and containment of
documents", 1997); intervals and ratios of onsets as the mark of a melody, Uitdenbogerd and Zobel
("Melodic matching techniques for large music databases", ACM Multimedia 1999).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Note, Song
from muse.tools.theory.chords import parse_chord

Codes = NDArray[np.int64]
Phrases = NDArray[np.uint64]

MELODY_INTERVALS = 6  # of a phrase of seven notes
CHORD_CHANGES = 10
DRUM_HITS = 16
ONE_ONSET = 0.1  # beats; notes nearer than that are struck together
MAX_INTERVAL = 24  # semitones; larger leaps count as this
RATIO_EDGES = (0.7, 1.4)  # between sooner, as soon and later: half an octave to either side
RATIO_CLASSES = len(RATIO_EDGES) + 1
QUALITIES_ROOM = 1000  # above every quality's code
MELODY_ROLES = ("lead", "vocals")
ENOUGH_CHORDS = 8  # as many alike in time, without a melody, are two takes of one piece
# an odd number with its bits well mixed: 2^64 over the golden ratio (Knuth, TAOCP 3, 6.4)
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
DIGEST_BYTES = 8


@dataclass(frozen=True)
class Fingerprint:
    """The phrases of a song as sorted hashes, each once, and a digest of all of it.

    A kind that the song has too little of is empty.
    """

    melody: Phrases
    chords: Phrases
    drums: Phrases
    whole: int | None


def fingerprint(song: Song) -> Fingerprint:
    """What a song is recognised by."""
    return Fingerprint(
        melody=union(phrases(melody_codes(line), MELODY_INTERVALS) for line in melody_lines(song)),
        chords=phrases(chord_codes(song.chords), CHORD_CHANGES),
        drums=phrases(drum_codes(song), DRUM_HITS),
        whole=digest(song),
    )


def phrases(codes: Codes, length: int) -> Phrases:
    """Hashes of all runs of `length` codes, sorted, each once."""
    if len(codes) < length:
        return np.empty(0, np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(codes.astype(np.uint64), length)
    hashes = np.zeros(len(runs), np.uint64)
    for place in range(length):
        hashes = (hashes ^ runs[:, place]) * MULTIPLIER
        hashes ^= hashes >> np.uint64(29)  # else the high bits never reach the low ones
    return np.unique(hashes)


def union(sets: Iterable[Phrases]) -> Phrases:
    """All phrases of the sets, sorted, each once."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *sets]))


def melody_lines(song: Song) -> list[list[Note]]:
    """The melodies: one of each track that leads, else the highest notes of all but the bass.

    Where chords are written and nothing leads, there is none: the top of a voicing is no tune.
    """
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    if leading := [track.notes for track in pitched if track.role in MELODY_ROLES]:
        return [skyline(notes) for notes in leading]
    if song.chords:
        return []
    return [skyline(note for track in pitched if track.role != "bass" for note in track.notes)]


def skyline(notes: Iterable[Note]) -> list[Note]:
    """The highest of each group of notes struck together, in order."""
    line: list[Note] = []
    for note in sorted(notes, key=lambda n: n.start_beats):
        if line and note.start_beats - line[-1].start_beats < ONE_ONSET:
            if note.pitch > line[-1].pitch:
                line[-1] = note
        else:
            line.append(note)
    return line


def melody_codes(line: Sequence[Note]) -> Codes:
    """A number for each interval of a line and the class of its time."""
    pitches = np.array([note.pitch for note in line], np.int64)
    starts = np.array([note.start_beats for note in line])
    steps = np.clip(np.diff(pitches), -MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL
    return steps[1:] * RATIO_CLASSES + ratio_classes(starts) if len(line) > 2 else steps[:0]


def ratio_classes(starts: NDArray[np.float64]) -> Codes:
    """For each onset from the third on: 0 where it comes sooner than the one before it, 1 alike."""
    gaps = np.maximum(np.diff(starts), np.finfo(float).tiny)
    return np.digitize(gaps[1:] / gaps[:-1], RATIO_EDGES).astype(np.int64)


def chord_codes(chords: Sequence[Chord]) -> Codes:
    """A number for each change of chord: the root's step upward and the quality it leads to.

    Symbols that cannot be read, and places without a chord, are passed over.
    """
    names = [known for chord in chords if (known := root_and_quality(chord)) is not None]
    changes = [name for name, before in zip(names, [None, *names], strict=False) if name != before]
    steps = [
        (root - before) % 12 * QUALITIES_ROOM + quality
        for (before, _), (root, quality) in pairwise(changes)
    ]
    return np.array(steps, np.int64)


def root_and_quality(chord: Chord) -> tuple[int, int] | None:
    """Pitch class of the root and code of the quality; None for what is no chord."""
    try:
        symbol = parse_chord(chord.symbol)
    except BadInputError:
        return None
    return None if symbol.root_pc is None else (symbol.root_pc, symbol.quality_code)


def drum_codes(song: Song) -> Codes:
    """A number for each hit: its key, and the class of its time; hits together count by key."""
    hits = sorted(
        ((n.start_beats, n.pitch) for t in song.tracks if t.is_drum for n in t.notes),
    )
    starts = np.array([start for start, _ in hits])
    keys = np.array([pitch for _, pitch in hits], np.int64)
    return keys[2:] * RATIO_CLASSES + ratio_classes(starts) if len(hits) > 2 else keys[:0]


def digest(song: Song) -> int | None:
    """A number of all notes, or of all chords where no melody is, whatever key they are in.

    Songs that are equal in this have equal ones; None for an empty song.
    """
    notes = sorted(
        (round(n.start_beats, 3), n.pitch, round(n.duration_beats, 3), t.is_drum)
        for t in song.tracks
        for n in t.notes
    )
    lowest = min((pitch for _, pitch, _, is_drum in notes if not is_drum), default=0)
    content: list[tuple[object, ...]]
    content = [(s, p if is_drum else p - lowest, d, is_drum) for s, p, d, is_drum in notes]
    chords = timed_chords(song.chords)
    if not content or (len(chords) >= ENOUGH_CHORDS and not melody_lines(song)):
        content = chords
    text = repr(content).encode()
    return hash_of(text) if content else None


def timed_chords(chords: Sequence[Chord]) -> list[tuple[object, ...]]:
    """Start, root above that of the first chord, and quality, of all that can be read."""
    known = [(chord, name) for chord in chords if (name := root_and_quality(chord)) is not None]
    return [
        (round(chord.start_beats, 3), (root - known[0][1][0]) % 12, quality)
        for chord, (root, quality) in known
    ]


def hash_of(data: bytes) -> int:
    """A number that is as good as different for different data."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest())
