"""Draw what muse heard over what was played, in grey.

muse transcribe examples/paper_lanterns.ogg -o stems/
python examples/draw_transcription.py stems/song.json examples/paper_lanterns.mid roll.png
"""

import argparse
from pathlib import Path

from muse.tools.song.midi import load_song
from muse.tools.view.piano_roll import save_piano_roll


def main() -> None:
    """Read the two songs and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("heard", help="Song document or MIDI, from muse transcribe")
    parser.add_argument("truth", help="the MIDI that was rendered")
    parser.add_argument("picture", type=Path, help=".png, .pdf or .svg")
    parser.add_argument("--seconds", type=float, help="draw only this much from the start")
    options = parser.parse_args()
    heard = load_song(options.heard)
    title = f"heard in {heard.source.path}" if heard.source else options.heard
    songs = [(f"{title}; grey is what was played", heard)]
    save_piano_roll(songs, options.picture, end_s=options.seconds, truth=load_song(options.truth))


if __name__ == "__main__":
    main()
