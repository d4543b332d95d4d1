"""Fingerprints of songs: sets of short phrases that do not depend on key or tempo.

- A phrase of melody is seven consecutive notes: the six intervals in semitones, and for each the
  ratio of its inter-onset time to the one before, in three classes (shorter, equal, longer), since
  players are not exact.
- A phrase of chords is ten consecutive changes: the step of the root in semitones and the new
  quality; repeated chords count once.
- A phrase of drums is sixteen hits: the drum and the same classes of ratios.

Sources: sets of hashed runs are Broder's shingles ("On the resemblance and containment of
documents", 1997); intervals and ratios of inter-onset times, Uitdenbogerd and Zobel ("Melodic
matching techniques for large music databases", ACM Multimedia 1999).
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

MELODY_INTERVALS = 6  # per phrase, which has seven notes
CHORD_CHANGES = 10
DRUM_HITS = 16
SAME_ONSET_BEATS = 0.1  # beats; notes closer than this count as simultaneous
MAX_INTERVAL = 24  # semitones; larger leaps are clipped
RATIO_EDGES = (0.7, 1.4)  # between shorter, equal and longer: about 2 ** -0.5 and 2 ** 0.5
RATIO_CLASSES = len(RATIO_EDGES) + 1
QUALITY_LIMIT = 1000  # greater than every quality code
MELODY_ROLES = ("lead", "vocals")
MIN_DIGEST_CHORDS = 8  # this many chords with equal times identify a piece that has no melody
# an odd number with its bits well mixed: 2^64 over the golden ratio (Knuth, TAOCP 3, 6.4)
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
DIGEST_BYTES = 8


@dataclass(frozen=True)
class Fingerprint:
    """Phrases of a song as sorted unique hashes, and a digest of the whole song.

    Attributes:
        melody: hashes of melodic phrases; empty if the song has too few notes.
        chords: hashes of chord progressions.
        drums: hashes of drum patterns.
        whole: digest of all notes or chords, equal for transposed copies; None for an empty song.
    """

    melody: Phrases
    chords: Phrases
    drums: Phrases
    whole: int | None


def fingerprint(song: Song) -> Fingerprint:
    """Return the fingerprint of a song."""
    return Fingerprint(
        melody=unite(
            phrases(melody_codes(line), MELODY_INTERVALS) for line in find_melody_lines(song)
        ),
        chords=phrases(chord_codes(song.chords), CHORD_CHANGES),
        drums=phrases(drum_codes(song), DRUM_HITS),
        whole=content_digest(song),
    )


def phrases(codes: Codes, length: int) -> Phrases:
    """Return the hashes of all runs of `length` codes, sorted and unique."""
    if len(codes) < length:
        return np.empty(0, np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(codes.astype(np.uint64), length)
    hashes = np.zeros(len(runs), np.uint64)
    for index in range(length):
        hashes = (hashes ^ runs[:, index]) * MULTIPLIER
        hashes ^= hashes >> np.uint64(29)  # mix the high bits into the low ones
    return np.unique(hashes)


def unite(sets: Iterable[Phrases]) -> Phrases:
    """Return the union of the sets, sorted."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *sets]))


def find_melody_lines(song: Song) -> list[list[Note]]:
    """Return the melodies: one per leading track, else the highest notes of all but the bass.

    A song with chord symbols and no leading track has none: top notes of voicings are no melody.
    """
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    if leading := [track.notes for track in pitched if track.role in MELODY_ROLES]:
        return [skyline(notes) for notes in leading]
    if song.chords:
        return []
    return [skyline(note for track in pitched if track.role != "bass" for note in track.notes)]


def skyline(notes: Iterable[Note]) -> list[Note]:
    """Return the highest of each group of simultaneous notes, in order."""
    line: list[Note] = []
    for note in sorted(notes, key=lambda n: n.start_beats):
        if line and note.start_beats - line[-1].start_beats < SAME_ONSET_BEATS:
            if note.pitch > line[-1].pitch:
                line[-1] = note
        else:
            line.append(note)
    return line


def melody_codes(line: Sequence[Note]) -> Codes:
    """Return one code per interval of a line from the second on: semitones and ratio class."""
    pitches = np.array([note.pitch for note in line], np.int64)
    starts = np.array([note.start_beats for note in line])
    steps = np.clip(np.diff(pitches), -MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL
    return steps[1:] * RATIO_CLASSES + ratio_classes(starts) if len(line) > 2 else steps[:0]


def ratio_classes(starts: NDArray[np.float64]) -> Codes:
    """Return classes of ratios of consecutive inter-onset times: 0 shorter, 1 equal, 2 longer."""
    gaps = np.maximum(np.diff(starts), np.finfo(float).tiny)
    return np.digitize(gaps[1:] / gaps[:-1], RATIO_EDGES).astype(np.int64)


def chord_codes(chords: Sequence[Chord]) -> Codes:
    """Return one code per chord change: step of the root upward and new quality.

    Symbols that cannot be read and gaps without a chord are skipped.
    """
    names = [name for chord in chords if (name := root_and_quality(chord)) is not None]
    changes = [name for name, before in zip(names, [None, *names], strict=False) if name != before]
    steps = [
        (root - before) % 12 * QUALITY_LIMIT + quality
        for (before, _), (root, quality) in pairwise(changes)
    ]
    return np.array(steps, np.int64)


def root_and_quality(chord: Chord) -> tuple[int, int] | None:
    """Return the root's pitch class and the quality's code; None without a chord."""
    try:
        symbol = parse_chord(chord.symbol)
    except BadInputError:
        return None
    return None if symbol.root_pc is None else (symbol.root_pc, symbol.quality_code)


def drum_codes(song: Song) -> Codes:
    """Return one code per drum hit from the third on: key and ratio class.

    Simultaneous hits are in ascending order of their keys.
    """
    hits = sorted(
        ((n.start_beats, n.pitch) for t in song.tracks if t.is_drum for n in t.notes),
    )
    starts = np.array([start for start, _ in hits])
    keys = np.array([pitch for _, pitch in hits], np.int64)
    return keys[2:] * RATIO_CLASSES + ratio_classes(starts) if len(hits) > 2 else keys[:0]


def content_digest(song: Song) -> int | None:
    """Return a hash of all notes relative to the lowest pitch, or of all chords without a melody.

    Transposed copies have equal digests. None for a song without content.
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
    if not content or (len(chords) >= MIN_DIGEST_CHORDS and not find_melody_lines(song)):
        content = chords
    text = repr(content).encode()
    return hash_bytes(text) if content else None


def timed_chords(chords: Sequence[Chord]) -> list[tuple[object, ...]]:
    """Return (start, root above the first chord's, quality) of all chords that can be read."""
    named = [(chord, name) for chord in chords if (name := root_and_quality(chord)) is not None]
    return [
        (round(chord.start_beats, 3), (root - named[0][1][0]) % 12, quality)
        for chord, (root, quality) in named
    ]


def hash_bytes(data: bytes) -> int:
    """Return a 64-bit hash of the data."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest())
