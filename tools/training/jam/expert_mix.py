"""Fit the powers of the mix, and what is recalled, to how the harmonist did on songs.

The harmonist plays along with each song by itself; on some beats what its ear and its brain
expected is kept, with the triad that is annotated. The powers are then moved so that the annotated
triads become likelier (maximum likelihood). What it plays depends on the powers, so this is done
more than once. Needs torch; only the script that makes the tables comes here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muse.tools.chords.model import ChordModel
from muse.tools.jam.harmony.beat_features import KINDS, TRIADS, place_of
from muse.tools.jam.harmony.chord_decider import Harmonist
from muse.tools.jam.harmony.expert_mix import LEAST_BRAIN, Merged, Mix
from muse.tools.jam.harmony.melody_listener import LEAST, LEAST_RECALLED, Expected
from muse.tools.jam.harmony.parameters import MixTables
from muse.tools.jam.harmony.repetition import LAGS, lag_kinds
from muse.tools.training.jam.songs import JamSong, Player

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor

HEARD_S = 0.02  # after a beat, what is still heard for it
STEPS, BATCH, RATE = 150, 1500, 0.05  # of Adam
DECAY = 1e-3  # on what is told of lags
STYLE = "pop"


@dataclass(frozen=True)
class Row:
    """One beat: what was expected, and the triad that is annotated, all from the ear's home."""

    place: int
    triad: int
    moves: NDArray[np.float32]
    struck: NDArray[np.float32]
    figures: NDArray[np.float32]  # (LAGS, LAG_FIGURES)
    there: NDArray[np.float16]  # (LAGS, TRIADS), what is believed of the places to recall
    is_there: NDArray[np.bool_]
    phrase: NDArray[np.float32]
    brain: NDArray[np.float32]


class Watch(Mix):
    """A mix that keeps what it was given."""

    def merged(
        self,
        expected: Expected,
        brain: NDArray[np.float64] | None,
        place: int,
        has_heard: bool,
    ) -> Merged:
        """As Mix has it."""
        self.expected, self.brain = expected, brain
        return super().merged(expected, brain, place, has_heard)


def rows_of(
    song: JamSong, tables: MixTables, model: ChordModel | None, samples: int, seed: int
) -> list[Row]:
    """Some beats of a song as the harmonist meets them.

    Args:
        song: to play along with.
        tables: as they are so far.
        model: the brain; None leaves it out.
        samples: how many beats are kept.
        seed: of their choice.
    """
    harmonist = Harmonist(
        song.meter, key=None, style=STYLE, model=model or Mute(), ahead=0, tables=tables
    )
    harmonist.mix = watch = Watch(tables)
    known = np.flatnonzero(song.triads >= 0)
    rng = np.random.default_rng(seed)
    chosen = set(rng.choice(known, min(samples, len(known)), replace=False).tolist())
    player, rows = Player(song), []
    for beat, triad in enumerate(song.triads.tolist()):
        plan = harmonist.thought(float(beat), player.solo)() if model else None
        solo = player.play_until(beat + HEARD_S * song.bpm / 60)
        harmonist.decide(float(beat), solo, plan)
        if beat in chosen:
            rows.append(row_of(harmonist, watch, beat, triad))
    return rows


class Mute:
    """No brain: never asked."""

    name, hash = "none", None

    def predict(self, past: Any, context: Any) -> Any:
        """Nothing."""
        raise NotImplementedError


def row_of(harmonist: Harmonist, watch: Watch, beat: int, triad: int) -> Row:
    """What was expected of a beat that was just decided."""
    ear = harmonist.ear
    there = np.zeros((len(LAGS), TRIADS), np.float16)
    near = len(ear.hindsight) - LAGS
    there[near >= 0] = ear.hindsight[near[near >= 0]]
    expected = watch.expected
    brain = np.full(TRIADS, 1 / TRIADS) if watch.brain is None else watch.brain
    return Row(
        place_of(beat, harmonist.meter),
        (triad - ear.home * len(KINDS)) % TRIADS,
        expected.moves.astype(np.float32),
        expected.struck.astype(np.float32),
        ear.recall.figures(harmonist.begins).astype(np.float32),
        there,
        near >= 0,
        expected.phrase.astype(np.float32),
        brain.astype(np.float32),
    )


class Powers(torch.nn.Module):
    """The powers while they are fitted."""

    def __init__(self, tables: Arrays) -> None:
        """Begin with those of the tables."""
        super().__init__()
        first = {n: torch.tensor(t, dtype=torch.float32) for n, t in tables.items()}
        self.likeness = torch.nn.Parameter(first["likeness"])
        self.lags = torch.nn.Parameter(first["lags"])
        self.mix = torch.nn.Parameter(first["mix"])
        self.late_mix = torch.nn.Parameter(first["late_mix"])
        self.ear_mix = torch.nn.Parameter(first["ear_mix"])
        self.kinds: Tensor = torch.tensor(lag_kinds(), dtype=torch.float32)

    def forward(self, b: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Log probabilities by the ear, without the brain, and by all: (rows, TRIADS) each."""
        odds = b["figures"] @ self.likeness + self.kinds @ self.lags
        odds = torch.cat([odds.masked_fill(~b["is_there"], -30.0), torch.zeros(len(odds), 1)], 1)
        shares = torch.softmax(odds, 1)
        moves = torch.exp(b["moves"]) - LEAST
        recalled = torch.einsum("nl,nlc->nc", shares[:, :-1], b["there"]) + shares[:, -1:] * moves
        parts = (b["moves"], b["struck"], torch.log(recalled + LEAST_RECALLED))
        brain = torch.log(b["brain"] + LEAST_BRAIN)
        experts = torch.stack([*parts, b["phrase"], brain], 2)
        return tuple(
            torch.log_softmax((experts[..., : p.shape[1]] * p[b["place"]][:, None]).sum(2), 1)
            for p in (self.ear_mix, self.late_mix, self.mix)
        )


def batch_of(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Rows as tensors."""
    names = ("place", "triad", "moves", "struck", "figures", "there", "is_there", "phrase", "brain")
    stacked = {name: np.stack([getattr(row, name) for row in rows]) for name in names}
    stacked["there"] = stacked["there"].astype(np.float32)
    return {name: torch.tensor(array) for name, array in stacked.items()}


def fitted(tables: Arrays, rows: Sequence[Row], is_last: bool) -> Arrays:
    """The tables with other powers.

    Args:
        tables: where to begin.
        rows: to be made likelier.
        is_last: whether to fit the powers of all experts, and no longer what is recalled, which the
            phrase has learnt to go on from; before, phrase and brain are left out.
    """
    torch.manual_seed(0)
    powers = Powers(tables)
    first, last = (powers.ear_mix, powers.likeness, powers.lags), (powers.late_mix, powers.mix)
    optimiser = torch.optim.Adam(last if is_last else first, lr=RATE)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        chosen = rng.choice(len(rows), min(BATCH, len(rows)), replace=False)
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimiser.zero_grad()
        batch = batch_of([rows[i] for i in chosen.tolist()])
        torch.autograd.backward(loss_of(powers, batch, is_last))
        optimiser.step()
    return tables | {n: p.detach().numpy().astype(np.float64) for n, p in powers.named_parameters()}


def loss_of(powers: Powers, batch: dict[str, Tensor], is_last: bool) -> Tensor:
    """Mean negative log likelihood of the annotated triads."""
    told = powers(batch)
    picked = [t.gather(1, batch["triad"][:, None]).mean() for t in told[is_last : 1 + 2 * is_last]]
    return DECAY * ((powers.lags**2).sum() + (powers.likeness**2).sum()) - torch.stack(picked).sum()


def agreement(tables: Arrays, rows: Sequence[Row]) -> dict[str, float]:
    """Share of rows whose annotated triad is the likeliest."""
    batch = batch_of(rows)
    with torch.no_grad():
        told = Powers(tables)(batch)
    shares = [(t.argmax(1) == batch["triad"]).float().mean().item() for t in told]
    return dict(zip(("ear", "without_brain", "all"), (round(s, 4) for s in shares), strict=True))
