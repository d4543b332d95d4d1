"""What belongs to the channels of a MIDI file: notes, programs, controllers, bends, drum kits.

A channel is (port, number from 0). Programs, controllers and bends of a channel hold for all tracks
that play on it, in order of time, whichever track they stand in: a set-up track may have those of
all channels. Only where tracks set different programs at one time, each keeps its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import pairwise
from operator import itemgetter

from muse.tools.song.midi_events import BEND, CONTROL, NOTE_OFF, NOTE_ON, PROGRAM, TrackEvents

Channel = tuple[int, int]
TickNote = tuple[int, int, int, int]  # start, duration, pitch, velocity
Timed = tuple[int, int, int]  # tick and data bytes

DRUM_CHANNEL = 9  # of each port, unless a SysEx message says otherwise
BEND_CENTER = 8192
# Roland GS: data set 1 of "use for rhythm part", 40 1x 15; the part of block x has this channel
GS_HEAD, GS_PART, GS_RHYTHM = b"\x42\x12\x40", 0x10, 0x15
GS_CHANNELS = (9, *range(9), *range(10, 16))
# Yamaha XG: parameter change of "part mode", 4C 08 part 07
XG_HEAD, XG_PART_MODE = b"\x4c\x08", b"\x07"
BANK_SELECT, GM2_RHYTHM_BANK = 0, 120


@dataclass
class Line:
    """The notes of one track on one channel, with what holds for the channel; times are ticks."""

    track: int
    channel: Channel
    is_drum: bool
    notes: list[TickNote]
    unended: int  # keys with a note without an end, which is left out
    program: int = 0
    programs: list[tuple[int, int]] = field(default_factory=list)
    controls: list[Timed] = field(default_factory=list)
    bends: list[tuple[int, int]] = field(default_factory=list)


def lines_of(tracks: Sequence[TrackEvents]) -> list[Line]:
    """Return the lines of a file, in order of tracks and of the first events of their channels.

    Events of a channel on which nothing plays are left out.
    """
    states = channel_states(tracks)
    drums = drum_channels(tracks)
    lines = []
    for number, track in enumerate(tracks):
        for channel, events in events_by_channel(track, (NOTE_OFF, NOTE_ON)).items():
            notes, unended = paired_notes(events)
            if not notes and not unended:
                continue
            line = Line(number, channel, channel in drums, notes, unended)
            add_state(line, states[channel])
            lines.append(line)
    return lines


def events_by_channel(
    track: TrackEvents, kinds: Iterable[int]
) -> dict[Channel, list[tuple[int, int, int, int]]]:
    """Return (tick, kind, first, second data byte) of events of some kinds, by channel."""
    wanted = frozenset(kinds)
    found: dict[Channel, list[tuple[int, int, int, int]]] = defaultdict(list)
    for tick, channel, kind, first, second in track.channel_events:
        if kind in wanted:
            found[track.port, channel].append((tick, kind, first, second))
    return found


def channel_states(
    tracks: Sequence[TrackEvents],
) -> dict[Channel, list[tuple[int, int, int, int, int]]]:
    """Return (tick, kind, first, second, track) of each channel's programs, controls and bends."""
    lanes: dict[Channel, list[list[tuple[int, int, int, int, int]]]] = defaultdict(list)
    for number, track in enumerate(tracks):
        for channel, events in events_by_channel(track, (PROGRAM, CONTROL, BEND)).items():
            lanes[channel].append([(*event, number) for event in events])
    states = {channel: list(merge(*each, key=itemgetter(0))) for channel, each in lanes.items()}
    return defaultdict(list, states)


def add_state(line: Line, state: Sequence[tuple[int, int, int, int, int]]) -> None:
    """Add programs, controllers and bends of its channel to a line."""
    line.controls = [
        (tick, first, second) for tick, kind, first, second, _ in state if kind == CONTROL
    ]
    line.bends = [
        (tick, (second << 7 | first) - BEND_CENTER)
        for tick, kind, first, second, _ in state
        if kind == BEND
    ]
    own = {tick for tick, kind, _, _, track in state if kind == PROGRAM and track == line.track}
    changes = [
        (tick, first)
        for tick, kind, first, _, track in state
        if kind == PROGRAM and (track == line.track or tick not in own)
    ]
    line.program, line.programs = heard_programs(changes, sorted({n[0] for n in line.notes}))


def heard_programs(
    changes: Sequence[tuple[int, int]], onsets: Sequence[int]
) -> tuple[int, list[tuple[int, int]]]:
    """Return the program of the first onset, and the later changes that an onset is played with.

    Args:
        changes: (tick, program), sorted by time; 0 holds before the first.
        onsets: ticks in order.
    """
    at, program = 0, (0, 0)
    used: list[tuple[int, int]] = []
    for onset in onsets or [changes[-1][0] if changes else 0]:
        while at < len(changes) and changes[at][0] <= onset:
            program = changes[at]
            at += 1
        if not used or used[-1][1] != program[1]:
            used.append(program)
    return used[0][1], used[1:]


def paired_notes(events: Sequence[tuple[int, int, int, int]]) -> tuple[list[TickNote], int]:
    """Return notes in order of their note-ons, and the number of keys without an end.

    A note-off ends the first note of its key that sounds. If a key is left without an end, each of
    its notes ends where it is struck again, as on a piano.
    """
    notes: dict[int, list[tuple[int, TickNote]]] = defaultdict(list)
    held: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for place, (tick, kind, key, velocity) in enumerate(events):
        if kind == NOTE_ON and velocity:
            held[key].append((place, tick, velocity))
        elif held[key]:
            started, start, struck = held[key].pop(0)
            notes[key].append((started, (start, tick - start, key, struck)))
    unended = [key for key, left in held.items() if left]
    for key in unended:
        notes[key] = list(struck_again(events, key))
    hanging = sum(is_hanging(events, key) for key in unended)
    return [note for _, note in sorted(pair for each in notes.values() for pair in each)], hanging


def is_hanging(events: Sequence[tuple[int, int, int, int]], key: int) -> bool:
    """Return whether the last event of a key is a note-on."""
    _, kind, _, velocity = next(event for event in reversed(events) if event[2] == key)
    return kind == NOTE_ON and velocity > 0


def struck_again(
    events: Sequence[tuple[int, int, int, int]], key: int
) -> Iterator[tuple[int, TickNote]]:
    """Yield the notes of one key with their places, each until the next event of the key."""
    own = [(place, event) for place, event in enumerate(events) if event[2] == key]
    for (place, (tick, kind, _, velocity)), (_, (end, *_)) in pairwise(own):
        if kind == NOTE_ON and velocity and end > tick:
            yield place, (tick, end - tick, key, velocity)


def drum_channels(tracks: Sequence[TrackEvents]) -> set[Channel]:
    """Return the channels that play drums: the tenth of each port, and those that a message names.

    Messages are GS "use for rhythm part", XG "part mode", and bank 120 of General MIDI 2.
    """
    drums = {(track.port, DRUM_CHANNEL) for track in tracks}
    for track in tracks:
        for _, body in track.sysex:
            for part, is_drum in rhythm_parts(body):
                (drums.add if is_drum else drums.discard)((track.port, part))
        for channel, events in events_by_channel(track, (CONTROL,)).items():
            if any(event[2:] == (BANK_SELECT, GM2_RHYTHM_BANK) for event in events):
                drums.add(channel)
    return drums


def rhythm_parts(body: bytes) -> Iterator[tuple[int, bool]]:
    """Yield the channel that a SysEx message makes a drum channel, or an instrument's (False)."""
    if body[2:5] == GS_HEAD and len(body) > 7:
        if body[5] & 0xF0 == GS_PART and body[6] == GS_RHYTHM:
            yield GS_CHANNELS[body[5] & 0x0F], body[7] > 0
    elif body[2:4] == XG_HEAD and body[5:6] == XG_PART_MODE and len(body) > 6:
        yield body[4] & 0x0F, body[6] > 0
