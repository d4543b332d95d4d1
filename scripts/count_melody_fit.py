"""Count how melodies go with chords into models/weights/melody-fit, for `muse chords --under`.

    python scripts/count_melody_fit.py ../shared/data/pop909 ../shared/data/openewld

Only the training side of the split with seed 0 is counted; the card tells how well the table
foretells the pitch classes of its test side.
"""

import argparse
import hashlib
import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from muse.models.weight_files import packed
from muse.tools.chords.harmonize.melody_fit import (
    LENGTHS,
    PLACES,
    WEIGHTS,
    Counts,
    MelodyFit,
)
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, FIRST_CHORD_ID
from muse.tools.files import write_bytes
from muse.tools.melody.song_arrays import ARRAYS, MelodySong
from muse.tools.melody.song_data import load_melody_data, read_melody_data
from muse.tools.training.melody_fit import count_melody_fit, song_segments

SEED = 0  # of the split
OUT = Path(__file__).parent.parent / "models" / "weights"
SOURCES = "POP909 (MIT); OpenEWLD (repository MIT, tunes claimed public domain)"


def main() -> None:
    """Read, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", type=Path, help="collections, or one .npz of them")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    is_read = [path.suffix for path in options.data] == [".npz"]
    data = load_melody_data(options.data[0]) if is_read else read_melody_data(options.data, skipped)
    sides = data.sides(SEED)
    counts = count_melody_fit(sides["train"])
    card = {
        "name": WEIGHTS,
        "task": "chords",
        "licence": "MIT",
        "config": {"kind": WEIGHTS, "places": PLACES, "lengths": list(LENGTHS)},
        "vocabulary": CHORD_VOCABULARY.name,
        "vocabulary_hash": CHORD_VOCABULARY.hash,
        "data": SOURCES,
        "data_hash": hash_of(data.songs),
        "songs": len(sides["train"]),
        "notes": sum(map(len, sides["train"])),
        "metrics": {"test": perplexities(counts, sides["test"])},
        "made_by": "scripts/count_melody_fit.py",
    }
    weights, told = packed(counts, card)
    write_bytes(options.out / f"{WEIGHTS}.safetensors", weights)
    write_bytes(options.out / f"{WEIGHTS}.json", told)
    print(f"{card['songs']} songs, {len(weights)} bytes, {card['metrics']}", file=sys.stderr)


def perplexities(counts: Counts, songs: Iterable[MelodySong]) -> dict[str, float]:
    """How many pitch classes a segment of melody has to choose from: with the chord, without it."""
    fit = MelodyFit(counts)
    rows = [
        (segment.kind, segment.pitch_class, chord)
        for song in songs
        for chord, segment in song_segments(song)
        if chord >= FIRST_CHORD_ID
    ]
    kinds, pcs, chords = np.array(rows).T
    in_key = np.log(fit.in_key[kinds, pcs])
    in_chord = in_key + fit.logs[kinds, chords, pcs]
    figures = {"perplexity": in_chord, "perplexity_without_chords": in_key}
    return {name: round(float(np.exp(-logs.mean())), 3) for name, logs in figures.items()}


def hash_of(songs: Sequence[MelodySong]) -> str:
    """SHA-256 of what is counted."""
    digest = hashlib.sha256()
    for song in songs:
        digest.update(song.id.encode())
        for name in ARRAYS:
            digest.update(np.ascontiguousarray(getattr(song, name)).tobytes())
    return digest.hexdigest()


def skipped(error: Exception) -> None:
    """Say which file was left out."""
    print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
