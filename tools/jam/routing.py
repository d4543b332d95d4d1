"""Input and output of a jam: ports, pipes, files and the synthesizer."""

import logging
import os
import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.audio.render import load_fluidsynth
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.jam.band.lines import CHANNELS
from muse.tools.jam.clock import SystemClock
from muse.tools.jam.options import AUTO, FILE_SUFFIXES, is_file
from muse.tools.jam.ports.input_queue import InputQueue, StreamReader, open_queue_port
from muse.tools.jam.ports.midi_system import Direction, load_rtmidi
from muse.tools.jam.ports.outputs import JsonOutput, NullOutput, Output, PortOutput
from muse.tools.jam.ports.port_names import is_loop, list_ports, matching_ports
from muse.tools.jam.session import SOLO_CHANNEL
from muse.tools.song.export import check_target
from muse.tools.streams import report_terminal

log = logging.getLogger("muse")

PIPE, SYNTH = "-", "synth"
FILE_LIKE = re.compile(r"\w\.[A-Za-z]\w{1,7}$")  # a name with a suffix, such as take.xyz
# what sounds on each channel, as JSON lines name it
SOURCES = {channel: part for part, channel in CHANNELS.items()} | {SOLO_CHANNEL: "solo"}


@dataclass(frozen=True)
class Routing:
    """Where the player's notes come from, where the music goes, and what is recorded.

    Attributes:
        source: text that names a port, a file, or '-'; None for the first port.
        target: text that names a port, "synth", a file, or '-'.
        model: the chord model, as chords.load_model takes it.
        track: which track of an input file is the melody.
        soundfont: for the synthesizer and rendered files.
        has_click: whether the metronome continues after the count-in; None for yes in real time.
        is_through: whether the player's notes are sent on; None for yes in real time, unless the
            output is the instrument that plays them.
        bars: number of bars after which the jam ends.
        record: name of a take to record.
        replay: a take whose player plays again.
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
        """Whether the jam runs in real time."""
        return not (is_file(self.target) and (self.replay is not None or is_file(self.source)))

    @property
    def needs_midi_ports(self) -> bool:
        """Whether notes come from or go to a MIDI port."""
        is_port_read = self.replay is None and not is_file(self.source)
        return is_port_read or not (self.target == SYNTH or is_file(self.target))


def check_routing(routing: Routing) -> None:
    """Raise an error for inputs and outputs that do not go together or need a missing part."""
    for place in (routing.source, routing.target):
        if place and (Path(place).is_dir() or place.endswith(("/", os.sep))):
            raise BadInputError(f"{place} is a folder; name a file or a MIDI port")
    if routing.record is not None and not Path(routing.record).name:
        raise ParameterError("--record needs a name, such as take")
    if routing.needs_midi_ports:
        load_rtmidi()
        check_port_names(routing)
    if routing.target == SYNTH:
        load_fluidsynth()
    if routing.replay and routing.source:
        raise ParameterError("--replay plays the solo of a take; leave out --in")
    if routing.source and Path(routing.source).suffix.lower() in AUDIO_SUFFIXES:
        raise BadInputError(
            f"{routing.source} is audio; transcribe it to MIDI first: "
            f"muse transcribe {routing.source} -o DIR"
        )
    check_pipes(routing)
    if routing.bars is not None and routing.bars < 1:
        raise ParameterError(f"--bars must be 1 or more, not {routing.bars}")
    if is_file(routing.target) and routing.target != PIPE:
        source = routing.source if is_file(routing.source) else None
        check_target(Path(routing.target), source or str(routing.replay or ""))


def check_pipes(routing: Routing) -> None:
    """Raise an error for a pipe that is closed, for which Python has None."""
    if routing.source == PIPE and sys.stdin is None:
        raise BadInputError("standard input is closed; give --in a pipe, a file or a port")
    if routing.source == PIPE:
        report_terminal()
    if routing.target == PIPE and sys.stdout is None:
        raise MuseError("standard output is closed; give --out a file, a port or synth")


def check_port_names(routing: Routing) -> None:
    """Raise ParameterError for a port's name that looks like a file's and is no port.

    A port that is missing is waited for, so a mistyped suffix would play into nothing.
    """
    places: tuple[tuple[Direction, str | None], ...] = (
        ("in", routing.source),
        ("out", routing.target),
    )
    for direction, place in places:
        if place is None or is_file(place) or not FILE_LIKE.search(place):
            continue
        names = [port.name for port in list_ports() if port.direction == direction]
        if not matching_ports(names, place):
            raise ParameterError(
                f"--{direction} {place} is neither a MIDI port nor a file that muse jam takes; "
                f"files end in {', '.join(FILE_SUFFIXES)}"
            )


def open_output(routing: Routing, *, wait: bool = True) -> Output:
    """Open the output of a live session; `wait` as of ReconnectingPort.open, for a MIDI port."""
    if routing.target == SYNTH:
        from muse.tools.jam.ports.synth import SynthOutput

        return SynthOutput(routing.soundfont)
    if routing.target == PIPE:
        return JsonOutput(sys.stdout, SOURCES)
    return NullOutput() if is_file(routing.target) else PortOutput(routing.target, wait=wait)


def sends_through(routing: Routing) -> bool:
    """Return whether the notes of a live player are sent to the output."""
    if routing.is_through is not None:
        return routing.is_through
    return routing.target == SYNTH or is_file(routing.target) or not is_same_instrument(routing)


def is_same_instrument(routing: Routing) -> bool:
    """Return whether a live player plays into a port of the instrument that sounds already."""
    if routing.replay or is_file(routing.source):
        return False
    names = {
        direction: [port.name for port in list_ports() if port.direction == direction]
        for direction in ("in", "out")
    }
    inputs = matching_ports(names["in"], routing.source or ".")
    outputs = matching_ports(names["out"], routing.target)
    is_same = inputs and outputs and names["in"][inputs[0]] == names["out"][outputs[0]]
    return routing.source == routing.target or bool(is_same)


def is_reader_gone(output: Output) -> bool:
    """Return whether standard output accepts no more JSON lines."""
    return isinstance(output, JsonOutput) and output.ended.is_set()


def open_input(
    stack: ExitStack, routing: Routing, queue: InputQueue, clock: SystemClock
) -> Event | None:
    """Open the pipe or port of a live player.

    Returns:
        an event that is set at the end of the pipe; None for a port.
    """
    if routing.source == PIPE:
        reader = StreamReader(sys.stdin.buffer, queue, clock)
        stack.callback(reader.close)
        reader.start()
        return reader.ended
    port = open_queue_port(routing.source or find_first_port(), queue)
    stack.callback(port.close)
    port.open(wait=True)
    return None


def find_first_port() -> str | None:
    """Return the first port of an instrument; None, for a virtual port, where there is none."""
    names = [port.name for port in list_ports() if port.direction == "in"]
    others = [names[index] for index in matching_ports(names, ".")]  # without ports of other jams
    first = next((name for name in others if not is_loop(name)), None)
    if first is None:
        log.info("no MIDI input found; connect one to the port 'muse jam'")
    else:
        log.info("listening to %s", first)
    return first
