"""Varied recordings of known notes: what the note net is trained on.

Excerpts come from the tuning songs of mixes.py alone, never from the bench songs, with drums of the
training split of the Groove set. Instruments, articulation, vibrato, scooped onsets, reverb, levels
and equalisation vary. Each excerpt gives clean stems, stems with bleed, the lead and keys with the
rest behind them, the low end of the mix, and the mix.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import mix_parts
import mixes
import numpy as np
from named_soundfont import named_soundfont
from numpy.typing import NDArray

from muse.tools.transcription.note_event import NoteEvent

Audio = NDArray[np.float32]

RATE = mixes.SAMPLE_RATE

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


def scene(index: int) -> dict[str, list[NoteEvent]] | None:
    """The notes of one excerpt, varied; None where the song has too little in it."""
    _, songs = mixes.split_songs()
    dice = random.Random(50_000 + index)
    folder = mix_parts.DATA / "pop909" / songs[index % len(songs)]
    tracks = mix_parts.read_tracks(next(folder.glob("*.mid")))
    lines = mix_parts.read_lines(folder / "beat_midi.txt")
    beats = [float(line.split()[0]) for line in lines]
    bars = [float(line.split()[0]) for line in lines if mix_parts.is_bar(line)]
    starts = [bar for bar in bars if bar < beats[-1] - mix_parts.LENGTH_S - 1]
    if len(bars) < 20 or not starts or not tracks.get("MELODY") or not tracks.get("PIANO"):
        return None
    start = dice.choice(starts)
    line = tracks.get("BRIDGE") if dice.random() < 0.15 else None
    notes = {
        "lead": mix_parts.monophonic(line or tracks["MELODY"]),
        "keys": tracks["PIANO"],
        "bass": mix_parts.bass_line(mix_parts.read_chords(folder / "chord_midi.txt"), beats, dice),
        "drums": mix_parts.drum_part(bars, start, "train", dice),
    }
    notes = {stem: mix_parts.excerpt(part, start) for stem, part in notes.items()}
    if min(map(len, notes.values())) < 8:
        return None
    octaves = dice.choice((-12, 0, 0, 0, 0, 0, 0, 0, 0, 12))
    gate = dice.choice((1.0, dice.uniform(0.5, 1.0)))
    notes["lead"] = [articulated(note, octaves, gate, dice) for note in notes["lead"]]
    up = dice.choice((0, 0, 0, 12))
    notes["bass"] = [replace(note, pitch=note.pitch + up) for note in notes["bass"]]
    return notes


def articulated(note: NoteEvent, shift: int, gate: float, dice: random.Random) -> NoteEvent:
    """A melody note, moved, shortened, and struck otherwise."""
    return replace(
        note,
        offset_s=note.onset_s + max((note.offset_s - note.onset_s) * gate, 0.05),
        pitch=min(max(note.pitch + shift, 36), 100),
        velocity=min(127, max(30, note.velocity + dice.randint(-25, 10))),
    )


def perform(notes: dict[str, list[NoteEvent]], font: str, dice: random.Random) -> dict[str, Audio]:
    """Each part by itself on an instrument of its kind, set to a level in the mix."""
    programs = {"lead": LEADS, "keys": KEYS, "bass": BASSES, "drums": KITS}
    return {
        stem: play(part, dice.choice(programs[stem]), font, dice, stem)
        for stem, part in notes.items()
    }


def play(
    notes: Sequence[NoteEvent], program: int, font: str, dice: random.Random, stem: str
) -> Audio:
    """One part, mono, with its own reverb, and for a lead at times vibrato and scooped onsets."""
    import fluidsynth

    channel = 9 if stem == "drums" else 0
    synth = fluidsynth.Synth(gain=0.4, samplerate=float(RATE))
    synth.program_select(
        channel, synth.sfload(str(named_soundfont(font))), 128 if channel else 0, program
    )
    synth.cc(channel, 91, dice.choice((0, 20, 40, 40, 70, 110)))  # reverb
    synth.cc(channel, 93, dice.choice((0, 0, 30, 70)))  # chorus
    blocks, position = [], 0
    for when, kind, value in sorted(
        gestures(notes, dice, stem), key=lambda g: (g[0], g[1] != "off")
    ):
        frame = round(when * RATE)
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
    total = round((mix_parts.LENGTH_S + mixes.TAIL_S) * RATE)
    blocks.append(synth.get_samples(max(total - position, 0)))
    synth.delete()
    audio = np.concatenate(blocks)[: 2 * total].reshape(-1, 2).mean(axis=1) / 32768
    return at_level(audio.astype(np.float32), mixes.LEVELS_DB[stem] + dice.uniform(-3, 3))


def gestures(
    notes: Sequence[NoteEvent], dice: random.Random, stem: str
) -> list[tuple[float, str, Any]]:
    """What happens when: ('on', (pitch, velocity)), ('off', pitch), ('bend', n), ('wheel', n)."""
    scoops = stem == "lead" and dice.random() < 0.35
    vibrato = dice.randint(10, 100) if stem == "lead" and dice.random() < 0.4 else 0
    events: list[tuple[float, str, Any]] = []
    for note in notes:
        if scoops:
            depth = dice.choice((0.0, dice.uniform(-1.5, 0.5)))  # semitones
            length = dice.uniform(0.03, 0.12)
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


def at_level(audio: Audio, decibel: float) -> Audio:
    """The audio at an RMS level."""
    rms = float(np.sqrt(np.mean(audio**2))) + 1e-9
    return np.asarray(audio * (10 ** (decibel / 20) / rms), np.float32)


def equalised(audio: Audio, dice: random.Random) -> Audio:
    """The audio through a random gentle curve over the octaves."""
    spectrum = np.fft.rfft(audio)
    octave = np.log2(np.maximum(np.fft.rfftfreq(len(audio), 1 / RATE), 20) / 20)
    gain = np.interp(octave, np.linspace(0, 10, 7), [dice.gauss(0, 3) for _ in range(7)])
    return np.fft.irfft(spectrum * 10 ** (gain / 20), len(audio)).astype(np.float32)
