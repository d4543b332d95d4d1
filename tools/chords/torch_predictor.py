"""The chord nets in torch, for training and scoring; net_model.py runs them without torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muse.models.chord_lstm.net import ChordLstm
from muse.models.chord_nets.batch import ChordBatch
from muse.models.chord_nets.config import read_config
from muse.models.chord_transformer.config import ChordTransformerConfig
from muse.models.chord_transformer.net import ChordTransformer
from muse.tools.chords.columns import COLUMN_SIZES, CONTEXT_SIZES, Ids, song_columns, stack_songs
from muse.tools.chords.tonnetz import distance_table
from muse.tools.datasets.chord_events import transposition
from muse.tools.datasets.chord_songs import ChordSong
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.errors import BadInputError
from muse.tools.weights import load_trained_weights

StackedSongs = tuple[dict[str, Ids], dict[str, Ids], Ids, NDArray[np.bool_]]


def flat_batch(batch: StackedSongs) -> dict[str, NDArray[Any]]:
    """Return what `columns.stack_songs` returns as one dict."""
    columns, contexts, onsets, is_row = batch
    return {**columns, **contexts, "onsets": onsets, "is_row": is_row}


def chord_batch(batch: Mapping[str, Tensor]) -> ChordBatch:
    """Build the nets' input from tensors under the names of `flat_batch`."""
    return ChordBatch(
        columns={name: batch[name] for name in COLUMN_SIZES},
        contexts={name: batch[name] for name in CONTEXT_SIZES},
        onsets=batch["onsets"],
        real=batch["is_row"],
    )


def load_torch_net(name_or_path: str) -> tuple[nn.Module, dict[str, Any]]:
    """Load a trained net and its card.

    Raises:
        BadInputError: it is missing, damaged, or of another vocabulary or kind.
    """
    values, tensors, card = load_trained_weights(name_or_path, CHORD_VOCABULARY.hash)
    try:
        config = read_config(values)
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    net: nn.Module
    if isinstance(config, ChordTransformerConfig):
        net = ChordTransformer(config, torch.from_numpy(distance_table()))
    else:
        net = ChordLstm(config)
    net.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()})
    return net, card


class TorchPredictor:
    """Either chord net as a scorer that predicts all chords of a song in one pass."""

    def __init__(self, net: nn.Module, device: torch.device | str = "cpu") -> None:
        """Wrap a net that is on the device."""
        self.net = net.eval()
        self.device = device

    @torch.no_grad()
    def song_log_probs(self, song: ChordSong) -> NDArray[np.floating]:
        """Return log probabilities of each chord by absolute id, (chords, VOCABULARY_SIZE)."""
        arrays = flat_batch(stack_songs([song_columns(song)]))
        batch = {name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()}
        logs = self.net(chord_batch(batch)).chords[0, :-1].double()
        logs_by_id: NDArray[np.floating] = logs.log_softmax(-1).cpu().numpy()
        return logs_by_id[:, transposition(-song.context.home_pc)]
