"""A stream of audio in overlapping chunks, and their notes joined without a seam.

Each chunk has context at either side, so that what lies near its edges is heard as well as the
rest; a note counts for the chunk in whose core it starts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from muse.tools.audio.spectra import Signal
from muse.tools.transcription.note_event import NoteEvent

CHUNK_S = 60.0  # seconds decoded at a time
MARGIN_S = 3.0  # seconds of context at either side of them

N = TypeVar("N", bound=NoteEvent)


@dataclass(frozen=True)
class Chunk:
    """A stretch of audio with its context; notes are taken from the core only.

    Attributes:
        audio: (frames,), context included.
        start_s: where the audio starts.
        core_start_s, core_end_s: between these the chunk's notes count.
    """

    audio: Signal
    start_s: float
    core_start_s: float
    core_end_s: float


def chunks_of(blocks: Iterable[Signal], sample_rate: int) -> Iterator[Chunk]:
    """Cut a stream into chunks of CHUNK_S with MARGIN_S of context at either side."""
    core, margin = int(CHUNK_S * sample_rate), int(MARGIN_S * sample_rate)
    held = np.zeros(0, np.float32)
    start = core_start = 0
    for block in blocks:
        held = np.concatenate((held, block))
        while start + len(held) >= core_start + core + 2 * margin:
            core_end = core_start + core
            audio = held[: core_end + margin - start]
            yield Chunk(
                audio, start / sample_rate, core_start / sample_rate, core_end / sample_rate
            )
            drop = max(core_end - margin - start, 0)
            held, start, core_start = held[drop:], start + drop, core_end
    if len(held):
        end = (start + len(held)) / sample_rate
        yield Chunk(held, start / sample_rate, core_start / sample_rate, end)


def stitched(earlier: list[N], found: list[N], chunk: Chunk) -> list[N]:
    """Add a chunk's notes; what sounds across the seam ends where the later chunk hears its end."""
    join = chunk.core_start_s
    across = {n.pitch: n.offset_s for n in found if n.onset_s < join < n.offset_s}
    kept = [
        replace(n, offset_s=across[n.pitch]) if n.offset_s > join and n.pitch in across else n
        for n in earlier
    ]
    inside = [n for n in found if join <= n.onset_s < chunk.core_end_s or n.onset_s == join == 0]
    return kept + inside


def moved(note: N, seconds: float) -> N:
    """The note so many seconds later."""
    return replace(note, onset_s=note.onset_s + seconds, offset_s=note.offset_s + seconds)
