"""Varied performances of real songs, as recordings with known notes for note-net.

Excerpts come from the tuning songs of mixes.py, with drums of the training split of the Groove set.
Instruments, articulation, vibrato, scooped onsets, reverb, levels and equalization vary.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.render import load_fluidsynth
from muse.tools.training.examples.mixes import LEVELS_DB, SAMPLE_RATE, TAIL_S, split_songs
from muse.tools.training.examples.named_soundfonts import named_soundfont
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

Audio = NDArray[np.float32]

Parts = dict[str, list[NoteEvent]]  # stem to its notes
Gesture = tuple[float, str, Any]  # time in seconds, kind, value

# General MIDI programs, counted from 0
LEADS = (
    *(73, 65, 56, 80, 40, 71, 81, 68, 66, 64, 72, 75, 82, 85, 69, 57, 60, 22, 27, 53, 41, 59, 52),
    *(54, 74, 0, 11, 21, 62, 29, 30, 83, 84, 87, 42, 67, 70, 24, 26, 4, 61, 76, 78, 79, 88),
)
KEYS = (
    *(0, 0, 0, 4, 5, 2, 1, 3, 6, 16, 18, 7, 24, 25, 48, 50, 89, 19, 26, 27, 46, 11, 17, 21, 90),
    *(92, 61, 8),
)
BASSES = (32, 33, 34, 35, 36, 37, 38, 39, 33, 34, 32, 43, 87, 58)
KITS = (0, 0, 8, 16, 24, 25, 32, 40)


def excerpt_notes(data: Path, index: int) -> Parts | None:
    """Return the notes of one excerpt, varied; None if its song has too few.

    Args:
        data: the data folder.
        index: of the excerpt; songs come round again after the last one.
    """
    _, songs = split_songs(data)
    rng = random.Random(50_000 + index)
    folder = data / "pop909" / songs[index % len(songs)]
    tracks = read_tracks(next(folder.glob("*.mid")))
    lines = read_lines(folder / "beat_midi.txt")
    beats = [float(line.split()[0]) for line in lines]
    bars = [float(line.split()[0]) for line in lines if is_bar(line)]
    starts = [bar for bar in bars if bar < beats[-1] - LENGTH_S - 1]
    if len(bars) < 20 or not starts or not tracks.get("MELODY") or not tracks.get("PIANO"):
        return None
    start = rng.choice(starts)
    line = tracks.get("BRIDGE") if rng.random() < 0.15 else None
    notes = {
        "lead": monophonic(line or tracks["MELODY"]),
        "keys": tracks["PIANO"],
        "bass": bass_line(read_chords(folder / "chord_midi.txt"), beats, rng),
        "drums": drum_part(data / "groove", bars, start, "train", rng),
    }
    notes = {stem: excerpt(part, start) for stem, part in notes.items()}
    if min(map(len, notes.values())) < 8:
        return None
    octaves = rng.choice((-12, 0, 0, 0, 0, 0, 0, 0, 0, 12))
    gate = rng.choice((1.0, rng.uniform(0.5, 1.0)))
    notes["lead"] = [articulated(note, octaves, gate, rng) for note in notes["lead"]]
    up = rng.choice((0, 0, 0, 12))
    notes["bass"] = [replace(note, pitch=note.pitch + up) for note in notes["bass"]]
    return notes


def articulated(note: NoteEvent, shift: int, gate: float, rng: random.Random) -> NoteEvent:
    """Return a melody note transposed, shortened and with another velocity."""
    return replace(
        note,
        offset_s=note.onset_s + max((note.offset_s - note.onset_s) * gate, 0.05),
        pitch=min(max(note.pitch + shift, 36), 100),
        velocity=min(127, max(30, note.velocity + rng.randint(-25, 10))),
    )


def perform(notes: Parts, soundfont: str, rng: random.Random) -> dict[str, Audio]:
    """Return each part by itself, on a random instrument of its kind, at its level in the mix."""
    programs = {"lead": LEADS, "keys": KEYS, "bass": BASSES, "drums": KITS}
    return {
        stem: play(part, rng.choice(programs[stem]), soundfont, rng, stem)
        for stem, part in notes.items()
    }


def play(
    notes: Sequence[NoteEvent], program: int, soundfont: str, rng: random.Random, stem: str
) -> Audio:
    """Return one part, mono, with its own reverb; some leads have vibrato and scooped onsets.

    Raises:
        MissingPartError: libfluidsynth or the soundfont is not installed.
    """
    fluidsynth = load_fluidsynth()
    channel = 9 if stem == "drums" else 0
    synth = fluidsynth.Synth(gain=0.4, samplerate=float(SAMPLE_RATE))
    synth.program_select(
        channel, synth.sfload(str(named_soundfont(soundfont))), 128 if channel else 0, program
    )
    synth.cc(channel, 91, rng.choice((0, 20, 40, 40, 70, 110)))  # reverb
    synth.cc(channel, 93, rng.choice((0, 0, 30, 70)))  # chorus
    blocks, position = [], 0
    for when, kind, value in sorted(
        gestures(notes, rng, stem), key=lambda g: (g[0], g[1] != "off")
    ):
        frame = round(when * SAMPLE_RATE)
        if frame > position:
            blocks.append(synth.get_samples(frame - position))
            position = frame
        if kind == "on":
            synth.noteon(channel, *value)
        elif kind == "off":
            synth.noteoff(channel, value)
        elif kind == "bend":
            synth.pitch_bend(channel, value)
        else:
            synth.cc(channel, 1, value)
    total = round((LENGTH_S + TAIL_S) * SAMPLE_RATE)
    blocks.append(synth.get_samples(max(total - position, 0)))
    synth.delete()
    audio = np.concatenate(blocks)[: 2 * total].reshape(-1, 2).mean(axis=1) / 32768
    return at_level(audio.astype(np.float32), LEVELS_DB[stem] + rng.uniform(-3, 3))


def gestures(notes: Sequence[NoteEvent], rng: random.Random, stem: str) -> list[Gesture]:
    """Return a part as events: on (pitch, velocity), off (pitch), bend and wheel (MIDI values)."""
    scoops = stem == "lead" and rng.random() < 0.35
    vibrato = rng.randint(10, 100) if stem == "lead" and rng.random() < 0.4 else 0
    events: list[Gesture] = []
    for note in notes:
        if scoops:
            depth = rng.choice((0.0, rng.uniform(-1.5, 0.5)))  # semitones
            length = rng.uniform(0.03, 0.12)
            for step in range(6):
                bend = int(8191 * depth / 2 * (1 - step / 5))
                events.append((note.onset_s + length * step / 5, "bend", bend))
        if vibrato:
            events.append((note.onset_s, "wheel", 0))
            if note.offset_s - note.onset_s > 0.25:
                events.append((note.onset_s + 0.15, "wheel", vibrato))
        events.append((note.onset_s, "on", (note.pitch, note.velocity)))
        events.append((note.offset_s, "off", note.pitch))
    return events


def at_level(audio: Audio, level_db: float) -> Audio:
    """Return the audio scaled to an RMS level."""
    rms = float(np.sqrt(np.mean(audio**2))) + 1e-9
    return np.asarray(audio * (10 ** (level_db / 20) / rms), np.float32)


def equalized(audio: Audio, rng: random.Random) -> Audio:
    """Return the audio filtered by a random smooth curve over the octaves."""
    spectrum = np.fft.rfft(audio)
    octave = np.log2(np.maximum(np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE), 20) / 20)
    gain = np.interp(octave, np.linspace(0, 10, 7), [rng.gauss(0, 3) for _ in range(7)])
    return np.fft.irfft(spectrum * 10 ** (gain / 20), len(audio)).astype(np.float32)
