"""What plays scores in the studio: an instrument has a name, a bank, a role, a range and a sound.

Conventions: notes are NoteEvents in seconds; a performance is mono float32 (frames,) that is long
enough for all notes and their releases.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from muse.tools.transcription.note_event import NoteEvent

Audio = NDArray[np.float32]
# notes, sample rate in Hz, detuning in cents and the generator of what varies to audio
Play = Callable[[Sequence[NoteEvent], int, float, Generator], Audio]

TAIL_S = 0.5  # of sound after the last note
DYNAMIC_RANGE_DB = 24.0  # from velocity 1 to 127


@dataclass(frozen=True)
class Instrument:
    """One instrument.

    Attributes:
        name: unique; whole instruments are held out by it.
        bank: the collection it is from; whole banks are held out by it.
        role: its class, of `muse.models.role_net.config.CLASSES`.
        lowest, highest: pitches that it plays, MIDI numbers, both included.
        styles: names of the scores that suit it; see scores.py.
        chain: kind of effects that suit it; see effects.CHAINS.
        play: renders notes.
    """

    name: str
    bank: str
    role: str
    lowest: int
    highest: int
    styles: tuple[str, ...]
    chain: str
    play: Play


def length_of(notes: Sequence[NoteEvent], rate: int, tail_s: float = TAIL_S) -> int:
    """Return the frames that hold all notes and a tail."""
    return round((max((note.offset_s for note in notes), default=0.0) + tail_s) * rate)


def velocity_gain(velocity: int) -> np.float32:
    """Return the factor of a velocity of 1 to 127; 127 is 1."""
    return np.float32(10.0 ** (DYNAMIC_RANGE_DB * (velocity / 127.0 - 1.0) / 20.0))


def add_at(total: Audio, sound: Audio, start: int) -> None:
    """Add a sound into `total` from a frame on; what does not fit is cut off."""
    end = min(start + len(sound), len(total))
    if start < end:
        total[start:end] += sound[: end - start]


@cache
def fade(frames: int) -> Audio:
    """Return a smooth fall from 1 to 0."""
    return (0.5 + 0.5 * np.cos(np.pi * np.arange(frames) / max(frames, 1))).astype(np.float32)
