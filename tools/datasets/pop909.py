"""The folders of POP909: a MIDI file with beats, chords and keys in text files beside it.

Conventions: the annotated beats lie on the MIDI file's quarter notes plus a constant; the song is
moved later, by whole ticks, so that its first annotated bar starts on a bar line. Chords start on
beats. Metres are as long as the annotated bars. Tracks MELODY and BRIDGE lead, PIANO is keys.
Source: Wang et al., "POP909: a pop-song dataset for music arrangement generation", ISMIR 2020.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import msgspec

from muse.tools.datasets.harte_labels import parse_labels
from muse.tools.datasets.text_lines import Line, at_line, chord_at, parse_seconds
from muse.tools.errors import BadInputError
from muse.tools.files import read_bytes
from muse.tools.song.document import (
    Bend,
    Chord,
    Control,
    Key,
    Meter,
    Note,
    Role,
    Song,
    Tempo,
    Track,
)
from muse.tools.song.midi import song_from_midi
from muse.tools.song.tempo_map import TempoMap
from muse.tools.theory.keys import parse_key

CHORDS, BEATS, KEYS = "chord_midi.txt", "beat_midi.txt", "key_audio.txt"
ROLES: dict[str, Role] = {"MELODY": "lead", "BRIDGE": "lead", "PIANO": "keys"}
USUAL_BAR = 4  # beats, where no bar is marked


def is_pop909(folder: Path) -> bool:
    """Whether a folder is one song of the set."""
    return (folder / CHORDS).is_file() and (folder / f"{folder.name}.mid").is_file()


def read_pop909(folder: Path) -> Song:
    """One song of the set, with chords, keys and metres at its beats.

    Raises:
        BadInputError: a file cannot be read, or a line is malformed; the message names both.
    """
    midi = folder / f"{folder.name}.mid"
    song = song_from_midi(read_bytes(midi), str(midi))
    clock = song.tempo_map()
    beats = read_beats(folder / BEATS)
    grid = Grid.of(clock, beats, song.ticks_per_beat)
    moved = shifted(song, grid.shift)
    moved.chords = read_chords(folder / CHORDS, grid)
    moved.keys = read_keys(folder / KEYS, grid)
    moved.meters = bar_meters(grid, beats)
    return moved


@dataclass(frozen=True)
class Beat:
    """An annotated beat; `is_bar` where a bar starts."""

    seconds: float
    is_bar: bool


@dataclass(frozen=True)
class Grid:
    """Where the song's beats are: `shift` is added to the MIDI file's own."""

    clock: TempoMap
    shift: float

    @classmethod
    def of(cls, clock: TempoMap, beats: Sequence[Beat], ticks: int) -> "Grid":
        """The grid whose first bar line is a bar, at the most, behind the start of the MIDI."""
        bars = [i for i, beat in enumerate(beats) if beat.is_bar]
        first = bars[0] if bars else 0
        length = bars[1] - bars[0] if len(bars) > 1 else USUAL_BAR
        begins = clock.beat_at(beats[first].seconds)
        bar_line = ceil(round(begins / length, 3)) * length
        return cls(clock, round((bar_line - begins) * ticks) / ticks)

    def beat_at(self, seconds: float) -> float:
        """The nearest beat of the song to a time, 0 or later."""
        return float(max(round(self.clock.beat_at(seconds) + self.shift), 0))


def read_beats(path: Path) -> list[Beat]:
    """The annotated beats; raises BadInputError."""
    beats = []
    for line in Line.all_of(read_bytes(path), str(path)):
        with at_line(str(path), line):
            words = line.text.split()
            if len(words) != 3:
                raise BadInputError(f"'{line.text}' is not a time and two flags")
            beats.append(Beat(parse_seconds(words[0]), float(words[2]) > 0))
    if not beats:
        raise BadInputError(f"{path}: no beats")
    return beats


def read_chords(path: Path, grid: Grid) -> list[Chord]:
    """The chords; those that are shorter than half a beat fall away."""
    spans = [
        (grid.beat_at(start), grid.beat_at(end), symbol)
        for start, end, symbol in parse_labels(read_bytes(path), str(path))
    ]
    return [chord_at(start, end, symbol) for start, end, symbol in spans if end > start]


def read_keys(path: Path, grid: Grid) -> list[Key]:
    """The keys, in order; the first holds from the start."""
    keys: list[Key] = []
    for line in Line.all_of(read_bytes(path), str(path)):
        with at_line(str(path), line):
            words = line.text.split()
            if len(words) != 3:
                raise BadInputError(f"'{line.text}' is not 'start end key'")
            key = parse_key(words[2])
            beat = grid.beat_at(parse_seconds(words[0])) if keys else 0.0
        keys.append(Key(beat, key.tonic_pc, key.mode))
    return keys


def bar_meters(grid: Grid, beats: Sequence[Beat]) -> list[Meter]:
    """A metre wherever the number of beats from one annotated bar to the next changes."""
    lines = [grid.beat_at(beat.seconds) for beat in beats if beat.is_bar]
    meters: list[Meter] = []
    for start, end in itertools.pairwise(lines):
        length = int(end - start)
        if length > 0 and (not meters or meters[-1].numerator != length):
            meters.append(Meter(start if meters else 0.0, length, 4))
    return meters or [Meter(0.0, USUAL_BAR, 4)]


def shifted(song: Song, beats: float) -> Song:
    """The song with all that sounds, and every tempo but the first, some beats later."""
    tempos = [Tempo(t.beat + beats if t.beat > 0 else 0.0, t.bpm) for t in song.tempos]
    tracks = [shifted_track(track, beats) for track in song.tracks]
    return msgspec.structs.replace(song, tempos=tempos, tracks=tracks)


def shifted_track(track: Track, beats: float) -> Track:
    """The track some beats later, with the role that its name has in the set."""
    return msgspec.structs.replace(
        track,
        role=ROLES.get(track.name, track.role),
        notes=[
            Note(n.start_beats + beats, n.duration_beats, n.pitch, n.velocity) for n in track.notes
        ],
        bends=[Bend(b.beat + beats, b.value) for b in track.bends],
        controls=[Control(c.beat + beats, c.number, c.value) for c in track.controls],
    )
