"""Timing of a jam through a real MIDI server (JACK without a sound card), with busy cores.

Delays of messages are measured in a peer process, from when they were due; delays of notes from
when the peer sent them until the engine received them; delays of decisions from when they were due
until their music was scheduled. `late` is the whole delay, `beyond_period` the part beyond the
server's period of 256 frames at 48 kHz. CPU time is in percent of one core. The accompanist plays
to the melody of a file or a built-in one; with --plain, chords come from a table, which measures
the threads alone.

    python tests/bench/jam.py [SOLO.mid] [--minutes 1] [--load CORES] [--no-realtime] [--plain]
        [--model NAME] [--json FILE]
"""

import argparse
import json
import sys
from pathlib import Path

from muse.tools.jam.benchmark.accompanist import benchmark_jam
from muse.tools.jam.benchmark.table import table
from muse.tools.jam.benchmark.timing import Figures, benchmark_timing, check_limits


def measured(options: argparse.Namespace) -> Figures:
    """Return the figures."""
    duration_s, realtime = options.minutes * 60, not options.no_realtime
    if not options.plain:
        return benchmark_jam(
            duration_s, options.solo, model=options.model, load=options.load, realtime=realtime
        )
    figures = benchmark_timing(duration_s, load=options.load, realtime=realtime)
    return {**figures, "limits": check_limits(figures)}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("solo", nargs="?", help="MIDI file with a melody, for example of POP909")
    parser.add_argument("--model", default="auto", help="chord model")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--load", type=int, help="number of busy cores; all but one by default")
    parser.add_argument(
        "--no-realtime", action="store_true", help="MIDI server without real-time priority"
    )
    parser.add_argument(
        "--plain", action="store_true", help="chords from a table, without the engine"
    )
    parser.add_argument("--json", type=Path, help="write the JSON to this file instead of stdout")
    options = parser.parse_args()
    figures = measured(options)
    print(table(figures), file=sys.stderr)
    text = json.dumps(figures, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
