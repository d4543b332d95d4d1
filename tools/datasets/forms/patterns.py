"""The form `patterns`: short loops with tempo and key.

A row is {tempo, key, notes, pattern_length}: tempo in quarter notes a minute, key as "C# minor"
(null for drums), notes the MIDI pitches in order of their starts, pattern_length in beats (quarter
notes). With them come onset_beats, duration_beats and velocity of each note, so that the pattern
can be played, and {song, track, program, is_drum, bar, bars, times, split}. Each track is cut every
few bars, or taken whole; what comes again, in the same song or in another, is one row, and `times`
says how often it came. A pattern that a training song has is not in the other splits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muse.tools.datasets.forms.options import PATTERN_BARS, WHOLE, FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.harmony_columns import key_at, key_name
from muse.tools.datasets.melody_events import STEPS, StepBar, step_bars
from muse.tools.song.document import Key, Note, Song, Track

SPLIT_ORDER = ("train", "validation", "test")
DECIMALS = 4  # of beats
DECIMALS_OF_BPM = 2

# what makes two patterns the same: step, steps and pitch of each note, length, drums or not
Identity = tuple[tuple[tuple[int, int, int], ...], int, bool]


@dataclass(frozen=True)
class Pattern:
    """A stretch of a track: its notes with times from its start, and where it came from."""

    notes: tuple[Note, ...]
    length: int  # steps
    bar: int
    bars: int
    beat: float

    def identity(self, is_drum: bool) -> Identity:
        """What is equal for patterns that are the same on the grid."""
        placed = sorted(
            (round(n.start_beats * STEPS), round(n.duration_beats * STEPS), n.pitch)
            for n in self.notes
        )
        return tuple(placed), self.length, is_drum


def patterns_of(track: Track, song: Song, options: FormOptions) -> list[Pattern]:
    """The patterns of a track, those without notes left out."""
    size = PATTERN_BARS if options.bars is None else options.bars
    end = max(note.start_beats for note in track.notes) + 1 / STEPS
    bars = step_bars(song.meters, end)
    cuts = range(0, len(bars), size) if size != WHOLE else (0,)
    found = [pattern_of(track.notes, bars[cut : cut + size] if size else bars, cut) for cut in cuts]
    return [pattern for pattern in found if pattern.notes]


def pattern_of(notes: Sequence[Note], bars: Sequence[StepBar], bar: int) -> Pattern:
    """The notes that start in some bars, half a step early at the most."""
    first, last = bars[0].start, bars[-1].start + bars[-1].length
    begin = first / STEPS
    inside = [
        Note(max(n.start_beats - begin, 0.0), n.duration_beats, n.pitch, n.velocity)
        for n in notes
        if first <= round(n.start_beats * STEPS) < last
    ]
    inside.sort(key=lambda note: (note.start_beats, note.pitch))
    return Pattern(tuple(inside), last - first, bar, len(bars), begin)


def pattern_rows(
    entries: Sequence[Entry], keys: dict[str, list[Key]], options: FormOptions
) -> list[Row]:
    """The rows of all songs, training songs first; `keys` are the songs' keys by id."""
    rows: dict[Identity, Row] = {}
    for split in SPLIT_ORDER:
        for entry in entries:
            if entry.split != split:
                continue
            for track, pattern in all_patterns(entry.song, options):
                identity = pattern.identity(track.is_drum)
                if identity in rows:
                    rows[identity]["times"] += 1
                else:
                    rows[identity] = row_of(entry, track, pattern, keys[entry.id])
    return list(rows.values())


def all_patterns(song: Song, options: FormOptions) -> Iterator[tuple[Track, Pattern]]:
    """The patterns of every track that has notes."""
    for track in song.tracks:
        if track.notes:
            for pattern in patterns_of(track, song, options):
                yield track, pattern


def row_of(entry: Entry, track: Track, pattern: Pattern, keys: Sequence[Key]) -> Row:
    """One row."""
    return {
        "tempo": round(entry.song.tempo_map().bpm_at(pattern.beat), DECIMALS_OF_BPM),
        "key": None if track.is_drum or not keys else key_name(key_at(keys, pattern.beat)),
        "notes": [note.pitch for note in pattern.notes],
        "pattern_length": round(pattern.length / STEPS, DECIMALS),
        "onset_beats": [round(note.start_beats, DECIMALS) for note in pattern.notes],
        "duration_beats": [round(note.duration_beats, DECIMALS) for note in pattern.notes],
        "velocity": [note.velocity for note in pattern.notes],
        "song": entry.id,
        "split": entry.split,
        "track": track.name,
        "program": track.program,
        "is_drum": track.is_drum,
        "bar": pattern.bar,
        "bars": pattern.bars,
        "times": 1,
    }
