"""Models of the next note given the chords, compared on songs that none of them was trained on.

A split is by song and depends on the seed; near-duplicates are on the same side. Every model
predicts pitch, advance and duration of every note of the test songs (tools/evaluation/melody.py).
Nets are scored only on the split that they were trained on: those that ship with muse by name, or
paths of weights written by `muse train melody-xl --export`. With --sides, only the nets are scored,
on the given sides of that split; of the training side, 200 random songs.

    python tests/bench/melody_models.py [--data DIR] [--cache FILE] [--seeds 3]
                                        [--nets NAME,PATH...] [--sides train,validation,test]

Data: pop909 and openewld of the data folder. NLL is the negative log likelihood in nats.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from splits import BySide, parse_sides, print_sides, sides_to_json, songs_to_score

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
    """Read all collections, or the cache if it exists."""
    if cache and cache.is_file():
        return load_melody_data(cache)
    found = read_melody_data(
        [data / name for name in COLLECTIONS],
        lambda error: print(f"skipped: {error}", file=sys.stderr),
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


def score_sides(names: list[str], sides: list[str], data: MelodyData) -> BySide:
    """Score nets on sides of the splits that they were trained on."""
    found: dict[str, dict[str, dict[str, MelodyFigures]]] = {}
    for name in names:
        net, card = load_melody_net(name)
        seed, scorer = card["split_seed"], net_scores(net)
        songs = data.sides(seed)
        found[name] = {
            side: evaluate(scorer, songs_to_score(songs[side], side, seed)) for side in sides
        }
    return found


def table_of(runs: Runs) -> dict[str, dict[str, dict[str, Any]]]:
    """Return mean and standard deviation over seeds, by model, corpus and metric."""
    return {
        model: {corpus: row_of([run[corpus] for run in own]) for corpus in own[0]}
        for model, own in runs.items()
    }


def row_of(rows: list[MelodyFigures]) -> dict[str, Any]:
    """Return mean and standard deviation of each figure, and the number of seeds."""
    values = {name: [asdict(row)[name] for row in rows] for name in asdict(rows[0])}
    means = {name: {"mean": fmean(each), "spread": pstdev(each)} for name, each in values.items()}
    return {**means, "seeds": len(rows)}


def print_table(table: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print the figures as a table."""
    for corpus in next(iter(table.values())):
        print(f"{corpus:20}" + "".join(f"{name:>16}" for name in METRICS), file=sys.stderr)
        for model, rows in table.items():
            cells = (rows[corpus][name] for name in METRICS)
            text = "".join(f"{c['mean']:>9.3f} ±{c['spread']:5.3f}" for c in cells)
            print(f"  {model[-18:]:18}{text}", file=sys.stderr)


def report_sides(data: MelodyData, options: argparse.Namespace) -> dict[str, Any]:
    """Return and print the figures of the nets on the given sides."""
    found = score_sides(options.nets, options.sides, data)
    print_sides(found, METRICS_OF_SIDES, EVERYTHING)
    return {"corpora": data.counts(), "sides": sides_to_json(found)}


def report_models(data: MelodyData, options: argparse.Namespace) -> dict[str, Any]:
    """Return and print the figures of all models on test songs."""
    runs: Runs = {}
    for seed in range(options.seeds):
        score(data, seed, options.nets, runs)
    table = table_of(runs)
    print_table(table)
    return {"corpora": data.counts(), "figures": table}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--cache", type=Path, help=".npz file to read the songs from, or to write them to"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of splits")
    parser.add_argument("--nets", type=lambda text: text.split(","), default=[])
    parser.add_argument("--sides", type=parse_sides, help="score only the nets, on these sides")
    options = parser.parse_args()
    data = read(options.data, options.cache)
    report = report_sides(data, options) if options.sides else report_models(data, options)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
