"""Chord recognition from notes: muse and template matching, on songs with annotated chords.

POP909 songs as MIDI, all tracks, compared with chord_midi.txt by mir_eval's measures, weighted by
duration and averaged over songs. muse was trained on songs whose number is no multiple of five;
"held out" are the others. The baseline gives each beat the chord whose tones have the largest share
of the sounding notes, without regard to neighboring beats.

    python tests/bench/chords.py [--songs 1] [--held-out] [--json FILE]
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np

from muse.tools.song.document import Chord, Song, Track
from muse.tools.song.midi import load_song
from muse.tools.theory.chord_finding import find_chords
from muse.tools.theory.chords import parse_chord, write_harte
from muse.tools.theory.key_finding import pitch_class_weights
from muse.tools.theory.sounding_notes import sounding_notes

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "pop909"
HELD_OUT = 5  # songs whose number is a multiple were not trained on
MEASURES = ("root", "majmin", "sevenths", "majmin_inv", "sevenths_inv", "seg")
BASELINE_QUALITIES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11)}
BASELINE_QUALITIES |= {"m7": (0, 3, 7, 10)}
NOTES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

Recognizer = Callable[[Song], list[Chord]]


def is_held_out(folder: Path) -> bool:
    """Return whether the song was not trained on."""
    return int(folder.name) % HELD_OUT == 0


def with_templates(song: Song) -> list[Chord]:
    """Give every beat the chord of the template that fits best."""
    notes = sounding_notes(song)
    edges = np.arange(0.0, notes.end_beats + 1.0)
    weights = pitch_class_weights(notes, edges)
    names = [root + kind for kind in BASELINE_QUALITIES for root in NOTES]
    templates = np.zeros((len(names), 12))
    for row in range(len(names)):
        steps = list(BASELINE_QUALITIES.values())[row // 12]
        templates[row, [(row + step) % 12 for step in steps]] = len(steps) ** -0.5
    fits = weights @ templates.T
    return [
        Chord(float(beat), 1.0, names[int(fit.argmax())] if fit.any() else "N.C.")
        for beat, fit in zip(edges, fits, strict=False)
    ]


def with_one_track(song: Song) -> list[Chord]:
    """Find chords with muse after merging all tracks, so that the melody is not known."""
    notes = [note for track in song.tracks for note in track.notes]
    return find_chords(Song(meters=song.meters, tracks=[Track(notes=notes)]))


RECOGNIZERS: dict[str, Recognizer] = {
    "templates": with_templates,
    "muse": find_chords,
    "muse, one track": with_one_track,
}


def score(folder: Path, recognize: Recognizer) -> dict[str, float]:
    """Return mir_eval's measures of one song, and the processor seconds."""
    song = load_song(folder / f"{folder.name}.mid")
    begin = time.process_time()
    chords = recognize(song)
    seconds = time.process_time() - begin
    at = song.tempo_map().seconds_at
    edges = [at(c.start_beats) for c in chords]  # each lasts until the next
    edges.append(at(chords[-1].start_beats + chords[-1].duration_beats))
    labels = [write_harte(parse_chord(c.symbol)) for c in chords]
    truth = mir_eval.io.load_labeled_intervals(str(folder / "chord_midi.txt"))
    scores = mir_eval.chord.evaluate(*truth, np.column_stack([edges[:-1], edges[1:]]), labels)
    return {**{key: float(scores[key]) for key in MEASURES}, "seconds": seconds}


def run(folders: Sequence[Path]) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean measures over held-out songs and over all, by recognizer."""
    find_chords(load_song(folders[0] / f"{folders[0].name}.mid"))  # loads the model before timing
    report: dict[str, dict[str, dict[str, float]]] = {"held out": {}, "all": {}}
    for name, recognize in RECOGNIZERS.items():
        rows = {folder: score(folder, recognize) for folder in folders}
        held_out = [row for folder, row in rows.items() if is_held_out(folder)]
        for part, chosen in (("held out", held_out), ("all", list(rows.values()))):
            if not chosen or (part == "all" and len(chosen) == len(held_out)):
                continue
            means = {key: float(np.mean([row[key] for row in chosen])) for key in chosen[0]}
            report[part][name] = {key: round(value, 4) for key, value in means.items()}
            report[part][name]["songs"] = len(chosen)
    return report


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    columns = (*MEASURES, "seconds", "songs")
    print(f"{'':10}{'':17}" + "".join(f"{key:>13}" for key in columns), file=sys.stderr)
    for part, by_name in report.items():
        for name, row in by_name.items():
            cells = "".join(f"{row[key]:13.3f}" for key in columns)
            print(f"{part:10}{name:17}{cells}", file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=1, help="use only every n-th song")
    parser.add_argument("--held-out", action="store_true", help="use only held-out songs")
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the songs in {DATA}")
    warnings.simplefilter("ignore")  # of mir_eval, about gaps that it fills
    folders = [path for path in sorted(DATA.iterdir()) if path.name.isdigit()]
    folders = [path for path in folders if not options.held_out or is_held_out(path)]
    report = run(folders[:: options.songs])
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
