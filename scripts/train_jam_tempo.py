"""Train the tempo nets: which tempos explain onsets, and where beats fall.

    python scripts/train_jam_tempo.py --data ../shared/data --out models/weights

Melodies of POP909 whose number is no multiple of five against their beats, and performances of the
training part of the Groove MIDI Dataset against the tempo they were played to, from their first
note and from others. First the net that judges tempos learns to give the true one the highest score
of all: three nets, each without a third of the performances, averaged as one wider net. Then those
that find the beat learn to tell the true one of its rivals and the phase, each performance seen
after the net that did not learn from it. Eight minutes on a core; `--songs 20 --part 0.02` shows
that all of it works.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tempo_moments import (
    FOLDS,
    Glimpse,
    Played,
    glimpses,
    groove,
    lag_moments,
    pieces,
    pop909,
)
from tempo_nets import Array, Floats, beat_net, lag_net, stacked

from muse.models.tempo_nets.config import BEAT_UNITS, NAME, TEMPO_UNITS
from muse.models.tempo_nets.net import BeatNet
from muse.models.weight_files import pack_weights
from muse.tools.files import write_bytes
from muse.tools.jam.tempo.onset_features import FEATURES as BEAT_FEATURES
from muse.tools.jam.tempo.onset_intervals import FEATURES

log = logging.getLogger("train")

LAG_PIECES, BEAT_PIECES = 3, 8  # of a performance
STEPS, BEAT_STEPS, BEAT_NETS = 2500, 6000, 2


def chances_of(weights: list[float]) -> Array:
    """How likely each moment is to be learnt from."""
    return np.array(weights) / sum(weights)


def lag_nets(parts: list[list[Played]], steps: int) -> list[dict[str, Floats]]:
    """The nets that judge tempos, each without one fold."""
    rows: list[NDArray[np.float16]] = []
    told: list[tuple[float, float, int]] = []
    for cut in (piece for part in parts for piece in part):
        found = list(lag_moments(cut))
        rows += [features for features, _ in found]
        told += [(bpm, cut.weight / len(found), cut.fold) for _, bpm in found]
    features, bpms = np.stack(rows), np.array([bpm for bpm, _, _ in told])
    log.info("%d moments to judge tempos by", len(told))
    nets = []
    for fold in range(FOLDS):
        weights = [weight * (of != fold) for _, weight, of in told]
        nets.append(lag_net(features, bpms, chances_of(weights), steps, fold))
    return nets


def cut_up(played: Sequence[Played], count: int, dice: np.random.Generator) -> list[list[Played]]:
    """Pieces of each performance."""
    return [list(pieces(each, count, dice)) for each in played]


def beat_nets(
    parts: list[list[Played]], judges: list[dict[str, Floats]], steps: int
) -> tuple[list[BeatNet], float]:
    """The nets that find the beat, and their loss."""
    seen: list[Glimpse] = []
    weights: list[float] = []
    for part in parts:
        found = [one for piece in part for one in glimpses(piece, judges[piece.fold])]
        seen += found
        weights += [part[0].weight / len(found)] * len(found)
    log.info("%d moments to find beats by", len(seen))
    everything, chances = stacked(seen), chances_of(weights)
    found_nets = [beat_net(everything, chances, steps, seed) for seed in range(BEAT_NETS)]
    return [net for net, _ in found_nets], float(np.mean([loss for _, loss in found_nets]))


def tensors_of(judges: list[dict[str, Floats]], nets: list[BeatNet]) -> dict[str, Floats]:
    """The arrays as models/tempo_nets wants them."""
    joined = {name: np.concatenate([judge[name] for judge in judges]) for name in judges[0]}
    joined["out"] /= len(judges)
    for layer, arrays in enumerate(zip(*(net.arrays() for net in nets), strict=True)):
        joined[f"beat.{layer}"] = np.stack([weight for weight, _ in arrays])
        joined[f"beat.{layer}.bias"] = np.stack([bias for _, bias in arrays])
    return joined


def card(melodies: int, drummers: int, loss: float) -> dict[str, object]:
    """What the weights are."""
    return {
        "name": NAME,
        "task": "jam",
        "what": "judges tempos by the lags between onsets, and finds the beat by how onsets lie "
        "beside their neighbours (models/tempo_nets/inference.py)",
        "config": {
            "units": TEMPO_UNITS * FOLDS,
            "features": FEATURES,
            "beat_nets": BEAT_NETS,
            "beat_features": BEAT_FEATURES,
            "beat_units": list(BEAT_UNITS),
        },
        "licence": "MIT, CC BY 4.0",
        "data": [
            {
                "name": "POP909",
                "licence": "MIT",
                "attribution": "Wang et al., POP909: A Pop-song Dataset, ISMIR 2020",
                "used": f"melodies and beats of {melodies} songs whose number is no multiple of "
                "five",
            },
            {
                "name": "Groove MIDI Dataset",
                "licence": "CC BY 4.0",
                "attribution": "Gillick et al., Learning to Groove with Inverse Sequence "
                "Transformations, ICML 2019",
                "used": f"onsets and tempos of {drummers} performances of its training part",
            },
        ],
        "command": "python scripts/train_jam_tempo.py",
        "metrics": {
            "loss": round(loss, 3),
            "unit": "nats a moment, of tempo and phase",
            "on": "the performances learnt from, varied",
        },
    }


def main() -> None:
    """Read, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("models/weights"))
    parser.add_argument("--songs", type=int, help="at most so many of each set")
    parser.add_argument("--part", type=float, default=1.0, help="of all steps")
    parser.add_argument("--leave", type=int, help="leave this fifth out, to measure on it")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    sets = [
        [each for each in read(options.data) if each.fifth != options.leave][: options.songs]
        for read in (pop909, groove)
    ]
    played, dice = [each for part in sets for each in part], np.random.default_rng(0)
    judges = lag_nets(cut_up(played, LAG_PIECES, dice), max(int(STEPS * options.part), 2))
    steps = max(int(BEAT_STEPS * options.part), 2)
    nets, loss = beat_nets(cut_up(played, BEAT_PIECES, dice), judges, steps)
    data, text = pack_weights(tensors_of(judges, nets), card(len(sets[0]), len(sets[1]), loss))
    write_bytes(options.out / f"{NAME}.safetensors", data)
    write_bytes(options.out / f"{NAME}.json", text)


if __name__ == "__main__":
    main()
