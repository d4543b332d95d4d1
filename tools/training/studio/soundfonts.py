"""Instruments of the soundfonts that are installed, played by FluidSynth.

The samples of a soundfont are loaded once. Its reverb is off: rooms are among the effects.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator

from muse.tools.audio.render import Event, play_events, synth_events, synthesizer
from muse.tools.audio.soundfonts import find_soundfonts, soundfont_folders
from muse.tools.song.document import Bend, Note, Song, Tempo, Track
from muse.tools.training.studio.instrument import Audio, length_of
from muse.tools.transcription.note_event import NoteEvent

log = logging.getLogger("muse")
_open = ExitStack()  # the synthesizers that stay open

GAIN = 0.4  # of FluidSynth
TAIL_S = 1.0
BEND_RANGE_CENTS = 200.0  # of a pitch wheel value of 8192
SECONDS = Tempo(0.0, 60.0)  # one beat a second

# name of a soundfont, as in its file: its licence, and the Debian package that holds it
SOUNDFONTS = {
    "FluidR3_GM": ("MIT", "fluid-soundfont-gm"),
    "MuseScore_General_Full": ("MIT", "musescore-general-soundfont"),
    "OPL-3_FM_128M": ("CC BY-SA 4.0, as sounds only", "opl3-soundfont"),
    "TimGM6mb": ("GPL-2.0, as sounds only", "timgm6mb-soundfont"),
}


def installed_soundfonts() -> dict[str, Path]:
    """Return the soundfonts of SOUNDFONTS that are installed; log the names of the others."""
    folders = soundfont_folders()
    packed = [path for folder in folders for path in sorted(folder.glob("*.sf3"))]
    packed += [path for folder in folders for path in sorted((folder.parent / "sf3").glob("*.sf3"))]
    files = {path.stem: path for path in [*packed, *find_soundfonts()]}
    for name, (_, package) in SOUNDFONTS.items():
        if name not in files:
            log.warning("no soundfont %s: its sounds are left out; package %s", name, package)
    return {name: files[name] for name in SOUNDFONTS if name in files}


class SoundfontProgram:
    """One program of a soundfont, or one of its drum kits."""

    def __init__(self, path: Path, program: int, *, is_drum: bool = False) -> None:
        """Set what to play; the soundfont is loaded when it is first played."""
        self._path, self._program, self._is_drum = path, program, is_drum

    def __call__(
        self, notes: Sequence[NoteEvent], rate: int, cents: float, rng: Generator
    ) -> Audio:
        """Play notes; see `instrument.Play`."""
        played = [Note(n.onset_s, n.offset_s - n.onset_s, n.pitch, n.velocity) for n in notes]
        bends = [Bend(0.0, round(cents / BEND_RANGE_CENTS * 8192))]
        track = Track(program=self._program, is_drum=self._is_drum, notes=played, bends=bends)
        events = synth_events(Song(tempos=[SECONDS], tracks=[track]), rate)
        frames = length_of(notes, rate, TAIL_S)
        audio = np.concatenate(list(self._blocks(events, frames, rate)), axis=1)
        return np.asarray(audio.mean(axis=0), np.float32)

    def _blocks(self, events: list[Event], frames: int, rate: int) -> Iterator[Audio]:
        """Yield the audio of a new synthesizer, so that it does not depend on what was played."""
        keep_loaded(self._path, rate)
        with synthesizer(self._path, rate, GAIN, reverb=False) as (synth, font):
            yield from play_events(synth, font, events, frames)


@cache
def keep_loaded(path: Path, rate: int) -> None:
    """Load a soundfont and leave it open: others then find its samples in FluidSynth's cache."""
    _open.enter_context(synthesizer(path, rate, GAIN, reverb=False))
