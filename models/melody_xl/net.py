"""Transformer-XL over the notes of a melody, given its chords; it can also copy.

Row i of a song holds note i - 1 (pitch, interval, advance, duration) and, for note i, its place in
the bar and phrase, the chord under it and the chord after that. Predicted are note i's pitch, then
its advance (time to the next onset) given the pitch, then its duration given both; after that the
place of note i + 1 is known. The caller decides what the ids mean.

Recurrence. A song is read in segments of T rows. Of the rows before, the last M are remembered: the
input of each layer, h[l], without gradient (Dai et al., "Transformer-XL", 2019). With S = M' + T
rows seen, M' <= M the rows in memory, layer l computes, for x[l] of shape (batch, T, width),

    seen = norm([memory[l]; x[l]])              (batch, S, width)
    q = Wq seen[M':], k = Wk seen, v = Wv seen  (batch, heads, T or S, e)
    logit[h, i, j] = R(M' + i) q[i] . R(j) k[j] / sqrt(e)                               (RoPE)
                   + match[h, m[i, j]] + rhythm[h, r[i, j]]                             (copying)
                   + phrase[h, (bar[i] - bar[j]) mod P] + alike[h, a[i, j]]
    x[l + 1] = x[l] + W0 softmax(logit) v, then feed-forward,

where j runs over the memory and the rows of the segment up to i.

RoPE with recurrence. Transformer-XL needs relative positions, because a remembered row must not
keep its position in its own segment. RoPE (Su et al., "RoFormer", 2021) rotates a query at position
p and a key at position s so that their product depends on p - s alone. Therefore states are
remembered before they become keys, and positions are counted from the first row in memory: any
origin gives the same logits. With memory for the whole song, segments of any length give what one
pass gives. With less, row i of a segment sees M + i rows, and a remembered row of layer l has
itself seen M rows further back, so that the context grows with the layers.

Copying. m is the number of notes up to row i that equal those up to row j in interval and advance,
r the same in advance alone; `phrase` and `a` compare places and chords of the next notes. Two
pointers (Vinyals et al., 2015; See et al., 2017), one for pitches and one for lengths, give the
earlier rows weights w[i, j] with the same biases, and

    p(pitch) = g0 softmax(F h[i])[pitch]
             + g1 sum of w[i, j] where pitch[j + 1] = pitch
             + g2 sum of w[i, j] where pitch[i] + interval[j + 1] = pitch

with gates g that read the longest matches: earlier notes come again as they were, or transposed. F
adds logits by pitch, by interval from the last note, and by interval from the chord's root.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from muse.models.chord_nets.columns import LEAST_PROBABILITY, ROOTS
from muse.models.chord_nets.heads import DetailHead, Tables, shift_left, sum_by_id
from muse.models.chord_transformer.config import LONG_MATCH, MATCH_SCALE
from muse.models.melody_xl.attention import (
    Biases,
    CopyBias,
    MelodyBatch,
    MelodyBlock,
    Relations,
    relate_rows,
)
from muse.models.melody_xl.config import (
    LENGTH_POINTER,
    MATCH_FEATURES,
    OTHER_PITCH,
    PITCH_POINTER,
    POINTERS,
    ROOT,
    SOURCES,
    MelodyConfig,
)
from muse.models.transformer_layers import MASKED


@dataclass(frozen=True)
class Memory:
    """The last rows of a song, which the next segment attends to.

    Attributes:
        hidden: (batch, rows, width) input of each layer, and the output of the last.
        batch: ids of the rows.
    """

    hidden: tuple[Tensor, ...]
    batch: MelodyBatch


@dataclass(frozen=True)
class Predicted:
    """Predictions of the note after each row of a segment.

    Attributes:
        pitches: (batch, rows, pitches) log probabilities, in float32 even under autocast.
        state: (batch, rows, width) hidden state, from which lengths are predicted.
        pointer: (batch, rows, seen) weights of the rows to copy lengths from; None without copying.
        seen: the rows of memory and segment.
    """

    pitches: Tensor
    state: Tensor
    pointer: Tensor | None
    seen: MelodyBatch


class MelodyXL(nn.Module):
    """The net of the formula above; `ways` are the logits of the gates g."""

    def __init__(self, config: MelodyConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.config = config
        self.tables = Tables(config.columns, config.contexts, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.biases = Biases(config)
        self.blocks = nn.ModuleList(MelodyBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.fresh = FreshPitch(config)
        self.pointer = Pointer(config) if config.copying else None
        self.ways = nn.Linear(config.width + MATCH_FEATURES, SOURCES) if config.copying else None
        rest = (config.width, config.dropout, config.copying)
        self.advance = DetailHead(config.advances, *rest)
        self.duration = DetailHead(config.durations, *rest)

    def forward(
        self, batch: MelodyBatch, memory: Memory | None = None
    ) -> tuple[Predicted, Memory | None]:
        """Predict the note after each row of a segment.

        Args:
            batch: the next rows of each song, any number; longer batches need more memory.
            memory: result of the call for the rows before; None at a song's start.

        Returns:
            The predictions, and the memory for the next call, None if config.memory is 0.
        """
        seen = batch if memory is None else batch.preceded_by(memory.batch)
        relations = relate_rows(seen, batch.rows, self.config)
        x = self.dropout(self.tables.embed(batch))  # type: ignore[arg-type]
        hidden = [x]
        for level, (block, bias) in enumerate(
            zip(self.blocks, self.biases(relations), strict=True)
        ):
            x = block(x, remembered(memory, level, x), bias)
            hidden.append(x)
        state = self.norm(x)
        updated = self.update_memory(memory, [*hidden[:-1], state], seen)
        fresh = self.fresh(state, batch).float().log_softmax(-1)
        if self.pointer is None or self.ways is None:
            return Predicted(fresh, state, None, seen), updated
        states = torch.cat([remembered(memory, -1, state), state], 1)
        weights = self.pointer(state, states, relations)
        features = match_features(relations)
        gates = self.ways(torch.cat([state, features], -1)).float().softmax(-1)
        pitches = self.mix_pitches(gates, fresh.exp(), weights[:, PITCH_POINTER], seen)
        return Predicted(pitches, state, weights[:, LENGTH_POINTER], seen), updated

    def mix_pitches(
        self, gates: Tensor, fresh: Tensor, weights: Tensor, seen: MelodyBatch
    ) -> Tensor:
        """Return log probabilities of the pitch, from all three sources: (batch, rows, pitches).

        Args:
            gates: (batch, rows, SOURCES).
            fresh: (batch, rows, pitches) probabilities.
            weights: (batch, rows, seen) of the rows to copy from.
            seen: the rows of memory and segment.
        """
        pitches, rows = self.config.pitches, weights.shape[1]
        pitch = shift_left(seen.columns["pitch"]).clamp(max=pitches - 1)
        leap = shift_left(seen.columns["interval"]) - self.config.intervals // 2
        is_leap = shift_left(seen.columns["interval"]) < self.config.intervals
        last = seen.columns["pitch"][:, -rows:, None]
        moved = torch.where(is_leap[:, None], last + leap[:, None], pitch[:, None])
        moved = moved.clamp(0, pitches - 1)
        copied = sum_by_id(weights, pitch, pitches)
        shifted = weights.new_zeros(copied.shape).scatter_add(-1, moved, weights)
        total = weights.sum(-1, keepdim=True)  # 1, or 0 at the first row
        p = gates[..., 1:2] * copied + gates[..., 2:3] * shifted
        p = p + (1 - total * (1 - gates[..., :1])) * fresh
        return (p + LEAST_PROBABILITY).log()

    def details(
        self, predicted: Predicted, pitch: Tensor, advance: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict advance given the pitch, and duration given pitch and advance.

        Args:
            predicted: result of `forward` for a segment.
            pitch: (batch, rows) pitch of the note after each row.
            advance: (batch, rows) its class of advance.

        Returns:
            Log probabilities, (batch, rows, advances) and (batch, rows, durations).
        """
        columns = predicted.seen.columns
        by_pitch = self.tables["pitch"](pitch)
        by_both = by_pitch + self.tables["advance"](advance)
        where = also = None
        if predicted.pointer is not None:
            same_pitch = shift_left(columns["pitch"])[:, None] == pitch[..., None]
            where = predicted.pointer * torch.where(same_pitch, 1.0, OTHER_PITCH)
            also = where * (shift_left(columns["advance"])[:, None] == advance[..., None])
        state, advances = predicted.state, shift_left(columns["advance"])
        durations = shift_left(columns["duration"]).clamp(max=self.config.durations - 1)
        return (
            self.advance(state, by_pitch, where, advances.clamp(max=self.config.advances - 1)),
            self.duration(state, by_both, also, durations),
        )

    def update_memory(
        self, memory: Memory | None, hidden: list[Tensor], seen: MelodyBatch
    ) -> Memory | None:
        """Return the last rows, at most config.memory of them."""
        length = min(self.config.memory, seen.rows)
        if not length:
            return None
        whole = [
            torch.cat([remembered(memory, level, x), x.detach()], 1)[:, -length:]
            for level, x in enumerate(hidden)
        ]
        return Memory(tuple(whole), seen.part(seen.rows - length, seen.rows))


class FreshPitch(nn.Module):
    """Logits of a pitch: by pitch, by interval from the last note, and from the chord's root."""

    roots: Tensor

    def __init__(self, config: MelodyConfig) -> None:
        """Start with random weights."""
        super().__init__()
        self.pitches, self.intervals = config.pitches, config.intervals
        self.pitch = nn.Linear(config.width, config.pitches)
        self.interval = nn.Linear(config.width, config.intervals)
        self.tone = nn.Linear(config.width, ROOTS) if ROOT in config.columns else None

    def forward(self, state: Tensor, batch: MelodyBatch) -> Tensor:
        """Return logits, (batch, rows, pitches)."""
        each = torch.arange(self.pitches, device=state.device)
        last = batch.columns["pitch"][..., None]
        middle = self.intervals // 2
        leap = (each - last).clamp(-middle, middle) + middle
        logits: Tensor = self.pitch(state)
        logits = logits + self.interval(state).gather(-1, leap) * (last < self.pitches)
        if self.tone is not None:
            root = batch.columns[ROOT][..., None]
            tones = self.tone(state).gather(-1, (each - root) % ROOTS)
            logits = logits + tones * (root < ROOTS)
        return logits


class Pointer(nn.Module):
    """Weights of earlier rows whose next note may be copied, for pitches and for lengths."""

    def __init__(self, config: MelodyConfig) -> None:
        """Start with random weights, and a bias that prefers longer matches."""
        super().__init__()
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.bias = CopyBias(config, POINTERS)
        with torch.no_grad():
            self.bias.match.weight += torch.arange(config.longest_match + 1)[:, None]
        self.match = nn.Linear(config.width, 2 * (config.longest_match + 1))
        self.phrase = nn.Linear(config.width, 2 * (config.phrase + 1))

    def forward(self, state: Tensor, states: Tensor, relations: Relations) -> Tensor:
        """Return the weights of earlier rows, (batch, POINTERS, rows, seen).

        Args:
            state: (batch, rows, width) of the segment.
            states: (batch, seen, width) of memory and segment.
            relations: of the segment's rows to the seen rows.
        """
        query = self.query(state).unflatten(-1, (2, -1)).transpose(1, 2)
        key = self.key(states).unflatten(-1, (2, -1)).transpose(1, 2)
        logits = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        logits = logits + self.bias(relations)
        logits = logits + by_class(self.match(state), relations.match)
        logits = logits + by_class(self.phrase(state), relations.phrase)
        excluded = without_next(relations)
        weights: Tensor = logits.masked_fill(excluded, MASKED).softmax(-1)
        return weights.masked_fill(excluded, 0.0)


def by_class(scores: Tensor, classes: Tensor) -> Tensor:
    """Look up both pointers' scores by class: (batch, POINTERS, rows, seen).

    Args:
        scores: (batch, rows, POINTERS * count) of each class.
        classes: (batch, rows, seen).
    """
    each = torch.stack(scores.chunk(2, -1), 1)
    return each.gather(-1, classes[:, None].expand(-1, 2, -1, -1))


def without_next(relations: Relations) -> Tensor:
    """Return (rows, seen): True for j = i and later, whose next note row i does not know."""
    rows, seen = relations.hidden.shape
    itself = torch.ones(rows, seen, dtype=torch.bool, device=relations.hidden.device)
    return itself.triu(seen - rows)


def match_features(relations: Relations) -> Tensor:
    """Return the gates' inputs that describe the longest matches: (batch, rows, MATCH_FEATURES)."""
    excluded = without_next(relations)
    match = relations.match.masked_fill(excluded, 0).amax(-1)
    rhythm = relations.rhythm.masked_fill(excluded, 0).amax(-1)
    features = (match / MATCH_SCALE, match > LONG_MATCH, match == 0, rhythm / MATCH_SCALE)
    return torch.stack([feature.float() for feature in features], -1)


def remembered(memory: Memory | None, level: int, x: Tensor) -> Tensor:
    """Return the remembered inputs of a layer, without gradient; empty without memory."""
    return x[:, :0].detach() if memory is None else memory.hidden[level]


def segments(batch: MelodyBatch, length: int) -> Iterator[tuple[int, MelodyBatch]]:
    """Split whole songs into segments of a length, each with the number of its first row."""
    for start in range(0, batch.rows, length):
        yield start, batch.part(start, start + length)


def predict_segments(
    net: MelodyXL, batch: MelodyBatch, length: int | None = None
) -> Iterator[Predicted]:
    """Predict whole songs, segment by segment of `length` rows; None takes config.segment."""
    memory = None
    for _, part in segments(batch, length or net.config.segment):
        predicted, memory = net(part, memory)
        yield predicted
