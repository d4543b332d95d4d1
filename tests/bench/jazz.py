"""How much like jazz the chords of `muse chords --style jazz` are, beside written progressions.

    python tests/bench/jazz.py [--data DIR] [--seeds N] [--json FILE]

Each row is a collection, cut into windows of 16 bars in 4/4:

    standards: DIR/jazz, the Jazz Chord Progressions Corpus (Bunks et al., 2023); only measured,
    lead sheets: DIR/openewld,
    charts: examples/jazz.txt,
    generated: 16 bars for each of N seeds.

Columns: share of windows without any ii-V; ii-Vs and ii-V-Is per window; share of root motions by
an ascending fourth; share of chords with four notes or more, and with a ninth or more; different
chords, and chord changes per bar. A ii-V is a minor seventh or half-diminished chord, followed by
a dominant a fourth higher; in a ii-V-I that is followed by a major or minor chord a fourth higher.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parent))

from muse.tools.chords.generate_songs import generate_songs
from muse.tools.chords.load_model import load_model
from muse.tools.chords.request import ChordRequest
from muse.tools.datasets.charts import read_charts
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.qualities import quality

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
BARS, BAR_BEATS = 16, 4
TWO_FAMILIES = {"min7", "min9", "min11", "min13", "hdim7"}

Timed = list[tuple[float, ChordSymbol]]  # start in beats, chord; repeats merged


def merged(chords: Iterator[tuple[float, ChordSymbol]]) -> Timed:
    """Return chords without those that repeat the one before."""
    found: Timed = []
    for start, symbol in chords:
        if symbol.root_pc is not None and (not found or found[-1][1] != symbol):
            found.append((start, symbol))
    return found


def song_chords(song: Song) -> Timed:
    """Return the chords of a song."""
    return merged((c.start_beats, parse_chord(c.symbol)) for c in song.chords)


def standard_chords(text: str) -> Timed:
    """Return the chords of a file of the corpus; empty where it is not in 4/4."""
    if "TimeSig = 4 4" not in text:
        return []
    bars = [bar.split() for line in text.splitlines() if "=" not in line for bar in line.split("|")]
    filled = [bar for bar in bars if bar]
    return merged(
        (BAR_BEATS * (at + place / len(bar)), parse_or_none(sign))
        for at, bar in enumerate(filled)
        for place, sign in enumerate(bar)
    )


def parse_or_none(sign: str) -> ChordSymbol:
    """Return a chord, or no chord for a sign that muse does not read."""
    try:
        return parse_chord(re.sub(r"^(.[#b]?)69", r"\g<1>6/9", sign))
    except BadInputError:
        return parse_chord("N.C.")


def windows(chords: Timed) -> Iterator[list[ChordSymbol]]:
    """Yield the chords of each whole 16 bars, and of what there is if that is less."""
    if not chords:
        return
    length = BARS * BAR_BEATS
    for at in range(max(int(chords[-1][0]) // length, 1)):
        found = [c for start, c in chords if at * length <= start < (at + 1) * length]
        if len(found) > 1:
            yield found


def rise(one: ChordSymbol, other: ChordSymbol) -> int:
    """Return the semitones from root to root, upwards."""
    return ((other.root_pc or 0) - (one.root_pc or 0)) % 12


def two_fives(chords: Sequence[ChordSymbol]) -> list[int]:
    """Return where the ii of each ii-V is."""
    return [
        at
        for at, (one, other) in enumerate(pairwise(chords))
        if one.quality in TWO_FAMILIES
        and quality(other.quality).family == "dominant"
        and rise(one, other) == 5
    ]


def resolved(chords: Sequence[ChordSymbol], at: int) -> bool:
    """Return whether the ii-V at an index is followed by its tonic."""
    if at + 2 >= len(chords) or rise(chords[at + 1], chords[at + 2]) != 5:
        return False
    return quality(chords[at + 2].quality).family in {"major", "minor"}


def measure(collection: Sequence[Timed]) -> dict[str, float]:
    """Return the columns of the table for some songs."""
    all_windows = [window for chords in collection for window in windows(chords)]
    twos = [two_fives(window) for window in all_windows]
    rises = [rise(a, b) for window in all_windows for a, b in pairwise(window)]
    sizes = [len(quality(c.quality).intervals) for window in all_windows for c in window]
    rows = zip(all_windows, twos, strict=True)
    return {
        "windows": len(all_windows),
        "without_ii_V": fmean(not each for each in twos),
        "ii_V": fmean(map(len, twos)),
        "ii_V_I": fmean(sum(resolved(window, at) for at in each) for window, each in rows),
        "fourths": fmean(each == 5 for each in rises if each),
        "sevenths": fmean(size >= 4 for size in sizes),
        "ninths": fmean(size >= 5 for size in sizes),
        "different": fmean(len(set(map(str, window))) for window in all_windows),
        "changes_per_bar": fmean(len(window) for window in all_windows) / BARS,
    }


def generated(seeds: int, model: str, style: str) -> list[Timed]:
    """Return 16 bars for each seed."""
    loaded = load_model(model)
    request = ChordRequest(bars=BARS, style=style, meter="4/4")
    return [song_chords(song) for song, _ in generate_songs(request, loaded, 0, seeds)]


def collections(data: Path, seeds: int) -> Iterator[tuple[str, list[Timed]]]:
    """Yield the name and the songs of each collection that is there."""
    if (data / "jazz").is_dir():
        files = sorted((data / "jazz").glob("*.txt"))
        yield "standards", [standard_chords(path.read_text("utf-8", "replace")) for path in files]
    if (data / "openewld").is_dir():
        yield "lead sheets", [song_chords(song) for _, song in read_songs(data / "openewld")]
    charts = read_charts((ROOT / "examples" / "jazz.txt").read_text(encoding="utf-8"))
    yield "charts", [song_chords(song) for _, song in charts if song.meters[0].numerator == 4]
    for model in ("transformer", "lstm", "ngram"):
        yield f"generated, {model}", generated(seeds, model, "jazz")


def main() -> None:
    """Measure all collections; print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=96)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = {}
    for name, songs in collections(options.data, options.seeds):
        rows[name] = measure(songs)
        values = "  ".join(f"{key} {value:.3g}" for key, value in rows[name].items())
        print(f"{name:24} {values}", file=sys.stderr)
    text = json.dumps(rows, indent=2)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
