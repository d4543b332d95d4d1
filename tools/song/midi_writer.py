"""Write Songs as type 1 MIDI files.

Each instrument gets a channel of its own, and each drum kit the tenth channel of a port. Songs with
more than 15 instruments take further ports (meta event 21, as MuseScore writes it). For players
that ignore ports, such instruments set their program again before each note that follows a note of
another one on the same channel; only controllers and bends are then shared, and a warning says so.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from muse.tools.errors import BadInputError
from muse.tools.files import legible
from muse.tools.song.document import Song, Track
from muse.tools.song.midi_channels import BEND_CENTER, DRUM_CHANNEL
from muse.tools.song.midi_container import MIDI_MAGIC
from muse.tools.song.midi_events import (
    BEND,
    CONTROL,
    END,
    KEY,
    LYRIC,
    MARKER,
    META,
    METER,
    NAME,
    NOTE_OFF,
    NOTE_ON,
    PORT,
    PROGRAM,
    TEMPO,
    TEXT,
    TRACK,
)
from muse.tools.song.midi_markers import CHORDS_MARK, has_bare_letters, markers_of
from muse.tools.song.midi_text import encode
from muse.tools.song.validation import MAX_TICKS, MICROSECONDS_PER_MINUTE
from muse.tools.theory.key_spelling import spelled_keys

log = logging.getLogger("muse")

MELODIC_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
MAX_PORTS = 128  # numbers of one byte
CLOCKS = 24  # MIDI clocks a quarter note, in time signatures
THIRTY_SECONDS = 8  # a quarter note
MAX_MSPQ = (1 << 24) - 1
# order of the events of one tick: notes end before what changes the next ones
FIRST, ENDS, STATE, PROGRAMS, STARTS, ZERO_ENDS = range(6)

Event = tuple[int, int, bytes]  # tick, place in the order of one tick, bytes
Place = tuple[int, int]  # port and channel


def song_to_midi(song: Song) -> bytes:
    """Write a Song as a type 1 MIDI file at the resolution of the Song.

    Raises:
        BadInputError: a time that a MIDI file cannot hold.
    """
    places = channel_places(song.tracks)
    if any(port for port, _ in places):
        log.warning(
            "%d tracks are written to %d MIDI ports; players that ignore ports share controllers "
            "and bends between tracks",
            *(len(song.tracks), 1 + max(port for port, _ in places)),
        )
    restated = restated_programs(song, places)
    tracks = [track_bytes(conductor_events(song))]
    seen: set[Place] = set()
    for track, place, programs in zip(song.tracks, places, restated, strict=True):
        events = [*track_events(song, track, place, place in seen), *programs]
        tracks.append(track_bytes(events))
        seen.add(place)
    numbers = (1, len(tracks), song.ticks_per_beat)
    return chunk(MIDI_MAGIC, b"".join(n.to_bytes(2) for n in numbers)) + b"".join(tracks)


def channel_places(tracks: Sequence[Track]) -> list[Place]:
    """Return port and channel of each track: its own, or that of drums that sound alike."""
    kits: list[Any] = []
    places: list[Place] = []
    melodic = 0
    for track in tracks:
        if track.is_drum:
            kit = (track.program, track.programs, track.controls, track.bends)
            kits += [] if kit in kits else [kit]
            places.append((kits.index(kit) % MAX_PORTS, DRUM_CHANNEL))
        else:
            port, index = divmod(melodic, len(MELODIC_CHANNELS))
            places.append((port % MAX_PORTS, MELODIC_CHANNELS[index]))
            melodic += 1
    return places


def restated_programs(song: Song, places: Sequence[Place]) -> list[list[Event]]:
    """Return for each track the programs to set again, for players that ignore ports."""
    restated: list[list[Event]] = [[] for _ in places]
    last_port = {channel: port for port, channel in sorted(places)}
    onsets = sorted(
        (tick_of(beat, song), index)
        for index, (track, (_, channel)) in enumerate(zip(song.tracks, places, strict=True))
        if last_port[channel]
        for beat in {note.start_beats for note in track.notes}
    )
    current: dict[int, int] = {}
    for tick, index in onsets:
        channel = places[index][1]
        program = program_at(song.tracks[index], tick / song.ticks_per_beat)
        if current.get(channel) != program:
            restated[index].append((tick, PROGRAMS, bytes([PROGRAM << 4 | channel, program])))
        current[channel] = program
    return restated


def program_at(track: Track, beat: float) -> int:
    """Return the program of a track at a beat."""
    earlier = [change.program for change in track.programs if change.beat <= beat]
    return earlier[-1] if earlier else track.program


def conductor_events(song: Song) -> Iterator[Event]:
    """Yield tempos, meters, keys and markers, and a note for readers that letters are chords."""

    def event(beat: float, kind: int, body: bytes) -> Event:
        return tick_of(beat, song), FIRST, meta(kind, body)

    for t in song.tempos:
        mspq = min(round(MICROSECONDS_PER_MINUTE / t.bpm), MAX_MSPQ)
        yield event(t.beat, TEMPO, mspq.to_bytes(3))
    for m in song.meters:
        power = m.denominator.bit_length() - 1
        yield event(m.beat, METER, bytes([m.numerator, power, CLOCKS, THIRTY_SECONDS]))
    for k, tonality in zip(song.keys, spelled_keys(song), strict=True):
        sharps = tonality.sharps.to_bytes(1, signed=True)
        yield event(k.beat, KEY, sharps + bytes([k.mode == "minor"]))
    if has_bare_letters(song.chords):
        yield event(0.0, TEXT, CHORDS_MARK)
    for beat, text in markers_of(song):
        yield event(beat, MARKER, encode(text, song.text_encoding))


def track_events(song: Song, track: Track, place: Place, has_state: bool) -> Iterator[Event]:
    """Yield the events of a track.

    Args:
        song: of the track.
        track: to write.
        place: its port and channel.
        has_state: whether another track has written the controllers and bends of the channel.
    """
    port, channel = place
    if port:
        yield 0, FIRST, meta(PORT, bytes([port]))
    if track.name:
        yield 0, FIRST, meta(NAME, encode(legible(track.name), song.text_encoding))
    if not has_state:
        yield from state_events(song, track, channel)
    yield from program_events(song, track, channel)
    on, off = NOTE_ON << 4 | channel, NOTE_OFF << 4 | channel
    for note in track.notes:
        start = tick_of(note.start_beats, song)
        end = tick_of(note.start_beats + note.duration_beats, song)
        yield start, STARTS, bytes([on, note.pitch, note.velocity])
        yield end, ENDS if end > start else ZERO_ENDS, bytes([off, note.pitch, 0])
    for lyric in track.lyrics:
        text = encode(lyric.text, song.text_encoding)
        yield tick_of(lyric.beat, song), STATE, meta(LYRIC, text)


def program_events(song: Song, track: Track, channel: int) -> Iterator[Event]:
    """Yield the program of a track at tick 0, and its changes."""
    status = PROGRAM << 4 | channel
    yield 0, PROGRAMS, bytes([status, track.program])
    for change in track.programs:
        yield tick_of(change.beat, song), PROGRAMS, bytes([status, change.program])


def state_events(song: Song, track: Track, channel: int) -> Iterator[Event]:
    """Yield the controllers and bends of a track."""
    status = CONTROL << 4 | channel
    for control in track.controls:
        data = bytes([status, control.number, control.value])
        yield tick_of(control.beat, song), STATE, data
    status = BEND << 4 | channel
    for bend in track.bends:
        value = bend.value + BEND_CENTER
        yield tick_of(bend.beat, song), STATE, bytes([status, value & 0x7F, value >> 7])


def tick_of(beat: float, song: Song) -> int:
    """Round a beat to ticks; raises BadInputError for one that a MIDI file cannot hold."""
    ticks = beat * song.ticks_per_beat
    if not 0 <= ticks <= MAX_TICKS:
        raise BadInputError(f"a note lies outside the {MAX_TICKS} ticks that MIDI can hold")
    return round(ticks)


def track_bytes(events: Iterable[Event]) -> bytes:
    """Return the chunk of a track; events of one tick and place keep their order."""
    parts: list[bytes] = []
    now = 0
    for tick, _, body in sorted(events, key=lambda event: event[:2]):
        parts += (quantity(tick - now), body)
        now = tick
    return chunk(TRACK, b"".join([*parts, b"\0", meta(END, b"")]))


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk: four letters, the length, the body."""
    return name + len(body).to_bytes(4) + body


def meta(kind: int, body: bytes) -> bytes:
    """Return the bytes of a meta event."""
    return bytes([META, kind]) + quantity(len(body)) + body


def quantity(value: int) -> bytes:
    """Return a number of variable length, seven bits per byte."""
    if value < 0x80:
        return bytes([value])
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
