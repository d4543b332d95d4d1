"""Models of the next note given the chords, side by side on songs that none of them has seen.

Each split is by song, near-duplicates on one side, drawn by the seed; every model is asked for the
pitch, the advance and the duration of every note of the test songs (tools/evaluation/melody.py).
Nets are scored on the split that they were trained on, and only there: name those that ship, or
paths of what `muse train melody-xl --export` wrote. With --sides, the nets alone are scored on
these sides of it; of the training songs, some.

    python tests/bench/melody_models.py [--data DIR] [--cache FILE] [--seeds 3]
                                        [--nets NAME,PATH...] [--sides train,validation,test]
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from sides import BySide, plain_sides, show_sides, sides_named, some

from muse.tools.datasets.melody_data import (
    MelodyData,
    load_melody_data,
    read_melody_data,
    save_melody_data,
)
from muse.tools.evaluation.melody import EVERYTHING, MelodyFigures, evaluate, ngram_scores
from muse.tools.melody.ngram_model import MelodyNgram, adaptive_ngram
from muse.tools.melody.torch_predictor import load_melody_net, net_scores

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
COLLECTIONS = ("pop909", "openewld")
METRICS = ("note_nll", "event_nll", "pitch_nll", "advance_nll", "duration_nll", "pitch_accuracy")

METRICS_OF_SIDES = ("note_nll", "pitch_accuracy", "advance_accuracy", "duration_accuracy")

Runs = dict[str, list[dict[str, MelodyFigures]]]  # model -> one evaluation for each seed


def read(data: Path, cache: Path | None) -> MelodyData:
    """All collections, from the cache where it is there."""
    if cache and cache.is_file():
        return load_melody_data(cache)
    found = read_melody_data(
        [data / name for name in COLLECTIONS],
        lambda error: print(f"left out: {error}", file=sys.stderr),
    )
    if cache:
        save_melody_data(cache, found)
    return found


def score(data: MelodyData, seed: int, nets: list[str], runs: Runs) -> None:
    """Add one evaluation of each model."""
    sides = data.sides(seed)
    train, test = sides["train"], sides["test"]
    runs.setdefault("ngram", []).append(evaluate(ngram_scores(MelodyNgram(train)), test))
    runs.setdefault("adaptive", []).append(evaluate(ngram_scores(adaptive_ngram(train)), test))
    for name in nets:
        net, card = load_melody_net(name)
        if card["split_seed"] == seed:
            runs.setdefault(name, []).append(evaluate(net_scores(net), test))


def on_sides(names: list[str], sides: list[str], data: MelodyData) -> BySide:
    """Evaluations of nets on sides of the splits that they were trained on."""
    found: dict[str, dict[str, dict[str, MelodyFigures]]] = {}
    for name in names:
        net, card = load_melody_net(name)
        seed, scorer = card["split_seed"], net_scores(net)
        songs = data.sides(seed)
        found[name] = {side: evaluate(scorer, some(songs[side], side, seed)) for side in sides}
    return found


def table_of(runs: Runs) -> dict[str, dict[str, dict[str, Any]]]:
    """Model, corpus, metric: mean and spread over the seeds."""
    return {
        model: {corpus: row_of([run[corpus] for run in own]) for corpus in own[0]}
        for model, own in runs.items()
    }


def row_of(rows: list[MelodyFigures]) -> dict[str, Any]:
    """Mean and standard deviation of each figure, and the seeds that it is of."""
    values = {name: [asdict(row)[name] for row in rows] for name in asdict(rows[0])}
    means = {name: {"mean": fmean(each), "spread": pstdev(each)} for name, each in values.items()}
    return {**means, "seeds": len(rows)}


def show(table: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """The figures for people."""
    for corpus in next(iter(table.values())):
        print(f"{corpus:20}" + "".join(f"{name:>16}" for name in METRICS), file=sys.stderr)
        for model, rows in table.items():
            cells = (rows[corpus][name] for name in METRICS)
            text = "".join(f"{c['mean']:>9.3f} ±{c['spread']:5.3f}" for c in cells)
            print(f"  {model[-18:]:18}{text}", file=sys.stderr)


def of_sides(data: MelodyData, options: argparse.Namespace) -> dict[str, Any]:
    """The report of the nets alone."""
    found = on_sides(options.nets, options.sides, data)
    show_sides(found, METRICS_OF_SIDES, EVERYTHING)
    return {"corpora": data.counts(), "sides": plain_sides(found)}


def of_models(data: MelodyData, options: argparse.Namespace) -> dict[str, Any]:
    """The report of all models on test songs."""
    runs: Runs = {}
    for seed in range(options.seeds):
        score(data, seed, options.nets, runs)
    table = table_of(runs)
    show(table)
    return {"corpora": data.counts(), "figures": table}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, help="where the songs as arrays are kept (.npz)")
    parser.add_argument("--seeds", type=int, default=3, help="how many splits")
    parser.add_argument("--nets", type=lambda text: text.split(","), default=[])
    parser.add_argument("--sides", type=sides_named, help="score the nets alone, on these sides")
    options = parser.parse_args()
    data = read(options.data, options.cache)
    report = of_sides(data, options) if options.sides else of_models(data, options)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
