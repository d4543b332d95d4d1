"""The MIDI systems of this machine, through python-rtmidi.

python-rtmidi is never given a callback. Its calls hold the interpreter, while each MIDI system has
threads of its own: closing a port would free the callback while such a thread waits for the
interpreter to call it, or wait for that thread forever, and JACK would block all its clients. So
messages stay in python-rtmidi's queue, and are fetched from it.

Conventions: a direction is "in" for messages that come to us and "out" for messages from us. A
handle is an `rtmidi.MidiIn` or `rtmidi.MidiOut`; python-rtmidi has no types.
"""

import ctypes
import platform
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from muse.tools.errors import MissingPartError, missing_extra
from muse.tools.jam.ports import jack

Direction = Literal["in", "out"]

CLIENT_NAME = "muse jam"  # followed by the direction
PORT_NAME = "midi"
ALSA_SEQUENCER = Path("/dev/snd/seq")
LOADED_LIBRARIES = Path("/proc/self/maps")  # Linux
SETTLE_S = 0.05  # a few periods, after which JACK's thread no longer uses a port
SETTLE_PERIODS = 3  # of JACK, in one of which its thread has sent all messages
ALSA_HINT = "; on Debian run: apt-get install libasound2"
LOOPMIDI = (
    "Windows makes no MIDI ports of its own: install loopMIDI "
    "(https://www.tobias-erichsen.de/software/loopmidi.html), add a port with its + button, and "
    "name that port: --in 'loopMIDI Port' (another one for --out)"
)
# how to start a MIDI system, by platform.system()
NO_SYSTEM = {
    "Linux": "run `sudo modprobe snd-seq` for ALSA's or `jackd -d alsa` for JACK's",
    "Darwin": "CoreMIDI does not answer; log in at the screen",
}


def load_rtmidi() -> Any:
    """Return the module `rtmidi`.

    Raises:
        MissingPartError: it is not installed, or cannot be loaded.
    """
    try:
        import rtmidi
    except ModuleNotFoundError as error:
        raise missing_extra("python-rtmidi", "jam") from error
    except ImportError as error:  # for example on Linux without ALSA's library
        raise MissingPartError(f"python-rtmidi cannot be loaded: {error}{ALSA_HINT}") from error
    return rtmidi


def silence_jack_messages() -> None:
    """Stop libjack from printing messages.

    It takes a function that is called with each text. A Python function would wait for the
    interpreter in threads that others wait for, so it is given strlen, which has no effect.
    """
    if not LOADED_LIBRARIES.exists():
        return
    strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
    lines = (line.split(maxsplit=5) for line in LOADED_LIBRARIES.read_text().splitlines())
    for path in {line[5] for line in lines if len(line) == 6 and "/libjack" in line[5]}:
        with suppress(OSError, AttributeError):  # a different library of that name
            library = ctypes.CDLL(path)
            library.jack_set_error_function(strlen)
            library.jack_set_info_function(strlen)


def open_systems(
    direction: Direction, client: str = "", skip: Collection[int] = ()
) -> Iterator[tuple[int, Any]]:
    """Yield handles into the MIDI systems that respond, without a port, by rtmidi's number of each.

    Args:
        direction: what the handles are for.
        client: our name for other programs; empty for CLIENT_NAME and the direction.
        skip: systems that are left out.
    """
    rtmidi = load_rtmidi()
    silence_jack_messages()
    make = rtmidi.MidiIn if direction == "in" else rtmidi.MidiOut
    for system in rtmidi.get_compiled_api():
        if system in skip or (system == rtmidi.API_LINUX_ALSA and not ALSA_SEQUENCER.exists()):
            continue  # ALSA would print an error
        with suppress(rtmidi.RtMidiError):
            handle = open_handle(
                system, partial(make, system, name=client or f"{CLIENT_NAME} {direction}")
            )
            if handle is not None:
                yield system, handle


def open_handle(system: int, make: Callable[[], Any]) -> Any:
    """Open a handle into a system; None, or rtmidi's error, where it does not respond."""
    rtmidi = load_rtmidi()
    if system != rtmidi.API_UNIX_JACK:
        return make()
    return jack.server.open_client(rtmidi._rtmidi.__file__, make)


def close_handle(handle: Any) -> None:
    """Close a handle and its port; it must not be used afterwards.

    JACK's thread may still use the port when it is closed, so it is given time.
    """
    is_of_jack = handle.get_current_api() == load_rtmidi().API_UNIX_JACK
    was_open = handle.is_port_open()
    handle.close_port()
    if not is_of_jack:
        handle.delete()
        return
    if was_open and not jack.server.has_died():
        time.sleep(SETTLE_S)
    jack.server.close_client(handle)


def settle(handle: Any) -> bool:
    """Wait until messages have left; return whether they may have been lost all the same.

    JACK's thread takes them in its next period, which a client without realtime priority may miss;
    other systems have them when they are sent.
    """
    if handle.get_current_api() != load_rtmidi().API_UNIX_JACK:
        return False
    jack.server.wait_for_periods(SETTLE_PERIODS)
    return True


def is_dead(handle: Any) -> bool:
    """Return whether the system of a handle has stopped."""
    return bool(handle.get_current_api() == load_rtmidi().API_UNIX_JACK and jack.server.has_died())


def system_name(system: int) -> str:
    """Return the common name of a MIDI system, such as ALSA."""
    return str(load_rtmidi().get_api_display_name(system))


def no_system_error() -> MissingPartError:
    """Return the error to raise where no MIDI system responds."""
    how = NO_SYSTEM.get(platform.system(), "start one")
    return MissingPartError(
        f"no MIDI system runs here: {how}; or play from a file into a file "
        "with --in solo.mid --out take.mid"
    )


def open_virtual(handle: Any, direction: Direction) -> None:
    """Open a virtual port that other programs can connect to.

    Raises:
        MissingPartError: the system has no virtual ports; the message says what to do.
    """
    rtmidi = load_rtmidi()
    system = handle.get_current_api()
    if system == rtmidi.API_WINDOWS_MM:
        raise MissingPartError(LOOPMIDI)
    # CoreMIDI shows the port's name alone, other systems the client's before it
    on_mac = system == rtmidi.API_MACOSX_CORE
    name = f"{CLIENT_NAME} {direction}" if on_mac else PORT_NAME
    try:
        handle.open_virtual_port(name)
    except (rtmidi.RtMidiError, NotImplementedError) as error:
        raise MissingPartError(
            f"{system_name(system)} cannot create virtual MIDI ports ({error}); "
            "name a port with --in and --out"
        ) from error
