"""Shell completion of option values; nothing heavy is imported."""

import re
from collections.abc import Callable, Sequence

Complete = Callable[[str], list[str]]


def complete_names(*names: str) -> Complete:
    """Return a completer of one name."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def complete_list(*names: str) -> Complete:
    """Return a completer of the last name in a comma-separated list."""

    def complete(incomplete: str) -> list[str]:
        head, comma, last = incomplete.rpartition(",")
        chosen = head.split(",")
        return [
            f"{head}{comma}{name}" for name in names if name.startswith(last) and name not in chosen
        ]

    return complete


def complete_weights(incomplete: str) -> list[str]:
    """Return the names of all models of `muse models` that begin with what was typed."""
    from muse.tools.weights import all_weights

    return [each.name for each in all_weights() if each.name.startswith(incomplete)]


def complete_input_ports(incomplete: str) -> list[str]:
    """Return the MIDI inputs of this machine that begin with what was typed."""
    return [name for name in port_patterns("in") if name.startswith(incomplete)]


def complete_output_ports(incomplete: str) -> list[str]:
    """Return the built-in synthesizer and the MIDI outputs that begin with what was typed."""
    return [name for name in ["synth", *port_patterns("out")] if name.startswith(incomplete)]


def port_patterns(direction: str) -> Sequence[str]:
    """Return the names of MIDI ports in a form that a shell takes as one word.

    `muse jam` takes a port's name as a regular expression, so dots stand for blanks and colons.
    Without python-rtmidi or a MIDI system there are none.
    """
    from muse.tools.errors import MuseError
    from muse.tools.jam.ports.port_names import list_ports

    try:
        ports = list_ports()
    except MuseError:
        return []
    return [re.sub(r"[^\w-]", ".", port.name) for port in ports if port.direction == direction]
