"""Models of the next chord, side by side on songs that none of them has seen.

Each split is by song, near-duplicates on one side, drawn by the seed; every model is asked for
every chord of the test songs (tools/evaluation/chords.py). N-grams are counted for each corpus by
itself (its own songs only, as published figures are), for each style, and for all songs together.
The nets that ship are scored on the split that they were trained on, and only there. With --sides,
the nets alone are scored on these sides of it; of the training songs, some.

    python tests/bench/chord_models.py [--data DIR] [--cache FILE] [--seeds 3] [--json FILE]
                                       [--nets chord-transformer,chord-lstm]
                                       [--sides train,validation,test]
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sides import BySide, plain_sides, show_sides, sides_named, some

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
    """All collections, from the cache where it is there."""
    if cache and cache.is_file():
        return load_chord_data(cache)
    start = time.process_time()
    paths = [data / name for name in COLLECTIONS] + [ROOT / "examples" / "neo_soul.txt"]
    found = read_chord_data(paths, lambda error: print(f"left out: {error}", file=sys.stderr))
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
    """Add an evaluation of each net whose training left these songs out."""
    for name in names:
        net, card = load_torch_net(name)
        if card["split_seed"] == seed:
            runs.setdefault(name, []).append(evaluate(TorchPredictor(net), test))


def on_sides(names: Sequence[str], sides: Sequence[str], data: ChordData) -> BySide:
    """Evaluations of nets on sides of the splits that they were trained on."""
    found: dict[str, dict[str, dict[str, Figures]]] = {}
    for name in names:
        net, card = load_torch_net(name)
        seed, model = card["split_seed"], TorchPredictor(net)
        songs = data.sides(seed)
        found[name] = {side: evaluate(model, some(songs[side], side, seed)) for side in sides}
    return found


def escapes(train: Sequence[ChordSong]) -> dict[str, float]:
    """The escape weight that is tuned for each corpus."""
    models = train_baseline("adaptive", train, "corpus").models
    return {group: getattr(model, "escape", 0.0) for group, model in models.items()}


def show(
    table: Mapping[str, Mapping[str, Mapping[str, Spread]]], counts: Mapping[str, Any]
) -> None:
    """The figures for people: mean and spread over seeds."""
    corpora = list(next(iter(table.values())))
    for corpus in corpora:
        print(f"{corpus}: {counts[corpus]}", file=sys.stderr)
        print("  " + " " * 20 + "".join(f"{metric:>18}" for metric in METRICS), file=sys.stderr)
        for model, by_corpus in table.items():
            cells = (by_corpus[corpus][metric] for metric in METRICS)
            text = "".join(f"{c.mean:>11.3f} ±{c.deviation:5.3f}" for c in cells)
            print(f"  {model:20}{text}", file=sys.stderr)


def show_ahead(runs: Runs) -> None:
    """How far each model is from the strongest of those that count, on the same splits."""
    print(f"top1 and perplexity above those of '{REFERENCE}', seed by seed:", file=sys.stderr)
    for model, own in runs.items():
        if model == REFERENCE:
            continue
        cells = [
            f"{c} {row['top1'].mean:+.3f} {row['perplexity'].mean:+.2f}"
            for c, row in seed_differences(own, runs[REFERENCE][: len(own)]).items()
        ]
        print(f"  {model:20}{'  '.join(cells)}", file=sys.stderr)


def plain(by_corpus: Mapping[str, Mapping[str, Spread]]) -> dict[str, Any]:
    """The table of one model as JSON holds it."""
    return {c: {m: asdict(s) for m, s in row.items()} for c, row in by_corpus.items()}


def of_sides(data: ChordData, options: argparse.Namespace) -> dict[str, Any]:
    """The report of the nets alone."""
    found = on_sides(options.nets, options.sides, data)
    show_sides(found, METRICS, EVERYTHING)
    return {"data_hash": data.content_hash(), "corpora": data.counts(), "sides": plain_sides(found)}


def of_models(data: ChordData, options: argparse.Namespace) -> dict[str, Any]:
    """The report of all models on test songs."""
    runs: Runs = {}
    tuned = {}
    for seed in range(options.seeds):
        sides = data.sides(seed)
        score_baselines(sides["train"], sides["test"], runs)
        score_nets(options.nets, seed, sides["test"], runs)
        tuned[seed] = escapes(sides["train"])
    table = {model: over_seeds(each) for model, each in runs.items()}
    tested = next(iter(runs.values()))
    counts = {
        corpus: [f"{run[corpus].songs} songs, {run[corpus].chords} chords" for run in tested]
        for corpus in tested[0]
    }
    show(table, counts)
    show_ahead(runs)
    return {
        "data_hash": data.content_hash(),
        "corpora": data.counts(),
        "seeds": options.seeds,
        "test": counts,
        "escapes": tuned,
        "ahead of " + REFERENCE: {
            model: plain(seed_differences(each, runs[REFERENCE][: len(each)]))
            for model, each in runs.items()
        },
        "figures": {model: plain(by_corpus) for model, by_corpus in table.items()},
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, help="where the songs as arrays are kept (.npz)")
    parser.add_argument("--seeds", type=int, default=3, help="how many splits")
    parser.add_argument("--nets", type=lambda text: text.split(","), default=NETS)
    parser.add_argument("--sides", type=sides_named, help="score the nets alone, on these sides")
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    data = read(options.data, options.cache)
    report = of_sides(data, options) if options.sides else of_models(data, options)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
