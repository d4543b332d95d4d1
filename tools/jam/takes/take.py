"""Records a session: lines are written as they come, the take is finished on saving.

During the session the lines are in `NAME.part.jsonl`; saved, that file becomes `NAME.jsonl`, and
`NAME.mid` is made from it. So memory use is constant, and a session that is killed leaves a file
that `read_take` accepts. No file of an earlier session is overwritten: the next take is
`NAME_2`.

Any thread may record; the recorder's own thread writes, so that no other waits for the disk.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import BinaryIO

from muse.tools.errors import MuseError
from muse.tools.files import blaming, flush_to_disk, unused_stem
from muse.tools.jam.events import BandEvent, ChordCandidate, Decision, Message, TempoSpan
from muse.tools.jam.takes.records import (
    WHO,
    AnyLine,
    CandidateRecord,
    DecisionLine,
    EndLine,
    Header,
    HeardLine,
    PlayedLine,
    TempoLine,
    encode_line,
    read_take,
)
from muse.tools.jam.takes.to_song import song_of_take
from muse.tools.song.midi import save_song
from muse.tools.theory.chords import write_leadsheet

log = logging.getLogger("muse")

SUFFIXES = {".jsonl", ".mid", ".midi"}  # that are removed from a take's name
TAKE_SUFFIXES = (".jsonl", ".mid")  # of a saved take
MAX_WAITING = 4096  # lines in the queue; callers wait while it is full
DIGITS = 6  # of probabilities
END_OF_QUEUE = b""


class TakeRecorder:
    """Writes what happens in a session to a file.

    Attributes:
        jsonl, midi: the files of the saved take; numbered if there are earlier takes.
        spool: the file during the session.
    """

    def __init__(
        self, path: Path, header: Header, on_start: Callable[[], object] = lambda: None
    ) -> None:
        """Create the file and start the writing thread.

        Args:
            path: the take's name, with or without one of SUFFIXES.
            header: how the take is made.
            on_start: called first in the writing thread.

        Raises:
            MuseError: one of the take's files is a folder.
            OSError: the file cannot be created.
        """
        stem = path.with_suffix("") if path.suffix.lower() in SUFFIXES else path
        for target in take_files(stem):
            if target.is_dir():
                raise MuseError(f"{target} is a folder; give the name of a file")
        self._stem = stem
        self._name_files()
        self.jsonl.parent.mkdir(parents=True, exist_ok=True)
        with blaming(self.jsonl):
            self._file: BinaryIO = open_spool(stem)
        self.spool = Path(self._file.name)
        self._tempo: TempoLine | None = None
        self._problem: OSError | None = None
        self._queue: Queue[bytes] = Queue(MAX_WAITING)
        self._on_start = on_start
        self._writer = Thread(target=self._write, name="muse-take", daemon=True)
        self._queue.put(encode_line(header))
        self._writer.start()

    def record_input(self, message: Message, beat: float) -> None:
        """Record a message of the player."""
        self._enqueue(HeardLine(message.time_s, beat, message.data.hex()))

    def record_output(self, event: BandEvent, time_s: float) -> None:
        """Record a message of the band."""
        self._enqueue(PlayedLine(time_s, event.beat, event.part, event.data.hex()))

    def record_decision(self, decision: Decision, time_s: float) -> None:
        """Record a decision."""
        self._enqueue(decision_line(decision, time_s))

    def record_tempo(self, spans: Iterable[TempoSpan], now_s: float) -> None:
        """Record the spans of the tempo map that are new since the last call.

        Args:
            spans: of the beat clock, oldest first; those that begin after `now_s` wait.
            now_s: on the session's clock.
        """
        for span in spans:
            line = TempoLine(span.time_s, span.beat, span.bpm)
            is_new = self._tempo is None or (line.time_s >= self._tempo.time_s)
            if is_new and line != self._tempo and span.time_s <= now_s:
                self._tempo = line
                self._enqueue(line)

    def flush(self) -> None:
        """Wait until all recorded lines are in the file."""
        if self._writer.is_alive():
            self._queue.join()

    def save(self, time_s: float, beat: float) -> tuple[Path, Path]:
        """End the recording and finish the take; a second call has no effect.

        Args:
            time_s: when the session ended, on its clock.
            beat: on which beat.

        Returns:
            the files: JSON lines and MIDI.

        Raises:
            OSError: the disk is full or not available.
        """
        if self._writer.is_alive():
            self._enqueue(EndLine(time_s, beat))
            self._queue.put(END_OF_QUEUE)
            self._writer.join()
            with blaming(self.spool):
                self._file.close()
            if self._problem:
                raise self._problem
            flush_to_disk(self.spool)
            self._name_files()  # another session may have saved a take since the start
            self.spool.replace(self.jsonl)
            save_song(song_of_take(read_take(self.jsonl)), self.midi)
        return self.jsonl, self.midi

    def discard(self) -> None:
        """End the recording and delete the file; no effect after `save`."""
        if self._writer.is_alive():
            self._queue.put(END_OF_QUEUE)
            self._writer.join()
            self._file.close()
            self.spool.unlink(missing_ok=True)

    def _name_files(self) -> None:
        """Name the files of the take, with a number if an earlier take has the name."""
        stem = unused_stem(self._stem, TAKE_SUFFIXES)
        self.jsonl, self.midi = take_files(stem)
        if stem != self._stem:
            log.info("the take %s exists; this one is %s", self._stem, stem)

    def _enqueue(self, line: AnyLine) -> None:
        """Put a line into the queue; no effect after the end."""
        if self._writer.is_alive():
            self._queue.put(encode_line(line))

    def _write(self) -> None:
        """Write the queue to the file until its end, and flush whenever it is empty."""
        self._on_start()
        while (line := self._queue.get()) != END_OF_QUEUE:
            if not self._problem:
                self._write_line(line)
            self._queue.task_done()
        self._queue.task_done()

    def _write_line(self, line: bytes) -> None:
        """Write a line; the first error is logged, and raised when the take is saved."""
        try:
            self._file.write(line)
            if self._queue.empty():
                self._file.flush()
        except OSError as problem:
            problem.filename = str(self.spool)
            self._problem = problem
            log.warning("%s: recording stopped (%s)", self.spool, problem.strerror)


def take_files(stem: Path) -> tuple[Path, Path]:
    """Return the files of a take, JSON lines and MIDI."""
    lines, midi = (stem.with_name(f"{stem.name}{suffix}") for suffix in TAKE_SUFFIXES)
    return lines, midi


def open_spool(stem: Path) -> BinaryIO:
    """Create a new file for the lines, without overwriting one of an earlier session."""
    for number in count(1):
        name = f"{stem.name}.part{number if number > 1 else ''}.jsonl"
        try:
            return stem.with_name(name).open("xb")
        except FileExistsError:
            log.warning(
                "%s: unfinished take of an earlier session; not overwritten", stem.with_name(name)
            )
    raise AssertionError  # the loop has no end


def decision_line(decision: Decision, time_s: float) -> DecisionLine:
    """Return a decision as a line."""
    return DecisionLine(
        time_s,
        decision.beat,
        write_leadsheet(decision.symbol),
        round(decision.probability, DIGITS),
        decision.changes,
        WHO[decision.decided_by],
        decision.late,
        decision.key.tonality.name,
        round(decision.key.confidence, DIGITS),
        candidate_records(decision.melody_candidates),
        candidate_records(decision.model_candidates),
        candidate_records(decision.upcoming),
    )


def candidate_records(candidates: Sequence[ChordCandidate]) -> list[CandidateRecord]:
    """Return candidates as they are in a line."""
    return [
        CandidateRecord(write_leadsheet(each.symbol), round(each.probability, DIGITS), each.beat)
        for each in candidates
    ]
