"""Key finding: muse, key profiles and music21, on songs with annotated keys.

POP909 songs as MIDI, compared with key_audio.txt, whose times match the MIDI's within a beat. One
key per song, the one that lasts longest, is scored with MIREX weights (1 correct, 0.5 fifth, 0.3
relative, 0.2 parallel). The same weights and the share of correct keys are given by bar. For songs
that change key: the share of changes found within four bars, and of found changes that are
annotated. muse's settings were chosen on songs whose number is no multiple of five; "held out" are
the others. KS is the Krumhansl-Schmuckler method: correlation of all notes with a profile.

Billboard songs have chord symbols and annotated tonics: the share of songs and of bars whose tonic
is found from the chords. "written C" tells how often the signature of C major is kept for songs
that stay in C major, and overruled for others, if POP909's songs are marked so.

    python tests/bench/keys.py [--held-out] [--only muse] [--music21 40] [--json FILE]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mir_eval
import msgspec
import numpy as np

from muse.tools.datasets.billboard import read_billboard
from muse.tools.song.document import Key, Song
from muse.tools.song.midi import load_song
from muse.tools.theory.annotate import chords_as_notes, symbol_or_unknown
from muse.tools.theory.key_finding import (
    find_key,
    find_keys,
    key_fits,
    keys_of_notes,
    pitch_class_weights,
)
from muse.tools.theory.key_profiles import PROFILES
from muse.tools.theory.keys import parse_key, tonality_of
from muse.tools.theory.sounding_notes import sounding_notes
from muse.tools.theory.written_keys import weighed_keys

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
DATA, BILLBOARD = SHARED / "pop909", SHARED / "billboard"
HELD_OUT = 5  # songs whose number is a multiple were not used to choose settings
BAR_BEATS = 4.0
CHANGE_TOLERANCE_BEATS = 16.0
MEASURES = ("mirex", "correct", "bars mirex", "bars correct", "recall", "precision", "seconds")

Truth = list[tuple[float, float, Key]]  # from beat, to beat, key
Finder = Callable[[Song, Path], list[Key]]


def is_held_out(folder: Path) -> bool:
    """Return whether the song was not used to choose settings."""
    return int(folder.name) % HELD_OUT == 0


def whole_song(song: Song, profile: str, keys: int) -> list[Key]:
    """Return the best of the first `keys` keys (12: major only) for all notes of the song."""
    notes = sounding_notes(song)
    weights = pitch_class_weights(notes, np.array([0.0, notes.end_beats]))[0]
    best = int(key_fits(weights, profile)[:keys].argmax())
    return [Key(0.0, best % 12, "minor" if best >= 12 else "major")]


def with_music21(_song: Song, path: Path) -> list[Key]:
    """Return the key that music21 finds; includes reading the file."""
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
    """Return the annotated keys, in beats of the MIDI file."""
    at = song.tempo_map().beat_at
    rows = [line.split() for line in (folder / "key_audio.txt").read_text().splitlines()]
    spans = [(at(float(begin)), at(float(end)), parse_key(name)) for begin, end, name in rows]
    return [(begin, end, Key(begin, key.tonic_pc, key.mode)) for begin, end, key in spans]


def mirex_weight(truth: Key, found: Key) -> float:
    """Return the MIREX weight of a found key, by mir_eval."""
    names = [f"{tonality_of(key).name}" for key in (truth, found)]
    return float(mir_eval.key.weighted_score(*names))


def longest_key(truth: Truth) -> Key:
    """Return the annotated key that lasts longest."""
    lasting: dict[tuple[int, str], float] = {}
    for begin, end, key in truth:
        name = (key.tonic_pc, key.mode)
        lasting[name] = lasting.get(name, 0.0) + end - begin
    best = max(lasting, key=lambda name: lasting[name])
    return next(key for _, _, key in truth if (key.tonic_pc, key.mode) == best)


def bar_weights(truth: Truth, found: Sequence[Key]) -> list[float]:
    """Return the MIREX weight of each annotated bar."""
    weights = []
    for begin, end, key in truth:
        for beat in np.arange(begin + BAR_BEATS / 2, end, BAR_BEATS):
            sounding = [f for f in found if f.beat <= beat] or [found[0]]
            weights.append(mirex_weight(key, sounding[-1]))
    return weights


def score_changes(truth: Truth, found: Sequence[Key]) -> dict[str, float]:
    """Return recall and precision of key changes, within the tolerance."""
    annotated = [key.beat for _, _, key in truth[1:]]
    detected = [key.beat for key in found[1:]]

    def share(changes: list[float], others: list[float]) -> float:
        near = [any(abs(a - b) <= CHANGE_TOLERANCE_BEATS for b in others) for a in changes]
        return float(np.mean(near)) if near else float("nan")

    return {"recall": share(annotated, detected), "precision": share(detected, annotated)}


def score(folder: Path, find: Finder, one: Callable[[Song], Key] | None) -> dict[str, float]:
    """Return the measures of one song; NaN where a measure does not apply."""
    path = folder / f"{folder.name}.mid"
    song = load_song(path)
    truth = truth_of(folder, song)
    begin = time.process_time()
    found = find(song, path)
    seconds = time.process_time() - begin
    bars = bar_weights(truth, found)
    of_song = mirex_weight(longest_key(truth), one(song) if one else found[0])
    return {
        "mirex": of_song,
        "correct": float(of_song == 1),
        "bars mirex": float(np.mean(bars)),
        "bars correct": float(np.mean([w == 1 for w in bars])),
        **score_changes(truth, found),
        "seconds": seconds,
    }


def tonics(keys: Sequence[Key], bars: np.ndarray) -> np.ndarray:
    """Return the tonic at each bar."""
    starts = [key.beat for key in keys]
    places = np.searchsorted(starts, bars + BAR_BEATS / 2, side="right") - 1
    return np.array([keys[place].tonic_pc for place in np.maximum(places, 0)])


def score_billboard(paths: Sequence[Path], only_pitches: bool) -> dict[str, float]:
    """Return the shares of songs and of bars whose tonic is right."""
    songs, in_bars = [], []
    for path in paths:
        for _, song in read_billboard(path.read_bytes(), path.name):
            track = chords_as_notes(song.chords, [symbol_or_unknown(c.symbol) for c in song.chords])
            played = Song(tracks=[track], chords=song.chords)
            notes = sounding_notes(played)
            found = keys_of_notes(notes) if only_pitches else find_keys(played)
            if not found or not song.keys:
                continue
            bars = np.arange(0.0, notes.end_beats, BAR_BEATS)
            pairs = tonics(song.keys, bars), tonics(found, bars)
            truth, heard = (np.bincount(pcs, minlength=12).argmax() for pcs in pairs)
            songs.append(truth == heard)
            in_bars.append(np.mean(pairs[0] == pairs[1]))
    return {"songs": float(np.mean(songs)), "bars": float(np.mean(in_bars)), "count": len(songs)}


def score_written_c(folders: Sequence[Path]) -> dict[str, float]:
    """Return how often a C major signature is kept where right, and overruled where wrong."""
    kept, overruled, relative = [], [], []
    for folder in folders:
        song = load_song(folder / f"{folder.name}.mid")
        truth = truth_of(folder, song)
        key = longest_key(truth)
        home = (key.tonic_pc + (3 if key.mode == "minor" else 0)) % 12
        for steps in (-home, 6 - home):
            moved = transposed(song, steps)
            marked = msgspec.structs.replace(moved, keys=[Key(0.0, 0, "major")])
            stays = weighed_keys(marked) == marked.keys
            if steps == 6 - home:
                overruled.append(not stays)
            elif key.mode == "major" and len(truth) == 1:
                kept.append(stays)
            elif key.mode == "minor":
                relative.append(not stays)
    rows = {"kept": kept, "overruled": overruled, "A minor overruled": relative}
    return {name: float(np.mean(row)) for name, row in rows.items() if row}


def transposed(song: Song, steps: int) -> Song:
    """Return the song with all pitched notes moved by semitones."""
    tracks = [
        track
        if track.is_drum
        else msgspec.structs.replace(
            track,
            notes=[msgspec.structs.replace(n, pitch=(n.pitch + steps)) for n in track.notes],
        )
        for track in song.tracks
    ]
    return msgspec.structs.replace(song, tracks=tracks)


def mean_measures(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return means over songs, without NaN."""
    means = {}
    for key in MEASURES:
        column = np.array([row[key] for row in rows])
        known = column[~np.isnan(column)]
        means[key] = round(float(known.mean()), 4) if len(known) else 0.0
    return {**means, "songs": len(rows)}


def run(
    folders: Sequence[Path], sample: int, only: str | None = None
) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean measures by group and method; music21 on a sample of held-out songs."""
    held_out = [folder for folder in folders if is_held_out(folder)]
    few = held_out[:: max(len(held_out) // sample, 1)] if sample else []
    report: dict[str, dict[str, dict[str, float]]] = {"held out": {}, "all": {}, "sample": {}}
    for name, find in FINDERS.items():
        if only is not None and name != only:
            continue
        profile = name.removeprefix("muse, ")
        one = None
        if name.startswith("muse"):
            one = find_key if name == "muse" else lambda s, p=profile: find_key(s, p)
        rows = {folder: score(folder, find, one) for folder in folders}
        report["held out"][name] = mean_measures([rows[folder] for folder in held_out])
        if len(held_out) < len(folders):
            report["all"][name] = mean_measures(list(rows.values()))
        if few and name == "muse":
            report["sample"][name] = mean_measures([rows[folder] for folder in few])
    if few:
        report["sample"]["music21"] = mean_measures([score(f, with_music21, None) for f in few])
    return report


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    columns = (*MEASURES, "songs")
    print(f"{'':10}{'':25}" + "".join(f"{key:>13}" for key in columns), file=sys.stderr)
    for part, by_name in report.items():
        for name, row in by_name.items():
            cells = "".join(f"{row[key]:13.3f}" for key in columns)
            print(f"{part:10}{name:25}{cells}", file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=1, help="use only every n-th song")
    parser.add_argument("--held-out", action="store_true", help="use only held-out songs")
    parser.add_argument(
        "--music21", type=int, default=0, help="number of songs for music21, seconds each"
    )
    parser.add_argument("--only", choices=FINDERS, help="score one method only")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the songs in {DATA}")
    folders = [path for path in sorted(DATA.iterdir()) if path.name.isdigit()]
    folders = [path for path in folders if not options.held_out or is_held_out(path)]
    folders = folders[:: options.songs]
    report: dict[str, Any] = {"written C": score_written_c(folders)}
    paths = sorted(BILLBOARD.glob("*.txt"))[:: options.songs]
    for name, only_pitches in (("pitch classes", True), ("muse", False)):
        report[f"Billboard, {name}"] = score_billboard(paths, only_pitches)
    for part, row in report.items():
        print(part, {name: round(value, 3) for name, value in row.items()}, file=sys.stderr)
    table = run(folders, options.music21, options.only)
    print_table(table)
    report |= table
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
