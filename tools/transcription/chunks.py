"""Cuts a stream of audio into overlapping chunks, and joins the notes found in them.

Each chunk has context at either side, so that notes near its edges are found as reliably as the
others. A note belongs to the chunk in whose core it starts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from muse.tools.audio.spectra import Signal
from muse.tools.transcription.note_event import NoteEvent

CHUNK_S = 60.0  # seconds in the core of a chunk
MARGIN_S = 3.0  # seconds of context at either side

N = TypeVar("N", bound=NoteEvent)


@dataclass(frozen=True)
class Chunk:
    """A piece of audio with context; only notes that start in its core are used.

    Attributes:
        audio: (samples,), context included.
        start_s: start of the audio, in seconds of the whole stream.
        core_start_s, core_end_s: limits of the core, in seconds of the whole stream.
    """

    audio: Signal
    start_s: float
    core_start_s: float
    core_end_s: float


def cut_chunks(blocks: Iterable[Signal], sample_rate: int) -> Iterator[Chunk]:
    """Cut a stream of blocks into chunks of CHUNK_S with MARGIN_S of context at either side."""
    core, margin = int(CHUNK_S * sample_rate), int(MARGIN_S * sample_rate)
    buffer = np.zeros(0, np.float32)
    start = core_start = 0
    for block in blocks:
        buffer = np.concatenate((buffer, block))
        while start + len(buffer) >= core_start + core + 2 * margin:
            core_end = core_start + core
            audio = buffer[: core_end + margin - start]
            yield Chunk(
                audio, start / sample_rate, core_start / sample_rate, core_end / sample_rate
            )
            drop = max(core_end - margin - start, 0)
            buffer, start, core_start = buffer[drop:], start + drop, core_end
    if len(buffer):
        end = (start + len(buffer)) / sample_rate
        yield Chunk(buffer, start / sample_rate, core_start / sample_rate, end)


def join_notes(earlier: list[N], found: list[N], chunk: Chunk) -> list[N]:
    """Append the notes of a chunk to those of the chunks before it.

    A note that sounds across the boundary is in both; its end is taken from the later chunk.
    """
    boundary = chunk.core_start_s
    across = {n.pitch: n.offset_s for n in found if n.onset_s < boundary < n.offset_s}
    joined = [
        replace(n, offset_s=across[n.pitch]) if n.offset_s > boundary and n.pitch in across else n
        for n in earlier
    ]
    inside = [
        n for n in found if boundary <= n.onset_s < chunk.core_end_s or n.onset_s == boundary == 0
    ]
    return joined + inside


def delay(note: N, seconds: float) -> N:
    """Return the note that many seconds later."""
    return replace(note, onset_s=note.onset_s + seconds, offset_s=note.offset_s + seconds)
