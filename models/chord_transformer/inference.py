"""Run the transformer over chords step by step, in numpy; the formula is in net.py.

Keys, values and ids of the steps so far are in arrays that are only ever appended to, so that forks
of one song share them until they differ.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.columns import CHORD_COLUMNS, ROOTS
from muse.models.chord_nets.copied import Copied
from muse.models.chord_transformer.config import (
    LONG_MATCH,
    MATCH_SCALE,
    ChordTransformerConfig,
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

FIRST_CAPACITY = 64  # steps; doubled when full
CHORD, ROOT, QUALITY, FUNCTION, BASS, LENGTH = range(len(CHORD_COLUMNS))  # rows of the ids
ONSET = len(CHORD_COLUMNS)


@dataclass
class Cache:
    """What is stored of each step, in arrays with spare capacity.

    Attributes:
        keys: (layers, heads, capacity, e), rotated.
        values: (layers, heads, capacity, e).
        pointer_keys: (capacity, width).
        ids: (columns, capacity), rows by CHORD_COLUMNS and then the onsets.
        filled: steps written by any of the songs that share the arrays.
    """

    keys: Floats
    values: Floats
    pointer_keys: Floats
    ids: Ids
    filled: int = 0

    @property
    def capacity(self) -> int:
        """Steps that fit into the arrays."""
        return int(self.ids.shape[1])

    def copy(self, steps: int, capacity: int) -> "Cache":
        """Return a copy of the first steps alone, with another capacity."""
        more = ((0, capacity - steps), (0, 0))
        return Cache(
            np.pad(self.keys[:, :, :steps], ((0, 0), (0, 0), *more)),
            np.pad(self.values[:, :, :steps], ((0, 0), (0, 0), *more)),
            np.pad(self.pointer_keys[:steps], more),
            np.pad(self.ids[:, :steps], ((0, 0), more[0])),
            steps,
        )


@dataclass
class TransformerState:
    """The net's state after the steps of a song so far.

    Attributes:
        context: (width,) sum of the contexts' embeddings; (1,) without contexts.
        cache: the steps, possibly followed by steps of other songs.
        steps: number of steps of this song.
        match: (steps,) m of the formula, of the last step with each step up to it.
    """

    context: Floats
    cache: Cache
    steps: int = 0
    match: Ids = field(default_factory=lambda: np.zeros(0, np.int64))

    def fork(self) -> "TransformerState":
        """Return a state that shares the cache."""
        return replace(self)

    def append(self, ids: list[int], longest: int) -> int:
        """Add a step and update the matches; returns the step's position.

        The cache is copied first if it is full, or if another song has written to it.
        """
        if self.cache.filled != self.steps or self.steps == self.cache.capacity:
            self.cache = self.cache.copy(self.steps, max(FIRST_CAPACITY, 2 * self.steps))
        position, self.steps = self.steps, self.steps + 1
        self.cache.filled = self.steps
        self.cache.ids[:, position] = ids
        runs = np.zeros(self.steps, np.int64)
        runs[1:] = self.match
        same = self.cache.ids[CHORD, : self.steps] == ids[CHORD]
        self.match = np.where(same, np.minimum(runs + 1, longest), 0)
        return position


class TransformerInference:
    """Implements chord_nets.inference.NetInference."""

    def __init__(
        self, config: ChordTransformerConfig, weights: Mapping[str, Floats], distances: Ids
    ) -> None:
        """Take the weights by their names in torch, and the table of harmonic distances."""
        self.config, self.weights, self.distances = config, weights, distances
        self.e = config.width // config.heads
        self.harmony = harmony_tables(config, weights) if config.harmony else {}
        self.copying = copy_tables(weights, "biases.copying") if config.copying else {}
        self.pointer = copy_tables(weights, "pointer.bias") if config.copying else {}

    def start(self, context: Floats) -> TransformerState:
        """Return the state before the first step."""
        c = self.config
        heads = np.zeros((c.layers, c.heads, FIRST_CAPACITY, self.e), np.float32)
        pointer_keys = np.zeros((FIRST_CAPACITY, c.width), np.float32)
        ids = np.zeros((len(CHORD_COLUMNS) + 1, FIRST_CAPACITY), np.int64)
        return TransformerState(context, Cache(heads, heads.copy(), pointer_keys, ids))

    def step(
        self, state: TransformerState, embedded: Floats, ids: Mapping[str, int], onset: int
    ) -> tuple[Floats, Floats, Copied | None]:
        """Read a step; returns probabilities of the next chord, hidden state and copies."""
        row = [*(ids[name] for name in CHORD_COLUMNS), onset]
        position = state.append(row, self.config.longest_match)
        bias, angles = self.bias(state), rotation(position, self.e)
        x = embedded + state.context
        for layer in range(self.config.layers):
            x = x + self.attention(layer, x, state, bias, angles)
            x = x + self.feed_forward(layer, x)
        hidden = layer_norm(self.weights, "norm", x)
        fresh = softmax(linear(self.weights, "chords", hidden))
        if not self.config.copying:
            return fresh, hidden, None
        return self.mix_with_copies(state, hidden, fresh)

    def bias(self, state: TransformerState) -> Floats:
        """Return the biases of the last step's attention logits, (layers, heads, steps)."""
        c, ids = self.config, state.cache.ids[:, : state.steps]
        total = np.zeros((c.layers * c.heads, state.steps), np.float32)
        if c.harmony:
            total = total + self.harmonic_bias(ids)
        if c.copying:
            total = total + self.copying["match"][:, state.match]
            total = total + self.copying["phrase"][:, self.phrase_distances(ids)]
        return total.reshape(c.layers, c.heads, -1)

    def harmonic_bias(self, ids: Ids) -> Floats:
        """Return the H-RPE terms of the formula, (layers * heads, steps)."""
        root, quality, function = ids[ROOT, -1], ids[QUALITY, -1], ids[FUNCTION, -1]
        interval = (root - ids[ROOT]) % ROOTS
        distance = self.distances[quality, ids[QUALITY], interval]
        if root >= ROOTS:
            interval = np.full_like(interval, ROOTS)
        interval = np.where(ids[ROOT] >= ROOTS, ROOTS, interval)
        bias: Floats = self.harmony["interval"][:, interval]
        bias = bias + self.harmony["distance"][:, distance]
        bias = bias + self.harmony["quality"][quality][:, ids[QUALITY]]
        bias = bias + self.harmony["function"][function][:, ids[FUNCTION]]
        return bias

    def phrase_distances(self, ids: Ids) -> Ids:
        """Return the beats from each step's onset to the last one's, modulo the phrase."""
        beats: Ids = (ids[ONSET, -1] - ids[ONSET]) % self.config.phrase
        return beats

    def attention(
        self, layer: int, x: Floats, state: TransformerState, bias: Floats, angles: Rotation
    ) -> Floats:
        """Return the attention output of the last step, and write its key and value."""
        name, steps, cache = f"blocks.{layer}", state.steps, state.cache
        normed = layer_norm(self.weights, f"{name}.norm", x)
        qkv = linear(self.weights, f"{name}.attention.qkv", normed)
        q, k, v = qkv.reshape(3, self.config.heads, self.e)
        if self.config.rope:
            q, k = rotate(q, angles), rotate(k, angles)
        cache.keys[layer, :, steps - 1], cache.values[layer, :, steps - 1] = k, v
        logits = (cache.keys[layer, :, :steps] @ q[:, :, None])[:, :, 0] / math.sqrt(self.e)
        weights = softmax(logits + bias[layer])
        mixed = (weights[:, None] @ cache.values[layer, :, :steps]).ravel()
        return linear(self.weights, f"{name}.attention.out", mixed)

    def feed_forward(self, layer: int, x: Floats) -> Floats:
        """Return the output of a layer's feed-forward half."""
        normed = layer_norm(self.weights, f"blocks.{layer}.norm_forward", x)
        wide = gelu(linear(self.weights, f"blocks.{layer}.widen", normed))
        return linear(self.weights, f"blocks.{layer}.narrow", wide)

    def mix_with_copies(
        self, state: TransformerState, hidden: Floats, fresh: Floats
    ) -> tuple[Floats, Floats, Copied | None]:
        """Mix fresh and copied distributions of the next chord; returns what `step` does."""
        last, w, cache = state.steps - 1, self.weights, state.cache
        cache.pointer_keys[last] = linear(w, "pointer.key", hidden)
        if last == 0:
            return fresh, hidden, None
        match = state.match[:last]
        phrase = self.phrase_distances(cache.ids[:, : state.steps])[:last]
        query = linear(w, "pointer.query", hidden) / math.sqrt(self.config.width)
        logits = cache.pointer_keys[:last] @ query
        by_match = self.pointer["match"][0] + linear(w, "pointer.match", hidden)
        by_phrase = self.pointer["phrase"][0] + linear(w, "pointer.phrase", hidden)
        weights = softmax(logits + by_match[match] + by_phrase[phrase])
        features = match_features(int(match.max()))
        gate = sigmoid(linear(w, "pointer.gate", np.concatenate([hidden, features]))[0])
        after = cache.ids[:, 1 : state.steps]
        copied = Copied(weights, after[CHORD], after[LENGTH], after[BASS])
        chords = gate * sum_by_id(weights, after[CHORD], len(fresh)) + (1 - gate) * fresh
        return chords, hidden, copied


def match_features(longest: int) -> Floats:
    """Return the copy gate's inputs for a match of a length, (MATCH_FEATURES,)."""
    return np.array([longest / MATCH_SCALE, longest > LONG_MATCH, longest == 0], np.float32)


def harmony_tables(
    config: ChordTransformerConfig, weights: Mapping[str, Floats]
) -> dict[str, NDArray[np.float32]]:
    """Return the tables of the harmonic bias, with the heads of all layers before the ids.

    Interval and distance are (layers * heads, ids); quality and function, which depend on the last
    step's id too, are (ids of the last step, layers * heads, ids).
    """
    heads = config.layers * config.heads
    table = {
        name: weights[f"biases.harmony.{name}.weight"]
        for name in ("interval", "distance", "function", "query", "key")
    }
    functions = config.columns["function"]
    query, key = (table[name].reshape(-1, heads, config.rank) for name in ("query", "key"))
    pairs = query.transpose(1, 0, 2) @ key.transpose(1, 2, 0)
    return {
        "interval": np.ascontiguousarray(table["interval"].T),
        "distance": np.ascontiguousarray(table["distance"].T),
        "quality": np.ascontiguousarray(pairs.transpose(1, 0, 2)),
        "function": np.ascontiguousarray(
            table["function"].reshape(functions, functions, heads).transpose(0, 2, 1)
        ),
    }


def copy_tables(weights: Mapping[str, Floats], name: str) -> dict[str, Floats]:
    """Return the tables of match and phrase biases, (heads, ids)."""
    return {
        part: np.ascontiguousarray(weights[f"{name}.{part}.weight"].T)
        for part in ("match", "phrase")
    }
