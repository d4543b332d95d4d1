"""Recorded notes of real instruments, one a file, and clips cut of them.

A folder of samples holds a folder for each instrument, and that, at any depth, files named by
their pitch: A4.mp3, Fs4.wav, Bb3.flac. Only notes are taken whose pitch YIN hears as it is written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from intervals_ways import Clip

from muse.tools.audio.io import read_audio
from muse.tools.audio.yin import note_pitch
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.theory.pitch import parse_midi_name

RATE = 44_100  # Hz
SUFFIXES = {".mp3", ".wav", ".flac", ".ogg"}
NAMED = re.compile(r"([A-G])([s#b]?)(-?\d)")
FAITHFUL = 0.25  # semitones off its name at most; two such notes are off by half a one
ONSET_SHARE = 0.02  # of the highest sample, at which a note begins
BEFORE_S = 0.01  # kept before that
HELD_S = 2.0  # kept of a note
BEGINNING_S = 0.9  # of it
FADE_S = 0.03  # at the end of a cut
PAD_S = 0.1  # of silence before and after a clip
PEAK = 0.5  # of a clip


@dataclass(frozen=True)
class Sample:
    """One recorded note.

    Attributes:
        pitch: MIDI's.
        sound: (frames,) at RATE, from its attack on.
    """

    pitch: int
    sound: Clip


@dataclass(frozen=True)
class Instrument:
    """The notes of one instrument.

    Attributes:
        name: of its folder.
        samples: by pitch, from low to high.
        untrue: names of the files whose pitch is not what they say.
        outside: how many notes are out of the range that clips are made in.
    """

    name: str
    samples: tuple[Sample, ...]
    untrue: tuple[str, ...]
    outside: int


def instruments_in(folder: Path) -> list[Instrument]:
    """All of a folder of samples that have two notes or more."""
    found = [read_instrument(each) for each in sorted(folder.iterdir()) if each.is_dir()]
    return [instrument for instrument in found if len(instrument.samples) > 1]


def read_instrument(folder: Path) -> Instrument:
    """The notes of one instrument's folder; of two of one pitch the first."""
    lowest, highest = ClipSettings().pitches
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    named = {pitch: path for path in reversed(paths) if (pitch := pitch_in(path)) is not None}
    inside = {pitch: named[pitch] for pitch in sorted(named) if lowest <= pitch <= highest}
    samples = [Sample(pitch, read_note(path)) for pitch, path in inside.items()]
    true = tuple(sample for sample in samples if is_true(sample))
    kept = {sample.pitch for sample in true}
    untrue = tuple(path.name for pitch, path in inside.items() if pitch not in kept)
    return Instrument(folder.name, true, untrue, len(named) - len(inside))


def pitch_in(path: Path) -> int | None:
    """The pitch that a file is named by, None where it is not."""
    match = NAMED.fullmatch(path.stem)
    return parse_midi_name(f"{match[1]}{match[2].replace('s', '#')}{match[3]}") if match else None


def read_note(path: Path) -> Clip:
    """A note from its attack on."""
    sound, _ = read_audio(path, sample_rate=RATE, mono=True)
    loud = np.abs(sound[0]) > ONSET_SHARE * np.abs(sound[0]).max()
    start = max(int(loud.argmax()) - round(BEFORE_S * RATE), 0)
    note: Clip = sound[0, start : start + round(HELD_S * RATE)]
    return note


def is_true(sample: Sample) -> bool:
    """Whether a note has the pitch that it is named by, at its beginning or throughout."""
    parts = sample.sound[: round(BEGINNING_S * RATE)], sample.sound
    return any(abs(note_pitch(part, RATE)[0] - sample.pitch) <= FAITHFUL for part in parts)


def note_of(sample: Sample, length_s: float) -> Clip:
    """The beginning of a note at a power of 1, with a short fade."""
    note = sample.sound[: round(length_s * RATE)].copy()
    fade = min(round(FADE_S * RATE), len(note))
    note[len(note) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    level: Clip = note / np.sqrt(np.mean(note**2))
    return level


def in_turn(notes: Sequence[Clip], gap_s: float) -> tuple[Clip, list[float]]:
    """Notes one after the other, as one clip, and where each begins in s."""
    pieces, onsets, place = [], [], 0
    silence = np.zeros(round(gap_s * RATE), np.float32)
    for note in notes:
        onsets.append(PAD_S + place / RATE)
        pieces += [note, silence]
        place += len(note) + len(silence)
    return padded(np.concatenate(pieces[:-1])), onsets


def at_once(notes: Sequence[Clip]) -> Clip:
    """Notes that begin together, as one clip."""
    longest = max(map(len, notes))
    return padded(np.sum([np.pad(note, (0, longest - len(note))) for note in notes], axis=0))


def padded(sound: Clip) -> Clip:
    """With silence on both sides, at PEAK."""
    level = (PEAK / np.abs(sound).max() * sound).astype(np.float32)
    return np.pad(level, round(PAD_S * RATE))
