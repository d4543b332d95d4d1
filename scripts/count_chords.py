"""Count the chords of collections into models/weights/chord-ngram, the model of `--model ngram`.

    python scripts/count_chords.py ../shared/data/pop909 ../shared/data/billboard \
        ../shared/data/openewld ../shared/data/progressions.json examples/neo_soul.txt

Only the training side of the split with seed 0 is counted; the card tells the figures of its
test side.
"""

import argparse
import logging
import sys
from pathlib import Path

from muse.models.weight_files import packed
from muse.tools.chords.ngram_model import WEIGHTS, NgramModel
from muse.tools.chords.song_data import load_chord_data, read_chord_data
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.evaluation.chords import evaluate
from muse.tools.files import write_bytes
from muse.tools.training.chord_counts import chord_counts_config, count_chords

SEED = 0  # of the split
OUT = Path(__file__).parent.parent / "models" / "weights"
SOURCES = (
    "POP909 (MIT); McGill Billboard (CC0); OpenEWLD (repository MIT, tunes claimed public domain);"
    " free-midi-chords progressions (MIT); the charts of examples/neo_soul.txt (muse's own)"
)


def main() -> None:
    """Read, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", type=Path, help="collections, or one .npz of them")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    is_read = [path.suffix for path in options.data] == [".npz"]
    data = load_chord_data(options.data[0]) if is_read else read_chord_data(options.data, skipped)
    sides = data.sides(seed=SEED)
    songs = sides["train"]
    tables = count_chords(songs)
    card = {
        "name": WEIGHTS,
        "task": "chords",
        "licence": "MIT",
        "config": chord_counts_config(),
        "vocabulary": CHORD_VOCABULARY.name,
        "vocabulary_hash": CHORD_VOCABULARY.hash,
        "data": SOURCES,
        "data_hash": data.content_hash(),
        "songs": len(songs),
        "chords": sum(map(len, songs)),
        "metrics": {
            name: {"top1": round(f.top1, 4), "perplexity": round(f.perplexity, 3), "songs": f.songs}
            for name, f in evaluate(NgramModel(tables), sides["test"]).items()
        },
        "made_by": "scripts/count_chords.py",
    }
    weights, told = packed(tables, card)
    write_bytes(options.out / f"{WEIGHTS}.safetensors", weights)
    write_bytes(options.out / f"{WEIGHTS}.json", told)
    print(f"{len(songs)} songs, {len(weights)} bytes", file=sys.stderr)


def skipped(error: Exception) -> None:
    """Say which file was left out."""
    print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
