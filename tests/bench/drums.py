"""Drum transcription: F-measure by class on human drumming, clean and with bleed.

Takes of the Groove MIDI Dataset's validation split (the net was trained on others), twenty seconds
of each, with kits of two soundfonts; then with the pitched parts of a song under them, as in a stem
that was separated badly.

    python tests/bench/drums.py [--takes 30] [--json FILE]
"""

import argparse
import csv
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from mir_eval.util import match_events
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mixes import DATA, bench_mixes

from muse.tools.evaluation.note_scores import CLASS_OF_KEY
from muse.tools.training.examples.mixes import PITCHED, SAMPLE_RATE, render
from muse.tools.training.examples.named_soundfonts import SOUNDFONTS
from muse.tools.training.examples.song_parts import general_midi
from muse.tools.transcription.drums import transcribe_drums
from muse.tools.transcription.note_event import NoteEvent

Mono = NDArray[np.float32]

CLASSES = ("kick", "snare", "hihat", "tom", "cymbal")
KITS = (0, 8, 16, 24, 25, 32, 40)  # programs of the drum bank
TAKE_S = 20.0
WINDOW_S = 0.05
BLEED_DB = (-20.0, -10.0, -3.0)  # RMS of the bleed against the drums
SEED = 4


def takes(count: int) -> list[tuple[Mono, list[NoteEvent]]]:
    """Return renderings and their hits."""
    with (DATA / "groove" / "info.csv").open() as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["split"] == "validation" and row["beat_type"] == "beat"
        ]
    random.Random(SEED).shuffle(rows)
    made = []
    for index, row in enumerate(rows[:count]):
        hits = read_hits(DATA / "groove" / row["midi_filename"])
        kit = KITS[index // len(SOUNDFONTS) % len(KITS)]
        made.append(
            (render(hits, kit, True, SOUNDFONTS[index % len(SOUNDFONTS)]).mean(axis=0), hits)
        )
    return made


def read_hits(path: Path) -> list[NoteEvent]:
    """Read the hits in the first TAKE_S of a take."""
    notes = symusic.Score(path).to("second").tracks[0].notes
    return sorted(
        NoteEvent(n.start, n.start + 0.1, general_midi(n.pitch), max(n.velocity, 1), 1.0)
        for n in notes
        if n.start < TAKE_S
    )


def onsets(hits: Sequence[NoteEvent], name: str) -> NDArray[np.float64]:
    """Return the onsets of a class of drums."""
    return np.sort([hit.onset_s for hit in hits if CLASS_OF_KEY.get(hit.pitch) == name])


def with_bleed(audio: Mono, other: Mono, level_db: float) -> Mono:
    """Mix something else with the drums at a level relative to them."""
    length = min(len(audio), len(other))
    drums, bleed = audio[:length], other[:length]
    gain = 10 ** (level_db / 20) * np.sqrt(np.mean(drums**2) / max(np.mean(bleed**2), 1e-12))
    return (drums + gain * bleed).astype(np.float32)


def f_measures(
    pairs: Sequence[tuple[Sequence[NoteEvent], Sequence[NoteEvent]]],
) -> dict[str, float]:
    """Return the F-measure by class over all takes, and over all hits."""
    scores, total = {}, np.zeros(3)
    for name in CLASSES:
        counts = np.zeros(3)
        for truth, detected in pairs:
            a, b = onsets(truth, name), onsets(detected, name)
            counts += (
                len(match_events(a, b, WINDOW_S)) if len(a) and len(b) else 0,
                len(a),
                len(b),
            )
        scores[name] = 2 * counts[0] / max(counts[1] + counts[2], 1)
        total += counts
    scores["all"] = 2 * total[0] / max(total[1] + total[2], 1)
    return {name: round(float(score), 3) for name, score in scores.items()}


def run(count: int) -> dict[str, Any]:
    """Return the F-measures by amount of bleed, and the time taken."""
    material = takes(count)
    others = [sum(mix.stems[stem] for stem in PITCHED).mean(axis=0) for mix in bench_mixes()]
    report: dict[str, Any] = {}
    begin = time.process_time()
    clean = [(hits, transcribe_drums(audio, SAMPLE_RATE)) for audio, hits in material]
    seconds = sum(len(audio) for audio, _ in material) / SAMPLE_RATE
    report["seconds_per_second"] = round((time.process_time() - begin) / seconds, 5)
    report["clean"] = f_measures(clean)
    for level in BLEED_DB:
        detected = [
            (hits, transcribe_drums(with_bleed(audio, others[i % len(others)], level), SAMPLE_RATE))
            for i, (audio, hits) in enumerate(material)
        ]
        report[f"bleed {level:g} dB"] = f_measures(detected)
    return report


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print(f"{'':14}" + "".join(f"{name:>8}" for name in (*CLASSES, "all")), file=sys.stderr)
    for name, scores in report.items():
        if isinstance(scores, dict):
            cells = "".join(f"{scores[key]:8.3f}" for key in (*CLASSES, "all"))
            print(f"{name:14}{cells}", file=sys.stderr)
    print(f"{report['seconds_per_second']} s of processor for a second of audio", file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--takes", type=int, default=30)
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the takes in {DATA}")
    report = run(options.takes)
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
