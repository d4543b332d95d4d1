"""Transcription side by side in one run: basic-pitch on the mix, muse on the mix, muse on the true
stems.

    python tests/bench/transcription.py [--json FILE] [--mixes N] [--no-commands]

Prints a table to stderr and JSON to stdout. Onset F1 counts a note within 50 ms; with offsets, its
end must be within 50 ms or a fifth of its length too (mir_eval.transcription). "all" is over the
pitched notes of all stems together. The mixes are those of mixes.py, and nothing was tuned on
their songs.

basic-pitch is run with its ONNX model and its own decoding. Where it is missing, its column is
left out: `pip install --no-deps basic-pitch==0.4.0`, and `pip install resampy scikit-learn` beside
it.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import mir_eval.onset
import mir_eval.transcription
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mixes import PITCHED, SAMPLE_RATE, Mix, bench_mixes, write_mix

from muse.tools.transcription.note_event import NoteEvent

Scores = dict[str, dict[str, float]]  # stem -> measure -> value
Found = dict[str, list[NoteEvent]]  # name of a part -> its notes

ONSET_TOLERANCE_S = 0.05
DRUM_CLASSES = {"kick": {35, 36}, "snare": {37, 38, 39, 40}, "hihat": {22, 26, 42, 44, 46}}
MEASURES = ("onset_f1", "onset_offset_f1")
RUNS = 3  # of each command; the fastest counts


def as_arrays(notes: Sequence[NoteEvent]) -> tuple[Any, Any]:
    """Return intervals in seconds, (n, 2), and pitches in Hz, (n,), for mir_eval."""
    intervals = np.array([[n.onset_s, n.offset_s] for n in notes]).reshape(-1, 2)
    return intervals, np.array([440.0 * 2 ** ((n.pitch - 69) / 12) for n in notes])


def score_notes(reference: Sequence[NoteEvent], estimate: Sequence[NoteEvent]) -> dict[str, float]:
    """Return the onset F1 and the onset-and-offset F1 of pitched notes."""
    if not reference or not estimate:
        return dict.fromkeys(MEASURES, 0.0)
    arrays = (*as_arrays(reference), *as_arrays(estimate))
    score = mir_eval.transcription.precision_recall_f1_overlap
    onset = score(*arrays, onset_tolerance=ONSET_TOLERANCE_S, offset_ratio=None)
    whole = score(*arrays, onset_tolerance=ONSET_TOLERANCE_S)
    return {"onset_f1": onset[2], "onset_offset_f1": whole[2]}


def score_drums(reference: Sequence[NoteEvent], estimate: Sequence[NoteEvent]) -> Scores:
    """Return the onset F1 of each class of drums that is played."""
    scores = {}
    for name, keys in DRUM_CLASSES.items():
        truth = np.sort([n.onset_s for n in reference if n.pitch in keys])
        if len(truth):
            found = np.sort([n.onset_s for n in estimate if n.pitch in keys])
            value = mir_eval.onset.f_measure(truth, found, window=ONSET_TOLERANCE_S)[0]
            scores[name] = {"onset_f1": float(value)}
    return scores


def score_mix(mix: Mix, found: Found) -> Scores:
    """Score all pitched notes, each stem against the most similar track, and the drums."""
    pitched = [part for name, part in found.items() if name != "drums"]
    truth = [note for stem in PITCHED for note in mix.notes[stem]]
    scores: Scores = {"all": score_notes(truth, [note for part in pitched for note in part])}
    for stem in PITCHED:
        candidates = [found[stem]] if stem in found else pitched
        scored = [score_notes(mix.notes[stem], part) for part in candidates]
        scores[stem] = max(scored, key=lambda values: values["onset_f1"])
    if "drums" in found:
        scores |= score_drums(mix.notes["drums"], found["drums"])
    return scores


def load_basic_pitch() -> Callable[[Path, Mix], Found]:
    """Load the pipeline of the basic-pitch package, with its ONNX model and its defaults."""
    logging.disable(logging.WARNING)  # it warns of every engine it does not find
    from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
    from basic_pitch.inference import Model, predict

    logging.disable(logging.NOTSET)
    model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))

    def transcribe(folder: Path, _mix: Mix) -> Found:
        from contextlib import redirect_stdout

        with redirect_stdout(sys.stderr):
            _, _, events = predict(folder / "mix.wav", model)
        return {"all": [NoteEvent(e[0], e[1], int(e[2]), 64, float(e[3])) for e in events]}

    return transcribe


def transcribe_mix(folder: Path, _mix: Mix) -> Found:
    """Transcribe the mix with muse, separation included."""
    from muse.tools.transcription.options import TranscribeOptions
    from muse.tools.transcription.transcribe import transcribe_file

    result = transcribe_file(folder / "mix.wav", None, TranscribeOptions())
    return {stem.name: list(stem.notes) for stem in result.stems}


def transcribe_true_stems(folder: Path, mix: Mix) -> Found:
    """Transcribe the true stems with muse, each with its role."""
    from muse.tools.transcription.drums import transcribe_drums_file
    from muse.tools.transcription.pitched import transcribe_pitched_file

    found = {stem: transcribe_pitched_file(folder / f"{stem}.wav", stem).notes for stem in PITCHED}
    if "drums" in mix.stems:
        found["drums"] = transcribe_drums_file(folder / "drums.wav")
    return found


def systems() -> dict[str, Callable[[Path, Mix], Found]]:
    """Return the systems to compare, by name; basic-pitch only where it is installed."""
    found: dict[str, Callable[[Path, Mix], Found]] = {}
    if find_spec("basic_pitch") is None:
        print("basic-pitch is missing: pip install --no-deps basic-pitch==0.4.0", file=sys.stderr)
    else:
        found["basic-pitch on the mix"] = load_basic_pitch()
    return found | {
        "muse on the mix": transcribe_mix,
        "muse on the true stems": transcribe_true_stems,
    }


def run(mixes: Sequence[Mix], folder: Path) -> dict[str, Any]:
    """Run every system on every mix; return mean scores and seconds per second of audio."""
    results: dict[str, Any] = {}
    for name, transcribe in systems().items():
        rows: list[Scores] = []
        seconds = audio_s = 0.0
        for mix in mixes:
            started = time.perf_counter()
            found = transcribe(folder / mix.name, mix)
            seconds += time.perf_counter() - started
            audio_s += mix.audio.shape[1] / SAMPLE_RATE
            rows.append(score_mix(mix, found))
            print(f"{name}: {mix.name} {rows[-1]['all']['onset_f1']:.3f}", file=sys.stderr)
        results[name] = {
            "scores": mean_of(rows),
            "seconds_per_second": round(seconds / audio_s, 4),
            "by_mix": {mix.name: rounded(row) for mix, row in zip(mixes, rows, strict=True)},
        }
    return results


def mean_of(rows: Sequence[Scores]) -> Scores:
    """Return the mean of each score over the mixes that have it."""
    stems = dict.fromkeys(stem for row in rows for stem in row)
    means: Scores = {}
    for stem in stems:
        found = [row[stem] for row in rows if stem in row]
        means[stem] = {key: fmean(row[key] for row in found) for key in found[0]}
    return rounded(means)


def rounded(scores: Scores) -> Scores:
    """Round scores to three decimals."""
    return {
        stem: {key: round(float(value), 3) for key, value in row.items()}
        for stem, row in scores.items()
    }


def time_commands(audio: Path, folder: Path) -> dict[str, float]:
    """Return the wall time of whole commands on one file in seconds, the fastest of RUNS."""
    here = Path(sys.executable).parent
    commands = {
        "muse transcribe --no-separate": [
            *(here / "muse", "transcribe", "--no-separate", "--role", "keys"),
            *(audio, "-o", folder / "solo", "--quiet"),
        ],
        "muse transcribe": [here / "muse", "transcribe", audio, "-o", folder / "full", "--quiet"],
    }
    if (here / "basic-pitch").exists():
        output = folder / "basic-pitch"
        commands["basic-pitch"] = [
            *(here / "basic-pitch", output, audio, "--model-serialization", "onnx")
        ]
    return {name: fastest(command, folder) for name, command in commands.items()}


def fastest(command: Sequence[str | Path], folder: Path) -> float:
    """Return the wall time of a command in seconds, the fastest of RUNS."""
    times = []
    for _ in range(RUNS):
        for leftover in (folder / "basic-pitch").glob("*"):
            leftover.unlink()  # it refuses to write over its own results
        (folder / "basic-pitch").mkdir(exist_ok=True)
        started = time.perf_counter()
        done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
        times.append(time.perf_counter() - started)
        if done.returncode:
            raise SystemExit(f"{command[0]} failed: {done.stderr.decode()[-500:]}")
    return round(min(times), 2)


def print_table(report: dict[str, Any]) -> None:
    """Print the figures as a table."""
    rows = [*("all", *PITCHED), *DRUM_CLASSES]
    header = f"{'onset F1 / with offsets':28}" + "".join(f"{row:>14}" for row in rows)
    print(f"\n{header}{'s per s':>10}", file=sys.stderr)
    for name, result in report["systems"].items():
        cells = [cell(result["scores"].get(row)) for row in rows]
        speed = f"{result['seconds_per_second']:10.3f}"
        print(f"{name:28}" + "".join(f"{text:>14}" for text in cells) + speed, file=sys.stderr)
    for name, seconds in report.get("commands_s", {}).items():
        print(
            f"{name:34} {seconds:6.2f} s wall for {report['command_audio_s']:.0f} s of audio",
            file=sys.stderr,
        )


def cell(scores: dict[str, float] | None) -> str:
    """Return one cell of the table."""
    if scores is None:
        return "-"
    return " / ".join(f"{scores[key]:.2f}" for key in MEASURES if key in scores)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
    parser.add_argument("--mixes", type=int, default=10, help="how many of the ten mixes")
    parser.add_argument("--no-commands", action="store_true", help="do not time the commands")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="muse-bench-") as name:
        folder = Path(name)
        mixes = bench_mixes()[: options.mixes]
        for mix in mixes:
            write_mix(mix, folder / mix.name)
        report: dict[str, Any] = {"systems": run(mixes, folder)}
        if not options.no_commands:
            audio = folder / mixes[0].name / "mix.wav"
            report["commands_s"] = time_commands(audio, folder)
            report["command_audio_s"] = mixes[0].audio.shape[1] / SAMPLE_RATE
    print_table(report)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
