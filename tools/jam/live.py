"""A jam in real time: threads that listen, keep time, play and click, and a pool that thinks.

The timing thread wakes a little before each beat, takes what the brain has ready, and has the beat
decided; a thought that is not ready is left out and counted, never waited for. The metronome has a
thread of its own, so that its clicks come whatever else does.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread

from muse.tools.jam.clock import Clock, prompt_threads, raise_priority, settled_memory
from muse.tools.jam.events import Plan
from muse.tools.jam.inputs import Known
from muse.tools.jam.ports.input_queue import InputQueue, Listener
from muse.tools.jam.session import LEAD_S, Session
from muse.tools.jam.tempo.wait_for_beat import wait_for_beat

START_S = 0.3  # from the start of the threads to the first beat
CLICK_LEAD_S = 0.05  # before a beat, in which its click is scheduled
FINAL_S = 0.2  # after the last release


class Live:
    """The threads of a session.

    Attributes:
        over: set when the jam has come to its end by itself.
    """

    def __init__(
        self,
        session: Session,
        clock: Clock,
        queue: InputQueue,
        *,
        known: Known | None = None,
        bars: int | None = None,
        is_fed: Event | None = None,
    ) -> None:
        """Nothing runs yet.

        Args:
            session: that is driven.
            clock: of the session.
            queue: what is heard.
            known: a player who is played in time; the jam ends after it.
            bars: after which it ends.
            is_fed: set by whoever fills the queue when no more comes; the jam ends then.
        """
        self.session, self.clock, self.queue = session, clock, queue
        self.known, self.bars = known, bars
        self.over = Event()
        self.problem: BaseException | None = None
        self._stop = Event()
        self._thought: Future[Plan] | None = None
        self._is_fed = is_fed or Event()
        self._began_s = 0.0
        self._listener = Listener(queue, session.heard, clock)
        self._pool = ThreadPoolExecutor(1, "brain", initializer=raise_priority)
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
        """Have the threads run; on the way out they end, whatever ended the jam."""
        with settled_memory(), prompt_threads():
            self._began_s = self.clock.now() + START_S
            self.session.conductor.start(self._began_s)
            self.session.begin()
            self.session.player.start()
            self._listener.start()
            for thread in self._threads:
                thread.start()
            try:
                yield
            finally:
                self.stop()

    def stop(self) -> None:
        """End the threads; a second time does nothing."""
        self._stop.set()
        self.session.conductor.wake()
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, run: Callable[[], None]) -> None:
        """A thread's work; what goes wrong in it ends the jam and is told there."""
        try:
            run()
        except Exception as problem:
            self.problem = problem
            self.over.set()

    def _keep_time(self) -> None:
        """The timing thread."""
        raise_priority()
        session = self.session
        beat = round(session.conductor.first_beat)
        self._thought = self._pool.submit(session.think(beat))
        while wait_for_beat(self.clock, session.conductor, beat, self._stop, LEAD_S):
            if beat >= 0 and self._is_over(beat):
                self._end(beat)
                return
            if beat >= 0:
                self._decide(beat)
            if self._thought is None or self._thought.done():
                self._thought = self._pool.submit(session.think(beat + 1))
            beat += 1

    def _decide(self, beat: int) -> None:
        """One beat."""
        due_s = self.session.conductor.time_of(beat) - LEAD_S
        thought = self._thought
        plan = thought.result() if thought is not None and thought.done() else None
        self.session.turn(beat, plan, self.clock.now())
        self.session.tally.deciding.add(self.clock.now() - due_s)

    def _is_over(self, beat: int) -> bool:
        """Whether the jam ends at a beat."""
        if self.bars is not None:
            return beat >= self.bars * self.session.bar_beats
        return self._is_fed.is_set() and beat % self.session.bar_beats == 0

    def _end(self, beat: int) -> None:
        """The last chord, sounded to its end."""
        self.session.finish(beat)
        conductor = self.session.conductor
        if wait_for_beat(self.clock, conductor, self.session.end_beat, self._stop):
            self.clock.wait_until(self.clock.now() + FINAL_S, self._stop)
        self.over.set()

    def _click(self) -> None:
        """The metronome."""
        raise_priority()
        beat = round(self.session.conductor.first_beat)
        conductor = self.session.conductor
        while not self.over.is_set() and wait_for_beat(
            self.clock, conductor, beat, self._stop, CLICK_LEAD_S
        ):
            if self.bars is None or beat < self.bars * self.session.bar_beats:
                self.session.click(beat)
            beat += 1

    def _feed(self) -> None:
        """A player who is known beforehand, in time."""
        if self.known is None:
            return
        raise_priority()
        tempos = list(self.known.tempos)
        late_s = self._began_s - self.known.start_s
        for message in self.known.messages:
            time_s = message.time_s + late_s
            while tempos and tempos[0][0] + late_s <= time_s:
                at_s, bpm = tempos.pop(0)
                self.session.conductor.set_bpm(bpm, at_s + late_s)
            if not self.clock.wait_until(time_s, self._stop):
                return
            self.queue.put(message.data, time_s)
        self._is_fed.set()
