"""Make training data for the interval net: spectra with labels.

An example is a clip of two notes from generate.py, or one without an interval: one note, three
notes, noise or silence. Its spectrum is that of cqt.py, stored in bytes. Each example depends on
the seed and its number alone.

Conventions: times in frames of cqt.HOP, pitches in rows of cqt.py with fractions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.cqt import HOP, LOWEST_PITCH, RATE, ROWS, ROWS_PER_SEMITONE, levels
from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.intervals.clip_settings import ClipSettings, frequency_of, pitch_of
from muse.tools.intervals.effects import noise
from muse.tools.intervals.generate import Clip, Maker
from muse.tools.intervals.instruments import INSTRUMENTS
from muse.tools.intervals.sample_label import Label, clip_rng
from muse.tools.progress import Report, silent

CLIP_S = 2.0
FRAMES = -(-round(CLIP_S * RATE) // HOP)
BYTE = 255  # value of level 1
NOTES = 3  # largest number of notes in an example
KINDS = ("ascending", "descending", "together", "repeated")
NO_INTERVAL = -1  # as a size and as a kind
SOUNDFONT = "FluidR3_GM"  # used for training if it is installed
NONE_EVERY = 5  # the last of this many examples has no interval
NOTHINGS = ("one", "three", "one", "three", "noise", "three", "one", "silence")
LESSON = 7  # stream of random numbers, apart from those of sample_label.py
ALONE_DB = -120.0  # balance at which only the lower note is audible
THIRD_DB = (-4.0, 4.0)  # level of a third note relative to the peak of the others
ALONE_S = (0.15, 2.0)  # length of a single note
THIRD_S = (0.25, 0.7)  # length of a third note that follows the others
REACH = 19  # semitones between the lower note and the third
HIDDEN = {0, 12, 19, 24}  # sizes at which one note is a partial of the other
QUIET = 1e-4  # amplitude of noise that is almost silence, full scale 1.0

PLAIN = ClipSettings(
    sample_rate=RATE,
    clip_s=CLIP_S,
    gap_s=(0.0, 0.2),
    note_s=(0.15, 0.9),
    lowest_hz=46.0,
    highest_hz=2100.0,
    intervals=tuple(range(25)),
    directions=("together", "together", "ascending", "descending"),
    detune_cents=12.0,
    tuning_cents=25.0,
    balance_db=6.0,
    peak_dbfs=(-30.0, 0.0),
)
# share of the examples, and their differences from PLAIN
VARIANTS: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.25, {}),
    (0.15, {"note_s": None, "detune_cents": 0.0, "tuning_cents": 10.0}),
    (0.25, {"snr_db": (5.0, 40.0)}),
    (0.1, {"snr_db": (5.0, 40.0), "noise": "pink"}),
    (0.15, {"reverb_s": (0.1, 1.5)}),
    (0.1, {"reverb_s": (0.1, 1.0), "snr_db": (5.0, 40.0)}),
)
TIMBRES = {
    "train": (*("gm:train",) * 6, "saw", "fm", "pluck", "sine"),
    "validation": ("gm:validation",),
    "test": ("gm:test",),
}

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Lesson:
    """A clip and its notes.

    Attributes:
        clip: (frames,) at RATE.
        semitones: size; NO_INTERVAL without an interval.
        kind: index in KINDS; NO_INTERVAL without an interval.
        notes: (pitch, onset in s, end in s) of each.
    """

    clip: Clip
    semitones: int
    kind: int
    notes: tuple[tuple[float, float, float], ...]


def lessons(side: str, count: int, seed: int, report: Report = silent) -> Arrays:
    """Make the examples of one side of the instruments.

    Args:
        side: of instruments.SIDES; only train has synthesizers.
        count: approximate number of examples.
        seed: 0 or more.
        report: called with the progress.

    Returns:
        levels (n, ROWS, FRAMES) bytes, semitones (n,), kind (n,), notes (n, NOTES, 3): row, first
        frame and end frame of each note; zeros for missing notes.

    Raises:
        MissingPartError: there is no soundfont, or FluidSynth is not installed.
    """
    found: list[Mapping[str, Any]] = []
    for place, (share, changes) in enumerate(VARIANTS):
        settings = replace(PLAIN, timbres=TIMBRES[side], soundfonts=soundfonts(), **changes)
        with Maker(settings, seed + place) as maker:
            for number in range(round(share * count)):
                found.append(row_of(lesson(maker, number)))
                report("lessons", len(found) / count)
    return {name: np.stack([row[name] for row in found]) for name in found[0]}


def soundfonts() -> tuple[str, ...]:
    """Return the soundfont of the training data; empty if it is not installed."""
    return tuple(str(path) for path in find_soundfonts() if path.stem == SOUNDFONT)[:1]


def row_of(given: Lesson) -> Mapping[str, Any]:
    """Convert an example to arrays."""
    notes = np.zeros((NOTES, 3), np.float32)
    for place, (pitch, onset, end) in enumerate(given.notes):
        row = (pitch - LOWEST_PITCH) * ROWS_PER_SEMITONE + 1
        notes[place] = row, onset * RATE / HOP, end * RATE / HOP
    return {
        "levels": in_bytes(given.clip),
        "semitones": np.int64(given.semitones),
        "kind": np.int64(given.kind),
        "notes": notes,
    }


def in_bytes(clip: Clip) -> NDArray[np.uint8]:
    """Return the spectrum of a clip in bytes, (ROWS, FRAMES)."""
    found = np.zeros((ROWS, FRAMES), np.uint8)
    heard = np.rint(levels(clip)[:, :FRAMES] * BYTE).astype(np.uint8)
    found[:, : heard.shape[1]] = heard
    return found


def lesson(maker: Maker, number: int) -> Lesson:
    """Make one example."""
    if number % NONE_EVERY != NONE_EVERY - 1:
        clip, label = maker.clip(number)
        return Lesson(clip, label.semitones, KINDS.index(label.direction), notes_of(label))
    what = NOTHINGS[number // NONE_EVERY % len(NOTHINGS)]
    _, label = maker.clip(number)
    return NOTHING[what](maker, label)


def notes_of(label: Label) -> tuple[tuple[float, float, float], ...]:
    """Return pitch, onset and end of both notes."""
    hertz = (label.low_hz, label.high_hz)
    times = zip(label.onsets_s, label.durations_s, strict=True)
    return tuple(
        (pitch_of(each), onset, onset + length)
        for each, (onset, length) in zip(hertz, times, strict=True)
    )


def one_note(maker: Maker, label: Label) -> Lesson:
    """Make the lower note alone, of any length, so that length does not give it away."""
    rng = clip_rng(label.seed, label.number, LESSON)
    length = round(float(rng.uniform(*ALONE_S)), 2)
    onset = float(rng.uniform(0.0, CLIP_S - length))
    alone = msgspec.structs.replace(
        label, balance_db=ALONE_DB, onsets_s=(onset, onset), durations_s=(length, length)
    )
    return Lesson(maker.sound(alone), NO_INTERVAL, NO_INTERVAL, notes_of(alone)[:1])


def three_notes(maker: Maker, label: Label) -> Lesson:
    """Make both notes and a third one, at once or in turn."""
    rng = clip_rng(label.seed, label.number, LESSON)
    clear = msgspec.structs.replace(label, snr_db=None)
    third = third_of(clear, rng)
    if third is None or not label.semitones:
        return one_note(maker, label)
    gain = 10 ** (rng.uniform(*THIRD_DB) / 20)
    clip = maker.sound(clear) + np.float32(gain) * maker.sound(third)
    if label.snr_db is not None:
        added = noise(len(clip), label.noise or "white", RATE, rng)
        power = np.sqrt(np.mean(clip**2)) * 10 ** (-label.snr_db / 20)
        clip = clip + (power * added).astype(np.float32)
    return Lesson(clip, NO_INTERVAL, NO_INTERVAL, (*notes_of(label), notes_of(third)[0]))


def third_of(label: Label, rng: np.random.Generator) -> Label | None:
    """Return a single note of the same timbre that shares no partials with the two, or None."""
    ranges = (0, 127)
    if label.program is not None:
        ranges = INSTRUMENTS[label.program].lowest, INSTRUMENTS[label.program].highest
    near = range(max(label.low_pitch - REACH, ranges[0]), min(label.low_pitch + REACH, ranges[1]))
    others = (label.low_pitch, label.high_pitch)
    fitting = [p for p in near if not HIDDEN & {abs(p - other) for other in others}]
    if not fitting:
        return None
    pitch = int(rng.choice(fitting))
    onset, length = label.onsets_s[0], label.durations_s[0]
    if label.direction != "together":
        length = float(rng.uniform(*THIRD_S))
        onset = float(rng.uniform(0.0, CLIP_S - length))
    return msgspec.structs.replace(
        label,
        low_pitch=pitch,
        low_hz=frequency_of(pitch + (label.detune_cents[0] + label.tuning_cents) / 100),
        onsets_s=(onset, onset),
        durations_s=(length, length),
        balance_db=ALONE_DB,
    )


def only_noise(_maker: Maker, label: Label) -> Lesson:
    """Make white or pink noise."""
    rng = clip_rng(label.seed, label.number, LESSON)
    color = ("white", "pink")[int(rng.integers(2))]
    clip = noise(round(CLIP_S * RATE), color, RATE, rng).astype(np.float32)
    return Lesson(clip, NO_INTERVAL, NO_INTERVAL, ())


def no_sound(maker: Maker, label: Label) -> Lesson:
    """Make silence, or noise that is almost silent."""
    heard = only_noise(maker, label)
    return replace(
        heard, clip=np.where(label.number % 2, QUIET, 0.0).astype(np.float32) * heard.clip
    )


NOTHING = {"one": one_note, "three": three_notes, "noise": only_noise, "silence": no_sound}
