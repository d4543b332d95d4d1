"""The form `patterns`: short loops with tempo and key.

A row is {tempo, key, notes, pattern_length}: tempo in quarter notes per minute, key such as "C#
minor" (null for drums), MIDI pitches in order of onsets, length in beats (quarter notes). It also
has onset_beats, duration_beats and velocity of each note, so that the pattern can be played, and
{song, track, program, is_drum, bar, bars, times, split}. Each track is cut every few bars, or taken
whole. Equal patterns, within a song or across songs, are one row, and `times` counts them. A
pattern found in a training song is not in the other splits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muse.tools.datasets.forms.options import PATTERN_BARS, WHOLE, FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.harmony_columns import full_key_name, key_at
from muse.tools.datasets.melody_events import STEPS, StepBar, step_bars
from muse.tools.song.document import Key, Note, Song, Track

SPLIT_ORDER = ("train", "validation", "test")
DECIMALS = 4  # of beats
DECIMALS_OF_BPM = 2

# equal for equal patterns: onset step, duration in steps and pitch of each note; length; is_drum
PatternKey = tuple[tuple[tuple[int, int, int], ...], int, bool]


@dataclass(frozen=True)
class Pattern:
    """Notes of some bars of a track.

    Attributes:
        notes: times in beats from the pattern's start.
        length: in steps.
        bar: index of its first bar in the song.
        bars: number of bars.
        beat: of the song at which the pattern starts.
    """

    notes: tuple[Note, ...]
    length: int
    bar: int
    bars: int
    beat: float

    def identity(self, is_drum: bool) -> PatternKey:
        """Return a value that is equal for patterns that are equal on the grid."""
        placed = sorted(
            (round(n.start_beats * STEPS), round(n.duration_beats * STEPS), n.pitch)
            for n in self.notes
        )
        return tuple(placed), self.length, is_drum


def cut_patterns(track: Track, song: Song, options: FormOptions) -> list[Pattern]:
    """Return the patterns of a track, without empty ones."""
    size = PATTERN_BARS if options.bars is None else options.bars
    end = max(note.start_beats for note in track.notes) + 1 / STEPS
    bars = step_bars(song.meters, end)
    cuts = range(0, len(bars), size) if size != WHOLE else (0,)
    found = [
        cut_pattern(track.notes, bars[cut : cut + size] if size else bars, cut) for cut in cuts
    ]
    return [pattern for pattern in found if pattern.notes]


def cut_pattern(notes: Sequence[Note], bars: Sequence[StepBar], bar: int) -> Pattern:
    """Return the notes whose rounded onsets are in the bars."""
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
    """Return the rows of all songs, training songs first; `keys` are the songs' keys by id."""
    rows: dict[PatternKey, Row] = {}
    for split in SPLIT_ORDER:
        for entry in entries:
            if entry.split != split:
                continue
            for track, pattern in all_patterns(entry.song, options):
                identity = pattern.identity(track.is_drum)
                if identity in rows:
                    rows[identity]["times"] += 1
                else:
                    rows[identity] = make_row(entry, track, pattern, keys[entry.id])
    return list(rows.values())


def all_patterns(song: Song, options: FormOptions) -> Iterator[tuple[Track, Pattern]]:
    """Yield the patterns of every track that has notes, each with its track."""
    for track in song.tracks:
        if track.notes:
            for pattern in cut_patterns(track, song, options):
                yield track, pattern


def make_row(entry: Entry, track: Track, pattern: Pattern, keys: Sequence[Key]) -> Row:
    """Return the row of a pattern."""
    return {
        "tempo": round(entry.song.tempo_map().bpm_at(pattern.beat), DECIMALS_OF_BPM),
        "key": None if track.is_drum or not keys else full_key_name(key_at(keys, pattern.beat)),
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
