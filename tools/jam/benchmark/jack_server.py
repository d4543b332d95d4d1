"""A private JACK server without a sound card: a real MIDI server for tests and benchmarks."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

from muse.tools.errors import MissingPartError, MuseError, system_hint
from muse.tools.jam.ports.midi_system import (
    Direction,
    close_handle,
    load_rtmidi,
    open_handle,
    silence_jack_messages,
)

RATE = 48_000  # Hz
PERIOD = 256  # frames; the server passes messages once a period
PERIOD_S = PERIOD / RATE
PATIENT = ("--sync", "--timeout", "200")  # ms
START_S = 20.0  # the longest time it may take to start
LOOK_S = 0.05  # interval between attempts to connect
END_S = 5.0  # the longest time it may take to end
NAME_VARIABLE = "JACK_DEFAULT_SERVER"  # read by libjack

_numbers = count()


def why_no_jack() -> str | None:
    """Return what is missing for a server on this machine, or None."""
    if shutil.which("jackd") is None:
        return f"jackd is not installed; {system_hint('jackd')}"
    try:
        rtmidi = load_rtmidi()
    except MissingPartError as error:
        return str(error)
    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        return "python-rtmidi was built without JACK"
    return None


@contextmanager
def jack_server(*, realtime: bool = True, patient: bool = False) -> Iterator[str]:
    """Run a server under a name of its own, which this process and its children then use.

    Args:
        realtime: whether it asks for real-time priority, as a musician's server does.
        patient: whether it waits for clients that are late; otherwise it continues without them,
            as a musician's server does, and their messages are lost.

    Raises:
        MissingPartError: something is missing, see `why_no_jack`.
        MuseError: the server does not start.
    """
    if missing := why_no_jack():
        raise MissingPartError(missing)
    name = f"muse-{os.getpid()}-{next(_numbers)}"
    before = os.environ.get(NAME_VARIABLE)
    os.environ[NAME_VARIABLE] = name
    server = start(name, realtime=realtime, patient=patient)
    try:
        wait_for_server(server)
        yield name
    finally:
        end(server)
        if before is None:
            del os.environ[NAME_VARIABLE]
        else:
            os.environ[NAME_VARIABLE] = before


def start(name: str, *, realtime: bool = True, patient: bool = False) -> "subprocess.Popen[bytes]":
    """Start a server; arguments as `jack_server`."""
    options = ["--realtime" if realtime else "--no-realtime", *(PATIENT if patient else ())]
    driver = ["-d", "dummy", "-r", str(RATE), "-p", str(PERIOD), "-C", "0", "-P", "0"]
    return subprocess.Popen(
        [*parent_death_prefix(), "jackd", *options, "-n", name, *driver],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us
    )


def jack_handle(direction: Direction, client: str) -> Any:
    """Return a handle into the running server; None without one."""
    rtmidi = load_rtmidi()
    make = rtmidi.MidiIn if direction == "in" else rtmidi.MidiOut
    return open_handle(rtmidi.API_UNIX_JACK, partial(make, rtmidi.API_UNIX_JACK, name=client))


def parent_death_prefix() -> list[str]:
    """Return the start of a command that ends when this process does, even if killed (Linux)."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


def wait_for_server(server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; raises MuseError where it does not."""
    silence_jack_messages()
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and server.poll() is None:
        if handle := jack_handle("out", "muse looks"):
            close_handle(handle)
            return
        time.sleep(LOOK_S)
    raise MuseError("jackd did not start; try: jackd -d dummy")


def end(server: "subprocess.Popen[bytes]") -> None:
    """End the server, by force where it does not react."""
    server.terminate()
    try:
        server.wait(END_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
