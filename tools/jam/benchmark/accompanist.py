"""Benchmark of the whole accompanist, with engine and threads, while a melody is played to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, takewhile

from muse.tools.chords.load_model import load_model, report_model
from muse.tools.jam.benchmark.timing import Accompanist, Figures, benchmark_timing, check_limits
from muse.tools.jam.clock import Clock
from muse.tools.jam.engine import build_engine
from muse.tools.jam.events import Message
from muse.tools.jam.inputs import PlayerInput, after_count_in, file_input
from muse.tools.jam.live import START_S, LiveSession
from muse.tools.jam.midi_bytes import NOTE_ON, note_off
from muse.tools.jam.options import AUTO, DEFAULT_BPM, JamOptions, JamRequest, resolve_options
from muse.tools.jam.ports.input_queue import InputQueue
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.session import Session
from muse.tools.progress import Report, silent

COUNT_IN = 1  # bars
SEED = 0
PAUSE_S = 1.0  # before the melody repeats
DEFAULT_MELODY = (60, 62, 64, 67, 69, 67, 64, 62)  # pitches, a beat each, where no file is given


def benchmark_jam(
    duration_s: float,
    solo: str | None = None,
    *,
    model: str = AUTO,
    load: int | None = None,
    realtime: bool = True,
    report: Report = silent,
) -> Figures:
    """Run a jam through a MIDI server, and return its figures and limits, for JSON.

    Args:
        duration_s: how long it lasts.
        solo: a MIDI file or Song document with the melody; None for a built-in one.
        model: the chord model, as `load_model` takes it.
        load: number of other processes that keep a core busy; None for all cores but one.
        realtime: whether the MIDI server asks for real-time priority.
        report: called with the progress.

    Raises:
        BadInputError: the file has no melody, or the model cannot be read.
        MissingPartError: no jackd, or python-rtmidi without JACK.
    """
    known = default_melody() if solo is None else file_input(solo, None, None)
    settings = resolve_options(
        JamRequest(), bpm=known.bpm, meters=known.meters, count_in=COUNT_IN, seed=SEED
    )
    later = after_count_in(known, settings.count_in_beats, settings.bpm)
    figures = benchmark_timing(
        duration_s,
        load=load,
        realtime=realtime,
        accompanist=engine_accompanist(settings, model),
        script=repeat_melody(later, duration_s),
        report=report,
    )
    return {**figures, "limits": check_limits(figures)}


def engine_accompanist(settings: JamOptions, model: str) -> Accompanist:
    """Return an accompanist with an engine, for `benchmark_timing`.

    Raises:
        BadInputError: the model cannot be read.
    """
    chord_model = load_model(model)
    report_model(chord_model)

    @contextmanager
    def accompany(
        clock: Clock, playback: Playback, queue: InputQueue, _duration_s: float
    ) -> Iterator[Callable[[], Figures]]:
        session = Session(build_engine(settings, chord_model), playback)
        with LiveSession(session, clock, queue).running():
            yield lambda: session_figures(session)

    return accompany


def session_figures(session: Session) -> Figures:
    """Return what the session itself counts."""
    counts = session.counts
    return {
        "beats": counts.beats,
        "late_forecasts": counts.late,
        "deciding": counts.deciding.figures(),
    }


def default_melody() -> PlayerInput:
    """Return a player of DEFAULT_MELODY."""
    beat_s = 60.0 / DEFAULT_BPM
    messages = []
    for beat, pitch in enumerate(DEFAULT_MELODY):
        messages.append(Message(beat * beat_s, bytes((NOTE_ON, pitch, 90))))
        messages.append(Message((beat + 0.8) * beat_s, note_off(0, pitch)))
    return PlayerInput(tuple(messages), DEFAULT_BPM)


def repeat_melody(known: PlayerInput, duration_s: float) -> list[Message]:
    """Return the messages of a melody that repeats up to a duration."""
    melody = [replace(each, time_s=each.time_s + START_S) for each in known.messages]
    length_s = melody[-1].time_s + PAUSE_S
    endless = (
        replace(each, time_s=each.time_s + turn * length_s) for turn in count() for each in melody
    )
    return list(takewhile(lambda each: each.time_s < duration_s, endless))
