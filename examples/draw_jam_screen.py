"""Draw the screen of `muse jam` amid a take, as the README shows it: `pip install cairosvg` first.

python examples/draw_jam_screen.py examples/paper_lanterns.mid examples/jam_screen.png
"""

import sys
from io import StringIO

import cairosvg
from rich.console import Console

from muse.cli.jam_screen import panel_of
from muse.tools.chords.load_model import load_model
from muse.tools.jam.clock import VirtualClock
from muse.tools.jam.engine_setup import engine_of
from muse.tools.jam.inputs import from_file
from muse.tools.jam.offline import play_offline
from muse.tools.jam.options import JamRequest, settings_of
from muse.tools.jam.ports.outputs import NoSink
from muse.tools.jam.ports.playback import Player
from muse.tools.jam.session import Session

BARS = 14
SEED = 7
WIDTH = 72  # characters
FONT = "DejaVu Sans Mono"
PIXELS_WIDE = 1100


def main() -> None:
    """Play so many bars of the one file, and draw into the other."""
    _, solo, picture = sys.argv
    known = from_file(solo, None, None)
    settings = settings_of(
        JamRequest(style="neo-soul"), bpm=known.bpm, meter=known.meter, count_in=0, seed=SEED
    )
    player = Player(NoSink(), VirtualClock())
    session = Session(engine_of(settings, load_model()), player)
    play_offline(session, known, bars=BARS)
    now_s = session.conductor.time_of(BARS * settings.bar_beats - 1)
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(panel_of(session.screen(now_s)))
    svg = console.export_svg(title="muse jam").replace("Fira Code", FONT)
    cairosvg.svg2png(svg.encode(), write_to=picture, output_width=PIXELS_WIDE)


if __name__ == "__main__":
    main()
