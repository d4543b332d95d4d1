"""Runs `muse jam` from request to result: resolves the options, opens and closes ports and files.

From a file or a pipe into one, the jam runs on a virtual clock; else in real time. However it ends,
all notes are ended, and the take of a live session is saved.
"""

import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields, replace
from threading import Event
from typing import Any

from muse.tools.chords.load_model import load_model, report_model
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.generation.seeds import choose_seed
from muse.tools.jam.chart import Chart, read_chart
from muse.tools.jam.clock import SystemClock, VirtualClock, raise_priority
from muse.tools.jam.engine import Engine, build_engine
from muse.tools.jam.grid import group_meters
from muse.tools.jam.inputs import (
    PlayerInput,
    after_count_in,
    file_input,
    has_data,
    is_song,
    stream_input,
    take_input,
)
from muse.tools.jam.live import LiveSession
from muse.tools.jam.offline import play_offline
from muse.tools.jam.options import (
    DEFAULT_BPM,
    JamOptions,
    JamRequest,
    checked_bpm,
    follows_player,
    is_file,
    resolve_options,
)
from muse.tools.jam.ports.input_queue import InputQueue
from muse.tools.jam.ports.outputs import JsonOutput, NullOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.recording import open_take, take_header, write_files
from muse.tools.jam.routing import (
    PIPE,
    SOURCES,
    Routing,
    check_routing,
    is_reader_gone,
    open_input,
    open_output,
    sends_through,
)
from muse.tools.jam.screen import ScreenState
from muse.tools.jam.session import LEAD_S, Session
from muse.tools.jam.signals import stop_on_signals
from muse.tools.jam.takes.records import read_take
from muse.tools.jam.takes.replay import Agreement, Replay, compare_takes, read_replay
from muse.tools.jam.takes.take import TakeRecorder
from muse.tools.progress import Report, silent
from muse.tools.song.meter import bar_beats

log = logging.getLogger("muse")

SCREEN_S = 0.1  # interval at which the screen is drawn

Show = Callable[[ScreenState], None]
PrintLine = Callable[[str], None]


def ignore_line(_line: str) -> None:
    """Discard a line."""


@dataclass(frozen=True)
class JamResult:
    """Summary of a jam.

    Attributes:
        beats: decided beats.
        late: beats on which the chord model's forecast was not ready.
        latency: of sent messages, from when they were due, in ms.
        deciding: from when a decision was due until its music was scheduled, in ms.
        files: that were written.
        agreement: between a replayed take and the new one; None without a replay.
    """

    beats: int
    late: int
    latency: dict[str, Any]
    deciding: dict[str, Any]
    files: tuple[str, ...]
    agreement: Agreement | None = None


def jam(
    request: JamRequest,
    routing: Routing,
    seed: int | None = None,
    *,
    print_bar: PrintLine = ignore_line,
    show: Show | None = None,
    report: Report = silent,
) -> JamResult:
    """Accompany a player.

    Args:
        request: what to play.
        routing: input and output.
        seed: of everything that is sampled; None takes the seed of a replayed take, or draws one
            and logs it.
        print_bar: called with a line for each bar, in real time.
        show: called with the state of the screen several times a second, in real time.
        report: called with the progress, otherwise.

    Raises:
        ParameterError: options that are out of range or do not go together.
        BadInputError: an input file without a melody, or that is not a take.
        MissingPartError: no sound system, no MIDI system, or no python-rtmidi.
    """
    check_routing(routing)
    if routing.source == PIPE == request.chart:
        raise ParameterError("only one of --in and --chart can be '-', standard input")
    replay = read_replay(routing.replay) if routing.replay else None
    request = with_replay_params(request, replay) if replay else request
    player_input = open_known_input(request, routing, replay)
    chart = None if request.chart is None else read_chart(request.chart)
    if chart is not None and player_input is not None and request.meter is None:
        report_meter(chart, player_input)
    options = options_for(request, routing, player_input, replay, chart, seed_for(seed, replay))
    if replay is None and player_input is not None:
        player_input = in_time(player_input, options)
    model = load_model(routing.model)
    report_model(model)
    log.info("seed %d", options.seed)
    lead_s = player_input.lead_s if player_input and not routing.is_live else LEAD_S
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals()) if routing.is_live else Event()
        take = open_take(stack, routing, take_header(request, options, model, lead_s))
        engine = build_engine(options, model)
        if routing.is_live:
            session = run_live(stack, routing, engine, player_input, take, stop, print_bar, show)
        else:
            session = run_offline(routing, engine, player_input or PlayerInput(), take, report)
        files = write_files(routing, take, is_performance=is_performance(player_input))
        agreement = None
        if routing.replay and take:
            agreement = compare_takes(read_take(routing.replay), read_take(take.jsonl))
    check_success(routing, session)
    counts = session.counts
    latency = session.playback.lateness.figures()
    return JamResult(
        counts.beats, counts.late, latency, counts.deciding.figures(), files, agreement
    )


def check_success(routing: Routing, session: Session) -> None:
    """Raise an error for a session that played nothing, or heard nothing from a pipe.

    Raises:
        MuseError: no message reached the MIDI port.
        BadInputError: the pipe held no notes, and no number of bars was given.
    """
    playback = session.playback
    if playback.lost and not playback.sent:
        raise MuseError(f"nothing was played: the MIDI port '{routing.target}' was not there")
    if routing.source == PIPE and not session.counts.notes and routing.bars is None:
        raise BadInputError("standard input held no notes; give --bars N to play the band alone")


def is_performance(player_input: PlayerInput | None) -> bool:
    """Return whether the player is a port or a pipe, which may not play the same again."""
    return player_input is None or not player_input.end_s


def with_replay_params(request: JamRequest, replay: Replay) -> JamRequest:
    """Return the request, completed with the parameters of the replayed take."""
    params = replay.header.params
    completed = {
        each.name: params.get(each.name)
        for each in fields(request)
        if getattr(request, each.name) is None and each.name != "bpm"  # the take has its own tempo
    }
    return replace(request, **completed)


def seed_for(seed: int | None, replay: Replay | None) -> int:
    """Return the given seed, else that of the replayed take, else a new one."""
    if seed is None and replay is not None:
        seed = replay.header.seed
    return choose_seed(seed)


def open_known_input(
    request: JamRequest, routing: Routing, replay: Replay | None
) -> PlayerInput | None:
    """Return the player from a take, a file or a pipe; None for a player in real time."""
    bpm = checked_bpm(request.bpm)
    if replay is not None:
        return take_input(replay)
    if routing.source == PIPE and routing.is_live and not has_data(sys.stdin.buffer):
        return None
    if routing.source == PIPE and not is_song(sys.stdin.buffer):
        return None if routing.is_live else stream_input(sys.stdin.buffer)
    if not is_file(routing.source):
        return None
    has_bpm = not follows_player(request.bpm)
    return file_input(str(routing.source), routing.track, bpm if has_bpm else None)


def options_for(
    request: JamRequest,
    routing: Routing,
    player_input: PlayerInput | None,
    replay: Replay | None,
    chart: Chart | None,
    seed: int,
) -> JamOptions:
    """Resolve the request, with defaults from the input: its tempo, meters and count-in.

    The meters of a chart come before those of the input, its tempo after it.
    """
    found = player_input or PlayerInput(bpm=chart_bpm(chart))
    count_in = int(routing.is_live)
    if replay is not None:
        count_in = round(-replay.first_beat / bar_beats(found.meters[0].meter))
    is_guessed = follows_player(request.bpm) and not found.has_tempo
    bpm = chart_bpm(chart) if is_guessed else found.bpm
    return resolve_options(
        request,
        bpm=bpm,
        meters=found.meters if chart is None else group_meters(chart.repeated_meters(), bpm),
        count_in=count_in,
        seed=seed,
        sections=found.sections,
        chart=chart,
        has_tempo=found.has_tempo,
    )


def report_meter(chart: Chart, player_input: PlayerInput) -> None:
    """Log that the meter of a chart is used where the input has another one."""
    used, other = chart.meters[0], player_input.meters[0].meter
    if (used.numerator, used.denominator) != (other.numerator, other.denominator):
        log.info(
            "playing in %d/%d as in %s; the input is in %d/%d",
            used.numerator,
            used.denominator,
            chart.name,
            other.numerator,
            other.denominator,
        )


def chart_bpm(chart: Chart | None) -> float:
    """Return the tempo of a chart, or the usual one, in quarter notes per minute."""
    return DEFAULT_BPM if chart is None or chart.tempo is None else chart.tempo.bpm


def in_time(player_input: PlayerInput, options: JamOptions) -> PlayerInput:
    """Return the input delayed by the count-in, without its tempos where muse detects them."""
    tempos = () if options.is_following else player_input.tempos
    delayed = replace(player_input, tempos=tempos)
    return after_count_in(delayed, options.count_in_beats, options.bpm)


def run_offline(
    routing: Routing,
    engine: Engine,
    player_input: PlayerInput,
    take: TakeRecorder | None,
    report: Report,
) -> Session:
    """Run from a file or a pipe into one, faster than real time."""
    output = JsonOutput(sys.stdout, SOURCES) if routing.target == PIPE else NullOutput()
    session = Session(
        engine,
        Playback(output, VirtualClock()),
        take=take,
        has_click=bool(routing.has_click),
        is_through=bool(routing.is_through),
    )
    play_offline(session, player_input, bars=routing.bars, report=report)
    if isinstance(output, JsonOutput) and output.ended.is_set():
        raise output.error or BrokenPipeError
    session.save()
    return session


def run_live(
    stack: ExitStack,
    routing: Routing,
    engine: Engine,
    player_input: PlayerInput | None,
    take: TakeRecorder | None,
    stop: Event,
    print_bar: PrintLine,
    show: Show | None,
) -> Session:
    """Run in real time, until the player's file or pipe ends or `stop` is set."""
    clock = SystemClock()
    output = open_output(routing, wait=player_input is None)
    playback = stack.enter_context(Playback(output, clock))
    session = Session(
        engine,
        playback,
        take=take,
        has_click=routing.has_click is not False,
        is_through=sends_through(routing),
    )
    queue = InputQueue(clock)
    input_ended = None if player_input else open_input(stack, routing, queue, clock)
    live = LiveSession(
        session,
        clock,
        queue,
        player_input=player_input,
        bars=routing.bars,
        input_ended=input_ended,
    )
    raise_priority()  # drawing the screen blocks the other threads, so it must be quick, too
    try:
        with live.running():
            while not (live.ended.wait(SCREEN_S) or stop.is_set() or is_reader_gone(output)):
                if show is not None:
                    show(session.screen(clock.now()))
                print_bars(session, print_bar)
    finally:
        playback.close()
        session.save()
        with suppress(OSError):  # the terminal may be closed
            print_bars(session, print_bar)
    raise_error_of(live, output)
    return session


def raise_error_of(live: LiveSession, output: object) -> None:
    """Raise the error that ended a session in another thread or at its output, if there is one."""
    if live.error is not None:
        raise live.error
    if isinstance(output, JsonOutput) and output.error is not None:
        raise output.error


def print_bars(session: Session, print_bar: PrintLine) -> None:
    """Print a line for each bar that has finished since the last call."""
    for line in session.take_finished_bars():
        print_bar(line)
