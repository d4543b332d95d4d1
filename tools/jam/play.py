"""A jam from what was asked to what is kept: ports, files and threads are opened, and closed again.

From a file or a pipe into one, it runs on a counted clock; else in real time. Whatever ends it, all
notes end, and a live session's take is kept.
"""

import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

from muse.tools.chords.load_model import load_model
from muse.tools.jam.clock import SystemClock, VirtualClock, raise_priority
from muse.tools.jam.engine import Engine
from muse.tools.jam.engine_setup import (
    as_before,
    chosen_seed,
    engine_of,
    header_of,
    in_time,
    known_player,
    settings_for,
)
from muse.tools.jam.inputs import Known
from muse.tools.jam.live import Live
from muse.tools.jam.offline import play_offline
from muse.tools.jam.options import JamRequest
from muse.tools.jam.ports.input_queue import InputQueue
from muse.tools.jam.ports.outputs import JsonSink, NoSink
from muse.tools.jam.ports.playback import Player
from muse.tools.jam.recording import kept, taken
from muse.tools.jam.routing import (
    PARTS,
    PIPE,
    SYNTH,
    Wiring,
    check_wiring,
    has_had_enough,
    listened_to,
    live_sink,
)
from muse.tools.jam.screen import Screen
from muse.tools.jam.session import LEAD_S, Session
from muse.tools.jam.signals import ended_by_signals
from muse.tools.jam.takes.records import read_take
from muse.tools.jam.takes.replay import Agreement, compare, read_replay
from muse.tools.jam.takes.take import Take
from muse.tools.progress import Report, silent

log = logging.getLogger("muse")

SHOWN_S = 0.1  # how often what there is to see is shown

Show = Callable[[Screen], None]
Tell = Callable[[str], None]


def no_word(_line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Outcome:
    """What came of a jam.

    Attributes:
        beats: that were decided.
        late: beats at which the brain was not ready.
        latency: of events, in ms: from when they were due until they were sent.
        deciding: from when a decision was due until its music was scheduled, in ms.
        files: that were written.
        agreement: of a take that was played again with what came of it; None without one.
    """

    beats: int
    late: int
    latency: dict[str, Any]
    deciding: dict[str, Any]
    files: tuple[str, ...]
    agreement: Agreement | None = None


def jam(
    request: JamRequest,
    wiring: Wiring,
    seed: int | None = None,
    *,
    tell: Tell = no_word,
    show: Show | None = None,
    report: Report = silent,
) -> Outcome:
    """Play along.

    Args:
        request: what to play.
        wiring: with whom.
        seed: of all that is drawn; None for that of a take, else for one that is drawn and told.
        tell: told a line for each bar, when live.
        show: shown the screen, several times a second, when live.
        report: told how far it is, when not.

    Raises:
        ParameterError: options that cannot be, or do not go together.
        BadInputError: a file that is no melody or take.
        MissingPartError: no sound, no MIDI system, or no python-rtmidi.
    """
    check_wiring(wiring)
    replay = read_replay(wiring.replay) if wiring.replay else None
    request = as_before(request, replay) if replay else request
    known = known_player(request, wiring, replay)
    settings = settings_for(request, wiring, known, replay, chosen_seed(seed, replay))
    if replay is None and known is not None:
        known = in_time(known, settings)
    model = load_model(wiring.model)
    log.info("seed %d", settings.seed)
    lead_s = known.lead_s if known and not wiring.is_live else LEAD_S
    with ExitStack() as stack:
        ended = stack.enter_context(ended_by_signals()) if wiring.is_live else Event()
        take = taken(stack, wiring, header_of(request, settings, model, lead_s))
        engine = engine_of(settings, model)
        if wiring.is_live:
            session = play_live(stack, wiring, engine, known, take, ended, tell, show)
        else:
            session = play_counted(wiring, engine, known or Known(), take, report)
        files = kept(wiring, take)
        agreement = None
        if wiring.replay and take:
            agreement = compare(read_take(wiring.replay), read_take(take.jsonl))
    tally = session.tally
    sent = session.player.lateness.figures()
    return Outcome(tally.beats, tally.late, sent, tally.deciding.figures(), files, agreement)


def play_counted(
    wiring: Wiring, engine: Engine, known: Known, take: Take | None, report: Report
) -> Session:
    """From a file or a pipe into one, faster than real time."""
    sink = JsonSink(sys.stdout, PARTS) if wiring.target == PIPE else NoSink()
    session = Session(
        engine,
        Player(sink, VirtualClock()),
        take=take,
        has_click=bool(wiring.has_click),
        is_through=bool(wiring.is_through),
    )
    play_offline(session, known, bars=wiring.bars, report=report)
    if has_had_enough(sink):
        raise BrokenPipeError
    session.save()
    return session


def play_live(
    stack: ExitStack,
    wiring: Wiring,
    engine: Engine,
    known: Known | None,
    take: Take | None,
    ended: Event,
    tell: Tell,
    show: Show | None,
) -> Session:
    """In real time, until the player's file or pipe ends, or `ended` is set."""
    clock = SystemClock()
    sink = live_sink(wiring)
    player = stack.enter_context(Player(sink, clock))
    session = Session(
        engine,
        player,
        take=take,
        has_click=wiring.has_click is not False,
        is_through=wiring.target == SYNTH if wiring.is_through is None else wiring.is_through,
    )
    queue = InputQueue(clock)
    is_fed = None if known else listened_to(stack, wiring, queue, clock)
    live = Live(session, clock, queue, known=known, bars=wiring.bars, is_fed=is_fed)
    raise_priority()  # whoever draws the screen holds the interpreter, too
    try:
        with live.running():
            while not (live.over.wait(SHOWN_S) or ended.is_set() or has_had_enough(sink)):
                if show is not None:
                    show(session.screen(clock.now()))
                for line in session.told_bars():
                    tell(line)
    finally:
        player.close()
        session.save()
        with suppress(OSError):  # a terminal that was closed
            for line in session.told_bars():
                tell(line)
    if live.problem is not None:
        raise live.problem
    return session
