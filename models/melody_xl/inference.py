"""The net over melodies run forward note by note, in numpy: the same figures as in torch.

A reader takes the rows of a song one at a time and remembers the keys and values of as many as the
net has memory for, so that each costs little however long the song is. A state is never changed by
what comes after it: several songs may go on from one, which costs next to nothing. The formula
stands in melody_xl.py. Positions are counted from the song's start, for any origin gives the same
logits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.config import ROPE_BASE, TINY
from muse.models.chord_transformer.inference import turned
from muse.models.melody_xl.config import (
    CHORD,
    LENGTH_POINTER,
    LIKENESSES,
    PITCH_POINTER,
    POINTERS,
    ROOT,
    ROOTS,
    MelodyConfig,
)
from muse.models.melody_xl.inference_copying import (
    Copied,
    copied_pitches,
    match_facts,
    pointer_weights,
)
from muse.models.melody_xl.inference_memory import (
    ADVANCE,
    DURATION,
    KEPT,
    MelodyState,
    Relations,
    no_past,
    no_song,
    relations_of,
)
from muse.models.melody_xl.inference_weights import (
    bias_tables,
    checked,
    embeddings,
    stacked,
)
from muse.models.numpy_layers import (
    Floats,
    gelu,
    layer_norm,
    linear,
    sigmoid,
    softmax,
    spread,
)

Turn = tuple[Floats, Floats]


@dataclass(frozen=True)
class Read:
    """What follows the rows so far.

    Attributes:
        pitches: (pitches,) probabilities.
        hidden: (width,), what lengths are told from.
        copied: what the pointer for lengths looks at; None without one, and where nothing is
            remembered.
        state: the song so far.
    """

    pitches: Floats
    hidden: Floats
    copied: Copied | None
    state: MelodyState


class MelodyReader:
    """The net, to be read row by row."""

    def __init__(self, config: MelodyConfig, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Take a net's config and its weights by their names in torch.

        Raises:
            ValueError: weights are missing, too many, or of other sizes than the config tells.
        """
        self.config = config
        self.weights = checked(config, tensors)
        self.columns = embeddings(self.weights, config.columns, config.width)
        self.contexts = embeddings(self.weights, config.contexts, config.width)
        self.mixes = [
            stacked(self.weights, [f"blocks.{i}.attention.query", f"blocks.{i}.attention.both"])
            for i in range(config.layers)
        ]
        self.told = stacked(self.weights, names_told(config))
        self.tables = bias_tables(self.weights) if config.copying else None
        self.e = config.width // config.heads
        self.rates = ROPE_BASE ** (-np.arange(0, self.e, 2) / self.e)
        self.longest = np.minimum(np.arange(config.memory + 1) + 1, config.longest_match)

    def start(self, contexts: Mapping[str, int]) -> MelodyState:
        """A song of no rows.

        Args:
            contexts: an id for each of the config's contexts.

        Raises:
            ValueError: an id is not one.
        """
        return no_song(self.contexts.total(contexts), no_past(self.config))

    def step(self, state: MelodyState, ids: Mapping[str, int], bar: int) -> Read:
        """Take one row of the song, the first one the start.

        Args:
            state: of the rows before; it stays as it is.
            ids: one for each of the config's columns.
            bar: number of the bar in which the note after the row starts.

        Raises:
            ValueError: an id is not one.
        """
        x = self.columns.total(ids) + state.context
        told = {**ids, "bar": bar}
        kept = [told.get(name, 0) for name in KEPT]
        state = state.grown(kept, self.config.memory, self.longest)
        relations = relations_of(state, self.config.phrase, CHORD in self.config.columns)
        bias = self.bias(relations)
        hidden = self.hidden(x, state, bias)
        return self.read(hidden, state, ids, relations, bias)

    def bias(self, relations: Relations) -> Floats:
        """What is added to the last row's logits, (layers * heads + POINTERS, seen).

        Without copying that is nothing, (layers * heads, 1).
        """
        c, r = self.config, relations
        if self.tables is None:
            return np.zeros((c.layers * c.heads, 1), np.float32)
        by_match = r.match * (c.phrase + 1) + r.phrase
        bias: Floats = self.tables.match_phrase.take(by_match, axis=1)
        bias += self.tables.rhythm_alike.take(r.rhythm * LIKENESSES + r.alike, axis=1)
        return bias

    def hidden(self, x: Floats, state: MelodyState, bias: Floats) -> Floats:
        """The last row behind all layers, (width,); its keys and values are kept."""
        heads, turn = self.config.heads, self.turn(state.rows - 1)
        for layer in range(self.config.layers):
            of_layer = bias[layer * heads : (layer + 1) * heads]
            x = x + self.attention(layer, x, state, of_layer, turn)
            x = x + self.feed_forward(layer, x)
        return layer_norm(self.weights, "norm", x)

    def turn(self, position: int) -> Turn:
        """Cosines and sines of RoPE at a position, (e / 2,), as exact far on as at first."""
        angles = position * self.rates
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def attention(
        self, layer: int, x: Floats, state: MelodyState, bias: Floats, turn: Turn
    ) -> Floats:
        """What the last row takes from all that it sees."""
        name, past, seen = f"blocks.{layer}", state.past, state.seen
        normed = layer_norm(self.weights, f"{name}.norm", x)
        q, k, v = self.mixes[layer].all(normed).reshape(3, self.config.heads, self.e)
        past.keys[layer, :, seen.stop - 1] = turned(k, turn)
        past.values[layer, :, seen.stop - 1] = v
        q = turned(q, turn) / math.sqrt(self.e)
        logits = (past.keys[layer, :, seen] @ q[:, :, None])[:, :, 0]
        weights = softmax(logits + bias)
        heard = (weights[:, None] @ past.values[layer, :, seen]).ravel()
        return linear(self.weights, f"{name}.attention.out", heard)

    def feed_forward(self, layer: int, x: Floats) -> Floats:
        """The second half of a block."""
        normed = layer_norm(self.weights, f"blocks.{layer}.norm_forward", x)
        wide = gelu(linear(self.weights, f"blocks.{layer}.widen", normed))
        return linear(self.weights, f"blocks.{layer}.narrow", wide)

    def read(
        self,
        hidden: Floats,
        state: MelodyState,
        ids: Mapping[str, int],
        relations: Relations,
        bias: Floats,
    ) -> Read:
        """What follows the last row, fresh and copied."""
        told, seen, pointed = self.told(hidden), state.seen, state.past.pointed
        fresh = self.fresh(told, ids)
        if not self.config.copying:
            return Read(fresh, hidden, None, state)
        pointed[:, seen.stop - 1] = told["pointer.key"].reshape(POINTERS, -1)
        keys, earlier = pointed[:, seen.start : seen.stop - 1], relations.earlier()
        if not keys.shape[1]:
            return Read(fresh, hidden, None, state)
        weights = pointer_weights(told, keys, earlier, bias[-POINTERS:, :-1])
        facts = np.concatenate([hidden, match_facts(earlier)])
        ways = softmax(linear(self.weights, "ways", facts))
        copied = copied_pitches(weights[PITCH_POINTER], state.ids, self.config)
        pitches = ways[0] * fresh + ways[1] * copied[0] + ways[2] * copied[1]
        return Read(pitches, hidden, Copied(weights[LENGTH_POINTER], state.ids[:, 1:]), state)

    def fresh(self, told: Mapping[str, Floats], ids: Mapping[str, int]) -> Floats:
        """Probabilities of pitches that are not copied, (pitches,)."""
        c, last = self.config, ids["pitch"]
        each, middle = np.arange(c.pitches), c.intervals // 2
        logits = told["fresh.pitch"]
        if last < c.pitches:
            logits = logits + told["fresh.interval"][(each - last).clip(-middle, middle) + middle]
        if ROOT in c.columns and ids[ROOT] < ROOTS:
            logits = logits + told["fresh.tone"][(each - ids[ROOT]) % ROOTS]
        return softmax(logits)

    def advances(self, read: Read, pitch: int) -> Floats:
        """Probabilities of each class of the advance, if that pitch follows.

        Raises:
            ValueError: there is no such pitch.
        """
        chosen = self.columns.one("pitch", pitch)
        if read.copied is None:
            return self.detail("advance", read, chosen)
        return self.detail("advance", read, chosen, read.copied.of_pitch(pitch), ADVANCE)

    def durations(self, read: Read, pitch: int, advance: int) -> Floats:
        """Probabilities of each class of duration, if that pitch and advance follow.

        Raises:
            ValueError: there is no such pitch or advance.
        """
        chosen = self.columns.one("pitch", pitch) + self.columns.one("advance", advance)
        if read.copied is None:
            return self.detail("duration", read, chosen)
        weights = read.copied.of_pitch(pitch) * (read.copied.ids[ADVANCE] == advance)
        return self.detail("duration", read, chosen, weights, DURATION)

    def detail(
        self, name: str, read: Read, chosen: Floats, weights: Floats | None = None, kept: int = 0
    ) -> Floats:
        """Probabilities of advances or durations.

        Args:
            name: "advance" or "duration".
            read: what follows.
            chosen: (width,), what of the note is told before, embedded.
            weights: (earlier,), of the rows to copy from; None for none.
            kept: which of KEPT it is.
        """
        both = np.concatenate([read.hidden, chosen])
        wide = gelu(linear(self.weights, f"{name}.hidden", both))
        fresh = softmax(linear(self.weights, f"{name}.out", wide))
        if weights is None or read.copied is None or (total := weights.sum()) <= TINY:
            return fresh
        gate = sigmoid(linear(self.weights, f"{name}.gate", wide)[0])
        came = np.minimum(read.copied.ids[kept], len(fresh) - 1)
        p: Floats = gate * spread(weights, came, len(fresh)) / total + (1 - gate) * fresh
        return p


def names_told(config: MelodyConfig) -> list[str]:
    """The layers on the last row's state that are computed at once."""
    names = ["fresh.pitch", "fresh.interval"]
    if ROOT in config.columns:
        names.append("fresh.tone")
    if config.copying:
        names += [f"pointer.{part}" for part in ("query", "key", "match", "phrase")]
    return names
