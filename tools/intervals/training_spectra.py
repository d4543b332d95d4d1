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
from muse.tools.intervals.generate import Clip, ClipMaker
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
NO_INTERVAL_KINDS = ("one", "three", "one", "three", "noise", "three", "one", "silence")
EXAMPLE_STREAM = 7  # stream of random numbers, apart from those of sample_label.py
SINGLE_NOTE_DB = -120.0  # balance at which only the lower note is audible
THIRD_DB = (-4.0, 4.0)  # level of a third note relative to the peak of the others
SINGLE_NOTE_S = (0.15, 2.0)  # length of a single note
THIRD_S = (0.25, 0.7)  # length of a third note that follows the others
THIRD_REACH = 19  # semitones between the lower note and the third
PARTIAL_SIZES = {0, 12, 19, 24}  # sizes at which one note is a partial of the other
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
class Example:
    """A clip and its label.

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


def make_examples(split: str, count: int, seed: int, report: Report = silent) -> Arrays:
    """Make the examples of one split of the instruments.

    Args:
        split: of instruments.SPLITS; only train has synthesizers.
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
    for position, (share, changes) in enumerate(VARIANTS):
        settings = replace(PLAIN, timbres=TIMBRES[split], soundfonts=soundfonts(), **changes)
        with ClipMaker(settings, seed + position) as maker:
            for number in range(round(share * count)):
                found.append(example_arrays(make_example(maker, number)))
                report("examples", len(found) / count)
    return {name: np.stack([row[name] for row in found]) for name in found[0]}


def soundfonts() -> tuple[str, ...]:
    """Return the soundfont of the training data; empty if it is not installed."""
    return tuple(str(path) for path in find_soundfonts() if path.stem == SOUNDFONT)[:1]


def example_arrays(example: Example) -> Mapping[str, Any]:
    """Convert an example to arrays."""
    notes = np.zeros((NOTES, 3), np.float32)
    for position, (pitch, onset, end) in enumerate(example.notes):
        row = (pitch - LOWEST_PITCH) * ROWS_PER_SEMITONE + 1
        notes[position] = row, onset * RATE / HOP, end * RATE / HOP
    return {
        "levels": spectrum_bytes(example.clip),
        "semitones": np.int64(example.semitones),
        "kind": np.int64(example.kind),
        "notes": notes,
    }


def spectrum_bytes(clip: Clip) -> NDArray[np.uint8]:
    """Return the spectrum of a clip in bytes, (ROWS, FRAMES)."""
    found = np.zeros((ROWS, FRAMES), np.uint8)
    levels_of_clip = np.rint(levels(clip)[:, :FRAMES] * BYTE).astype(np.uint8)
    found[:, : levels_of_clip.shape[1]] = levels_of_clip
    return found


def make_example(maker: ClipMaker, number: int) -> Example:
    """Make one example."""
    if number % NONE_EVERY != NONE_EVERY - 1:
        clip, label = maker.clip(number)
        return Example(clip, label.semitones, KINDS.index(label.direction), notes_of(label))
    kind_name = NO_INTERVAL_KINDS[number // NONE_EVERY % len(NO_INTERVAL_KINDS)]
    _, label = maker.clip(number)
    return NO_INTERVAL_MAKERS[kind_name](maker, label)


def notes_of(label: Label) -> tuple[tuple[float, float, float], ...]:
    """Return pitch, onset and end of both notes."""
    hertz = (label.low_hz, label.high_hz)
    times = zip(label.onsets_s, label.durations_s, strict=True)
    return tuple(
        (pitch_of(each), onset, onset + length)
        for each, (onset, length) in zip(hertz, times, strict=True)
    )


def one_note_example(maker: ClipMaker, label: Label) -> Example:
    """Make the lower note alone, with a random length so that length does not reveal the class."""
    rng = clip_rng(label.seed, label.number, EXAMPLE_STREAM)
    length = round(float(rng.uniform(*SINGLE_NOTE_S)), 2)
    onset = float(rng.uniform(0.0, CLIP_S - length))
    single = msgspec.structs.replace(
        label, balance_db=SINGLE_NOTE_DB, onsets_s=(onset, onset), durations_s=(length, length)
    )
    return Example(maker.sound(single), NO_INTERVAL, NO_INTERVAL, notes_of(single)[:1])


def three_notes_example(maker: ClipMaker, label: Label) -> Example:
    """Make both notes and a third one, simultaneous or successive."""
    rng = clip_rng(label.seed, label.number, EXAMPLE_STREAM)
    clear = msgspec.structs.replace(label, snr_db=None)
    third = sample_third_note(clear, rng)
    if third is None or not label.semitones:
        return one_note_example(maker, label)
    gain = 10 ** (rng.uniform(*THIRD_DB) / 20)
    clip = maker.sound(clear) + np.float32(gain) * maker.sound(third)
    if label.snr_db is not None:
        added = noise(len(clip), label.noise or "white", RATE, rng)
        power = np.sqrt(np.mean(clip**2)) * 10 ** (-label.snr_db / 20)
        clip = clip + (power * added).astype(np.float32)
    return Example(clip, NO_INTERVAL, NO_INTERVAL, (*notes_of(label), notes_of(third)[0]))


def sample_third_note(label: Label, rng: np.random.Generator) -> Label | None:
    """Return a single note of the same timbre that shares no partials with the two, or None."""
    ranges = (0, 127)
    if label.program is not None:
        ranges = INSTRUMENTS[label.program].lowest, INSTRUMENTS[label.program].highest
    near = range(
        max(label.low_pitch - THIRD_REACH, ranges[0]), min(label.low_pitch + THIRD_REACH, ranges[1])
    )
    others = (label.low_pitch, label.high_pitch)
    fitting = [p for p in near if not PARTIAL_SIZES & {abs(p - other) for other in others}]
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
        balance_db=SINGLE_NOTE_DB,
    )


def noise_example(_maker: ClipMaker, label: Label) -> Example:
    """Make white or pink noise."""
    rng = clip_rng(label.seed, label.number, EXAMPLE_STREAM)
    color = ("white", "pink")[int(rng.integers(2))]
    clip = noise(round(CLIP_S * RATE), color, RATE, rng).astype(np.float32)
    return Example(clip, NO_INTERVAL, NO_INTERVAL, ())


def silent_example(maker: ClipMaker, label: Label) -> Example:
    """Make silence, or noise that is almost silent."""
    example = noise_example(maker, label)
    gain = np.where(label.number % 2, QUIET, 0.0).astype(np.float32)
    return replace(example, clip=gain * example.clip)


NO_INTERVAL_MAKERS = {
    "one": one_note_example,
    "three": three_notes_example,
    "noise": noise_example,
    "silence": silent_example,
}
