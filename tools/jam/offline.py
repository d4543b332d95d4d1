"""A jam faster than real time: a player out of a file or a pipe, on a clock that is only counted.

What the engine is told, and when, depends on nothing but the messages: the same ones give the same
music, to the bit. The brain's thoughts are always ready.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from math import ceil

from muse.tools.errors import BadInputError
from muse.tools.jam.events import Message
from muse.tools.jam.inputs import Known
from muse.tools.jam.session import Session
from muse.tools.progress import Report, silent


class Inbox:
    """Messages in order of time, taken up to a time."""

    def __init__(self, messages: Iterable[Message]) -> None:
        """Begin with the first."""
        self._messages: Iterator[Message] = iter(messages)
        self._next = next(self._messages, None)
        self.last_s = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether no more come."""
        return self._next is None

    def until(self, time_s: float) -> Iterator[Message]:
        """What comes before a time."""
        while self._next is not None and self._next.time_s < time_s:
            message, self._next = self._next, next(self._messages, None)
            self.last_s = max(self.last_s, message.time_s)
            yield message


def play_offline(
    session: Session,
    known: Known,
    *,
    bars: int | None = None,
    report: Report = silent,
) -> None:
    """Play along to the end of what the player has, or for so many bars.

    Args:
        session: that is driven, its player without a thread.
        known: the player's messages, and the changes of tempo that go with them.
        bars: after which it ends, whatever comes.
        report: told how far it is, where the end is known.

    It ends early where the sink fails, as a pipe does that no one reads any more.

    Raises:
        BadInputError: nobody plays, and it is not said for how many bars.
    """
    conductor, inbox, tempos = session.conductor, Inbox(known.messages), list(known.tempos)
    if inbox.is_empty and bars is None:
        raise BadInputError("nobody plays in the input; give --bars N to hear the band alone")
    conductor.start(known.start_s)
    session.begin()
    first = round(conductor.first_beat)
    plan = session.think(first)()
    for beat in count(first):
        now_s = conductor.time_of(beat) - known.lead_s
        while tempos and tempos[0][0] <= now_s:
            at_s, bpm = tempos.pop(0)
            conductor.set_bpm(bpm, at_s)
        now_s = conductor.time_of(beat) - known.lead_s
        for message in inbox.until(now_s):
            session.heard(message)
        if beat >= 0 and is_over(session, inbox, beat, bars):
            session.finish(beat)
            break
        if beat >= 0:
            session.turn(beat, plan, now_s)
        session.click(beat)
        plan = session.think(beat + 1)()
        session.player.play_until(now_s)
        if session.player.is_failing:  # no one takes what is played any more
            return
        report("playing", min(now_s / known.end_s, 1.0) if known.end_s else 0.0)
    session.player.play_until(float("inf"))


def is_over(session: Session, inbox: Inbox, beat: int, bars: int | None) -> bool:
    """Whether the jam ends at a beat: a bar line after the last that the player has."""
    if bars is not None:
        return beat >= bars * session.bar_beats
    if not inbox.is_empty or beat % session.bar_beats:
        return False
    last = ceil(session.conductor.beat_at(inbox.last_s) - 1e-6)
    return beat >= last
