"""Names of MIDI ports: listing them, and finding the port that a text means.

A text may be a port's whole name, a part of it, or a regular expression, tried in this order; case
is ignored except for the whole name.
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
    no_system_error,
    open_systems,
    system_name,
)

log = logging.getLogger("muse")

NUMBER = re.compile(r"\s+\d+(:\d+)?$")  # client and port of ALSA, or index of Windows
LOOP = "midi through"  # ALSA's loopback port, which always exists and comes first


@dataclass(frozen=True)
class Port:
    """A port to connect to.

    Attributes:
        direction: "in" for ports that we receive from, "out" for ports that we send to.
        name: as its MIDI system gives it.
        api: the MIDI system, such as ALSA.
    """

    direction: Direction
    name: str
    api: str


def list_ports() -> list[Port]:
    """Return all ports of the MIDI systems that respond, inputs first.

    Raises:
        MissingPartError: python-rtmidi is not installed, or no MIDI system responds.
    """
    directions: tuple[Direction, ...] = ("in", "out")
    found = [(system, port) for direction in directions for system, port in ports_of(direction)]
    if not found:
        raise no_system_error()
    return [port for _system, ports in found for port in ports]


def ports_of(direction: Direction) -> list[tuple[int, list[Port]]]:
    """Return the ports of each MIDI system that responds, in one direction."""
    found = []
    for system, handle in open_systems(direction):
        names = handle.get_ports()
        close_handle(handle)
        found.append((system, [Port(direction, name, system_name(system)) for name in names]))
    return found


def choose_port(names: Sequence[str], direction: Direction, text: str) -> int:
    """Return the index of the name that a text means; of several the first, which is logged.

    Raises:
        BadInputError: none matches; the message lists all names.
    """
    found = matching_ports(names, text)
    if not found:
        raise BadInputError(
            f"no MIDI {'input' if direction == 'in' else 'output'} port matches '{text}'; "
            f"there {'are' if names else 'is'}: {', '.join(names) or 'none'}"
        )
    if len(found) > 1:
        others = ", ".join(names[index] for index in found[1:])
        log.info("'%s' means %s; it could also be %s", text, names[found[0]], others)
    return found[0]


def matching_ports(names: Sequence[str], text: str) -> list[int]:
    """Return the indices of all names that a text means, by the first rule that finds any.

    The rules are: whole name, part of the name, regular expression, name without its number.
    Loopback ports of the system come last, and ports of muse itself only if the text names them.
    """
    if text in names:
        return [names.index(text)]
    others = [
        i for i, name in enumerate(names) if not is_own_port(name) or CLIENT_NAME in text.lower()
    ]
    others.sort(key=lambda i: is_loop(names[i]))
    rules = (contains_text, matches_expression, same_without_number)
    found = ([i for i in others if is_match(names[i], text)] for is_match in rules)
    return next((places for places in found if places), [])


def is_loop(name: str) -> bool:
    """Return whether a port is a loopback of the system, which no device plays."""
    return LOOP in name.lower()


def contains_text(name: str, text: str) -> bool:
    """Return whether the text is a part of the name."""
    return text.lower() in name.lower()


def matches_expression(name: str, text: str) -> bool:
    """Return whether the text is a regular expression that matches in the name."""
    try:
        return re.search(text, name, re.IGNORECASE) is not None
    except re.error:
        return False


def same_without_number(name: str, text: str) -> bool:
    """Return whether the text is the name but for its number, which changes on reconnection."""
    return NUMBER.sub("", text) == NUMBER.sub("", name)


def is_own_port(name: str) -> bool:
    """Return whether a port belongs to muse jam, which must not listen to itself."""
    return name.lower().startswith(CLIENT_NAME)
