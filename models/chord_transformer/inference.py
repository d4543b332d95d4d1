"""The transformer forward step by step, in numpy; see net.py for the formula.

Keys, values and columns of the steps so far are kept in arrays that only ever grow at their end, so
that the continuations of one song share them until they part.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.config import (
    CHORD_COLUMNS,
    LONG_MATCH,
    MATCH_SCALE,
    ROOTS,
    ROPE_BASE,
    ChordTransformerConfig,
)
from muse.models.numpy_layers import (
    Copied,
    Floats,
    Ids,
    gelu,
    layer_norm,
    linear,
    sigmoid,
    softmax,
    spread,
)

FIRST_ROOM = 64  # steps that there is room for at first; doubled when full
CHORD, ROOT, QUALITY, FUNCTION, BASS, LENGTH = range(len(CHORD_COLUMNS))  # rows of the ids
ONSET = len(CHORD_COLUMNS)


@dataclass
class Past:
    """What is kept of each step; the last axis but one of floats, the last of ids, is the step.

    Attributes:
        keys: (layers, heads, room, e), turned.
        values: (layers, heads, room, e).
        pointed: (room, width), the pointer's keys.
        ids: (columns, room), of CHORD_COLUMNS, and the onsets.
        filled: steps that are written by any of the songs that share this.
    """

    keys: Floats
    values: Floats
    pointed: Floats
    ids: Ids
    filled: int = 0

    @property
    def room(self) -> int:
        """Steps that there is room for."""
        return int(self.ids.shape[1])

    def copy(self, steps: int, room: int) -> "Past":
        """The first steps alone, with room for more."""
        more = ((0, room - steps), (0, 0))
        return Past(
            np.pad(self.keys[:, :, :steps], ((0, 0), (0, 0), *more)),
            np.pad(self.values[:, :, :steps], ((0, 0), (0, 0), *more)),
            np.pad(self.pointed[:steps], more),
            np.pad(self.ids[:, :steps], ((0, 0), more[0])),
            steps,
        )


@dataclass
class TransformerState:
    """A song so far.

    Attributes:
        context: (width,) or (1,), what holds for the whole song, embedded.
        past: the steps, perhaps with later ones of other songs behind them.
        steps: how many of those are this song's.
        match: (steps,), m of the formula for the last step and each up to it.
    """

    context: Floats
    past: Past
    steps: int = 0
    match: Ids = field(default_factory=lambda: np.zeros(0, np.int64))

    def fork(self) -> "TransformerState":
        """The same song, sharing its past."""
        return replace(self)

    def append(self, ids: list[int], longest: int) -> int:
        """Add a step, on ground of its own, and follow the matches; gives its place."""
        if self.past.filled != self.steps or self.steps == self.past.room:
            self.past = self.past.copy(self.steps, max(FIRST_ROOM, 2 * self.steps))
        place, self.steps = self.steps, self.steps + 1
        self.past.filled = self.steps
        self.past.ids[:, place] = ids
        runs = np.zeros(self.steps, np.int64)
        runs[1:] = self.match
        same = self.past.ids[CHORD, : self.steps] == ids[CHORD]
        self.match = np.where(same, np.minimum(runs + 1, longest), 0)
        return place


class TransformerReader:
    """See chord_reader.NetReader."""

    def __init__(
        self, config: ChordTransformerConfig, weights: Mapping[str, Floats], distances: Ids
    ) -> None:
        """Take the weights by their names in torch, and the table of harmonic distances."""
        self.config, self.weights, self.distances = config, weights, distances
        self.e = config.width // config.heads
        self.rates = ROPE_BASE ** (-np.arange(0, self.e, 2) / self.e)
        self.harmony = harmony_tables(config, weights) if config.harmony else {}
        self.copying = copy_tables(weights, "biases.copying") if config.copying else {}
        self.pointing = copy_tables(weights, "pointer.bias") if config.copying else {}

    def start(self, context: Floats) -> TransformerState:
        """A song of no steps."""
        c = self.config
        heads = np.zeros((c.layers, c.heads, FIRST_ROOM, self.e), np.float32)
        pointed = np.zeros((FIRST_ROOM, c.width), np.float32)
        ids = np.zeros((len(CHORD_COLUMNS) + 1, FIRST_ROOM), np.int64)
        return TransformerState(context, Past(heads, heads.copy(), pointed, ids))

    def step(
        self, state: TransformerState, embedded: Floats, ids: Mapping[str, int], onset: int
    ) -> tuple[Floats, Floats, Copied | None]:
        """One step on."""
        row = [*(ids[name] for name in CHORD_COLUMNS), onset]
        place = state.append(row, self.config.longest_match)
        bias, turn = self.bias(state), self.turn(place)
        x = embedded + state.context
        for layer in range(self.config.layers):
            x = x + self.attention(layer, x, state, bias, turn)
            x = x + self.feed_forward(layer, x)
        hidden = layer_norm(self.weights, "norm", x)
        fresh = softmax(linear(self.weights, "chords", hidden))
        if not self.config.copying:
            return fresh, hidden, None
        return self.with_pointer(state, hidden, fresh)

    def bias(self, state: TransformerState) -> Floats:
        """What is added to the last step's logits: (layers, heads, steps)."""
        c, ids = self.config, state.past.ids[:, : state.steps]
        total = np.zeros((c.layers * c.heads, state.steps), np.float32)
        if c.harmony:
            total = total + self.harmonic_bias(ids)
        if c.copying:
            total = total + self.copying["match"][:, state.match]
            total = total + self.copying["phrase"][:, self.phrases(ids)]
        return total.reshape(c.layers, c.heads, -1)

    def harmonic_bias(self, ids: Ids) -> Floats:
        """The second part of the formula, (layers * heads, steps)."""
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

    def phrases(self, ids: Ids) -> Ids:
        """The place of each step's onset in the phrase, counted back from the last one's."""
        places: Ids = (ids[ONSET, -1] - ids[ONSET]) % self.config.phrase
        return places

    def turn(self, place: int) -> tuple[Floats, Floats]:
        """Cosines and sines of RoPE at a place, (e / 2,)."""
        angles = place * self.rates
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def attention(
        self,
        layer: int,
        x: Floats,
        state: TransformerState,
        bias: Floats,
        turn: tuple[Floats, Floats],
    ) -> Floats:
        """What the last step takes from all steps."""
        name, steps, past = f"blocks.{layer}", state.steps, state.past
        normed = layer_norm(self.weights, f"{name}.norm", x)
        mixed = linear(self.weights, f"{name}.attention.qkv", normed)
        q, k, v = mixed.reshape(3, self.config.heads, self.e)
        if self.config.rope:
            q, k = turned(q, turn), turned(k, turn)
        past.keys[layer, :, steps - 1], past.values[layer, :, steps - 1] = k, v
        logits = (past.keys[layer, :, :steps] @ q[:, :, None])[:, :, 0] / math.sqrt(self.e)
        weights = softmax(logits + bias[layer])
        heard = (weights[:, None] @ past.values[layer, :, :steps]).ravel()
        return linear(self.weights, f"{name}.attention.out", heard)

    def feed_forward(self, layer: int, x: Floats) -> Floats:
        """The second half of a block."""
        normed = layer_norm(self.weights, f"blocks.{layer}.norm_forward", x)
        wide = gelu(linear(self.weights, f"blocks.{layer}.widen", normed))
        return linear(self.weights, f"blocks.{layer}.narrow", wide)

    def with_pointer(
        self, state: TransformerState, hidden: Floats, fresh: Floats
    ) -> tuple[Floats, Floats, Copied | None]:
        """The mixture of fresh and copied chords."""
        last, w = state.steps - 1, self.weights
        state.past.pointed[last] = linear(w, "pointer.key", hidden)
        if last == 0:
            return fresh, hidden, None
        match, phrase = state.match[:last], self.phrases(state.past.ids[:, : state.steps])[:last]
        query = linear(w, "pointer.query", hidden) / math.sqrt(self.config.width)
        logits = state.past.pointed[:last] @ query
        by_match = self.pointing["match"][0] + linear(w, "pointer.match", hidden)
        by_phrase = self.pointing["phrase"][0] + linear(w, "pointer.phrase", hidden)
        weights = softmax(logits + by_match[match] + by_phrase[phrase])
        facts = match_facts(int(match.max()))
        gate = sigmoid(linear(w, "pointer.gate", np.concatenate([hidden, facts]))[0])
        came = state.past.ids[:, 1 : state.steps]
        copied = Copied(weights, came[CHORD], came[LENGTH], came[BASS])
        chords = gate * spread(weights, came[CHORD], len(fresh)) + (1 - gate) * fresh
        return chords, hidden, copied


def match_facts(longest: int) -> Floats:
    """What the gate is told of the longest match, (MATCH_FACTS,)."""
    return np.array([longest / MATCH_SCALE, longest > LONG_MATCH, longest == 0], np.float32)


def turned(x: Floats, turn: tuple[Floats, Floats]) -> Floats:
    """RoPE: (heads, e) with each pair of dimensions turned."""
    cosine, sine = turn
    y = np.empty_like(x)
    y[:, 0::2] = x[:, 0::2] * cosine - x[:, 1::2] * sine
    y[:, 1::2] = x[:, 0::2] * sine + x[:, 1::2] * cosine
    return y


def harmony_tables(
    config: ChordTransformerConfig, weights: Mapping[str, Floats]
) -> dict[str, NDArray[np.float32]]:
    """The harmonic biases with the heads of all layers before what they are looked up by.

    Quality and function have the last step's id in front: (ids, layers * heads, ids).
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
    """The biases of matches and phrases, (heads, classes)."""
    return {
        part: np.ascontiguousarray(weights[f"{name}.{part}.weight"].T)
        for part in ("match", "phrase")
    }
