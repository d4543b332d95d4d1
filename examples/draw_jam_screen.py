"""Draw the screen of `muse jam` during a take, for the README. First run `pip install cairosvg`.

python examples/draw_jam_screen.py examples/paper_lanterns.mid examples/jam_screen.png
"""

import sys
from io import StringIO

import cairosvg
from rich.console import Console

from muse.cli.jam_screen import panel_of
from muse.tools.chords.load_model import load_model
from muse.tools.jam.clock import VirtualClock
from muse.tools.jam.engine import build_engine
from muse.tools.jam.inputs import file_input
from muse.tools.jam.offline import play_offline
from muse.tools.jam.options import JamRequest, resolve_options
from muse.tools.jam.ports.outputs import NullOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.session import Session

BARS = 14
SEED = 7
WIDTH = 82  # characters
FONT = "DejaVu Sans Mono"
PIXELS_WIDE = 1100


def main() -> None:
    """Play BARS bars of the first file, and draw the screen into the second."""
    _, solo, picture = sys.argv
    player_input = file_input(solo, None, None)
    options = resolve_options(
        JamRequest(style="neo-soul"),
        bpm=player_input.bpm,
        meter=player_input.meter,
        count_in=0,
        seed=SEED,
    )
    playback = Playback(NullOutput(), VirtualClock())
    session = Session(build_engine(options, load_model()), playback)
    play_offline(session, player_input, bars=BARS)
    now_s = session.beat_clock.time_of(BARS * options.bar_beats - 1)
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(panel_of(session.screen(now_s)))
    svg = console.export_svg(title="muse jam").replace("Fira Code", FONT)
    cairosvg.svg2png(svg.encode(), write_to=picture, output_width=PIXELS_WIDE)


if __name__ == "__main__":
    main()
