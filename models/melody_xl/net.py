"""Transformer-XL over the notes of a melody, given its chords; it can also copy.

Row i of a song holds note i - 1 (pitch, interval, advance, duration) and, of the place at which
note i begins, its position in the bar and the phrase, the chord under it and the chord that comes
after that. Told are note i's pitch, then its advance (time to the next start) given the pitch, then
its duration given both; after that the place of note i + 1 is known. What the ids mean is the
caller's.

Recurrence. A song is read in segments of T rows. Of the rows before, the last M are remembered: the
input of each layer, h[l], without gradient (Dai et al., "Transformer-XL", 2019). With S = M' + T
rows seen, M' <= M the rows in memory, layer l does, for x[l] of shape (batch, T, width),

    seen = norm([memory[l]; x[l]])              (batch, S, width)
    q = Wq seen[M':], k = Wk seen, v = Wv seen  (batch, heads, T or S, e)
    logit[h, i, j] = R(M' + i) q[i] . R(j) k[j] / sqrt(e)                               (RoPE)
                   + match[h, m[i, j]] + rhythm[h, r[i, j]]                             (copying)
                   + phrase[h, (bar[i] - bar[j]) mod P] + alike[h, a[i, j]]
    x[l + 1] = x[l] + W0 softmax(logit) v, then feed-forward,

where j runs over the memory and the rows of the segment up to i.

How RoPE and recurrence meet. Transformer-XL needs relative positions, for a remembered row must not
keep the position that it had in its own segment. RoPE (Su et al., "RoFormer", 2021) turns a query
at position p and a key at position s so that their product depends on p - s alone. So states are
remembered as they were before they became keys, and positions are counted anew from the first row
in memory: any origin gives the same logits. With memory for the whole song, segments of any length
therefore give what one pass gives. With less, row i of a segment sees M + i rows, and a remembered
row of layer l has itself seen M rows further back, so that the reach grows with the layers.

Copying. m is how many notes up to row i are those up to row j in interval and advance, r the same
in advance alone; phrase and `a` compare the places and chords of the notes that come next. Two
pointers (Vinyals et al., 2015; See et al., 2017), one for pitches and one for lengths, weigh the
earlier rows w[i, j] with the same biases, and

    p(pitch) = g0 softmax(F h[i])[pitch]
             + g1 sum of w[i, j] where pitch[j + 1] = pitch
             + g2 sum of w[i, j] where pitch[i] + interval[j + 1] = pitch

with gates g that are told the longest matches: what followed comes again, as it was or transposed.
F adds up logits by pitch, by interval from the last note, and by interval from the chord's root.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from muse.models.chord_nets.config import TINY
from muse.models.chord_nets.heads import Detail, Tables, following, spread
from muse.models.melody_xl.attention import Biases, MelodyBatch, MelodyBlock, relations_of
from muse.models.melody_xl.config import (
    FACTS,
    LENGTH_POINTER,
    OTHER_PITCH,
    PITCH_POINTER,
    WAYS,
    MelodyConfig,
)
from muse.models.melody_xl.copying import FreshPitch, Pointer, match_facts


@dataclass(frozen=True)
class Memory:
    """What is remembered of a song, the last rows of it.

    Attributes:
        hidden: the input of each layer, and the last one's output: each (batch, rows, width).
        batch: the rows.
    """

    hidden: tuple[Tensor, ...]
    batch: MelodyBatch


@dataclass(frozen=True)
class Predicted:
    """Log probabilities of what follows each row of a segment, and what tells the lengths.

    Attributes:
        pitches: (batch, rows, pitches), in 32 bits.
        state: (batch, rows, width).
        pointer: (batch, rows, seen), the rows copied lengths from; None without copying.
        seen: the rows of memory and segment.
    """

    pitches: Tensor
    state: Tensor
    pointer: Tensor | None
    seen: MelodyBatch


class MelodyXL(nn.Module):
    """The net."""

    def __init__(self, config: MelodyConfig) -> None:
        """Fresh weights."""
        super().__init__()
        self.config = config
        self.tables = Tables(config.columns, config.contexts, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.biases = Biases(config)
        self.blocks = nn.ModuleList(MelodyBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.fresh = FreshPitch(config)
        self.pointer = Pointer(config) if config.copying else None
        self.ways = nn.Linear(config.width + FACTS, WAYS) if config.copying else None
        rest = (config.width, config.dropout, config.copying)
        self.advance = Detail(config.advances, *rest)
        self.duration = Detail(config.durations, *rest)

    def forward(
        self, batch: MelodyBatch, memory: Memory | None = None
    ) -> tuple[Predicted, Memory | None]:
        """What follows each row of a segment, and what to remember; None with memory 0.

        Args:
            batch: the next rows of each song, as many as fit: longer ones than config.segment are
                one pass.
            memory: what the call for the rows before gave; None begins.
        """
        seen = batch if memory is None else batch.behind(memory.batch)
        relations = relations_of(seen, batch.rows, self.config)
        x = self.dropout(self.tables.embedded(batch))  # type: ignore[arg-type]
        hidden = [x]
        for level, (block, bias) in enumerate(
            zip(self.blocks, self.biases(relations), strict=True)
        ):
            x = block(x, remembered(memory, level, x), bias)
            hidden.append(x)
        state = self.norm(x)
        kept = self.kept(memory, [*hidden[:-1], state], seen)
        fresh = self.fresh(state, batch).float().log_softmax(-1)
        if self.pointer is None or self.ways is None:
            return Predicted(fresh, state, None, seen), kept
        states = torch.cat([remembered(memory, -1, state), state], 1)
        weights = self.pointer(state, states, relations)
        facts = match_facts(relations)
        ways = self.ways(torch.cat([state, facts], -1)).float().softmax(-1)
        mixed = self.mixed(ways, fresh.exp(), weights[:, PITCH_POINTER], seen)
        return Predicted(mixed, state, weights[:, LENGTH_POINTER], seen), kept

    def mixed(self, ways: Tensor, fresh: Tensor, weights: Tensor, seen: MelodyBatch) -> Tensor:
        """Log probabilities of the pitch from all three ways, (batch, rows, pitches)."""
        pitches, rows = self.config.pitches, weights.shape[1]
        came = following(seen.columns["pitch"]).clamp(max=pitches - 1)
        leap = following(seen.columns["interval"]) - self.config.intervals // 2
        is_leap = following(seen.columns["interval"]) < self.config.intervals
        last = seen.columns["pitch"][:, -rows:, None]
        moved = torch.where(is_leap[:, None], last + leap[:, None], came[:, None])
        moved = moved.clamp(0, pitches - 1)
        copied = spread(weights, came, pitches)
        shifted = weights.new_zeros(copied.shape).scatter_add(-1, moved, weights)
        total = weights.sum(-1, keepdim=True)  # 0 where nothing is earlier, else 1
        p = ways[..., 1:2] * copied + ways[..., 2:3] * shifted
        p = p + (1 - total * (1 - ways[..., :1])) * fresh
        return (p + TINY).log()

    def details(
        self, predicted: Predicted, pitch: Tensor, advance: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Log probabilities of advance and duration, given what is told before them.

        Args:
            predicted: of a segment.
            pitch: (batch, rows), the note's.
            advance: (batch, rows), the class of the note's; the duration is asked given it.

        Returns:
            (batch, rows, advances), and (batch, rows, durations).
        """
        columns = predicted.seen.columns
        by_pitch = self.tables["pitch"](pitch)
        by_both = by_pitch + self.tables["advance"](advance)
        where = also = None
        if predicted.pointer is not None:
            agrees = following(columns["pitch"])[:, None] == pitch[..., None]
            where = predicted.pointer * torch.where(agrees, 1.0, OTHER_PITCH)
            also = where * (following(columns["advance"])[:, None] == advance[..., None])
        state, came = predicted.state, following(columns["advance"])
        held = following(columns["duration"]).clamp(max=self.config.durations - 1)
        return (
            self.advance(state, by_pitch, where, came.clamp(max=self.config.advances - 1)),
            self.duration(state, by_both, also, held),
        )

    def kept(self, memory: Memory | None, hidden: list[Tensor], seen: MelodyBatch) -> Memory | None:
        """The last rows, config.memory of them at most."""
        length = min(self.config.memory, seen.rows)
        if not length:
            return None
        whole = [
            torch.cat([remembered(memory, level, x), x.detach()], 1)[:, -length:]
            for level, x in enumerate(hidden)
        ]
        return Memory(tuple(whole), seen.part(seen.rows - length, seen.rows))


def remembered(memory: Memory | None, level: int, x: Tensor) -> Tensor:
    """The remembered rows of a level, without gradient; none without memory."""
    return x[:, :0].detach() if memory is None else memory.hidden[level]


def segments(batch: MelodyBatch, length: int) -> Iterator[tuple[int, MelodyBatch]]:
    """The rows of whole songs in segments of a length, each with its first row's number."""
    for start in range(0, batch.rows, length):
        yield start, batch.part(start, start + length)


def read(net: MelodyXL, batch: MelodyBatch, length: int | None = None) -> Iterator[Predicted]:
    """Whole songs, segment after segment; `length` rows in each, config.segment without."""
    memory = None
    for _, part in segments(batch, length or net.config.segment):
        predicted, memory = net(part, memory)
        yield predicted
