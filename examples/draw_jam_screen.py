"""Draw the screen of `muse jam` during a take, for docs/live.md; needs `pip install cairosvg`.

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
FONT, FONT_ASPECT = "DejaVu Sans Mono", 1233 / 2048  # advance of a character, in ems
FONT_SIZE = 20  # of rich's SVG
ADVANCE = 13  # pixels a character; whole, because cairo rounds it


def main() -> None:
    """Play along with the first file for BARS bars, and draw the screen into the second."""
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
    svg = console.export_svg(title="muse jam", font_aspect_ratio=FONT_ASPECT)
    svg = svg.replace("Fira Code", FONT)
    cairosvg.svg2png(svg.encode(), write_to=picture, scale=ADVANCE / (FONT_SIZE * FONT_ASPECT))


if __name__ == "__main__":
    main()
