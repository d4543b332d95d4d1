"""Beat tracking: muse and librosa side by side, on songs whose beats are known.

Songs of POP909 numbered above 400 (the tracker's table was made from others), half a minute each,
as mixes with drums and without; then the same mixes with the clock bent: a steady speeding up by a
quarter, and a jump to four fifths of the tempo half-way.

    python tests/bench/beats.py [--songs 30] [--json FILE]
"""

import argparse
import json
import random
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import librosa
import mir_eval
import numpy as np
import soxr
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mixes import (
    BENCH_PROGRAMS,
    DATA,
    PITCHED,
    SAMPLE_RATE,
    SOUNDFONTS,
    Mix,
    make_mix,
    render_stems,
)

from muse.tools.transcription.beats import track_beats
from muse.tools.transcription.note_event import NoteEvent

Times = NDArray[np.float64]
Mono = NDArray[np.float32]
Warp = Callable[[float], float]  # seconds of the song to seconds of the bent one

FIRST_SONG = 401
SEED = 2
WARM_UP_S = 3.0  # beats before this are not scored
TEMPO_TOLERANCE = 0.04
LIBROSA_RATE = 22_050
HALF_S = 15.0
MEASURES = ("F", "CMLt", "AMLt", "tempo", "seconds")


def speeding_up(song_s: float) -> float:
    """Return the tempo factor: 1 at the start, 1.25 after half a minute."""
    return 120.0 * float(np.log1p(song_s / 120.0))


def jumping(song_s: float) -> float:
    """Return the tempo factor: 0.8 after the middle."""
    return min(song_s, HALF_S) + max(song_s - HALF_S, 0.0) / 0.8


WARPS: dict[str, Warp] = {"speeding up": speeding_up, "jump": jumping}


def songs(count: int) -> list[Mix]:
    """Return a seeded choice of mixes."""
    numbers = [path.name for path in sorted((DATA / "pop909").iterdir()) if path.name.isdigit()]
    chosen = [number for number in numbers if int(number) >= FIRST_SONG]
    random.Random(SEED).shuffle(chosen)
    made: list[Mix] = []
    for number in chosen:
        programs = {stem: BENCH_PROGRAMS[stem][len(made) % 10] for stem in PITCHED}
        mix = make_mix(
            DATA, number, SOUNDFONTS[len(made) % 2], programs, "validation", seed=len(made)
        )
        made += [mix] if mix is not None else []
        if len(made) == count:
            break
    return made


def bent(mix: Mix, warp: Warp) -> Mix:
    """Render the mix with warped time."""
    notes = {
        stem: [NoteEvent(warp(n.onset_s), warp(n.offset_s), n.pitch, n.velocity, 1.0) for n in part]
        for stem, part in mix.notes.items()
    }
    soundfont = next(name for name in SOUNDFONTS if mix.name.endswith(name))
    stems = render_stems(notes, mix.programs, soundfont, random.Random(mix.name))
    return Mix(mix.name, stems, notes, mix.programs, [warp(beat) for beat in mix.beats_s])


def with_muse(audio: Mono) -> Times:
    """Track beats with muse."""
    return track_beats(audio, SAMPLE_RATE).beat_times_s


def with_librosa(audio: Mono) -> Times:
    """Track beats with librosa at its own sample rate."""
    low = soxr.resample(audio, SAMPLE_RATE, LIBROSA_RATE)
    beats: Times = librosa.beat.beat_track(y=low, sr=LIBROSA_RATE, units="time")[1]
    return beats


TRACKERS = {"librosa": with_librosa, "muse": with_muse}


def score(truth: Times, found: Times) -> dict[str, float]:
    """Return the measures of mir_eval, and whether the median tempo is right."""
    truth, found = (times[times >= WARM_UP_S] for times in (truth, found))
    _, cmlt, _, amlt = mir_eval.beat.continuity(truth, found)
    ratio = np.median(np.diff(truth)) / np.median(np.diff(found)) if len(found) > 1 else 0.0
    return {
        "F": mir_eval.beat.f_measure(truth, found),
        "CMLt": cmlt,
        "AMLt": amlt,
        "tempo": float(abs(ratio - 1) < TEMPO_TOLERANCE),
    }


def cases(mixes: Sequence[Mix]) -> dict[str, list[tuple[Mono, Times]]]:
    """Return audio and beats of each kind of material."""
    made = {
        "pitched parts": [
            (sum(mix.stems[stem] for stem in PITCHED).mean(axis=0), np.array(mix.beats_s))
            for mix in mixes
        ],
        "with drums": [(mix.audio.mean(axis=0), np.array(mix.beats_s)) for mix in mixes],
    }
    for name, warp in WARPS.items():
        warped = [bent(mix, warp) for mix in mixes[: len(mixes) // 2]]
        made[name] = [(mix.audio.mean(axis=0), np.array(mix.beats_s)) for mix in warped]
    return made


def run(mixes: Sequence[Mix]) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean measures by material and tracker."""
    report: dict[str, dict[str, dict[str, float]]] = {}
    with_librosa(np.zeros(SAMPLE_RATE, np.float32))  # compiles what it compiles, untimed
    for name, material in cases(mixes).items():
        report[name] = {}
        for tracker, track in TRACKERS.items():
            rows = []
            for audio, truth in material:
                begin = time.process_time()
                found = track(audio)
                rows.append({**score(truth, found), "seconds": time.process_time() - begin})
            means = {key: float(np.mean([row[key] for row in rows])) for key in MEASURES}
            report[name][tracker] = {key: round(value, 3) for key, value in means.items()}
    return report


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print(f"{'':16}{'':9}" + "".join(f"{key:>9}" for key in MEASURES), file=sys.stderr)
    for name, by_tracker in report.items():
        for tracker, row in by_tracker.items():
            cells = "".join(f"{row[key]:9.3f}" for key in MEASURES)
            print(f"{name:16}{tracker:9}{cells}", file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--songs", type=int, default=30)
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"needs the songs in {DATA}")
    warnings.simplefilter("ignore")  # mir_eval's, about short beat lists
    report = run(songs(options.songs))
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
