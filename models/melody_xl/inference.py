"""Run the transformer over melodies note by note, in numpy; probabilities equal torch's.

Keys and values of the remembered rows are stored, so that a step costs little however long the song
is. A state is never changed by later steps: several songs can continue one, at almost no cost. The
formula is in net.py; positions are counted from the song's start, since any origin gives the same
logits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.columns import LEAST_PROBABILITY, ROOTS
from muse.models.chord_transformer.config import LONG_MATCH, MATCH_SCALE
from muse.models.melody_xl.config import (
    CHORD,
    LENGTH_POINTER,
    LIKENESSES,
    OTHER_PITCH,
    PITCH_POINTER,
    POINTERS,
    ROOT,
    MelodyConfig,
)
from muse.models.melody_xl.inference_state import (
    ADVANCE,
    DURATION,
    INTERVAL,
    PITCH,
    STORED,
    MelodyState,
    Relations,
    empty_cache,
    first_state,
    relate_last_row,
)
from muse.models.melody_xl.inference_weights import (
    bias_tables,
    check_weights,
    join_embeddings,
    join_linear,
)
from muse.models.numpy_layers import (
    Floats,
    Ids,
    Rotation,
    gelu,
    layer_norm,
    linear,
    rotate,
    rotation,
    sigmoid,
    softmax,
    sum_by_id,
)


@dataclass(frozen=True)
class Copied:
    """The earlier rows that the pointer for lengths may copy from.

    Attributes:
        weights: (earlier,) of each row, with sum 1.
        ids: (STORED, earlier) of the row after each.
    """

    weights: Floats
    ids: Ids

    def given_pitch(self, pitch: int) -> Floats:
        """Return the weights, lower where the next note has another pitch."""
        factors = np.where(self.ids[PITCH] == pitch, 1.0, OTHER_PITCH)
        weights: Floats = self.weights * factors.astype(np.float32)
        return weights


@dataclass(frozen=True)
class NextNote:
    """Predictions of the note after the rows so far.

    Attributes:
        pitches: (pitches,) probabilities.
        hidden: (width,) hidden state, from which advance and duration are predicted.
        copied: rows to copy lengths from; None without pointers or earlier rows.
        state: the state after the rows so far.
    """

    pitches: Floats
    hidden: Floats
    copied: Copied | None
    state: MelodyState


class MelodyInference:
    """The net, run row by row."""

    def __init__(self, config: MelodyConfig, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Take a net's config and its weights by their names in torch.

        Raises:
            ValueError: weights are missing, unexpected, or of other sizes than the config says.
        """
        self.config = config
        self.weights = check_weights(config, tensors)
        self.columns = join_embeddings(self.weights, config.columns, config.width)
        self.contexts = join_embeddings(self.weights, config.contexts, config.width)
        self.qkv = [
            join_linear(self.weights, [f"blocks.{i}.attention.query", f"blocks.{i}.attention.both"])
            for i in range(config.layers)
        ]
        self.heads = join_linear(self.weights, head_names(config))
        self.tables = bias_tables(self.weights) if config.copying else None
        self.e = config.width // config.heads
        self.longest = np.minimum(np.arange(config.memory + 1) + 1, config.longest_match)

    def start(self, contexts: Mapping[str, int]) -> MelodyState:
        """Return the state before the first row.

        Args:
            contexts: an id for each of the config's contexts.

        Raises:
            ValueError: an id is out of range.
        """
        return first_state(self.contexts.total(contexts), empty_cache(self.config))

    def step(self, state: MelodyState, ids: Mapping[str, int], bar: int) -> NextNote:
        """Read the next row of the song, beginning with the start.

        Args:
            state: after the rows before; it is not changed.
            ids: one for each of the config's columns.
            bar: number of the bar in which the note after the row starts.

        Raises:
            ValueError: an id is out of range.
        """
        x = self.columns.total(ids) + state.context
        values = {**ids, "bar": bar}
        stored = [values.get(name, 0) for name in STORED]
        state = state.append(stored, self.config.memory, self.longest)
        relations = relate_last_row(state, self.config.phrase, CHORD in self.config.columns)
        bias = self.bias(relations)
        hidden = self.hidden(x, state, bias)
        return self.predict(hidden, state, ids, relations, bias)

    def bias(self, relations: Relations) -> Floats:
        """Return the biases of the last row's logits, (layers * heads + POINTERS, seen).

        Without copying they are zeros, (layers * heads, 1).
        """
        c, r = self.config, relations
        if self.tables is None:
            return np.zeros((c.layers * c.heads, 1), np.float32)
        by_match = r.match * (c.phrase + 1) + r.phrase
        bias: Floats = self.tables.match_phrase.take(by_match, axis=1)
        bias += self.tables.rhythm_alike.take(r.rhythm * LIKENESSES + r.alike, axis=1)
        return bias

    def hidden(self, x: Floats, state: MelodyState, bias: Floats) -> Floats:
        """Return the last row's hidden state after all layers, (width,)."""
        heads, angles = self.config.heads, rotation(state.rows - 1, self.e)
        for layer in range(self.config.layers):
            of_layer = bias[layer * heads : (layer + 1) * heads]
            x = x + self.attention(layer, x, state, of_layer, angles)
            x = x + self.feed_forward(layer, x)
        return layer_norm(self.weights, "norm", x)

    def attention(
        self, layer: int, x: Floats, state: MelodyState, bias: Floats, angles: Rotation
    ) -> Floats:
        """Return the attention output of the last row, and write its key and value."""
        name, cache, seen = f"blocks.{layer}", state.cache, state.seen
        normed = layer_norm(self.weights, f"{name}.norm", x)
        q, k, v = self.qkv[layer].all(normed).reshape(3, self.config.heads, self.e)
        cache.keys[layer, :, seen.stop - 1] = rotate(k, angles)
        cache.values[layer, :, seen.stop - 1] = v
        q = rotate(q, angles) / math.sqrt(self.e)
        logits = (cache.keys[layer, :, seen] @ q[:, :, None])[:, :, 0]
        weights = softmax(logits + bias)
        mixed = (weights[:, None] @ cache.values[layer, :, seen]).ravel()
        return linear(self.weights, f"{name}.attention.out", mixed)

    def feed_forward(self, layer: int, x: Floats) -> Floats:
        """Return the output of a layer's feed-forward half."""
        normed = layer_norm(self.weights, f"blocks.{layer}.norm_forward", x)
        wide = gelu(linear(self.weights, f"blocks.{layer}.widen", normed))
        return linear(self.weights, f"blocks.{layer}.narrow", wide)

    def predict(
        self,
        hidden: Floats,
        state: MelodyState,
        ids: Mapping[str, int],
        relations: Relations,
        bias: Floats,
    ) -> NextNote:
        """Mix fresh and copied distributions of the next note's pitch."""
        outputs, seen, keys = self.heads(hidden), state.seen, state.cache.pointer_keys
        fresh = self.fresh_pitches(outputs, ids)
        if not self.config.copying:
            return NextNote(fresh, hidden, None, state)
        keys[:, seen.stop - 1] = outputs["pointer.key"].reshape(POINTERS, -1)
        keys, earlier = keys[:, seen.start : seen.stop - 1], relations.earlier()
        if not keys.shape[1]:
            return NextNote(fresh, hidden, None, state)
        weights = pointer_weights(outputs, keys, earlier, bias[-POINTERS:, :-1])
        features = np.concatenate([hidden, match_features(earlier)])
        gates = softmax(linear(self.weights, "ways", features))
        copied = copied_pitches(weights[PITCH_POINTER], state.ids, self.config)
        pitches = gates[0] * fresh + gates[1] * copied[0] + gates[2] * copied[1]
        lengths = Copied(weights[LENGTH_POINTER], state.ids[:, 1:])
        return NextNote(pitches, hidden, lengths, state)

    def fresh_pitches(self, outputs: Mapping[str, Floats], ids: Mapping[str, int]) -> Floats:
        """Return the probabilities of pitches that are not copied, (pitches,)."""
        c, last = self.config, ids["pitch"]
        each, middle = np.arange(c.pitches), c.intervals // 2
        logits = outputs["fresh.pitch"]
        if last < c.pitches:
            leap = (each - last).clip(-middle, middle) + middle
            logits = logits + outputs["fresh.interval"][leap]
        if ROOT in c.columns and ids[ROOT] < ROOTS:
            logits = logits + outputs["fresh.tone"][(each - ids[ROOT]) % ROOTS]
        return softmax(logits)

    def advances(self, predicted: NextNote, pitch: int) -> Floats:
        """Return the probability of each class of advance, given the pitch.

        Raises:
            ValueError: the pitch is out of range.
        """
        chosen = self.columns.one("pitch", pitch)
        if predicted.copied is None:
            return self.detail("advance", predicted, chosen)
        weights = predicted.copied.given_pitch(pitch)
        return self.detail("advance", predicted, chosen, weights, ADVANCE)

    def durations(self, predicted: NextNote, pitch: int, advance: int) -> Floats:
        """Return the probability of each class of duration, given pitch and advance.

        Raises:
            ValueError: the pitch or the advance is out of range.
        """
        chosen = self.columns.one("pitch", pitch) + self.columns.one("advance", advance)
        if predicted.copied is None:
            return self.detail("duration", predicted, chosen)
        same_advance = predicted.copied.ids[ADVANCE] == advance
        weights = predicted.copied.given_pitch(pitch) * same_advance
        return self.detail("duration", predicted, chosen, weights, DURATION)

    def detail(
        self,
        name: str,
        predicted: NextNote,
        chosen: Floats,
        weights: Floats | None = None,
        column: int = 0,
    ) -> Floats:
        """Return the probabilities of advances or durations.

        Args:
            name: "advance" or "duration".
            predicted: result of the last step.
            chosen: (width,) embedding of what is given of the note.
            weights: (earlier,) of the rows to copy from; None copies nothing.
            column: row of the stored ids to copy.
        """
        both = np.concatenate([predicted.hidden, chosen])
        wide = gelu(linear(self.weights, f"{name}.hidden", both))
        fresh = softmax(linear(self.weights, f"{name}.out", wide))
        if weights is None or predicted.copied is None:
            return fresh
        total = weights.sum()
        if total <= LEAST_PROBABILITY:
            return fresh
        gate = sigmoid(linear(self.weights, f"{name}.gate", wide)[0])
        classes = np.minimum(predicted.copied.ids[column], len(fresh) - 1)
        p: Floats = gate * sum_by_id(weights, classes, len(fresh)) / total + (1 - gate) * fresh
        return p


def head_names(config: MelodyConfig) -> list[str]:
    """Return the names of the linear layers on the hidden state that are computed together."""
    names = ["fresh.pitch", "fresh.interval"]
    if ROOT in config.columns:
        names.append("fresh.tone")
    if config.copying:
        names += [f"pointer.{part}" for part in ("query", "key", "match", "phrase")]
    return names


def pointer_weights(
    outputs: Mapping[str, Floats], keys: Floats, relations: Relations, bias: Floats
) -> Floats:
    """Return the weights of earlier rows by each pointer, (POINTERS, earlier).

    Args:
        outputs: of the pointers' layers for the last row, by name.
        keys: (POINTERS, earlier, width / POINTERS).
        relations: of the last row to the earlier ones.
        bias: (POINTERS, earlier), added to the logits.
    """
    query, match, phrase = (
        outputs[f"pointer.{part}"].reshape(POINTERS, -1) for part in ("query", "match", "phrase")
    )
    logits = (keys @ query[:, :, None])[:, :, 0] / math.sqrt(query.shape[-1])
    return softmax(logits + bias + match[:, relations.match] + phrase[:, relations.phrase])


def copied_pitches(weights: Floats, ids: Ids, config: MelodyConfig) -> tuple[Floats, Floats]:
    """Return the distributions of the copied pitch, and of the copied interval's pitch.

    Args:
        weights: (earlier,) of the earlier rows.
        ids: (STORED, earlier + 1), the last row included.
        config: of the net.

    Returns:
        (pitches,) and (pitches,).
    """
    highest, last = config.pitches - 1, ids[PITCH, -1]
    pitch, interval = np.minimum(ids[PITCH, 1:], highest), ids[INTERVAL, 1:]
    moved = np.clip(last + interval - config.intervals // 2, 0, highest)
    shifted = np.where(interval < config.intervals, moved, pitch)
    return sum_by_id(weights, pitch, config.pitches), sum_by_id(weights, shifted, config.pitches)


def match_features(relations: Relations) -> Floats:
    """Return the gates' inputs that describe the longest matches, (MATCH_FEATURES,)."""
    match, rhythm = int(relations.match.max()), int(relations.rhythm.max())
    features = (match / MATCH_SCALE, match > LONG_MATCH, match == 0, rhythm / MATCH_SCALE)
    return np.array(features, np.float32)
