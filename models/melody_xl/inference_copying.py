"""What the reader of the net over melodies copies from earlier rows; as copying.py does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from muse.models.chord_nets.config import LONG_MATCH, MATCH_SCALE
from muse.models.melody_xl.config import OTHER_PITCH, POINTERS, MelodyConfig
from muse.models.melody_xl.inference_memory import INTERVAL, PITCH, Relations
from muse.models.numpy_layers import Floats, Ids, softmax, spread


@dataclass(frozen=True)
class Copied:
    """What the pointer for lengths looks at.

    Attributes:
        weights: (earlier,) of the earlier rows, adding up to 1.
        ids: (KEPT, earlier), of the row that followed each.
    """

    weights: Floats
    ids: Ids

    def of_pitch(self, pitch: int) -> Floats:
        """The weights, less where another pitch followed."""
        factors = np.where(self.ids[PITCH] == pitch, 1.0, OTHER_PITCH)
        weights: Floats = self.weights * factors.astype(np.float32)
        return weights


def pointer_weights(
    told: Mapping[str, Floats], keys: Floats, relations: Relations, bias: Floats
) -> Floats:
    """Of the earlier rows, those that each pointer gives, (POINTERS, earlier).

    Args:
        told: what the layers of the pointers tell of the last row.
        keys: (POINTERS, earlier, width / POINTERS).
        relations: of the last row to the earlier ones.
        bias: (POINTERS, earlier), what is added to the logits.
    """
    query, match, phrase = (
        told[f"pointer.{part}"].reshape(POINTERS, -1) for part in ("query", "match", "phrase")
    )
    logits = (keys @ query[:, :, None])[:, :, 0] / math.sqrt(query.shape[-1])
    return softmax(logits + bias + match[:, relations.match] + phrase[:, relations.phrase])


def copied_pitches(weights: Floats, ids: Ids, config: MelodyConfig) -> tuple[Floats, Floats]:
    """Weights of earlier rows as those of the pitches that followed, and of their intervals.

    Args:
        weights: (earlier,).
        ids: (KEPT, earlier + 1), the last row behind them.
        config: of the net.

    Returns:
        (pitches,), twice.
    """
    highest, last = config.pitches - 1, ids[PITCH, -1]
    came, interval = np.minimum(ids[PITCH, 1:], highest), ids[INTERVAL, 1:]
    leapt = np.clip(last + interval - config.intervals // 2, 0, highest)
    shifted = np.where(interval < config.intervals, leapt, came)
    return spread(weights, came, config.pitches), spread(weights, shifted, config.pitches)


def match_facts(relations: Relations) -> Floats:
    """What the gate is told of the longest matches with the earlier rows, (FACTS,)."""
    match, rhythm = int(relations.match.max()), int(relations.rhythm.max())
    facts = (match / MATCH_SCALE, match > LONG_MATCH, match == 0, rhythm / MATCH_SCALE)
    return np.array(facts, np.float32)
