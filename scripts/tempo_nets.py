"""The nets of train_jam_tempo.py, and how they learn from moments.

Conventions: bpms in quarter notes a minute, places in beats of a bar; weights of moments sum to 1.
"""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tempo_moments import Glimpse
from torch import Tensor, nn

from muse.models.tempo_nets.config import CYCLE, PHASES
from muse.models.tempo_nets.net import BeatNet, tempo_net
from muse.tools.jam.tempo.onset_features import FEATURES as BEAT_FEATURES
from muse.tools.jam.tempo.onset_features import beats_back, described
from muse.tools.jam.tempo.onset_intervals import FEATURES, TEMPO_STEP, TEMPOS
from muse.tools.jam.tempo.onsets import Tail

log = logging.getLogger("train")

BATCH = 64  # moments, of a net that judges tempos
RATE, LAST_RATE, DECAY = 4e-3, 1e-5, 0.03
MOST_SHIFT = 3  # steps of TEMPOS by which a moment is made faster or slower
SPREAD = 0.02  # of the tempos that count as true, in log tempo
PACE_COLUMNS = slice(FEATURES - 3, FEATURES - 1)  # that tell the tempo itself
BEAT_BATCH = 32  # of one that finds the beat
WARM_STEPS, MOST_GRADIENT = 100, 5.0
DROPPED = 0.15  # of the units, while it learns
STRETCH, JITTER_S = 0.06, 0.006  # in log tempo and of onsets, at the most
LOST, LOSING, LEVEL = (
    0.2,
    0.5,
    0.15,
)  # onsets left out, and in how many moments; all as loud
TRUE_BPM, TRUE_BEATS = 0.025, 0.045  # how near a rival and a phase are to the true one
NEVER = -1e4  # log odds
NO_BPM = 30.0  # of a rival that there is not
ARRAYS = ("times_s", "accents", "pitches", "lowest")  # of a tail

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


def shifted(features: Floats, steps: int) -> Floats:
    """The features of the same playing, faster by some steps of TEMPOS."""
    rows = np.clip(np.arange(len(TEMPOS)) - steps, 0, len(TEMPOS) - 1)
    moved = features[:, rows]
    moved[:, :, PACE_COLUMNS] = features[:, :, PACE_COLUMNS]
    return moved


def descend(
    net: nn.Module,
    steps: int,
    seed: int,
    loss_at: Callable[[int], Tensor],
    warm: int = 1,
) -> float:
    """Take steps down a loss; what it was over the last tenth of them."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    losses = []
    for step in range(steps):
        rate = RATE * min(1.0, step / warm) * (1 - step / steps) + LAST_RATE
        optimiser.param_groups[0]["lr"] = rate
        loss = loss_at(step)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), MOST_GRADIENT)
        optimiser.step()
        losses.append(float(loss.detach()))
        if step % 250 == 0:
            log.info("net %d, step %d of %d: %.3f nats", seed, step, steps, losses[-1])
    return float(np.mean(losses[-max(steps // 10, 1) :]))


def lag_net(
    features: NDArray[np.float16], bpms: Array, chances: Array, steps: int, seed: int
) -> dict[str, Floats]:
    """One net that judges tempos, for features as they are."""
    torch.manual_seed(seed)
    dice = np.random.default_rng(seed)
    sample = torch.tensor(features[dice.choice(len(bpms), 1500, p=chances)].astype(np.float32))
    mean, spread = sample.mean((0, 1)), sample.std((0, 1)) + 0.01
    net = tempo_net(FEATURES)
    tempos = torch.tensor(np.log(TEMPOS))
    chosen = dice.choice(len(bpms), (steps, BATCH), p=chances)

    def loss_at(step: int) -> Tensor:
        shift = int(dice.integers(-MOST_SHIFT, MOST_SHIFT + 1))
        rows = torch.tensor(shifted(features[chosen[step]].astype(np.float32), shift))
        true = torch.tensor(np.log(bpms[chosen[step]]) + shift * TEMPO_STEP)
        wanted = torch.softmax(-0.5 * ((tempos - true[:, None]) / SPREAD) ** 2, 1).float()
        odds = torch.log_softmax(net((rows - mean) / spread)[..., 0], 1)
        return -(wanted * odds).sum(1).mean()

    descend(net, steps, seed, loss_at)
    first, _, last = net
    weight = first.weight.detach() / spread
    bias = first.bias.detach() - weight @ mean
    return {
        "hidden": weight.numpy(),
        "bias": bias.numpy(),
        "out": last.weight.detach()[0].numpy(),
    }


def stacked(seen: Sequence[Glimpse]) -> Glimpse:
    """Many moments as one, of arrays."""
    tails, *others = zip(*seen, strict=True)
    tail = Tail(*(np.stack([getattr(tail, name) for tail in tails]) for name in ARRAYS))
    return Glimpse(tail, *map(np.array, others))


def varied(tail: Tail, longer: Array, dice: np.random.Generator) -> Tail:
    """The same played less evenly, more slowly, with notes left out, or all as loud."""
    size = tail.times_s.shape
    late_s = dice.normal(0.0, 1.0, size) * dice.uniform(0.0, JITTER_S, (size[0], 1))
    lost = (dice.random(size) < LOST) & (dice.random((size[0], 1)) < LOSING)
    lost[:, -1] = False
    times_s = np.where(lost, np.nan, (tail.times_s + late_s) * longer)
    accents = np.where(dice.random((size[0], 1)) < LEVEL, 1.0, tail.accents)
    order = np.argsort(~lost, axis=1, kind="stable")
    arrays = (times_s, accents, tail.pitches, tail.lowest)
    return Tail(*(np.take_along_axis(array, order, 1) for array in arrays))


def wanted_odds(bpms: Array, bpm: Array, place: Array, bar_beats: Array) -> Tensor:
    """Log of how true each rival and phase is; where a bar is no CYCLE, any beat of it will do."""
    cycle = np.where(bar_beats == CYCLE, CYCLE, 1)[:, None]
    away = (PHASES - place[:, None] + cycle / 2) % cycle - cycle / 2
    near = np.abs(bpms / bpm[:, None] - 1) < TRUE_BPM
    odds = np.where(near[..., None], -0.5 * (away / TRUE_BEATS)[:, None] ** 2, NEVER)
    return torch.tensor(odds).float()


def beat_net(seen: Glimpse, chances: Array, steps: int, seed: int) -> tuple[BeatNet, float]:
    """One net that finds the beat, and its loss."""
    torch.manual_seed(seed)
    dice = np.random.default_rng(seed)
    net, (_, *rest) = BeatNet(BEAT_FEATURES, DROPPED), seen
    chosen = dice.choice(len(chances), (steps, BEAT_BATCH), p=chances)

    def loss_at(step: int) -> Tensor:
        rows = chosen[step]
        longer = np.exp(dice.uniform(-STRETCH, STRETCH, (BEAT_BATCH, 1)))
        some = Glimpse(
            Tail(*(getattr(seen.tail, n)[rows] for n in ARRAYS)), *(a[rows] for a in rest)
        )
        tail = varied(some.tail, longer, dice)
        beats_s = 60.0 / np.nan_to_num(some.bpms, nan=NO_BPM) * longer
        back = torch.tensor(beats_back(tail, beats_s)).float()
        odds = net(torch.tensor(described(tail, beats_s)), back, torch.tensor(some.odds).float())
        wanted = wanted_odds(some.bpms, some.bpm, some.place, some.bar_beats)
        known = wanted.flatten(1).amax(1) > NEVER
        told = torch.log_softmax(odds.flatten(1), 1) + wanted.flatten(1)
        return -(torch.logsumexp(told, 1) * known).sum() / known.sum()

    return net, descend(net, steps, seed, loss_at, WARM_STEPS)
