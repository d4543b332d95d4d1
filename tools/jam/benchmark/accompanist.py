"""The whole accompanist measured: ears, brain, band and threads, while a melody is played to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, takewhile

from muse.tools.chords.load_model import load_model
from muse.tools.jam.benchmark.timing import Accompanist, Figures, bars, measure
from muse.tools.jam.clock import Clock
from muse.tools.jam.engine_setup import engine_of
from muse.tools.jam.events import Message
from muse.tools.jam.inputs import Known, counted_in, from_file
from muse.tools.jam.live import START_S, Live
from muse.tools.jam.midi_bytes import NOTE_ON, note_off
from muse.tools.jam.options import AUTO, DEFAULT_BPM, JamRequest, JamSettings, settings_of
from muse.tools.jam.ports.input_queue import InputQueue
from muse.tools.jam.ports.playback import Player
from muse.tools.jam.session import Session
from muse.tools.progress import Report, silent

COUNT_IN = 1  # bars
SEED = 0
PAUSE_S = 1.0  # before the melody comes again
TUNE = (60, 62, 64, 67, 69, 67, 64, 62)  # pitches, a beat each, where no file is given


def measure_jam(
    duration_s: float,
    solo: str | None = None,
    *,
    model: str = AUTO,
    load: int | None = None,
    realtime: bool = True,
    report: Report = silent,
) -> Figures:
    """Figures of a whole jam, and whether they hold its bars, for JSON.

    Args:
        duration_s: how long it lasts.
        solo: a MIDI file or a Song document whose melody is played to it; None for a tune.
        model: the brain, as `load_model` takes it.
        load: cores kept busy by others; None for all but one.
        realtime: whether the server asks to go before other programs.
        report: told how far it is.

    Raises:
        BadInputError: no melody, or a model that cannot be read.
        MissingPartError: no jackd, or python-rtmidi without JACK.
    """
    known = tune() if solo is None else from_file(solo, None, None)
    settings = settings_of(
        JamRequest(), bpm=known.bpm, meter=known.meter, count_in=COUNT_IN, seed=SEED
    )
    later = counted_in(known, settings.count_in * settings.bar_beats, settings.bpm)
    figures = measure(
        duration_s,
        load=load,
        realtime=realtime,
        accompanist=accompanist_of(settings, model),
        script=again_and_again(later, duration_s),
        report=report,
    )
    return {**figures, "bars": bars(figures)}


def accompanist_of(settings: JamSettings, model: str) -> Accompanist:
    """Who accompanies, for `measure`; raises BadInputError for a model that cannot be read."""
    brain = load_model(model)

    @contextmanager
    def accompany(
        clock: Clock, player: Player, queue: InputQueue, _duration_s: float
    ) -> Iterator[Callable[[], Figures]]:
        session = Session(engine_of(settings, brain), player)
        with Live(session, clock, queue).running():
            yield lambda: figures_of(session)

    return accompany


def figures_of(session: Session) -> Figures:
    """What the session itself counts."""
    tally = session.tally
    return {
        "beats": tally.beats,
        "late_thoughts": tally.late,
        "deciding": tally.deciding.figures(),
    }


def tune() -> Known:
    """A player of TUNE."""
    beat_s = 60.0 / DEFAULT_BPM
    messages = []
    for beat, pitch in enumerate(TUNE):
        messages.append(Message(beat * beat_s, bytes((NOTE_ON, pitch, 90))))
        messages.append(Message((beat + 0.8) * beat_s, note_off(0, pitch)))
    return Known(tuple(messages), DEFAULT_BPM)


def again_and_again(known: Known, duration_s: float) -> list[Message]:
    """A melody as a script, from the beginning again whenever it has ended, for so many s."""
    melody = [replace(each, time_s=each.time_s + START_S) for each in known.messages]
    length_s = melody[-1].time_s + PAUSE_S
    endless = (
        replace(each, time_s=each.time_s + turn * length_s) for turn in count() for each in melody
    )
    return list(takewhile(lambda each: each.time_s < duration_s, endless))
