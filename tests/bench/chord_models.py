"""Models of the next chord, compared on songs that none of them was trained on.

A split is by song and depends on the seed; near-duplicates are on the same side. Every model
predicts every chord of the test songs (tools/evaluation/chords.py). N-grams are counted for each
corpus separately (as published figures are), for each style, and for all songs together. The nets
that ship with muse are scored only on the split that they were trained on. With --sides, only the
nets are scored, on the given sides of that split; of the training side, 200 random songs.

    python tests/bench/chord_models.py [--data DIR] [--cache FILE] [--seeds 3] [--json FILE]
                                       [--nets chord-transformer,chord-lstm]
                                       [--sides train,validation,test]

Data: pop909, billboard, openewld and progressions.json of the data folder. The table on stderr has
the mean and the standard deviation over seeds of top-1 and top-3 accuracy, mean reciprocal rank and
perplexity.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from splits import BySide, parse_sides, print_sides, sides_to_json, songs_to_score

from muse.tools.chords.ngram_baselines import train_baseline
from muse.tools.chords.torch_predictor import TorchPredictor, load_torch_net
from muse.tools.datasets.chord_data import (
    ChordData,
    ChordSong,
    load_chord_data,
    read_chord_data,
    save_chord_data,
)
from muse.tools.evaluation.chords import (
    EVERYTHING,
    Figures,
    Spread,
    evaluate,
    over_seeds,
    seed_differences,
)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
COLLECTIONS = ("pop909", "billboard", "openewld", "progressions.json")
METRICS = ("top1", "top3", "mrr", "perplexity")
ROWS = (
    ("unigram", "corpus"),
    ("trigram", "corpus"),
    ("trigram", "style"),
    ("trigram", "all"),
    ("adaptive", "corpus"),
    ("adaptive", "style"),
    ("adaptive", "all"),
)

REFERENCE = "adaptive, corpus"
NETS = ["chord-transformer", "chord-lstm"]

Runs = dict[str, list[dict[str, Figures]]]  # model -> one evaluation for each seed


def read(data: Path, cache: Path | None) -> ChordData:
    """Read all collections, or the cache if it exists."""
    if cache and cache.is_file():
        return load_chord_data(cache)
    start = time.process_time()
    paths = [data / name for name in COLLECTIONS] + [ROOT / "examples" / "neo_soul.txt"]
    found = read_chord_data(paths, lambda error: print(f"skipped: {error}", file=sys.stderr))
    seconds = time.process_time() - start
    print(f"read {len(found.songs)} songs in {seconds:.1f} s of one core", file=sys.stderr)
    if cache:
        save_chord_data(cache, found)
    return found


def score_baselines(train: Sequence[ChordSong], test: Sequence[ChordSong], runs: Runs) -> None:
    """Add one evaluation of each baseline."""
    for name, grouping in ROWS:
        model = train_baseline(name, train, grouping)
        runs.setdefault(f"{name}, {grouping}", []).append(evaluate(model, test))


def score_nets(names: Sequence[str], seed: int, test: Sequence[ChordSong], runs: Runs) -> None:
    """Add an evaluation of each net that was trained on the split of this seed."""
    for name in names:
        net, card = load_torch_net(name)
        if card["split_seed"] == seed:
            runs.setdefault(name, []).append(evaluate(TorchPredictor(net), test))


def score_sides(names: Sequence[str], sides: Sequence[str], data: ChordData) -> BySide:
    """Score nets on sides of the splits that they were trained on."""
    found: dict[str, dict[str, dict[str, Figures]]] = {}
    for name in names:
        net, card = load_torch_net(name)
        seed, model = card["split_seed"], TorchPredictor(net)
        songs = data.sides(seed)
        found[name] = {
            side: evaluate(model, songs_to_score(songs[side], side, seed)) for side in sides
        }
    return found


def escape_weights(train: Sequence[ChordSong]) -> dict[str, float]:
    """Return the escape weight that is tuned for each corpus."""
    models = train_baseline("adaptive", train, "corpus").models
    return {group: getattr(model, "escape", 0.0) for group, model in models.items()}


def print_table(
    table: Mapping[str, Mapping[str, Mapping[str, Spread]]], counts: Mapping[str, Any]
) -> None:
    """Print mean and standard deviation over seeds."""
    corpora = list(next(iter(table.values())))
    for corpus in corpora:
        print(f"{corpus}: {counts[corpus]}", file=sys.stderr)
        print("  " + " " * 20 + "".join(f"{metric:>18}" for metric in METRICS), file=sys.stderr)
        for model, by_corpus in table.items():
            cells = (by_corpus[corpus][metric] for metric in METRICS)
            text = "".join(f"{c.mean:>11.3f} ±{c.deviation:5.3f}" for c in cells)
            print(f"  {model:20}{text}", file=sys.stderr)


def print_differences(runs: Runs) -> None:
    """Print the mean difference of each model from the best n-gram, on the same splits."""
    print(f"mean difference from '{REFERENCE}' over seeds, top1 and perplexity:", file=sys.stderr)
    for model, own in runs.items():
        if model == REFERENCE:
            continue
        cells = [
            f"{c} {row['top1'].mean:+.3f} {row['perplexity'].mean:+.2f}"
            for c, row in seed_differences(own, runs[REFERENCE][: len(own)]).items()
        ]
        print(f"  {model:20}{'  '.join(cells)}", file=sys.stderr)


def to_json(by_corpus: Mapping[str, Mapping[str, Spread]]) -> dict[str, Any]:
    """Return the figures of one model as JSON values."""
    return {c: {m: asdict(s) for m, s in row.items()} for c, row in by_corpus.items()}


def report_sides(data: ChordData, options: argparse.Namespace) -> dict[str, Any]:
    """Return and print the figures of the nets on the given sides."""
    found = score_sides(options.nets, options.sides, data)
    print_sides(found, METRICS, EVERYTHING)
    return {
        "data_hash": data.content_hash(),
        "corpora": data.counts(),
        "sides": sides_to_json(found),
    }


def report_models(data: ChordData, options: argparse.Namespace) -> dict[str, Any]:
    """Return and print the figures of all models on test songs."""
    runs: Runs = {}
    tuned = {}
    for seed in range(options.seeds):
        sides = data.sides(seed)
        score_baselines(sides["train"], sides["test"], runs)
        score_nets(options.nets, seed, sides["test"], runs)
        tuned[seed] = escape_weights(sides["train"])
    table = {model: over_seeds(each) for model, each in runs.items()}
    tested = next(iter(runs.values()))
    counts = {
        corpus: [f"{run[corpus].songs} songs, {run[corpus].chords} chords" for run in tested]
        for corpus in tested[0]
    }
    print_table(table, counts)
    print_differences(runs)
    return {
        "data_hash": data.content_hash(),
        "corpora": data.counts(),
        "seeds": options.seeds,
        "test": counts,
        "escapes": tuned,
        "ahead of " + REFERENCE: {
            model: to_json(seed_differences(each, runs[REFERENCE][: len(each)]))
            for model, each in runs.items()
        },
        "figures": {model: to_json(by_corpus) for model, by_corpus in table.items()},
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--cache", type=Path, help=".npz file to read the songs from, or to write them to"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of splits")
    parser.add_argument("--nets", type=lambda text: text.split(","), default=NETS)
    parser.add_argument("--sides", type=parse_sides, help="score only the nets, on these sides")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    data = read(options.data, options.cache)
    report = report_sides(data, options) if options.sides else report_models(data, options)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
