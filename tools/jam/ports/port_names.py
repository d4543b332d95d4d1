"""MIDI ports of other programs and instruments: which there are, and which one a text means.

A port is named by any text: its whole name, a part of it, or a regular expression, tried in this
order, upper and lower case alike but for the whole name.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import BadInputError
from muse.tools.jam.ports.midi_system import (
    CLIENT_NAME,
    Direction,
    close_handle,
    no_system,
    open_systems,
    system_name,
)

log = logging.getLogger("muse")

NUMBER = re.compile(r"\s+\d+(:\d+)?$")  # ALSA's client and port, or Windows' index
LOOP = "midi through"  # ALSA's, which is always there and always first


@dataclass(frozen=True)
class Port:
    """A port that can be connected to.

    Attributes:
        direction: "in" where we can hear it, "out" where we can play into it.
        name: as its system has it.
        api: the system, such as ALSA.
    """

    direction: Direction
    name: str
    api: str


def list_ports() -> list[Port]:
    """All ports of the MIDI systems that answer; those to hear first.

    Raises:
        MissingPartError: python-rtmidi is not installed, or no MIDI system answers.
    """
    directions: tuple[Direction, ...] = ("in", "out")
    found = [(system, port) for way in directions for system, port in ports_of(way)]
    if not found:
        raise no_system()
    return [port for _system, ports in found for port in ports]


def ports_of(direction: Direction) -> list[tuple[int, list[Port]]]:
    """The ports of each MIDI system that answers, in one direction."""
    found = []
    for system, handle in open_systems(direction):
        names = handle.get_ports()
        close_handle(handle)
        found.append((system, [Port(direction, name, system_name(system)) for name in names]))
    return found


def choose(names: Sequence[str], direction: Direction, text: str) -> int:
    """Which of the names a text means; of several the first, with a notice.

    Raises:
        BadInputError: none; the message names them all.
    """
    found = matching(names, text)
    if not found:
        raise BadInputError(
            f"no MIDI port to {'hear' if direction == 'in' else 'play into'} is called '{text}'; "
            f"there {'are' if names else 'is'}: {', '.join(names) or 'none'}"
        )
    if len(found) > 1:
        others = ", ".join(names[index] for index in found[1:])
        log.info("'%s' means %s; it could also be %s", text, names[found[0]], others)
    return found[0]


def matching(names: Sequence[str], text: str) -> list[int]:
    """Places of the names that a text means, in one of the ways there are.

    It is a whole name, else a part, else an expression, else a name with another number than it has
    now. Loops of the system's own, behind which no one plays, come last.
    """
    if text in names:
        return [names.index(text)]
    others = [i for i, name in enumerate(names) if not is_own(name) or CLIENT_NAME in text.lower()]
    others.sort(key=lambda i: LOOP in names[i].lower())
    ways = (partly, by_expression, but_for_the_number)
    found = ([i for i in others if is_meant(names[i], text)] for is_meant in ways)
    return next((places for places in found if places), [])


def partly(name: str, text: str) -> bool:
    """Whether the text is a part of the name."""
    return text.lower() in name.lower()


def by_expression(name: str, text: str) -> bool:
    """Whether the text is an expression that the name fits."""
    try:
        return re.search(text, name, re.IGNORECASE) is not None
    except re.error:
        return False


def but_for_the_number(name: str, text: str) -> bool:
    """Whether the text is the name, but for the number at its end, which a new cable changes."""
    return NUMBER.sub("", text) == NUMBER.sub("", name)


def is_own(name: str) -> bool:
    """Whether a port is one of a jam, this one or another: it would hear itself."""
    return name.lower().startswith(CLIENT_NAME)
