"""Trains the nets of jam-tempo on moments of performances (examples/tempo_moments.py).

Conventions: tempos in quarter notes per minute, phases in beats of a bar. The probabilities of
moments to be drawn sum to 1.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muse.models.tempo_nets.config import CYCLE, PHASES
from muse.models.tempo_nets.net import BeatNet, tempo_net
from muse.tools.jam.tempo.onset_features import FEATURES as BEAT_FEATURES
from muse.tools.jam.tempo.onset_features import beats_before_last, describe_onsets
from muse.tools.jam.tempo.onset_intervals import FEATURES, TEMPO_STEP, TEMPOS
from muse.tools.jam.tempo.onsets import OnsetArrays
from muse.tools.training.examples.tempo_moments import BeatMoment

log = logging.getLogger("muse")

TEMPO_BATCH, BEAT_BATCH = 64, 32  # moments
LEARNING_RATE, LAST_LEARNING_RATE, WEIGHT_DECAY = 4e-3, 1e-5, 0.03
WARMUP_STEPS = 100  # of a beat net
LARGEST_GRADIENT = 5.0  # its norm is clipped to this
DROPOUT = 0.15  # of a beat net
LOGGED_EVERY = 250  # steps
NORMALIZED_ON = 1500  # moments that give mean and spread of the features

LARGEST_SHIFT = 3  # steps of TEMPOS by which a moment is made faster or slower
TEMPO_SPREAD = 0.02  # standard deviation of the target around the true log tempo
TEMPO_COLUMNS = slice(FEATURES - 3, FEATURES - 1)  # features that depend on the tempo alone

STRETCH = 0.06  # largest change of the log tempo of a moment for a beat net
JITTER_S = 0.006  # largest standard deviation of the displacement of onsets
LOST, LOSING = 0.2, 0.5  # share of onsets left out, and of the moments that lose some
LEVEL = 0.15  # share of the moments whose onsets all have the same accent

TEMPO_TOLERANCE = 0.025  # of the ratio of a rival to the true tempo
PHASE_SPREAD = 0.045  # standard deviation of the target around the true phase, in beats
IMPOSSIBLE = -1e4  # log odds
FILLER_BPM = 30.0  # in place of rivals that are missing
ARRAYS = ("times_s", "accents", "pitches", "lowest")  # of a tail

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class BeatMoments(NamedTuple):
    """A batch of moments: the fields of `BeatMoment` with a first axis of moments."""

    tail: OnsetArrays
    bpms: Array
    odds: Array
    bpm: Array
    place: Array
    bar_beats: Array

    def at(self, rows: NDArray[np.int64]) -> "BeatMoments":
        """Return the moments with these numbers."""
        tail = OnsetArrays(*(getattr(self.tail, name)[rows] for name in ARRAYS))
        return BeatMoments(tail, *(array[rows] for array in self[1:]))


def train_tempo_net(
    features: NDArray[np.float16], bpms: Array, probabilities: Array, steps: int, seed: int
) -> dict[str, Floats]:
    """Train one net that judges tempos; return its arrays, for features that are not normalized.

    Args:
        features: (moments, tempos, features).
        bpms: (moments,) true tempos.
        probabilities: (moments,) of being drawn.
        steps: of training.
        seed: of the initial weights and the moments drawn.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(bpms), NORMALIZED_ON, p=probabilities)
    sample = torch.tensor(features[drawn].astype(np.float32))
    mean, spread = sample.mean((0, 1)), sample.std((0, 1)) + 0.01
    net = tempo_net(FEATURES)
    tempos = torch.tensor(np.log(TEMPOS))
    chosen = rng.choice(len(bpms), (steps, TEMPO_BATCH), p=probabilities)

    def loss_at(step: int) -> Tensor:
        shift = int(rng.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1))
        rows = torch.tensor(shift_tempo(features[chosen[step]].astype(np.float32), shift))
        true = torch.tensor(np.log(bpms[chosen[step]]) + shift * TEMPO_STEP)
        target = torch.softmax(-0.5 * ((tempos - true[:, None]) / TEMPO_SPREAD) ** 2, 1).float()
        logs = torch.log_softmax(net((rows - mean) / spread)[..., 0], 1)
        return -(target * logs).sum(1).mean()

    minimize(net, steps, seed, loss_at)
    first, last = cast(nn.Linear, net[0]), cast(nn.Linear, net[2])
    weight = first.weight.detach() / spread
    bias = first.bias.detach() - weight @ mean
    return {
        "hidden": weight.numpy(),
        "bias": bias.numpy(),
        "out": last.weight.detach()[0].numpy(),
    }


def train_beat_net(
    moments: BeatMoments, probabilities: Array, steps: int, seed: int
) -> tuple[BeatNet, float]:
    """Train one net that finds the beat; return it and its loss in nats.

    Args:
        moments: all moments, stacked.
        probabilities: (moments,) of being drawn.
        steps: of training.
        seed: of the initial weights, the moments drawn and their variations.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = BeatNet(BEAT_FEATURES, DROPOUT)
    chosen = rng.choice(len(probabilities), (steps, BEAT_BATCH), p=probabilities)

    def loss_at(step: int) -> Tensor:
        longer = np.exp(rng.uniform(-STRETCH, STRETCH, (BEAT_BATCH, 1)))
        some = moments.at(chosen[step])
        tail = vary_tail(some.tail, longer, rng)
        beats_s = 60.0 / np.nan_to_num(some.bpms, nan=FILLER_BPM) * longer
        back = torch.tensor(beats_before_last(tail, beats_s)).float()
        odds = net(
            torch.tensor(describe_onsets(tail, beats_s)), back, torch.tensor(some.odds).float()
        )
        target = target_log_odds(some.bpms, some.bpm, some.place, some.bar_beats)
        known = target.flatten(1).amax(1) > IMPOSSIBLE
        logs = torch.log_softmax(odds.flatten(1), 1) + target.flatten(1)
        return -(torch.logsumexp(logs, 1) * known).sum() / known.sum()

    return net, minimize(net, steps, seed, loss_at, WARMUP_STEPS)


def minimize(
    net: nn.Module,
    steps: int,
    seed: int,
    loss_at: Callable[[int], Tensor],
    warmup: int = 1,
) -> float:
    """Minimize a loss with AdamW; return its mean over the last tenth of the steps.

    The learning rate rises over the warmup and falls linearly to LAST_LEARNING_RATE.
    """
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    losses = []
    for step in range(steps):
        rate = LEARNING_RATE * min(1.0, step / warmup) * (1 - step / steps) + LAST_LEARNING_RATE
        optimizer.param_groups[0]["lr"] = rate
        loss = loss_at(step)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % LOGGED_EVERY == 0:
            log.info("net %d, step %d of %d: %.3f nats", seed, step, steps, losses[-1])
    return float(np.mean(losses[-max(steps // 10, 1) :]))


def shift_tempo(features: Floats, steps: int) -> Floats:
    """Return the features of the same playing, faster by some steps of TEMPOS."""
    rows = np.clip(np.arange(len(TEMPOS)) - steps, 0, len(TEMPOS) - 1)
    moved = features[:, rows]
    moved[:, :, TEMPO_COLUMNS] = features[:, :, TEMPO_COLUMNS]
    return moved


def stack_moments(moments: Sequence[BeatMoment]) -> BeatMoments:
    """Return moments stacked along a new first axis."""
    tails, *others = zip(*moments, strict=True)
    tail = OnsetArrays(*(np.stack([getattr(tail, name) for tail in tails]) for name in ARRAYS))
    return BeatMoments(tail, *map(np.array, others))


def vary_tail(tail: OnsetArrays, longer: Array, rng: np.random.Generator) -> OnsetArrays:
    """Return the same onsets less even and stretched; some lose onsets, some lose all accents."""
    size = tail.times_s.shape
    late_s = rng.normal(0.0, 1.0, size) * rng.uniform(0.0, JITTER_S, (size[0], 1))
    lost = (rng.random(size) < LOST) & (rng.random((size[0], 1)) < LOSING)
    lost[:, -1] = False
    times_s = np.where(lost, np.nan, (tail.times_s + late_s) * longer)
    accents = np.where(rng.random((size[0], 1)) < LEVEL, 1.0, tail.accents)
    order = np.argsort(~lost, axis=1, kind="stable")
    arrays = (times_s, accents, tail.pitches, tail.lowest)
    return OnsetArrays(*(np.take_along_axis(array, order, 1) for array in arrays))


def target_log_odds(bpms: Array, bpm: Array, place: Array, bar_beats: Array) -> Tensor:
    """Return (moments, rivals, phases): how near each pair is to the true tempo and phase.

    Where a bar is not CYCLE beats long, any beat counts as the right one.
    """
    cycle = np.where(bar_beats == CYCLE, CYCLE, 1)[:, None]
    away = (PHASES - place[:, None] + cycle / 2) % cycle - cycle / 2
    near = np.abs(bpms / bpm[:, None] - 1) < TEMPO_TOLERANCE
    odds = np.where(near[..., None], -0.5 * (away / PHASE_SPREAD)[:, None] ** 2, IMPOSSIBLE)
    return torch.tensor(odds).float()
