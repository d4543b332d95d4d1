"""Players whose notes come from a file, a take, or JSON lines in a pipe."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from select import select
from statistics import fmean
from typing import BinaryIO

import msgspec

from muse.tools.datasets.forms.melody import MELODY_ROLES
from muse.tools.datasets.melody_track import find_track
from muse.tools.datasets.readers import read_song
from muse.tools.errors import BadInputError
from muse.tools.jam.events import Message
from muse.tools.jam.grid import (
    COMMON_METERS,
    GroupedMeter,
    counted_beats,
    group_meters,
    grouped_as_played,
)
from muse.tools.jam.midi_bytes import NOTE_ON, control, note_off
from muse.tools.jam.options import DEFAULT_BPM
from muse.tools.jam.ports.input_queue import STREAM_BLOCK, is_song_head
from muse.tools.jam.ports.json_lines import JsonLines
from muse.tools.jam.session import LEAD_S
from muse.tools.jam.takes.records import Header
from muse.tools.jam.takes.replay import Replay
from muse.tools.melody.prepare_song import is_melody
from muse.tools.song.document import Meter, Section, Song, Tempo, Track
from muse.tools.song.meter import first_meter

log = logging.getLogger("muse")

LEAD_PARAM = "lead_s"  # name of PlayerInput.lead_s in the params of a take
MAX_LEAD_S = 0.1
SONG_WAIT_S = 15.0  # for the first bytes of a pipe; then it is taken for a live player's
FILE_LEAD_S = -0.02  # offline, notes up to 20 ms after a beat still count for its decision
OFFS, CONTROLS, ONS = range(3)  # order of messages at the same time


@dataclass(frozen=True)
class PlayerInput:
    """The messages of a player, with what is known about them in advance.

    Attributes:
        messages: in order, in s on the session's clock.
        bpm: quarter notes per minute at the start.
        tempos: (time in s, bpm) of later tempo changes.
        meters: in order, the first from beat 0 on.
        sections: of the song.
        start_s: time of the first beat of the count-in.
        end_s: time of the last message, or 0 where it is not known.
        lead_s: how long before a beat it is decided; later messages do not count for it.
        has_tempo: whether the file states its tempo.
    """

    messages: Iterable[Message] = ()
    bpm: float = DEFAULT_BPM
    tempos: tuple[tuple[float, float], ...] = ()
    meters: tuple[GroupedMeter, ...] = COMMON_METERS
    sections: tuple[Section, ...] = ()
    start_s: float = 0.0
    end_s: float = 0.0
    lead_s: float = FILE_LEAD_S
    has_tempo: bool = False


@dataclass(frozen=True)
class SoloFile:
    """The melody of a file.

    Attributes:
        song: the whole file; its tempo map converts between seconds and beats.
        track: the melody's track.
        messages: its notes and controllers in order, in s from the start of the file, on channel 0.
    """

    song: Song
    track: Track
    messages: tuple[Message, ...]


def file_input(path: str, track: str | None, counted_bpm: float | None) -> PlayerInput:
    """Read a melody from a song in any format that `datasets.readers` knows.

    Args:
        path: the file; '-' is standard input.
        track: a number or part of a name; None chooses the melody.
        counted_bpm: tempo to play it at, in counted beats per minute; None for its own.

    Raises:
        BadInputError, ParameterError: as `read_solo_file`.
    """
    solo = read_solo_file(path, track)
    song = solo.song
    if counted_bpm is not None:
        bpm = counted_bpm * counted_beats(first_meter(song))
        song = msgspec.structs.replace(song, tempos=[Tempo(0.0, bpm)])
    tempos = song.tempo_map()
    messages = tuple(track_messages(song, solo.track))
    return PlayerInput(
        messages,
        tempos.bpms[0],
        tuple(zip(tempos.seconds[1:], tempos.bpms[1:], strict=True)),
        grouped_as_played(group_meters(song.meters, tempos.bpms[0]), solo.track.notes),
        tuple(song.sections),
        end_s=messages[-1].time_s,
        has_tempo=bool(song.tempos),
    )


def take_input(replay: Replay) -> PlayerInput:
    """Return the player of a take, with the tempos that were recorded."""
    header = replay.header
    lead_s = header.params.get(LEAD_PARAM)
    return PlayerInput(
        replay.messages,
        replay.bpm,
        replay.tempos,
        replay_meters(header),
        start_s=replay.start_s,
        end_s=replay.end_s,
        lead_s=lead_s if isinstance(lead_s, float) and abs(lead_s) <= MAX_LEAD_S else LEAD_S,
    )


def replay_meters(header: Header) -> tuple[GroupedMeter, ...]:
    """Return the meters of a take."""
    if not header.meters:
        return group_meters([Meter(0.0, header.numerator, header.denominator)])
    return tuple(
        GroupedMeter(Meter(each.beat, each.numerator, each.denominator), tuple(each.groups))
        for each in header.meters
    )


def stream_input(stream: BinaryIO, name: str = "standard input") -> PlayerInput:
    """Return a player whose messages are JSON lines, read as they are needed.

    A line without a time, or with an earlier one than the line before, takes the latest time.
    """
    return PlayerInput(timed_lines(stream, name))


def timed_lines(stream: BinaryIO, name: str) -> Iterator[Message]:
    """Yield the messages of a stream of JSON lines, in order of time.

    Raises:
        BadInputError: the stream does not begin with a brace.
    """
    lines, latest_s, is_first = JsonLines(name), 0.0, True
    read = getattr(stream, "read1", stream.read)
    while block := read(STREAM_BLOCK):
        if is_first and block.lstrip()[:1] not in (b"{", b""):
            raise BadInputError(f'{name}: no JSON lines such as {{"time_s": 1.25, "on": 60}}')
        is_first = False
        for time_s, data in lines.feed(block):
            latest_s = max(latest_s, latest_s if time_s is None else time_s)
            yield Message(latest_s, data)
    for time_s, data in lines.feed(b"\n"):  # the last line may have no line break
        yield Message(max(latest_s, time_s or 0.0), data)


def has_data(stream: BinaryIO, timeout_s: float = SONG_WAIT_S) -> bool:
    """Return whether a stream holds data or has ended, after waiting for it.

    A pipe that stays empty is a live player's, who may be waiting for the count-in.
    """
    with suppress(OSError, ValueError):  # no file, or a pipe of Windows
        if not select([stream], [], [], 0.0)[0]:
            log.info(
                "waiting up to %g s for a song on standard input; an empty line or a message "
                "starts a live session at once",
                timeout_s,
            )
            return bool(select([stream], [], [], timeout_s)[0])
    return True


def is_song(stream: BinaryIO) -> bool:
    """Return whether a stream holds a MIDI file or a Song document, without consuming it."""
    head = stream.peek(1) if isinstance(stream, BufferedReader) else b""
    return is_song_head(head)


def after_count_in(player_input: PlayerInput, beats: float, bpm: float) -> PlayerInput:
    """Return the input, delayed by a count-in.

    Args:
        player_input: starts on the first bar line.
        beats: of the count-in, in quarter notes.
        bpm: tempo of the count-in.
    """
    delay_s = beats * 60.0 / bpm
    if not delay_s:
        return player_input
    return replace(
        player_input,
        messages=(replace(each, time_s=each.time_s + delay_s) for each in player_input.messages),
        tempos=tuple((time_s + delay_s, each) for time_s, each in player_input.tempos),
        end_s=player_input.end_s + delay_s if player_input.end_s else 0.0,
    )


def read_solo_file(path: str | Path, wanted: str | None = None) -> SoloFile:
    """Read the melody of a song in any format that `datasets.readers` knows.

    Args:
        path: the file; '-' is standard input.
        wanted: a track's number from 1, or part of its name; None chooses the melody.

    Raises:
        BadInputError: the file cannot be read or has no pitched notes.
        ParameterError: it has no such track.
    """
    song = read_song(path)
    track = solo_track(song, wanted, str(path))
    return SoloFile(song, track, tuple(track_messages(song, track)))


def solo_track(song: Song, wanted: str | None = None, name: str = "input") -> Track:
    """Return the wanted track, or else the likeliest melody; raises as `read_solo_file`."""
    pitched = [track for track in song.tracks if track.notes and not track.is_drum]
    if not pitched:
        raise BadInputError(f"{name} has no pitched notes to play a solo with")
    if wanted is None:
        return choose_melody(pitched, name)
    return find_track(song.tracks, pitched, wanted, name)


def choose_melody(pitched: Sequence[Track], name: str) -> Track:
    """Return the track named melody, else one with a melody's role, else the highest (logged)."""
    found = [track for track in pitched if is_melody(track)]
    for role in MELODY_ROLES:
        found += [track for track in pitched if track.role == role]
    if found or len(pitched) == 1:
        return [*found, *pitched][0]
    highest = max(pitched, key=lambda track: fmean(note.pitch for note in track.notes))
    log.info("%s: no track is named melody; using the highest, '%s'", name, highest.name)
    return highest


def track_messages(song: Song, track: Track) -> list[Message]:
    """Return a track's notes and controllers as messages on channel 0, in s, in order."""
    seconds_at = song.tempo_map().seconds_at
    timed: list[tuple[float, int, bytes]] = []
    for note in track.notes:
        end = note.start_beats + note.duration_beats
        timed.append((note.start_beats, ONS, bytes((NOTE_ON, note.pitch, note.velocity))))
        timed.append((end, OFFS, note_off(0, note.pitch)))
    timed += [(c.beat, CONTROLS, control(0, c.number, c.value)) for c in track.controls]
    return [Message(seconds_at(beat), data) for beat, _rank, data in sorted(timed)]
