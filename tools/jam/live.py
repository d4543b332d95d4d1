"""Runs a jam in real time, with threads.

The timing thread wakes shortly before each beat, takes the chord model's forecast if it is ready,
and has the beat decided; a late forecast is skipped and counted, never waited for. The forecast is
computed in a pool of one thread. The metronome has its own thread, so that other work does not
delay clicks. Another thread feeds the messages of a player from a file or a take.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread

from muse.tools.jam.clock import (
    Clock,
    freeze_garbage_collector,
    raise_priority,
    short_switch_interval,
)
from muse.tools.jam.events import ChordForecast
from muse.tools.jam.inputs import PlayerInput
from muse.tools.jam.ports.input_queue import InputDispatcher, InputQueue
from muse.tools.jam.session import LEAD_S, Session
from muse.tools.jam.tempo.beat_clock import wait_for_beat

START_S = 0.3  # from the start of the threads to the first beat
CLICK_LEAD_S = 0.05  # how long before a beat its click is scheduled
FINAL_S = 0.2  # after the last note-off


class LiveSession:
    """The threads of a session.

    Attributes:
        ended: set when the jam ended without a call of `stop`.
        error: raised in one of the threads, which ended the jam; None without one.
    """

    def __init__(
        self,
        session: Session,
        clock: Clock,
        queue: InputQueue,
        *,
        player_input: PlayerInput | None = None,
        bars: int | None = None,
        input_ended: Event | None = None,
    ) -> None:
        """Create the threads without starting them.

        Args:
            session: to run.
            clock: of the session.
            queue: of the player's messages.
            player_input: a player from a file or a take; the jam ends after its last message.
            bars: number of bars after which it ends; None for no limit.
            input_ended: set at the end of the input by the thread that fills the queue; ends
                the jam.
        """
        self.session, self.clock, self.queue = session, clock, queue
        self.player_input, self.bars = player_input, bars
        self.ended = Event()
        self.error: BaseException | None = None
        self._stop = Event()
        self._forecast: Future[ChordForecast] | None = None
        self._input_ended = input_ended or Event()
        self._start_s = 0.0
        self._dispatcher = InputDispatcher(queue, session.receive, clock)
        self._pool = ThreadPoolExecutor(1, "chord model", initializer=raise_priority)
        self._threads = [
            Thread(target=self._guarded, args=(run,), name=name, daemon=True)
            for name, run in (
                ("timing", self._keep_time),
                ("metronome", self._click),
                ("feeder", self._feed),
            )
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the threads within the context; they end on exit."""
        with freeze_garbage_collector(), short_switch_interval():
            self._start_s = self.clock.now() + START_S
            self.session.beat_clock.start(self._start_s)
            self.session.begin()
            self.session.playback.start()
            self._dispatcher.start()
            for thread in self._threads:
                thread.start()
            try:
                yield
            finally:
                self.stop()

    def stop(self) -> None:
        """End the threads; a second call has no effect."""
        self._stop.set()
        self.session.beat_clock.wake()
        for thread in self._threads:
            thread.join()
        self._dispatcher.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, run: Callable[[], None]) -> None:
        """Run a thread's function; an exception ends the jam and is stored in `error`."""
        try:
            run()
        except Exception as error:
            self.error = error
            self.ended.set()

    def _keep_time(self) -> None:
        """Run the timing thread."""
        raise_priority()
        session = self.session
        number = session.first_step
        self._forecast = self._pool.submit(session.forecast_task(number))
        while self._wait_for_step(number, LEAD_S):
            if number >= 0 and self._is_over(number):
                self._end(number)
                return
            if number >= 0:
                self._decide(number)
            if self._forecast is None or self._forecast.done():
                self._forecast = self._pool.submit(session.forecast_task(number + 1))
            number += 1

    def _wait_for_step(self, number: int, lead_s: float) -> bool:
        """Wait until `lead_s` before a step, as `wait_for_beat`."""
        session = self.session
        beat = session.grid.step(number).beat
        return wait_for_beat(self.clock, session.beat_clock, beat, self._stop, lead_s)

    def _decide(self, number: int) -> None:
        """Decide a step with the forecast that is ready, if any."""
        due_s = self.session.beat_clock.time_of(self.session.grid.step(number).beat) - LEAD_S
        future = self._forecast
        forecast = future.result() if future is not None and future.done() else None
        self.session.play_step(number, forecast, self.clock.now())
        self.session.counts.deciding.add(self.clock.now() - due_s)

    def _is_over(self, number: int) -> bool:
        """Return whether the jam ends on a step."""
        step = self.session.grid.step(number)
        if self.bars is not None:
            return step.bar >= self.bars
        return self._input_ended.is_set() and step.is_bar_line

    def _end(self, number: int) -> None:
        """Play the ending, and wait until it has sounded."""
        self.session.finish(number)
        beat_clock = self.session.beat_clock
        if wait_for_beat(self.clock, beat_clock, self.session.end_beat, self._stop):
            self.clock.wait_until(self.clock.now() + FINAL_S, self._stop)
        self.ended.set()

    def _click(self) -> None:
        """Run the metronome thread."""
        raise_priority()
        number = self.session.first_step
        while not self.ended.is_set() and self._wait_for_step(number, CLICK_LEAD_S):
            if self.bars is None or self.session.grid.step(number).bar < self.bars:
                self.session.click(number)
            number += 1

    def _feed(self) -> None:
        """Put the messages of a file or a take into the queue, in time."""
        if self.player_input is None:
            return
        raise_priority()
        tempos = list(self.player_input.tempos)
        shift_s = self._start_s - self.player_input.start_s
        for message in self.player_input.messages:
            time_s = message.time_s + shift_s
            while tempos and tempos[0][0] + shift_s <= time_s:
                at_s, bpm = tempos.pop(0)
                self.session.beat_clock.set_bpm(bpm, at_s + shift_s)
            if not self.clock.wait_until(time_s, self._stop):
                return
            self.queue.put(message.data, time_s)
        self._input_ended.set()
