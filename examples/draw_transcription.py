"""Draw a transcription over the reference, which is gray.

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
    parser.add_argument("transcription", help="Song document or MIDI, from muse transcribe")
    parser.add_argument("truth", help="reference MIDI file")
    parser.add_argument("picture", type=Path, help=".png, .pdf or .svg")
    parser.add_argument("--seconds", type=float, help="length to draw, from the start")
    options = parser.parse_args()
    found = load_song(options.transcription)
    title = f"transcription of {found.source.path}" if found.source else options.transcription
    songs = [(f"{title}; the reference is gray", found)]
    save_piano_roll(songs, options.picture, end_s=options.seconds, truth=load_song(options.truth))


if __name__ == "__main__":
    main()
