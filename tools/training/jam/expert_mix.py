"""Fits the exponents of the expert mix, and the weights of repetitions.

The chord decider plays along with each song; on some beats the predictions of the melody listener
and the chord model are stored with the annotated triad. Then the exponents are moved to make the
annotated triads more likely (maximum likelihood). What is played depends on the exponents, so this
is done more than once. Needs torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muse.tools.chords.model import ChordModel
from muse.tools.jam.harmony.beat_features import KINDS, TRIADS, metrical_position
from muse.tools.jam.harmony.chord_decider import ChordDecider
from muse.tools.jam.harmony.expert_mix import MODEL_FLOOR, ExpertMix, MixResult
from muse.tools.jam.harmony.melody_listener import (
    PROBABILITY_FLOOR,
    RECALLED_FLOOR,
    MelodyPrediction,
)
from muse.tools.jam.harmony.parameters import HarmonyParameters
from muse.tools.jam.harmony.repetition import LAGS, lag_features
from muse.tools.training.jam.songs import JamSong, SongPlayer

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor

HEARD_S = 0.02  # how long after a beat notes still count for its decision
STEPS, BATCH, RATE = 150, 1500, 0.05  # of Adam
DECAY = 1e-3  # on the squares of the weights of lags
STYLE = "pop"


@dataclass(frozen=True)
class Row:
    """One beat: the predictions and the annotated triad, all relative to the listener's home."""

    position: int
    triad: int
    transition: NDArray[np.float32]
    on_beat: NDArray[np.float32]
    similarity: NDArray[np.float32]  # (LAGS, SIMILARITY_FEATURES)
    smoothed: NDArray[np.float16]  # (LAGS, TRIADS), the smoothed triads at each lag
    has_lag: NDArray[np.bool_]
    phrase: NDArray[np.float32]
    chord_model: NDArray[np.float32]


class RecordingMix(ExpertMix):
    """A mix that keeps its last inputs."""

    def combine(
        self,
        prediction: MelodyPrediction,
        chord_model: NDArray[np.float64] | None,
        position: int,
        has_notes: bool,
    ) -> MixResult:
        """Combine as ExpertMix."""
        self.prediction, self.chord_model = prediction, chord_model
        return super().combine(prediction, chord_model, position, has_notes)


def rows_of(
    song: JamSong, parameters: HarmonyParameters, model: ChordModel | None, samples: int, seed: int
) -> list[Row]:
    """Play along with a song, and return the predictions on some of its beats.

    Args:
        song: to play along with.
        parameters: fitted so far.
        model: the chord model; None leaves it out.
        samples: number of beats that are sampled.
        seed: of the sample.
    """
    decider = ChordDecider(
        song.meter, key=None, style=STYLE, model=model or NoModel(), ahead=0, parameters=parameters
    )
    decider.mix = mix = RecordingMix(parameters)
    annotated = np.flatnonzero(song.triads >= 0)
    rng = np.random.default_rng(seed)
    chosen = set(rng.choice(annotated, min(samples, len(annotated)), replace=False).tolist())
    player, rows = SongPlayer(song), []
    for beat, triad in enumerate(song.triads.tolist()):
        forecast = decider.forecast_task(float(beat))() if model else None
        solo = player.play_until(beat + HEARD_S * song.bpm / 60)
        decider.decide(float(beat), solo, forecast)
        if beat in chosen:
            rows.append(row_of(decider, mix, beat, triad))
    return rows


class NoModel:
    """A placeholder for the chord model, which is never called."""

    name, hash = "none", None

    def predict(self, past: Any, context: Any) -> Any:
        """Raise NotImplementedError."""
        raise NotImplementedError


def row_of(decider: ChordDecider, mix: RecordingMix, beat: int, triad: int) -> Row:
    """Return the predictions for a beat that was just decided."""
    listener = decider.listener
    smoothed = np.zeros((len(LAGS), TRIADS), np.float16)
    index = len(listener.smoothed) - LAGS
    smoothed[index >= 0] = listener.smoothed[index[index >= 0]]
    prediction = mix.prediction
    model = np.full(TRIADS, 1 / TRIADS) if mix.chord_model is None else mix.chord_model
    return Row(
        metrical_position(beat, decider.meter),
        (triad - listener.home * len(KINDS)) % TRIADS,
        prediction.transition.astype(np.float32),
        prediction.on_beat.astype(np.float32),
        listener.repetition.similarity_features(decider.slots).astype(np.float32),
        smoothed,
        index >= 0,
        prediction.phrase.astype(np.float32),
        model.astype(np.float32),
    )


class Powers(torch.nn.Module):
    """The exponents and weights being fitted, named as in the weight file."""

    def __init__(self, tables: Arrays) -> None:
        """Start with the values of some tables."""
        super().__init__()
        first = {n: torch.tensor(t, dtype=torch.float32) for n, t in tables.items()}
        self.likeness = torch.nn.Parameter(first["likeness"])
        self.lags = torch.nn.Parameter(first["lags"])
        self.mix = torch.nn.Parameter(first["mix"])
        self.late_mix = torch.nn.Parameter(first["late_mix"])
        self.ear_mix = torch.nn.Parameter(first["ear_mix"])
        self.lag_features: Tensor = torch.tensor(lag_features(), dtype=torch.float32)

    def forward(self, b: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Return log probabilities of triads, (rows, TRIADS), by three mixes.

        They are those of the melody alone, without the chord model, and of all experts.
        """
        odds = b["similarity"] @ self.likeness + self.lag_features @ self.lags
        odds = torch.cat([odds.masked_fill(~b["has_lag"], -30.0), torch.zeros(len(odds), 1)], 1)
        shares = torch.softmax(odds, 1)
        transition = torch.exp(b["transition"]) - PROBABILITY_FLOOR
        recalled = (
            torch.einsum("nl,nlc->nc", shares[:, :-1], b["smoothed"]) + shares[:, -1:] * transition
        )
        parts = (b["transition"], b["on_beat"], torch.log(recalled + RECALLED_FLOOR))
        model = torch.log(b["chord_model"] + MODEL_FLOOR)
        experts = torch.stack([*parts, b["phrase"], model], 2)
        return tuple(
            torch.log_softmax((experts[..., : p.shape[1]] * p[b["position"]][:, None]).sum(2), 1)
            for p in (self.ear_mix, self.late_mix, self.mix)
        )


def batch_of(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Stack rows into tensors."""
    names = (
        "position",
        "triad",
        "transition",
        "on_beat",
        "similarity",
        "smoothed",
        "has_lag",
        "phrase",
        "chord_model",
    )
    stacked = {name: np.stack([getattr(row, name) for row in rows]) for name in names}
    stacked["smoothed"] = stacked["smoothed"].astype(np.float32)
    return {name: torch.tensor(array) for name, array in stacked.items()}


def fitted(tables: Arrays, rows: Sequence[Row], is_last: bool) -> Arrays:
    """Return the tables with fitted exponents.

    Args:
        tables: to start from.
        rows: whose triads are to be made more likely.
        is_last: whether to fit the exponents of all experts, but no longer the weights of
            repetitions, which the phrase nets are trained on; otherwise the phrase and the chord
            model are left out.
    """
    torch.manual_seed(0)
    powers = Powers(tables)
    first, last = (powers.ear_mix, powers.likeness, powers.lags), (powers.late_mix, powers.mix)
    optimizer = torch.optim.Adam(last if is_last else first, lr=RATE)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        chosen = rng.choice(len(rows), min(BATCH, len(rows)), replace=False)
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        batch = batch_of([rows[i] for i in chosen.tolist()])
        torch.autograd.backward(loss_of(powers, batch, is_last))
        optimizer.step()
    return tables | {n: p.detach().numpy().astype(np.float64) for n, p in powers.named_parameters()}


def loss_of(powers: Powers, batch: dict[str, Tensor], is_last: bool) -> Tensor:
    """Return the mean negative log likelihood of the annotated triads."""
    log_probabilities = powers(batch)
    picked = [
        t.gather(1, batch["triad"][:, None]).mean()
        for t in log_probabilities[is_last : 1 + 2 * is_last]
    ]
    return DECAY * ((powers.lags**2).sum() + (powers.likeness**2).sum()) - torch.stack(picked).sum()


def agreement(tables: Arrays, rows: Sequence[Row]) -> dict[str, float]:
    """Return the share of rows whose annotated triad is the likeliest."""
    batch = batch_of(rows)
    with torch.no_grad():
        log_probabilities = Powers(tables)(batch)
    shares = [(t.argmax(1) == batch["triad"]).float().mean().item() for t in log_probabilities]
    return dict(zip(("ear", "without_brain", "all"), (round(s, 4) for s in shares), strict=True))
