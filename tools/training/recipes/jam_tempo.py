"""Trains jam-tempo: nets that judge tempos by the onsets of a performance and find its beat.

    muse train jam-tempo --data DATA

Performances are the melodies of POP909 whose number is no multiple of five, with annotated beats,
the training part of the Groove MIDI Dataset, with the tempo of its metronome, and melodies of
OpenEWLD performed at 95 to 225 bpm. Each is seen from its first note on and from later ones.

- Three tempo nets, each trained without a third of the performances, learn to give the true tempo
  the highest score. They are averaged by stacking their units into one wider net.
- Two beat nets learn to distinguish the true tempo from its rivals, and to find the phase. For each
  performance the rivals come from the tempo net that was not trained on it.

`--set songs=20 --set steps=0.02` is a quick trial.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muse.models.tempo_nets.config import BEAT_UNITS, NAME, TEMPO_UNITS
from muse.models.tempo_nets.net import BeatNet
from muse.tools.jam.tempo.onset_features import FEATURES as BEAT_FEATURES
from muse.tools.jam.tempo.onset_intervals import FEATURES
from muse.tools.training.deterministic import deterministic
from muse.tools.training.examples.tempo_moments import (
    FOLDS,
    BeatMoment,
    Performance,
    beat_moments,
    cut_pieces,
    read_groove,
    read_lead_sheets,
    read_pop909_melodies,
    tempo_moments,
)
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.jam.tempo_nets import (
    Array,
    Floats,
    stack_moments,
    train_beat_net,
    train_tempo_net,
)

log = logging.getLogger("muse")

TEMPO_PIECES, BEAT_PIECES = 3, 8  # pieces of each performance, for the two kinds of net
TEMPO_STEPS, BEAT_STEPS, BEAT_NETS = 2500, 6000, 2


@dataclass(frozen=True)
class JamTempoSettings:
    """Settings of the training.

    Attributes:
        songs: of each collection, at most; 0 for all.
        steps: share of the usual number of steps.
        left_out: fifth of the performances to leave out, 0 to 4, to measure on; -1 for none.
    """

    songs: int = 0
    steps: float = 1.0
    left_out: int = -1


class JamTempoFit(Fit):
    """The nets of models/tempo_nets."""

    name = NAME
    what = (
        "estimates tempos from intervals between onsets, and beat positions from the onsets nearby"
        " (models/tempo_nets)"
    )
    task = "jam"
    licence = "MIT, CC BY 4.0"
    settings = JamTempoSettings
    collections: ClassVar[tuple[str, ...]] = ("pop909", "groove", "openewld")
    minutes = 8.0

    def fit(self, job: FitJob) -> Fitted:
        """Train the tempo nets, then the beat nets."""
        settings: JamTempoSettings = job.settings
        melodies = chosen(list(read_pop909_melodies(job.collection("pop909"))), settings)
        drummers = chosen(list(read_groove(job.collection("groove"))), settings)
        sheets = chosen(list(read_lead_sheets(job.collection("openewld"))), settings)
        performances, rng = [*melodies, *drummers, *sheets], np.random.default_rng(job.seed)
        with deterministic(job.seed):
            steps = max(int(TEMPO_STEPS * settings.steps), 2)
            pieces = [list(cut_pieces(each, TEMPO_PIECES, rng)) for each in performances]
            judges = tempo_nets(list(chain.from_iterable(pieces)), steps, job.seed)
            steps = max(int(BEAT_STEPS * settings.steps), 2)
            pieces = [list(cut_pieces(each, BEAT_PIECES, rng)) for each in performances]
            nets, loss = beat_nets(pieces, judges, steps, job.seed)
            arrays = joined(judges, nets)
        return Fitted(
            arrays,
            {
                "units": TEMPO_UNITS * FOLDS,
                "features": FEATURES,
                "beat_nets": BEAT_NETS,
                "beat_features": BEAT_FEATURES,
                "beat_units": list(BEAT_UNITS),
            },
            sources(len(melodies), len(drummers), len(sheets)),
            {
                "loss": round(loss, 3),
                "unit": "nats a moment, of tempo and phase",
                "on": "the training performances, varied",
            },
        )


def chosen(found: list[Performance], settings: JamTempoSettings) -> list[Performance]:
    """Return the performances of a collection that are trained on."""
    return [each for each in found if each.fifth != settings.left_out][: settings.songs or None]


def tempo_nets(pieces: Sequence[Performance], steps: int, seed: int) -> list[dict[str, Floats]]:
    """Train the nets that judge tempos, each without one fold of the performances."""
    rows: list[NDArray[np.float16]] = []
    truths: list[tuple[float, float, int]] = []  # tempo, weight, fold
    for piece in pieces:
        found = list(tempo_moments(piece))
        rows += [features for features, _ in found]
        truths += [(bpm, piece.weight / len(found), piece.fold) for _, bpm in found]
    features, bpms = np.stack(rows), np.array([bpm for bpm, _, _ in truths])
    log.info("%d moments to judge tempos by", len(truths))
    nets = []
    for fold in range(FOLDS):
        probabilities = normalized([weight * (own != fold) for _, weight, own in truths])
        nets.append(train_tempo_net(features, bpms, probabilities, steps, seed + fold))
    return nets


def normalized(weights: Sequence[float]) -> Array:
    """Return weights as probabilities."""
    return np.array(weights) / sum(weights)


def beat_nets(
    performances: Sequence[Sequence[Performance]],
    judges: Sequence[dict[str, Floats]],
    steps: int,
    seed: int,
) -> tuple[list[BeatNet], float]:
    """Train the nets that find the beat; return them and their mean loss.

    Args:
        performances: the pieces of each performance.
        judges: the tempo nets.
        steps: of each net.
        seed: of the first net; the next ones have the numbers after it.
    """
    moments: list[BeatMoment] = []
    weights: list[float] = []
    for pieces in performances:
        found = [one for piece in pieces for one in beat_moments(piece, judges[piece.fold])]
        moments += found
        weights += [pieces[0].weight / len(found) for _ in found]
    log.info("%d moments to find beats by", len(moments))
    everything = stack_moments(moments)
    probabilities = normalized(weights)
    found_nets = [
        train_beat_net(everything, probabilities, steps, seed + i) for i in range(BEAT_NETS)
    ]
    return [net for net, _ in found_nets], float(np.mean([loss for _, loss in found_nets]))


def joined(judges: Sequence[dict[str, Floats]], nets: Sequence[BeatNet]) -> dict[str, Floats]:
    """Return the arrays of all nets under the names that models/tempo_nets reads."""
    arrays = {name: np.concatenate([judge[name] for judge in judges]) for name in judges[0]}
    arrays["out"] /= len(judges)
    for layer, both in enumerate(zip(*(net.arrays() for net in nets), strict=True)):
        arrays[f"beat.{layer}"] = np.stack([weight for weight, _ in both])
        arrays[f"beat.{layer}.bias"] = np.stack([bias for _, bias in both])
    return arrays


def sources(melodies: int, drummers: int, sheets: int) -> list[dict[str, Any]]:
    """Return the collections for the card, with the number of performances used of each."""
    return [
        {
            "name": "POP909",
            "licence": "MIT",
            "attribution": "Wang et al., POP909: A Pop-song Dataset, ISMIR 2020",
            "used": f"melodies and beats of {melodies} songs whose number is no multiple of five",
        },
        {
            "name": "Groove MIDI Dataset",
            "licence": "CC BY 4.0",
            "attribution": "Gillick et al., Learning to Groove with Inverse Sequence "
            "Transformations, ICML 2019",
            "used": f"onsets and tempos of {drummers} performances of its training part",
        },
        {
            "name": "OpenEWLD",
            "licence": "MIT, tunes in the public domain",
            "attribution": "Simonetta et al., OpenEWLD, 2018",
            "used": f"{sheets} melodies in 2/2, 2/4, 3/4 and 4/4, four in five of the collection, "
            "with random timing and tempos",
        },
    ]
