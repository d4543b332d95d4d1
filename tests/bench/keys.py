"""Key finding: muse and others side by side, on songs whose keys are annotated.

Songs of POP909 as MIDI against key_audio.txt, whose times fit the MIDI's to a beat. One key a song,
the one that lasts longest, by MIREX's weights (1 right, 0.5 a fifth, 0.3 relative, 0.2 parallel);
then, bar by bar, the same weights and the share that is right; and, of the songs that change key,
how many changes are found within four bars. What muse's settings were chosen on are songs whose
number is no multiple of five; "held out" are the others.

    python tests/bench/keys.py [--held-out] [--music21 40] [--json FILE]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np

from muse.tools.song.document import Key, Song
from muse.tools.song.midi import load_song
from muse.tools.theory.key_finding import find_key, find_keys, key_fits, pitch_class_weights
from muse.tools.theory.key_profiles import PROFILES
from muse.tools.theory.keys import parse_key, tonality_of
from muse.tools.theory.sounding_notes import sounding_notes

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "pop909"
HELD_OUT = 5  # songs whose number is a multiple were not tried on
BAR_BEATS = 4.0
CHANGE_TOLERANCE_BEATS = 16.0
MEASURES = ("mirex", "right", "bars mirex", "bars right", "recall", "precision", "seconds")

Truth = list[tuple[float, float, Key]]  # from beat, to beat, key
Finder = Callable[[Song, Path], list[Key]]


def is_held_out(folder: Path) -> bool:
    """Whether no setting was chosen on the song."""
    return int(folder.name) % HELD_OUT == 0


def whole_song(song: Song, profile: str, keys: int) -> list[Key]:
    """The best of the first keys (12: major only) for the whole song's notes, nothing more."""
    notes = sounding_notes(song)
    weights = pitch_class_weights(notes, np.array([0.0, notes.end_beats]))[0]
    best = int(key_fits(weights, profile)[:keys].argmax())
    return [Key(0.0, best % 12, "minor" if best >= 12 else "major")]


def with_music21(_song: Song, path: Path) -> list[Key]:
    """music21's own analysis, reading the file included."""
    import music21

    key = music21.converter.parse(path, forceSource=True).analyze("key")
    return [Key(0.0, key.tonic.pitchClass, key.mode)]


FINDERS: dict[str, Finder] = {
    "KS, major only": lambda song, _: whole_song(song, "krumhansl-kessler", 12),
    **{f"KS, {name}": lambda s, _, name=name: whole_song(s, name, 24) for name in PROFILES},
    **{f"muse, {name}": lambda s, _, name=name: find_keys(s, name) for name in PROFILES},
    "muse": lambda song, _: find_keys(song),
}


def truth_of(folder: Path, song: Song) -> Truth:
    """The annotated keys, in beats of the MIDI."""
    at = song.tempo_map().beat_at
    rows = [line.split() for line in (folder / "key_audio.txt").read_text().splitlines()]
    spans = [(at(float(begin)), at(float(end)), parse_key(name)) for begin, end, name in rows]
    return [(begin, end, Key(begin, key.tonic_pc, key.mode)) for begin, end, key in spans]


def weight(truth: Key, found: Key) -> float:
    """MIREX's weight, by mir_eval."""
    names = [f"{tonality_of(key).name}" for key in (truth, found)]
    return float(mir_eval.key.weighted_score(*names))


def longest(truth: Truth) -> Key:
    """The annotated key that lasts longest."""
    lasting: dict[tuple[int, str], float] = {}
    for begin, end, key in truth:
        name = (key.tonic_pc, key.mode)
        lasting[name] = lasting.get(name, 0.0) + end - begin
    best = max(lasting, key=lambda name: lasting[name])
    return next(key for _, _, key in truth if (key.tonic_pc, key.mode) == best)


def bar_weights(truth: Truth, found: Sequence[Key]) -> list[float]:
    """The weight of each bar that has an annotation."""
    weights = []
    for begin, end, key in truth:
        for beat in np.arange(begin + BAR_BEATS / 2, end, BAR_BEATS):
            sounding = [f for f in found if f.beat <= beat] or [found[0]]
            weights.append(weight(key, sounding[-1]))
    return weights


def changes_found(truth: Truth, found: Sequence[Key]) -> dict[str, float]:
    """Share of the annotated changes that are near a found one, and the other way about."""
    told = [key.beat for _, _, key in truth[1:]]
    heard = [key.beat for key in found[1:]]

    def share(wanted: list[float], others: list[float]) -> float:
        near = [any(abs(a - b) <= CHANGE_TOLERANCE_BEATS for b in others) for a in wanted]
        return float(np.mean(near)) if near else float("nan")

    return {"recall": share(told, heard), "precision": share(heard, told)}


def score(folder: Path, find: Finder, one: Callable[[Song], Key] | None) -> dict[str, float]:
    """The measures of one song; nan where it has nothing to measure."""
    path = folder / f"{folder.name}.mid"
    song = load_song(path)
    truth = truth_of(folder, song)
    begin = time.process_time()
    found = find(song, path)
    seconds = time.process_time() - begin
    bars = bar_weights(truth, found)
    of_song = weight(longest(truth), one(song) if one else found[0])
    return {
        "mirex": of_song,
        "right": float(of_song == 1),
        "bars mirex": float(np.mean(bars)),
        "bars right": float(np.mean([w == 1 for w in bars])),
        **changes_found(truth, found),
        "seconds": seconds,
    }


def table(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means over songs, what is nan left out."""
    means = {}
    for key in MEASURES:
        column = np.array([row[key] for row in rows])
        known = column[~np.isnan(column)]
        means[key] = round(float(known.mean()), 4) if len(known) else 0.0
    return {**means, "songs": len(rows)}


def run(folders: Sequence[Path], sample: int) -> dict[str, dict[str, dict[str, float]]]:
    """Mean measures by part and finder; music21 on a sample of the songs held out."""
    held_out = [folder for folder in folders if is_held_out(folder)]
    few = held_out[:: max(len(held_out) // sample, 1)] if sample else []
    report: dict[str, dict[str, dict[str, float]]] = {"held out": {}, "all": {}, "sample": {}}
    for name, find in FINDERS.items():
        profile = name.removeprefix("muse, ")
        one = None
        if name.startswith("muse"):
            one = find_key if name == "muse" else lambda s, p=profile: find_key(s, p)
        rows = {folder: score(folder, find, one) for folder in folders}
        report["held out"][name] = table([rows[folder] for folder in held_out])
        if len(held_out) < len(folders):
            report["all"][name] = table(list(rows.values()))
        if few and name == "muse":
            report["sample"][name] = table([rows[folder] for folder in few])
    if few:
        report["sample"]["music21"] = table([score(f, with_music21, None) for f in few])
    return report


def print_table(report: dict[str, Any]) -> None:
    """The figures for people."""
    columns = (*MEASURES, "songs")
    print(f"{'':10}{'':25}" + "".join(f"{key:>11}" for key in columns), file=sys.stderr)
    for part, by_name in report.items():
        for name, row in by_name.items():
            cells = "".join(f"{row[key]:11.3f}" for key in columns)
            print(f"{part:10}{name:25}{cells}", file=sys.stderr)


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=1, help="every so many-th song")
    parser.add_argument("--held-out", action="store_true", help="only of the songs held out")
    parser.add_argument("--music21", type=int, default=0, help="songs for music21; seconds each")
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the songs of {DATA}")
    folders = [path for path in sorted(DATA.iterdir()) if path.name.isdigit()]
    folders = [path for path in folders if not options.held_out or is_held_out(path)]
    report = run(folders[:: options.songs], options.music21)
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
