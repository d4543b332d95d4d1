"""Speed of reading a table of songs in the form of Chordonomicon, made for the purpose.

Prints songs a minute of processor time: read as Songs, and read as training data of the chord
models, which detects the keys and compares the songs.

    python tests/bench/song_tables.py [--songs 100000]
"""

import argparse
import csv
import random
import tempfile
import time
from pathlib import Path

from muse.tools.datasets.chord_songs import chord_song
from muse.tools.datasets.fingerprints import fingerprint
from muse.tools.datasets.readers import read_songs

HEAD = ("id", "chords", "decade", "main_genre")
ROOTS = [
    "C",
    "Cs",
    "Db",
    "D",
    "Ds",
    "Eb",
    "E",
    "F",
    "Fs",
    "Gb",
    "G",
    "Gs",
    "Ab",
    "A",
    "As",
    "Bb",
    "B",
]
QUALITIES = ("", "", "", "min", "min", "7", "maj7", "min7", "sus4", "no3d", "dim", "add9")
SECTIONS = ("intro_1", "verse_1", "chorus_1", "verse_2", "chorus_2")
CONVERTED = 1000  # songs that are converted to training data


def write_table(path: Path, songs: int) -> None:
    """Write songs of five sections of 8 to 16 chords."""
    rng = random.Random(3)
    words = [root + quality for root in ROOTS for quality in QUALITIES]
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEAD)
        for number in range(songs):
            pool = rng.sample(words, 8)
            parts = (
                f"<{name}> " + " ".join(rng.choices(pool, k=rng.choice((8, 12, 16))))
                for name in SECTIONS
            )
            genre = rng.choice(("pop", "soul", "rock", "jazz", "country", ""))
            table.writerow((number, " ".join(parts), rng.choice(("1990.0", "")), genre))


def main() -> None:
    """Make a table, read it, and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, options.songs)
        begin = time.process_time()
        first = [pair for index, pair in enumerate(read_songs(path)) if index < CONVERTED]
        seconds = time.process_time() - begin
        print(f"read: {options.songs} songs, {60 * options.songs / seconds:,.0f} a minute")
        begin = time.process_time()
        for name, song in first:
            chord_song(name, song, "pop")
            fingerprint(song)
        seconds = time.process_time() - begin
        print(f"as training data: {60 * len(first) / seconds:,.0f} a minute")


if __name__ == "__main__":
    main()
