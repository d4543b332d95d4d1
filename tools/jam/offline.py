"""Runs a jam faster than real time, on a virtual clock, for a player from a file or a pipe.

What the engine receives, and when, depends on the messages alone: the same messages give the same
music, byte for byte. The chord model's forecast is always ready.
"""

from collections.abc import Iterable, Iterator
from itertools import count

from muse.tools.errors import BadInputError
from muse.tools.jam.events import Message
from muse.tools.jam.inputs import PlayerInput
from muse.tools.jam.session import Session
from muse.tools.progress import Report, silent
from muse.tools.song.meter import TOUCH


class TimedMessages:
    """Messages in order of time, read up to a given time.

    Attributes:
        last_s: time of the last message that was read.
    """

    def __init__(self, messages: Iterable[Message]) -> None:
        """Read the first message."""
        self._messages: Iterator[Message] = iter(messages)
        self._next = next(self._messages, None)
        self.last_s = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether no message is left."""
        return self._next is None

    def until(self, time_s: float) -> Iterator[Message]:
        """Yield the messages before a time."""
        while self._next is not None and self._next.time_s < time_s:
            message, self._next = self._next, next(self._messages, None)
            self.last_s = max(self.last_s, message.time_s)
            yield message


def play_offline(
    session: Session,
    player_input: PlayerInput,
    *,
    bars: int | None = None,
    report: Report = silent,
) -> None:
    """Run a session to the end of the input, or for a number of bars.

    Args:
        session: to run; its playback has no thread.
        player_input: the player's messages, and the tempo changes that go with them.
        bars: number of bars after which it ends; None for the end of the input.
        report: called with the progress, where the end of the input is known.

    It ends early where the output fails, for example a pipe whose reader has ended.

    Raises:
        BadInputError: the input has no messages, and no number of bars is given.
    """
    beat_clock, messages = session.beat_clock, TimedMessages(player_input.messages)
    tempos = list(player_input.tempos)
    if messages.is_empty and bars is None:
        raise BadInputError("the input has no notes; give --bars N to play the band alone")
    if messages.is_empty:
        session.play_alone()
    beat_clock.start(player_input.start_s)
    session.begin()
    forecast = session.forecast_task(session.first_step)()
    for number in count(session.first_step):
        beat = session.grid.step(number).beat
        now_s = beat_clock.time_of(beat) - player_input.lead_s
        while tempos and tempos[0][0] <= now_s:
            at_s, bpm = tempos.pop(0)
            beat_clock.set_bpm(bpm, at_s)
            now_s = beat_clock.time_of(beat) - player_input.lead_s
        for message in messages.until(now_s):
            session.receive(message)
        if number >= 0 and is_over(session, messages, number, bars):
            session.finish(number)
            break
        if number >= 0:
            session.play_step(number, forecast, now_s)
        session.click(number)
        forecast = session.forecast_task(number + 1)()
        session.playback.play_until(now_s)
        if session.playback.is_failing:
            return
        end_s = player_input.end_s
        report("playing", min(now_s / end_s, 1.0) if end_s else 0.0)
    session.playback.play_until(float("inf"))


def is_over(session: Session, messages: TimedMessages, number: int, bars: int | None) -> bool:
    """Return whether the jam ends on a step: after `bars`, or on a bar line after the input."""
    step = session.grid.step(number)
    if bars is not None:
        return step.bar >= bars
    if not messages.is_empty or not step.is_bar_line:
        return False
    return step.beat >= session.beat_clock.beat_at(messages.last_s) - TOUCH
