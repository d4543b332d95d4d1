"""The session as it is recorded: lines on the disk as they come, a take when it is saved.

While it goes on, the lines are in `NAME.part.jsonl` beside the take's place; saved, that file
becomes `NAME.jsonl`, and `NAME.mid` is made from it. So memory stays flat, and a session that is
killed leaves a file that `read_take` reads all the same. An unfinished file of an earlier session
is kept, under its own name.

Any thread may tell what happened; a thread of the take's own writes it down, so that nobody waits
for the disk.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import BinaryIO

from muse.tools.errors import MuseError
from muse.tools.files import blaming, flush_to_disk
from muse.tools.jam.events import Choice, Decision, Event, Message, Span
from muse.tools.jam.takes.records import (
    AnyLine,
    Decided,
    Ended,
    Header,
    Heard,
    Odds,
    Played,
    TempoSet,
    read_take,
    written,
)
from muse.tools.jam.takes.to_song import song_of_take
from muse.tools.song.midi import save_song
from muse.tools.theory.chords import write_leadsheet

log = logging.getLogger("muse")

SUFFIXES = {".jsonl", ".mid", ".midi"}  # that a take's name may come with
MOST_WAITING = 4096  # lines that were told and are not written; whoever tells more waits
DIGITS = 6  # of probabilities
THE_END = b""  # a line that says that no more come


class Take:
    """Takes down what happens, and saves it.

    Attributes:
        jsonl, midi: where it is saved.
        spool: where the lines are until then.
    """

    def __init__(
        self, path: Path, header: Header, begin: Callable[[], object] = lambda: None
    ) -> None:
        """Begin.

        Args:
            path: the take's name, with a suffix of SUFFIXES or without.
            header: what makes it.
            begin: called first in the take's thread.

        Raises:
            MuseError: a folder is in the take's place.
            OSError: the file cannot be made.
        """
        stem = path.with_suffix("") if path.suffix.lower() in SUFFIXES else path
        self.jsonl, self.midi = (stem.with_name(f"{stem.name}{s}") for s in (".jsonl", ".mid"))
        for target in (self.jsonl, self.midi):
            if target.is_dir():
                raise MuseError(f"{target} is a folder; name a file")
        self.jsonl.parent.mkdir(parents=True, exist_ok=True)
        with blaming(self.jsonl):
            self._file: BinaryIO = spooled(stem)
        self.spool = Path(self._file.name)
        self._tempo: TempoSet | None = None
        self._problem: OSError | None = None
        self._told: Queue[bytes] = Queue(MOST_WAITING)
        self._begin = begin
        self._writer = Thread(target=self._write, name="muse-take", daemon=True)
        self._told.put(written(header))
        self._writer.start()

    def heard(self, message: Message, beat: float) -> None:
        """The player sent a message."""
        self._tell(Heard(message.time_s, beat, message.data.hex()))

    def played(self, event: Event, time_s: float) -> None:
        """The band's message was sent."""
        self._tell(Played(time_s, event.beat, event.part, event.data.hex()))

    def decided(self, decision: Decision, time_s: float) -> None:
        """A chord was decided."""
        self._tell(line_of_decision(decision, time_s))

    def tempo(self, spans: Iterable[Span], now_s: float) -> None:
        """The conductor's map as it is now; what it has had since it was last told is taken down.

        Args:
            spans: of the conductor, oldest first; those that begin later than now wait.
            now_s: on the session's clock.
        """
        for span in spans:
            line = TempoSet(span.time_s, span.beat, span.bpm)
            is_new = self._tempo is None or (line.time_s >= self._tempo.time_s)
            if is_new and line != self._tempo and span.time_s <= now_s:
                self._tempo = line
                self._tell(line)

    def flush(self) -> None:
        """Wait until what was told is in the file."""
        if self._writer.is_alive():
            self._told.join()

    def save(self, time_s: float, beat: float) -> tuple[Path, Path]:
        """End the session, and put the take in its place; a second time does nothing.

        Args:
            time_s: when it ended, on the session's clock.
            beat: on which beat.

        Returns:
            The files: JSON lines and MIDI.

        Raises:
            OSError: the disk is full, or gone.
        """
        if self._writer.is_alive():
            self._tell(Ended(time_s, beat))
            self._told.put(THE_END)
            self._writer.join()
            with blaming(self.spool):
                self._file.close()
            if self._problem:
                raise self._problem
            flush_to_disk(self.spool)
            self.spool.replace(self.jsonl)
            save_song(song_of_take(read_take(self.jsonl)), self.midi)
        return self.jsonl, self.midi

    def discard(self) -> None:
        """End without a take; after a save it does nothing."""
        if self._writer.is_alive():
            self._told.put(THE_END)
            self._writer.join()
            self._file.close()
            self.spool.unlink(missing_ok=True)

    def _tell(self, line: AnyLine) -> None:
        """Have a line written; after the end nothing more is taken down."""
        if self._writer.is_alive():
            self._told.put(written(line))

    def _write(self) -> None:
        """Write what is told, until the end; through to the file whenever nothing more waits."""
        self._begin()
        while (line := self._told.get()) != THE_END:
            if not self._problem:
                self._keep(line)
            self._told.task_done()
        self._told.task_done()

    def _keep(self, line: bytes) -> None:
        """Write a line; the first time that fails is told, and raised when the take is saved."""
        try:
            self._file.write(line)
            if self._told.empty():
                self._file.flush()
        except OSError as problem:
            problem.filename = str(self.spool)
            self._problem = problem
            log.warning("%s: the take is not written any more (%s)", self.spool, problem.strerror)


def spooled(stem: Path) -> BinaryIO:
    """A new file for the lines; one that an earlier session left is not touched."""
    for number in count(1):
        name = f"{stem.name}.part{number if number > 1 else ''}.jsonl"
        try:
            return stem.with_name(name).open("xb")
        except FileExistsError:
            log.warning("%s is of a session that was cut off; it is kept", stem.with_name(name))
    raise AssertionError  # there is always another number


def line_of_decision(decision: Decision, time_s: float) -> Decided:
    """A decision as a line."""
    return Decided(
        time_s,
        decision.beat,
        write_leadsheet(decision.symbol),
        round(decision.probability, DIGITS),
        decision.changes,
        decision.who,
        decision.late,
        decision.key.tonality.name,
        round(decision.key.confidence, DIGITS),
        odds(decision.ear),
        odds(decision.brain),
        odds(decision.coming),
    )


def odds(choices: Sequence[Choice]) -> list[Odds]:
    """Choices as a line has them."""
    return [
        Odds(write_leadsheet(each.symbol), round(each.probability, DIGITS), each.beat)
        for each in choices
    ]
