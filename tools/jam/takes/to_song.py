"""Converts a take to a Song: solo, keys and bass, with its tempos and the decided chords.

The Song begins with the first bar line, or with the bar of the first note in the count-in.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from math import floor

from muse.tools.audio.render import DRUM_CHANNEL
from muse.tools.jam.midi_bytes import (
    ALL_SOUND_OFF,
    BEND,
    CONTROL,
    PROGRAM,
    bend_of,
    is_off,
    is_on,
    key_of,
    kind_of,
)
from muse.tools.jam.takes.records import DecisionLine, HeardLine, PlayedLine, Take, TempoLine
from muse.tools.song.document import (
    Bend,
    Chord,
    Control,
    Key,
    MadeBy,
    Meter,
    Note,
    Role,
    Song,
    Tempo,
    Track,
)
from muse.tools.song.meter import bar_beats
from muse.tools.song.roles import role_of
from muse.tools.theory.annotate import annotated
from muse.tools.theory.keys import parse_key

NO_CHORD = "N.C."
EARLY_BEATS = 0.5  # a note this little before the first bar line belongs to it
SHORTEST_BEATS = 1 / 480  # a note of length 0 would be lost in a MIDI file
TRACKS: tuple[tuple[str, Role], ...] = (("Keys", "keys"), ("Bass", "bass"))


def song_of_take(take: Take) -> Song:
    """Return the take as a Song, without the click."""
    first = Meter(0.0, take.header.numerator, take.header.denominator)
    origin = first_bar(take, bar_beats(first))
    end = max(take.end.beat - origin, 0.0)
    header = take.header
    song = Song(
        tempos=list(tempos(take.tempos, origin)),
        meters=[first, *later_meters(take, origin, end)],
        keys=list(keys(take.decisions, origin)),
        chords=list(chords(take.decisions, origin, end)),
        tracks=[track for track in tracks(take, origin, end) if track.notes],
        made_by=MadeBy(
            "jam", header.version, header.params, header.seed, header.model, header.model_hash
        ),
    )
    return annotated(song)


def first_bar(take: Take, bar: float) -> float:
    """Return the bar line on which the Song begins, in beats; 0 or negative."""
    starts = (line.beat for line in take.player_messages if is_on(bytes.fromhex(line.data)))
    first = min(starts, default=0.0)
    return bar * floor((first + EARLY_BEATS) / bar) if first < -EARLY_BEATS else 0.0


def later_meters(take: Take, origin: float, end: float) -> Iterator[Meter]:
    """Yield the time signatures after the first one that begin before the end."""
    for each in take.header.meters[1:]:
        if each.beat - origin < end:
            yield Meter(each.beat - origin, each.numerator, each.denominator)


def tempos(lines: Sequence[TempoLine], origin: float) -> Iterator[Tempo]:
    """Yield the tempo map from the start of the Song on."""
    placed = {max(line.beat - origin, 0.0): line.bpm for line in lines}
    yield from (Tempo(beat, bpm) for beat, bpm in sorted(placed.items()))


def keys(decisions: Sequence[DecisionLine], origin: float) -> Iterator[Key]:
    """Yield the keys, each from the beat on which it was detected; the first from 0 on.

    The key before the first chord is not one that was detected.
    """
    before = None
    for line in dropwhile(lambda each: each.symbol == NO_CHORD, decisions):
        if line.key != before:
            key = parse_key(line.key)
            beat = max(line.beat - origin, 0.0) if before else 0.0
            yield Key(beat, key.tonic_pc, key.mode, line.key_confidence)
        before = line.key


def chords(decisions: Sequence[DecisionLine], origin: float, end: float) -> Iterator[Chord]:
    """Yield the decided chords, each up to the next one; equal successive chords are one."""
    begun = [
        line
        for index, line in enumerate(decisions)
        if index == 0 or line.symbol != decisions[index - 1].symbol
    ]
    ends = [*(line.beat - origin for line in begun[1:]), end]
    for line, stop in zip(begun, ends, strict=False):  # without decisions, `ends` has one item
        start = max(line.beat - origin, 0.0)
        if stop > start and line.symbol != NO_CHORD:
            yield Chord(start, stop - start, line.symbol, probability=line.probability)


def tracks(take: Take, origin: float, end: float) -> Iterator[Track]:
    """Yield the player's track and those of the band."""
    solo = channel_track(timed(take.player_messages, origin), 0, "Solo", end)
    solo.role = "lead"
    yield solo
    for name, role in TRACKS:
        own = [line for line in take.band_messages if line.part == role]
        for number, messages in enumerate(by_program(timed(own, origin)), 1):
            track = channel_track(messages, 0, name if number == 1 else f"{name} {number}", end)
            track.role = role
            yield track


def timed(
    lines: Sequence[HeardLine] | Sequence[PlayedLine], origin: float
) -> list[tuple[float, bytes]]:
    """Return messages with their beats in the Song, in order."""
    placed = [(max(line.beat - origin, 0.0), bytes.fromhex(line.data)) for line in lines]
    return sorted(placed, key=lambda pair: pair[0])


def by_program(messages: Sequence[tuple[float, bytes]]) -> list[list[tuple[float, bytes]]]:
    """Return the messages of each program, in the order in which the programs first come."""
    found: dict[int, list[tuple[float, bytes]]] = {}
    program = 0
    for beat, data in messages:
        program = data[1] if kind_of(data) == PROGRAM else program
        found.setdefault(program, []).append((beat, data))
    return [*found.values()]


def channel_track(
    timed: Sequence[tuple[float, bytes]], channel: int, name: str, end: float
) -> Track:
    """Return the messages of one channel, each with its beat, as a track with the first program."""
    programs = [data[1] for _beat, data in timed if kind_of(data) == PROGRAM]
    program, is_drum = (programs[0] if programs else 0), channel == DRUM_CHANNEL
    return Track(
        name=name,
        role=role_of(name, program, is_drum),
        program=program,
        is_drum=is_drum,
        notes=channel_notes(timed, end),
        controls=[
            Control(beat, data[1], data[2])
            for beat, data in timed
            if kind_of(data) == CONTROL and data[1] < ALL_SOUND_OFF
        ],
        bends=[Bend(beat, bend_of(data)) for beat, data in timed if kind_of(data) == BEND],
    )


def channel_notes(timed: Iterable[tuple[float, bytes]], end: float) -> list[Note]:
    """Return the notes by onset; a note that is struck again while it sounds ends there."""
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    notes = []

    def stop(key: tuple[int, int], beat: float) -> None:
        if key in sounding:
            start, velocity = sounding.pop(key)
            notes.append(Note(start, max(beat - start, SHORTEST_BEATS), key[1], velocity))

    for beat, data in timed:
        if is_on(data) or is_off(data):
            stop(key_of(data), beat)
        if is_on(data):
            sounding[key_of(data)] = (beat, data[2])
    for key in tuple(sounding):
        stop(key, end)
    return sorted(notes, key=lambda note: (note.start_beats, note.pitch))
