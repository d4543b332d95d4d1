"""A jam through a real MIDI server (JACK without a sound card), with the other cores kept busy.

Events are measured at the far end, in another process, against when they were due; notes from when
the far player sent them until they were handed on; decisions from when they were due until their
music was scheduled. `late` is all of it, `beyond_period` without the server's own period of 256
frames at 48 kHz. Process CPU is in per cent of one core. The whole accompanist plays to the melody
of a file, or to a tune; with --plain, chords come from a table, which shows the threads alone.

    python tests/bench/jam.py [SOLO.mid] [--minutes 1] [--load CORES] [--no-realtime] [--plain]
        [--model NAME] [--json FILE]
"""

import argparse
import json
import sys
from pathlib import Path

from muse.tools.jam.benchmark.accompanist import measure_jam
from muse.tools.jam.benchmark.table import table
from muse.tools.jam.benchmark.timing import Figures, bars, measure


def measured(options: argparse.Namespace) -> Figures:
    """The figures that are asked for."""
    duration_s, realtime = options.minutes * 60, not options.no_realtime
    if not options.plain:
        return measure_jam(
            duration_s, options.solo, model=options.model, load=options.load, realtime=realtime
        )
    figures = measure(duration_s, load=options.load, realtime=realtime)
    return {**figures, "bars": bars(figures)}


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("solo", nargs="?", help="a MIDI file, such as one of pop909")
    parser.add_argument("--model", default="auto", help="the brain")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--load", type=int, help="busy cores; all but one when left out")
    parser.add_argument("--no-realtime", action="store_true", help="a server without priority")
    parser.add_argument("--plain", action="store_true", help="without the engine")
    parser.add_argument("--json", type=Path, help="write the JSON here and not to stdout")
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
