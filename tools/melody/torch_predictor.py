"""The melody net in torch, for training and scoring."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from muse.models.melody_xl.attention import MelodyBatch
from muse.models.melody_xl.config import MelodyConfig, read_melody_config
from muse.models.melody_xl.net import MelodyXL, predict_segments
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.errors import BadInputError
from muse.tools.melody.columns import CONTEXT_SIZES, song_columns, stack_songs
from muse.tools.melody.event_scores import EventScores, Scorer, event_scores
from muse.tools.weights import load_trained_weights


def melody_batch(batch: Mapping[str, Tensor], config: MelodyConfig) -> MelodyBatch:
    """Build the net's input from tensors under the names of `columns.stack_songs`."""
    return MelodyBatch(
        columns={name: batch[name] for name in config.columns},
        contexts={name: batch[name] for name in CONTEXT_SIZES},
        bars=batch["bars"],
    )


def note_losses(net: MelodyXL, batch: MelodyBatch) -> tuple[Tensor, Tensor]:
    """Return the losses of each note's pitch, advance and duration, and whether each was likeliest.

    Args:
        net: the net.
        batch: whole songs.

    Returns:
        Losses in nats and hits, both (songs, rows - 1, 3); values of padding are arbitrary.
    """
    losses, hits = [], []
    targets = {name: batch.columns[name][:, 1:] for name in ("pitch", "advance", "duration")}
    inputs = batch.part(0, batch.rows - 1)
    start = 0
    for predicted in predict_segments(net, inputs):
        end = start + predicted.state.shape[1]
        pitch, advance, duration = (ids[:, start:end] for ids in targets.values())
        logs = (predicted.pitches, *net.details(predicted, pitch, advance))
        pairs = list(zip(logs, (pitch, advance, duration), strict=True))
        losses.append(torch.stack([target_losses(log, ids) for log, ids in pairs], -1))
        hits.append(torch.stack([log.argmax(-1) == ids for log, ids in pairs], -1))
        start = end
    return torch.cat(losses, 1), torch.cat(hits, 1)


def target_losses(logs: Tensor, targets: Tensor) -> Tensor:
    """Return minus the log probabilities of targets; those out of range count as the last class."""
    return -logs.gather(-1, targets.clamp(max=logs.shape[-1] - 1)[..., None])[..., 0]


def net_scores(net: MelodyXL, device: torch.device | str = "cpu") -> Scorer:
    """Return a scorer of songs by a net that is on the device."""
    net.eval()

    @torch.no_grad()
    def score_song(song: MelodySong) -> EventScores:
        arrays = stack_songs([song_columns(song)])
        batch = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        losses, hits = note_losses(net, melody_batch(batch, net.config))
        return event_scores(losses[0].double().cpu().numpy(), hits[0].cpu().numpy())

    return score_song


def load_melody_net(name_or_path: str) -> tuple[MelodyXL, dict[str, Any]]:
    """Load a trained net and its card.

    Raises:
        BadInputError: it is missing, damaged, or of another vocabulary or kind.
    """
    values, tensors, card = load_trained_weights(name_or_path, CHORD_VOCABULARY.hash)
    try:
        net = MelodyXL(read_melody_config(values))
    except ValueError as error:
        raise BadInputError(f"{name_or_path}: {error}") from error
    net.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()})
    return net.eval(), card
