"""Reader of POP909 folders: a MIDI file with beats, chords and keys in text files beside it.

Conventions:
    The annotated beats coincide with the MIDI file's quarter notes up to a constant offset; the
    song is delayed by whole ticks so that its first annotated bar starts on a bar line.
    Chords start on beats. Meters have the length of the annotated bars.
    Tracks MELODY and BRIDGE have the role lead, PIANO has keys.
Source: Wang et al., "POP909: a pop-song dataset for music arrangement generation", ISMIR 2020.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import msgspec

from muse.tools.datasets.harte_labels import parse_labels
from muse.tools.datasets.text_lines import Line, error_context, make_chord, parse_seconds
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
from muse.tools.theory.keys import parse_key, song_key

CHORDS, BEATS, KEYS = "chord_midi.txt", "beat_midi.txt", "key_audio.txt"
ROLES: dict[str, Role] = {"MELODY": "lead", "BRIDGE": "lead", "PIANO": "keys"}
DEFAULT_BAR = 4  # beats, where no bar is annotated


def is_pop909(folder: Path) -> bool:
    """Return whether a folder is one song of POP909."""
    return (folder / CHORDS).is_file() and (folder / f"{folder.name}.mid").is_file()


def read_pop909(folder: Path) -> Song:
    """Read one song with its chords, keys and meters at its beats.

    Raises:
        BadInputError: a file cannot be read, or a line is malformed; the message gives both.
    """
    midi = folder / f"{folder.name}.mid"
    song = song_from_midi(read_bytes(midi), str(midi))
    clock = song.tempo_map()
    beats = read_beats(folder / BEATS)
    grid = Grid.of(clock, beats, song.ticks_per_beat)
    moved = shift_song(song, grid.shift)
    moved.chords = read_chords(folder / CHORDS, grid)
    moved.keys = read_keys(folder / KEYS, grid)
    moved.meters = meters_from_beats(grid, beats)
    return moved


@dataclass(frozen=True)
class Beat:
    """An annotated beat."""

    seconds: float
    is_downbeat: bool


@dataclass(frozen=True)
class Grid:
    """Mapping of annotated times to beats of the song; `shift` (beats) is added to the MIDI's."""

    clock: TempoMap
    shift: float

    @classmethod
    def of(cls, clock: TempoMap, beats: Sequence[Beat], ticks: int) -> "Grid":
        """Return the grid that moves the first downbeat to the next bar line."""
        bars = [i for i, beat in enumerate(beats) if beat.is_downbeat]
        first = bars[0] if bars else 0
        length = bars[1] - bars[0] if len(bars) > 1 else DEFAULT_BAR
        downbeat = clock.beat_at(beats[first].seconds)
        bar_line = ceil(round(downbeat / length, 3)) * length
        return cls(clock, round((bar_line - downbeat) * ticks) / ticks)

    def beat_at(self, seconds: float) -> float:
        """Return the song's beat nearest to a time, 0 or later."""
        return float(max(round(self.clock.beat_at(seconds) + self.shift), 0))


def read_beats(path: Path) -> list[Beat]:
    """Read the annotated beats; raises BadInputError."""
    beats = []
    for line in Line.all_of(read_bytes(path), str(path)):
        with error_context(str(path), line):
            words = line.text.split()
            if len(words) != 3:
                raise BadInputError(f"'{line.text}' is not a time and two flags")
            beats.append(Beat(parse_seconds(words[0]), float(words[2]) > 0))
    if not beats:
        raise BadInputError(f"{path}: no beats")
    return beats


def read_chords(path: Path, grid: Grid) -> list[Chord]:
    """Read the chords; those shorter than half a beat are dropped."""
    spans = [
        (grid.beat_at(start), grid.beat_at(end), symbol)
        for start, end, symbol in parse_labels(read_bytes(path), str(path))
    ]
    return [make_chord(start, end, symbol) for start, end, symbol in spans if end > start]


def read_keys(path: Path, grid: Grid) -> list[Key]:
    """Read the keys in order; the first applies from beat 0."""
    keys: list[Key] = []
    for line in Line.all_of(read_bytes(path), str(path)):
        with error_context(str(path), line):
            words = line.text.split()
            if len(words) != 3:
                raise BadInputError(f"'{line.text}' is not 'start end key'")
            key = parse_key(words[2])
            beat = grid.beat_at(parse_seconds(words[0])) if keys else 0.0
        keys.append(song_key(beat, key))
    return keys


def meters_from_beats(grid: Grid, beats: Sequence[Beat]) -> list[Meter]:
    """Return a meter wherever the number of beats per annotated bar changes."""
    lines = [grid.beat_at(beat.seconds) for beat in beats if beat.is_downbeat]
    meters: list[Meter] = []
    for start, end in itertools.pairwise(lines):
        length = int(end - start)
        if length > 0 and (not meters or meters[-1].numerator != length):
            meters.append(Meter(start if meters else 0.0, length, 4))
    return meters or [Meter(0.0, DEFAULT_BAR, 4)]


def shift_song(song: Song, beats: float) -> Song:
    """Return the song with its tracks, and every tempo but the first, delayed by some beats."""
    tempos = [Tempo(t.beat + beats if t.beat > 0 else 0.0, t.bpm) for t in song.tempos]
    tracks = [shift_track(track, beats) for track in song.tracks]
    return msgspec.structs.replace(song, tempos=tempos, tracks=tracks)


def shift_track(track: Track, beats: float) -> Track:
    """Return the track delayed by some beats, with the role of its name in POP909."""
    return msgspec.structs.replace(
        track,
        role=ROLES.get(track.name, track.role),
        notes=[
            Note(n.start_beats + beats, n.duration_beats, n.pitch, n.velocity) for n in track.notes
        ],
        bends=[Bend(b.beat + beats, b.value) for b in track.bends],
        controls=[Control(c.beat + beats, c.number, c.value) for c in track.controls],
    )
