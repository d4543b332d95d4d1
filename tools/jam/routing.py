"""Where a jam comes from and where it goes: ports, pipes, files and the synthesizer."""

import logging
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.jam.band.lines import CHANNELS
from muse.tools.jam.clock import SystemClock
from muse.tools.jam.options import AUTO, is_file
from muse.tools.jam.ports.input_queue import InputQueue, StreamReader, port_input
from muse.tools.jam.ports.midi_system import load_rtmidi
from muse.tools.jam.ports.outputs import JsonSink, NoSink, PortSink, Sink
from muse.tools.jam.ports.port_names import LOOP, list_ports, matching
from muse.tools.jam.session import SOLO_CHANNEL
from muse.tools.song.export import check_target

log = logging.getLogger("muse")

PIPE, SYNTH = "-", "synth"
PARTS = {channel: part for part, channel in CHANNELS.items()} | {SOLO_CHANNEL: "solo"}


@dataclass(frozen=True)
class Wiring:
    """Where it comes from, where it goes, and what is kept.

    Attributes:
        source: a port in words, a file, or '-'; None for the first port there is.
        target: a port in words, "synth", a file, or '-'.
        model: the brain, as chords.models.load_model takes it.
        track: of a file that plays.
        soundfont: to sound with.
        has_click: a metronome; None for one when live.
        is_through: whether the player is sounded too; None for the synthesizer alone.
        bars: after which it ends.
        record: a take's name.
        replay: a take whose player plays.
    """

    source: str | None = None
    target: str = SYNTH
    model: str = AUTO
    track: str | None = None
    soundfont: Path | None = None
    has_click: bool | None = None
    is_through: bool | None = None
    bars: int | None = None
    record: Path | None = None
    replay: Path | None = None

    @property
    def is_live(self) -> bool:
        """Whether it is played in real time."""
        return not (is_file(self.target) and (self.replay is not None or is_file(self.source)))

    @property
    def needs_midi_ports(self) -> bool:
        """Whether notes come from or go to a MIDI port."""
        is_port_read = self.replay is None and not is_file(self.source)
        return is_port_read or not (self.target == SYNTH or is_file(self.target))


def check_wiring(wiring: Wiring) -> None:
    """Raise for ways in and out that do not go together, or that need what is not installed."""
    if wiring.replay and wiring.source:
        raise ParameterError("--replay plays the solo of a take; leave out --in")
    if wiring.source and Path(wiring.source).suffix.lower() in AUDIO_SUFFIXES:
        raise BadInputError(
            f"{wiring.source} is sound; `muse transcribe {wiring.source} -o DIR` makes MIDI of it"
        )
    check_pipes(wiring)
    if wiring.bars is not None and wiring.bars < 1:
        raise ParameterError("--bars is 1 or more")
    if wiring.needs_midi_ports:
        load_rtmidi()
    if is_file(wiring.target) and wiring.target != PIPE:
        source = wiring.source if is_file(wiring.source) else None
        check_target(Path(wiring.target), source or str(wiring.replay or ""))


def check_pipes(wiring: Wiring) -> None:
    """Raise for a pipe that is asked for where there is none; Python has None in its place."""
    if wiring.source == PIPE and sys.stdin is None:
        raise BadInputError("standard input is closed; give --in a pipe, a file or a port")
    if wiring.target == PIPE and sys.stdout is None:
        raise MuseError("standard output is closed; give --out a file, a port or synth")


def live_sink(wiring: Wiring) -> Sink:
    """Who sounds it."""
    if wiring.target == SYNTH:
        from muse.tools.jam.ports.synth import SynthSink

        return SynthSink(wiring.soundfont)
    if wiring.target == PIPE:
        return JsonSink(sys.stdout, PARTS)
    return NoSink() if is_file(wiring.target) else PortSink(wiring.target, wait=True)


def has_had_enough(sink: Sink) -> bool:
    """Whether no one reads the lines any more."""
    return isinstance(sink, JsonSink) and sink.ended.is_set()


def listened_to(
    stack: ExitStack, wiring: Wiring, queue: InputQueue, clock: SystemClock
) -> Event | None:
    """Open a pipe or a port to hear; what is set when the pipe is at its end."""
    if wiring.source == PIPE:
        reader = StreamReader(sys.stdin.buffer, queue, clock)
        stack.callback(reader.close)
        reader.start()
        return reader.ended
    port = port_input(wiring.source or first_port(), queue)
    stack.callback(port.close)
    port.open(wait=True)
    return None


def first_port() -> str | None:
    """The first port that someone can play on; None for one of ours to connect to."""
    names = [port.name for port in list_ports() if port.direction == "in"]
    fitting = [names[place] for place in matching(names, ".")]  # without another jam's
    named = next((name for name in fitting if LOOP not in name.lower()), None)
    if named is None:
        log.info("no MIDI input is there; connect one to the port 'muse jam'")
    else:
        log.info("listening to %s", named)
    return named
