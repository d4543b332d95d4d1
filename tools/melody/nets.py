"""The net note by note, as generation needs it: what may come next, given the song so far.

Nothing here changes a moment: several songs may go on from one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from muse.models.melody_attention import MelodyBatch
from muse.models.melody_xl import MelodyXL, Memory, Predicted
from muse.tools.melody.columns import context_ids, start_ids
from muse.tools.melody.song_arrays import MelodyContext

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moment:
    """A song as far as a net has read it, up to where the next note begins."""

    net: MelodyXL
    contexts: Mapping[str, int]
    predicted: Predicted
    memory: Memory | None

    def pitches(self) -> Floats:
        """Probability of each pitch of the common key, (128,)."""
        return probabilities(self.predicted.pitches)

    def advances(self, pitch: int) -> Floats:
        """Probability of each of columns.ADVANCES for a note of that pitch."""
        return probabilities(self.lengths(pitch, 0)[0])

    def durations(self, pitch: int, advance: int) -> Floats:
        """Probability of each of columns.DURATIONS, given pitch and class of the advance."""
        return probabilities(self.lengths(pitch, advance)[1])

    @torch.no_grad()
    def lengths(self, pitch: int, advance: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Log probabilities of advance and duration, (1, 1, classes) each."""
        return self.net.details(self.predicted, one(pitch), one(advance))

    def after(self, note: Mapping[str, int], place: Mapping[str, int], bar: int) -> "Moment":
        """The moment one note later.

        Args:
            note: columns.note_ids of the note that came.
            place: columns.place_ids and harmony_ids where the next one begins.
            bar: number of the bar in which that is, from the first note's bar.
        """
        return read_row(self.net, self.contexts, {**note, **place}, bar, self.memory)


def first_moment(net: MelodyXL, context: MelodyContext, place: Mapping[str, int]) -> Moment:
    """Before the first note of a song.

    Args:
        net: trained, in eval mode, on the processor.
        context: of the song.
        place: columns.place_ids and harmony_ids where the first note begins.
    """
    return read_row(net, context_ids(context), {**start_ids(), **place}, 0, None)


@torch.no_grad()
def read_row(
    net: MelodyXL,
    contexts: Mapping[str, int],
    ids: Mapping[str, int],
    bar: int,
    memory: Memory | None,
) -> Moment:
    """Let the net read one row more."""
    columns = {name: one(ids[name]) for name in net.config.columns}
    songs = {name: torch.tensor([contexts[name]]) for name in net.config.contexts}
    predicted, memory = net(MelodyBatch(columns, songs, one(bar)), memory)
    return Moment(net, contexts, predicted, memory)


def one(number: int) -> torch.Tensor:
    """An id of one song's one row, (1, 1)."""
    return torch.tensor([[number]])


def probabilities(logs: torch.Tensor) -> Floats:
    """Those of the only row, with a sum of 1, (classes,)."""
    told: Floats = logs[0, -1].double().softmax(-1).numpy()
    return told
