"""Fits the exponents of the expert mix and the weights of repetitions.

The chord decider plays along with each song; on a sample of its beats the predictions of the melody
listener and the chord model are stored with the annotated triad. Then gradient descent on the
exponents makes the annotated triads more likely (maximum likelihood). The chords that the decider
plays depend on the exponents, so the recipe does both steps twice. Needs torch.
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

LATE_NOTES_S = 0.02  # notes up to this long after a beat count for its decision
STEPS, BATCH, RATE = 150, 1500, 0.05  # of Adam; the batch in beats
DECAY = 1e-3  # penalty on the squared weights of repetitions
STYLE = "pop"


@dataclass(frozen=True)
class Row:
    """One beat: the predictions and the annotated triad, all relative to the listener's home.

    Attributes:
        position: metrical position of the beat.
        triad: the annotated one.
        transition: (TRIADS,), log probabilities by the chord before.
        on_beat: (TRIADS,), log odds from the notes on the beat.
        similarity: (LAGS, SIMILARITY_FEATURES), of the melody now and at each lag.
        smoothed: (LAGS, TRIADS), probability of each triad at each lag, given the notes up to now.
        has_lag: (LAGS,), whether the song is that long already.
        phrase: (TRIADS,), log probabilities by the phrase nets.
        chord_model: (TRIADS,), probabilities by the chord model.
    """

    position: int
    triad: int
    transition: NDArray[np.float32]
    on_beat: NDArray[np.float32]
    similarity: NDArray[np.float32]
    smoothed: NDArray[np.float16]
    has_lag: NDArray[np.bool_]
    phrase: NDArray[np.float32]
    chord_model: NDArray[np.float32]


class RecordingMix(ExpertMix):
    """An expert mix that stores its latest inputs."""

    def combine(
        self,
        prediction: MelodyPrediction,
        chord_model: NDArray[np.float64] | None,
        position: int,
        has_notes: bool,
    ) -> MixResult:
        """Store the inputs, and combine them as ExpertMix does."""
        self.prediction, self.chord_model = prediction, chord_model
        return super().combine(prediction, chord_model, position, has_notes)


def collect_rows(
    song: JamSong, parameters: HarmonyParameters, model: ChordModel | None, samples: int, seed: int
) -> list[Row]:
    """Play along with a song, and return the predictions on a sample of its beats.

    Args:
        song: to play along with.
        parameters: fitted so far.
        model: the chord model; None leaves it out.
        samples: number of beats to sample, from those with an annotated triad.
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
        solo = player.play_until(beat + LATE_NOTES_S * song.bpm / 60)
        decider.decide(float(beat), solo, forecast)
        if beat in chosen:
            rows.append(make_row(decider, mix, beat, triad))
    return rows


class NoModel:
    """A placeholder where a ChordDecider is built but its chord model is not used."""

    name, hash = "none", None

    def predict(self, past: Any, context: Any) -> Any:
        """Raise NotImplementedError."""
        raise NotImplementedError


def make_row(decider: ChordDecider, mix: RecordingMix, beat: int, triad: int) -> Row:
    """Return the predictions for the beat that the decider has just decided."""
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


class Exponents(torch.nn.Module):
    """The exponents and weights in torch; attributes are named as in the weight file."""

    def __init__(self, tables: Arrays) -> None:
        """Start with the values of tables, by their names in the weight file."""
        super().__init__()
        first = {n: torch.tensor(t, dtype=torch.float32) for n, t in tables.items()}
        self.likeness = torch.nn.Parameter(first["likeness"])
        self.lags = torch.nn.Parameter(first["lags"])
        self.mix = torch.nn.Parameter(first["mix"])
        self.late_mix = torch.nn.Parameter(first["late_mix"])
        self.ear_mix = torch.nn.Parameter(first["ear_mix"])
        self.lag_features: Tensor = torch.tensor(lag_features(), dtype=torch.float32)

    def forward(self, b: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Return log probabilities of triads, (rows, TRIADS), by three mixes of experts.

        The first has the melody alone, without phrase nets and chord model; the second all experts
        but the chord model; the third all experts.
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


def stack_rows(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Stack rows into tensors with a first axis of rows, by field name."""
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


def fit_exponents(tables: Arrays, rows: Sequence[Row], is_last: bool) -> Arrays:
    """Return the tables with fitted exponents.

    Args:
        tables: to start from.
        rows: beats with annotated triads.
        is_last: False fits the mix of the melody alone and the weights of repetitions; True fits
            the two mixes with phrase nets. The weights of repetitions stay then, because the phrase
            nets were trained with them.
    """
    torch.manual_seed(0)
    exponents = Exponents(tables)
    first, last = (
        (exponents.ear_mix, exponents.likeness, exponents.lags),
        (exponents.late_mix, exponents.mix),
    )
    optimizer = torch.optim.Adam(last if is_last else first, lr=RATE)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        chosen = rng.choice(len(rows), min(BATCH, len(rows)), replace=False)
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        batch = stack_rows([rows[i] for i in chosen.tolist()])
        torch.autograd.backward(exponent_loss(exponents, batch, is_last))
        optimizer.step()
    return tables | {
        n: p.detach().numpy().astype(np.float64) for n, p in exponents.named_parameters()
    }


def exponent_loss(exponents: Exponents, batch: dict[str, Tensor], is_last: bool) -> Tensor:
    """Return the mean negative log likelihood of the annotated triads, plus the penalty."""
    log_probabilities = exponents(batch)
    picked = [
        t.gather(1, batch["triad"][:, None]).mean()
        for t in log_probabilities[is_last : 1 + 2 * is_last]
    ]
    return (
        DECAY * ((exponents.lags**2).sum() + (exponents.likeness**2).sum())
        - torch.stack(picked).sum()
    )


def measure_agreement(tables: Arrays, rows: Sequence[Row]) -> dict[str, float]:
    """Return, for each of three mixes, the share of rows whose annotated triad is the likeliest."""
    batch = stack_rows(rows)
    with torch.no_grad():
        log_probabilities = Exponents(tables)(batch)
    shares = [(t.argmax(1) == batch["triad"]).float().mean().item() for t in log_probabilities]
    names = ("melody", "without_chord_model", "all")
    return dict(zip(names, (round(share, 4) for share in shares), strict=True))
