"""Recorded single notes of real instruments, and clips made from them.

A folder of samples has a folder for each instrument, which holds, at any depth, files named by
their pitch: A4.mp3, Fs4.wav, Bb3.flac. Only notes whose YIN pitch fits the name are used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from intervals_baselines import Clip

from muse.tools.audio.io import read_audio
from muse.tools.audio.yin import note_pitch
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.theory.pitch import parse_midi_name

RATE = 44_100  # Hz
SUFFIXES = {".mp3", ".wav", ".flac", ".ogg"}
NAMED = re.compile(r"([A-G])([s#b]?)(-?\d)")
LARGEST_DEVIATION = 0.25  # semitones from the named pitch
ONSET_SHARE = 0.02  # of the peak; the level at which a note begins
BEFORE_S = 0.01  # kept before the onset
LONGEST_S = 2.0  # of a note
BEGINNING_S = 0.9  # in which the pitch is measured too
FADE_S = 0.03  # at the end of a shortened note
PAD_S = 0.1  # of silence before and after a clip
PEAK = 0.5  # highest sample of a clip


@dataclass(frozen=True)
class Sample:
    """One recorded note.

    Attributes:
        pitch: MIDI.
        sound: (frames,) at RATE, from the attack.
    """

    pitch: int
    sound: Clip


@dataclass(frozen=True)
class Instrument:
    """The notes of one instrument.

    Attributes:
        name: of its folder.
        samples: in order of pitch.
        mismatched: names of files whose pitch does not fit the name.
        outside: number of notes outside of the range of clips.
    """

    name: str
    samples: tuple[Sample, ...]
    mismatched: tuple[str, ...]
    outside: int


def read_instruments(folder: Path) -> list[Instrument]:
    """Read the instruments of a folder of samples that have two notes or more."""
    found = [read_instrument(each) for each in sorted(folder.iterdir()) if each.is_dir()]
    return [instrument for instrument in found if len(instrument.samples) > 1]


def read_instrument(folder: Path) -> Instrument:
    """Read the notes of an instrument's folder; of two with the same pitch, the first."""
    lowest, highest = ClipSettings().pitches
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    named = {pitch: path for path in reversed(paths) if (pitch := named_pitch(path)) is not None}
    inside = {pitch: named[pitch] for pitch in sorted(named) if lowest <= pitch <= highest}
    samples = [Sample(pitch, read_note(path)) for pitch, path in inside.items()]
    matching = tuple(sample for sample in samples if matches_name(sample))
    used = {sample.pitch for sample in matching}
    mismatched = tuple(path.name for pitch, path in inside.items() if pitch not in used)
    return Instrument(folder.name, matching, mismatched, len(named) - len(inside))


def named_pitch(path: Path) -> int | None:
    """Return the pitch in a file's name, or None."""
    match = NAMED.fullmatch(path.stem)
    return parse_midi_name(f"{match[1]}{match[2].replace('s', '#')}{match[3]}") if match else None


def read_note(path: Path) -> Clip:
    """Read a note from its attack."""
    sound, _ = read_audio(path, sample_rate=RATE, mono=True)
    loud = np.abs(sound[0]) > ONSET_SHARE * np.abs(sound[0]).max()
    start = max(int(loud.argmax()) - round(BEFORE_S * RATE), 0)
    note: Clip = sound[0, start : start + round(LONGEST_S * RATE)]
    return note


def matches_name(sample: Sample) -> bool:
    """Return whether the pitch, at the beginning or throughout, fits the file's name."""
    parts = sample.sound[: round(BEGINNING_S * RATE)], sample.sound
    return any(abs(note_pitch(part, RATE)[0] - sample.pitch) <= LARGEST_DEVIATION for part in parts)


def shorten(sample: Sample, length_s: float) -> Clip:
    """Return the beginning of a note at a power of 1, with a short fade at the end."""
    note = sample.sound[: round(length_s * RATE)].copy()
    fade = min(round(FADE_S * RATE), len(note))
    note[len(note) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    level: Clip = note / np.sqrt(np.mean(note**2))
    return level


def successive(notes: Sequence[Clip], gap_s: float) -> tuple[Clip, list[float]]:
    """Join successive notes to one clip; returns it and the onsets in s."""
    pieces, onsets, place = [], [], 0
    silence = np.zeros(round(gap_s * RATE), np.float32)
    for note in notes:
        onsets.append(PAD_S + place / RATE)
        pieces += [note, silence]
        place += len(note) + len(silence)
    return add_padding(np.concatenate(pieces[:-1])), onsets


def simultaneous(notes: Sequence[Clip]) -> Clip:
    """Mix simultaneous notes to one clip."""
    longest = max(map(len, notes))
    return add_padding(np.sum([np.pad(note, (0, longest - len(note))) for note in notes], axis=0))


def add_padding(sound: Clip) -> Clip:
    """Scale a clip to PEAK and add silence on both sides."""
    level = (PEAK / np.abs(sound).max() * sound).astype(np.float32)
    return np.pad(level, round(PAD_S * RATE))
