"""Players that are known beforehand: a melody in a file, a take, and JSON lines in a pipe."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BufferedReader
from typing import BinaryIO

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.jam.events import Message
from muse.tools.jam.options import DEFAULT_BPM
from muse.tools.jam.ports.input_queue import STREAM_BLOCK
from muse.tools.jam.ports.json_lines import JsonLines
from muse.tools.jam.ports.solo_files import messages_of, read_solo
from muse.tools.jam.session import LEAD_S
from muse.tools.jam.takes.replay import Replay
from muse.tools.song.document import Meter, Tempo, is_document
from muse.tools.song.meter import COMMON_TIME, first_meter, pulse_beats
from muse.tools.song.midi import MIDI_MAGIC

LEAD = "lead_s"  # its name among a take's params
LONGEST_LEAD_S = 0.1
WITH_BEAT_S = -0.02  # a file can be heard on the beat itself, though nobody could live


@dataclass(frozen=True)
class Known:
    """A player who is known beforehand.

    Attributes:
        messages: in order, in s on the session's clock.
        bpm: quarter notes a minute at the beginning.
        tempos: (time in s, bpm) of the changes after it.
        meter: of all bars.
        start_s: when the first beat of the count-in falls.
        end_s: of the last message, or 0 where that is not known.
        lead_s: how long before a beat it is decided, what falls later is not heard for it.
    """

    messages: Iterable[Message] = ()
    bpm: float = DEFAULT_BPM
    tempos: tuple[tuple[float, float], ...] = ()
    meter: Meter = COMMON_TIME
    start_s: float = 0.0
    end_s: float = 0.0
    lead_s: float = WITH_BEAT_S


def from_file(path: str, track: str | None, counted_bpm: float | None) -> Known:
    """A melody of a MIDI file or a Song document.

    Args:
        path: the file; '-' is standard input.
        track: a number or a part of a name; None for the melody.
        counted_bpm: plays it at this tempo, in counted beats a minute; None at its own.

    Raises:
        BadInputError, ParameterError: as read_solo.
    """
    solo = read_solo(path, track)
    song = solo.song
    meter = first_meter(song)
    if counted_bpm is not None:
        bpm = counted_bpm * pulse_beats(meter)
        song = msgspec.structs.replace(song, tempos=[Tempo(0.0, bpm)])
    tempos = song.tempo_map()
    messages = tuple(messages_of(song, solo.track))
    return Known(
        messages,
        tempos.bpms[0],
        tuple(zip(tempos.seconds[1:], tempos.bpms[1:], strict=True)),
        meter,
        end_s=messages[-1].time_s,
    )


def is_song(stream: BinaryIO) -> bool:
    """Whether a pipe brings a whole song, MIDI or a Song document; nothing is taken out of it."""
    head = stream.peek(1) if isinstance(stream, BufferedReader) else b""
    return head.startswith(MIDI_MAGIC) or is_document(head)


def from_take(replay: Replay) -> Known:
    """The player of a take, with the tempo as it was."""
    header = replay.header
    told = header.params.get(LEAD)
    return Known(
        replay.messages,
        replay.bpm,
        replay.tempos,
        Meter(0.0, header.numerator, header.denominator),
        replay.start_s,
        replay.end_s,
        told if isinstance(told, float) and abs(told) <= LONGEST_LEAD_S else LEAD_S,
    )


def from_lines(stream: BinaryIO, name: str = "standard input") -> Known:
    """JSON lines, as they come; a line without a time, or with an earlier one, comes at once."""
    return Known(timed_lines(stream, name))


def timed_lines(stream: BinaryIO, name: str) -> Iterator[Message]:
    """The messages of a stream, in order."""
    lines, latest_s, is_first = JsonLines(name), 0.0, True
    read = getattr(stream, "read1", stream.read)
    while block := read(STREAM_BLOCK):
        if is_first and block.lstrip()[:1] not in (b"{", b""):
            raise BadInputError(f'{name}: no JSON lines such as {{"time_s": 1.25, "on": 60}}')
        is_first = False
        for time_s, data in lines.feed(block):
            latest_s = max(latest_s, latest_s if time_s is None else time_s)
            yield Message(latest_s, data)
    for time_s, data in lines.feed(b"\n"):  # the last line may have no end
        yield Message(max(latest_s, time_s or 0.0), data)


def counted_in(known: Known, beats: float, bpm: float) -> Known:
    """The same player, who begins after a count-in.

    Args:
        known: who begins on the first bar line.
        beats: of the count-in, in quarter notes.
        bpm: in which it is counted.
    """
    late_s = beats * 60.0 / bpm
    if not late_s:
        return known
    return replace(
        known,
        messages=(replace(each, time_s=each.time_s + late_s) for each in known.messages),
        tempos=tuple((time_s + late_s, each) for time_s, each in known.tempos),
        end_s=known.end_s + late_s if known.end_s else 0.0,
    )
