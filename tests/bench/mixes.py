"""Mixes with known notes for the transcription benchmarks; see tools/training/examples/mixes.py.

Two soundfonts alternate and the programs vary. Nothing may be tuned on these songs. If
`../shared/data` is missing, the example song is used instead.

    python tests/bench/mixes.py DIR [--tuning N]     # writes mixes and stems as WAV, notes as JSON
"""

import argparse
import json
import random
import sys
from functools import partial
from pathlib import Path

import symusic
from named_soundfont import named_soundfont

from muse.tools.training.examples.mixes import (
    PITCHED,
    SAMPLE_RATE,
    STEMS,
    Mix,
    make_mix,
    render_stems,
    split_songs,
    tuning_mix,
)
from muse.tools.training.examples.named_soundfonts import SOUNDFONTS
from muse.tools.training.examples.song_parts import excerpt, to_events
from muse.tools.transcription.note_event import NoteEvent

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
BENCH_COUNT = 10

# General MIDI programs the bench mixes cycle through, counted from 0
BENCH_PROGRAMS = {
    "lead": (73, 65, 56, 80, 40, 71, 81, 68, 66, 11),
    "keys": (0, 4, 5, 0, 2, 4, 1, 0, 5, 16),
    "bass": (33, 34, 32, 35, 38, 33, 39, 34, 32, 36),
}


def bench_mixes() -> list[Mix]:
    """Return the ten mixes of the benchmark, or one of the example song if there is no data."""
    if not (DATA / "pop909").is_dir():
        return [example_mix()]
    for name in SOUNDFONTS:
        named_soundfont(name)  # ends the program if it is missing
    songs, _ = split_songs(DATA)
    made: list[Mix] = []
    for number in songs:
        count = len(made)
        programs = {stem: BENCH_PROGRAMS[stem][count % 10] for stem in PITCHED}
        mix = make_mix(DATA, number, SOUNDFONTS[count % 2], programs, "validation", seed=count)
        if mix is not None:
            made.append(mix)
        if len(made) == BENCH_COUNT:
            break
    return made


def example_mix() -> Mix:
    """Render the example song part by part."""
    path = Path(__file__).resolve().parents[2] / "examples" / "paper_lanterns.mid"
    notes: dict[str, list[NoteEvent]] = {}
    programs: dict[str, int] = {}
    for track in symusic.Score(path).to("second").tracks:
        stem = "drums" if track.is_drum else track.name.lower()
        if stem in STEMS:
            notes[stem] = excerpt(to_events(track), 0.0)
            programs[stem] = track.program
    stems = render_stems(notes, programs, "TimGM6mb", random.Random(0))  # comes with pretty_midi
    return Mix(path.stem, stems, notes, programs)


def write_mix(mix: Mix, folder: Path) -> None:
    """Write the mix and its stems as float WAV, and its notes as JSON."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    for name, audio in {"mix": mix.audio, **mix.stems}.items():
        soundfile.write(folder / f"{name}.wav", audio.T, SAMPLE_RATE, "FLOAT")
    truth = {
        stem: [[n.onset_s, n.offset_s, n.pitch, n.velocity] for n in part]
        for stem, part in mix.notes.items()
    }
    document = {"notes": truth, "programs": mix.programs, "beats_s": mix.beats_s}
    (folder / "truth.json").write_text(json.dumps(document))


def main() -> None:
    """Write mixes to a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tuning", type=int, default=0, help="write N tuning mixes instead")
    options = parser.parse_args()
    made = (
        (mix for mix in map(partial(tuning_mix, DATA), range(options.tuning)) if mix is not None)
        if options.tuning
        else iter(bench_mixes())
    )
    for mix in made:
        write_mix(mix, options.directory / mix.name)
        print(mix.name, {stem: len(part) for stem, part in mix.notes.items()}, file=sys.stderr)


if __name__ == "__main__":
    main()
