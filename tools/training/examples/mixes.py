"""Mixes with known notes, rendered from real songs.

A mix is half a minute of a POP909 song: its MELODY as lead, its PIANO as keys, a bass line played
from its chords, and drums of the Groove MIDI Dataset stretched onto its beats. Two soundfonts take
turns, and the programs vary.

Songs are split once, by number: a tenth is for the benchmarks, and nothing may be tuned on it. The
other songs, with drums of the Groove set's training split, are for tuning and training.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.render import load_fluidsynth
from muse.tools.training.examples.named_soundfonts import SOUNDFONTS, named_soundfont
from muse.tools.training.examples.song_parts import (
    LENGTH_S,
    bass_line,
    drum_part,
    excerpt,
    is_bar,
    monophonic,
    read_chords,
    read_lines,
    read_tracks,
)
from muse.tools.transcription.note_event import NoteEvent

SAMPLE_RATE = 44100  # Hz
TAIL_S = 1.0  # rendered after the last note, for its release
SPLIT_SEED = 909
PITCHED = ("lead", "keys", "bass")
STEMS = (*PITCHED, "drums")

# General MIDI programs, counted from 0: partly those of the benchmark's mixes, partly others
TUNING_PROGRAMS = {
    "lead": (73, 65, 56, 80, 40, 71, 81, 68, 64, 72, 75, 82, 85, 69, 57, 60, 22, 27, 53, 41, 59),
    "keys": (0, 0, 4, 5, 2, 1, 3, 6, 16, 18, 7, 24, 25),
    "bass": (32, 33, 34, 35, 36, 37, 38, 39, 33, 34),
}
LEVELS_DB = {"lead": -20.0, "keys": -23.0, "bass": -21.0, "drums": -21.0}  # RMS of each stem
LEVEL_SPREAD_DB = 2.5


@dataclass
class Mix:
    """One mix and the notes in it.

    Attributes:
        name: song number and soundfont.
        stems: stem name to audio, (2, frames) float32 at SAMPLE_RATE; they sum to the mix.
        notes: stem name to its notes, with times from the start of the audio.
        programs: stem name to General MIDI program.
        beats_s: beat times of the song.
    """

    name: str
    stems: dict[str, NDArray[np.float32]]
    notes: dict[str, list[NoteEvent]]
    programs: dict[str, int]
    beats_s: list[float] = field(default_factory=list)

    @property
    def audio(self) -> NDArray[np.float32]:
        """The sum of the stems, (2, frames)."""
        total: NDArray[np.float32] = np.sum(list(self.stems.values()), axis=0, dtype=np.float32)
        return total


def split_songs(data: Path) -> tuple[list[str], list[str]]:
    """Return the numbers of the songs for the benchmarks and for tuning; they have none in common.

    Args:
        data: the data folder.
    """
    songs = sorted(path.name for path in (data / "pop909").iterdir() if path.is_dir())
    random.Random(SPLIT_SEED).shuffle(songs)
    tenth = len(songs) // 10
    return songs[:tenth], songs[tenth:]


def tuning_mix(data: Path, index: int, soundfonts: Sequence[str] = SOUNDFONTS) -> Mix | None:
    """Return one of the mixes for tuning; None if its song has too few notes.

    Args:
        data: the data folder.
        index: of the song among those for tuning.
        soundfonts: that the mixes use in turn.
    """
    _, songs = split_songs(data)
    rng = random.Random(1000 + index)
    programs = {stem: rng.choice(TUNING_PROGRAMS[stem]) for stem in PITCHED}
    return make_mix(
        data, songs[index], soundfonts[index % len(soundfonts)], programs, "train", seed=index
    )


def make_mix(
    data: Path, number: str, soundfont: str, programs: dict[str, int], drum_split: str, seed: int
) -> Mix | None:
    """Return half a minute of a song from the start of its melody; None if there is too little.

    Args:
        data: the data folder.
        number: of the song.
        soundfont: name of the soundfont.
        programs: General MIDI program of each pitched stem.
        drum_split: of the Groove set that the drums are drawn from.
        seed: of everything that varies.
    """
    rng = random.Random(f"{number}/{seed}")
    folder = data / "pop909" / number
    tracks = read_tracks(next(folder.glob("*.mid")))
    if len(tracks.get("MELODY", ())) < 60 or not tracks.get("PIANO"):
        return None
    beats = [float(line.split()[0]) for line in read_lines(folder / "beat_midi.txt")]
    bars = [float(line.split()[0]) for line in read_lines(folder / "beat_midi.txt") if is_bar(line)]
    first_sung = tracks["MELODY"][0].onset_s
    start = max((bar for bar in bars if bar <= first_sung + 0.01), default=beats[0])
    if start + LENGTH_S > beats[-1] or len(bars) < 12:
        return None
    notes = {
        "lead": monophonic(tracks["MELODY"]),
        "keys": tracks["PIANO"],
        "bass": bass_line(read_chords(folder / "chord_midi.txt"), beats, rng),
        "drums": drum_part(data / "groove", bars, start, drum_split, rng),
    }
    notes = {stem: excerpt(part, start) for stem, part in notes.items()}
    if min(len(notes[stem]) for stem in STEMS) < 8:
        return None
    stems = render_stems(notes, programs, soundfont, rng)
    shifted = [beat - start for beat in beats if start <= beat <= start + LENGTH_S]
    return Mix(f"{number}-{soundfont}", stems, notes, programs, shifted)


def render_stems(
    notes: dict[str, list[NoteEvent]],
    programs: dict[str, int],
    soundfont: str,
    rng: random.Random,
) -> dict[str, NDArray[np.float32]]:
    """Return each part by itself, at its level in the mix; their sum stays below full scale."""
    stems = {}
    for stem in notes:
        audio = render(notes[stem], programs.get(stem, 0), stem == "drums", soundfont)
        rms = float(np.sqrt(np.mean(audio**2))) or 1.0
        level = LEVELS_DB[stem] + rng.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB)
        stems[stem] = audio * np.float32(10 ** (level / 20) / rms)
    peak = float(np.abs(np.sum(list(stems.values()), axis=0)).max())
    scale = np.float32(min(1.0, 0.95 / peak))
    return {stem: audio * scale for stem, audio in stems.items()}


def render(
    notes: Sequence[NoteEvent], program: int, is_drum: bool, soundfont: str
) -> NDArray[np.float32]:
    """Return (2, frames): notes played on one channel of FluidSynth, with its default reverb.

    Raises:
        MissingPartError: libfluidsynth or the soundfont is not installed.
    """
    fluidsynth = load_fluidsynth()
    channel = 9 if is_drum else 0
    synth = fluidsynth.Synth(gain=0.4, samplerate=float(SAMPLE_RATE))
    font = synth.sfload(str(named_soundfont(soundfont)))
    synth.program_select(channel, font, 128 if is_drum else 0, program)
    events = [(note.onset_s, 1, note) for note in notes]
    events += [(note.offset_s, 0, note) for note in notes]
    blocks, position = [], 0
    for time, is_on, note in sorted(events, key=lambda event: event[:2]):
        frame = round(time * SAMPLE_RATE)
        if frame > position:
            blocks.append(synth.get_samples(frame - position))
            position = frame
        if is_on:
            synth.noteon(channel, note.pitch, note.velocity)
        else:
            synth.noteoff(channel, note.pitch)
    total = round((LENGTH_S + TAIL_S) * SAMPLE_RATE)
    blocks.append(synth.get_samples(max(total - position, 0)))
    synth.delete()
    samples = np.concatenate(blocks)[: 2 * total]
    return np.ascontiguousarray(samples.reshape(-1, 2).T.astype(np.float32) / 32768.0)
