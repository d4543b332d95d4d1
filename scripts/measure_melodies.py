"""Measure real melodies into tools/melody/realism_norms.py, what melodies are ranked by.

    python scripts/measure_melodies.py ../shared/data/pop909 ../shared/data/openewld

Figures are of the songs on the training side of the split with seed 0, from the melody's first bar
on, songs with as many bars only; what the net says of a note is of the validation side's songs,
which it was not trained on. Nothing is drawn but the split.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev

from muse.tools.datasets.melody_data import load_melody_data, read_melody_data
from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.evaluation.symbolic.passage import passage_of
from muse.tools.files import write_bytes
from muse.tools.melody.event_scores import Scorer
from muse.tools.melody.realism import MEASURES, NATS, Measures, measures
from muse.tools.melody.torch_predictor import load_melody_net, net_scores
from muse.tools.song.document import Song

SEED = 0  # of the split
LENGTHS = (4, 8, 16, 32, 64)  # bars
DIGITS = 4  # of a figure, after the point
OUT = Path(__file__).parent.parent / "tools" / "melody" / "realism_norms.py"
NET = "melody-xl"

Row = tuple[float, float]  # mean, standard deviation
Table = dict[int, dict[str, Row]]


def figures_of(songs: Sequence[Song], bars: int) -> dict[str, Row]:
    """Mean and deviation of each figure over the first bars of songs that have as many."""
    passages = [passage_of(song, "lead", bars) for song in songs]
    rows = [measures(each) for each in passages if each.bars == bars]
    return {name: row for name in MEASURES if (row := spread(column(rows, name)))}


def column(rows: Iterable[Measures], name: str) -> list[float]:
    """What is known of a figure."""
    return [value for row in rows if (value := row[name]) is not None]


def spread(values: Sequence[float]) -> Row | None:
    """Mean and standard deviation; None of a figure that no two songs have."""
    if len(values) < 2:
        return None
    return round(fmean(values), DIGITS), round(stdev(values), DIGITS)


def nats(scored: Scorer, songs: Sequence[MelodySong]) -> dict[int, Row]:
    """What the net says of a note in the first bars, in the mean over songs, by length."""
    found: dict[int, list[float]] = {bars: [] for bars in LENGTHS}
    for song in songs:
        scores = scored(song)
        for bars in LENGTHS:
            if song.bar[-1] - song.bar[0] + 1 >= bars:
                notes = int((song.bar - song.bar[0] < bars).sum())
                found[bars].append(sum(float(loss[:notes].sum()) for loss, _ in scores.values()))
                found[bars][-1] /= notes
    return {bars: row for bars, values in found.items() if (row := spread(values))}


def module(table: Table, songs: int, net: str) -> str:
    """The table as a module of Python."""
    lines = [
        '"""What real melodies measure: mean and standard deviation of the figures of realism.py.',
        "",
        "    python scripts/measure_melodies.py ../shared/data/pop909 ../shared/data/openewld",
        "",
        f"Over {songs} training songs; nats a note are by {net}, over the validation songs.",
        '"""',
        "",
        "# bars: figure: mean, standard deviation",
        "TYPICAL: dict[int, dict[str, tuple[float, float]]] = {",
    ]
    for bars, rows in table.items():
        lines.append(f"    {bars}: {{")
        lines += [f'        "{name}": ({mean}, {sd}),' for name, (mean, sd) in rows.items()]
        lines.append("    },")
    return "\n".join([*lines, "}", ""])


def weights_name(name_or_path: str) -> str:
    """How the table calls the net: by its name, and by its first digits."""
    path = Path(name_or_path)
    if not path.is_file():
        path = OUT.parents[2] / "models" / "weights" / f"{name_or_path}.safetensors"
    return f"{path.stem} {hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"


def skipped(error: BadInputError) -> None:
    """Say which file was left out."""
    print(error, file=sys.stderr)


def main() -> None:
    """Read, measure, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="collections")
    parser.add_argument("--cache", type=Path, help="the same as one .npz, for the split")
    parser.add_argument("--net", default=NET, help="weights by name or path")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    data = (
        load_melody_data(options.cache)
        if options.cache
        else read_melody_data(options.paths, skipped)
    )
    sides = data.sides(SEED)
    ids = {song.id for song in sides["train"]}
    songs = [
        song for path in options.paths for name, song in read_songs(path, skipped) if name in ids
    ]
    by_net = nats(net_scores(load_melody_net(options.net)[0]), sides["validation"])
    table = {bars: figures_of(songs, bars) | {NATS: by_net[bars]} for bars in LENGTHS}
    write_bytes(options.out, module(table, len(songs), weights_name(options.net)).encode())
    print(f"{len(songs)} songs, {len(sides['validation'])} for the net", file=sys.stderr)


if __name__ == "__main__":
    main()
