"""Recordings of known notes as the note net is given them: what train_note_net.py learns from.

Conventions: audio is mono float32 of shape (frames,) at mixes.SAMPLE_RATE; an excerpt is one
half minute of a tuning song, played by tests/bench/scenes.py; a recording is its sound as one of
KINDS, kept as the four inputs of the net in half precision.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "bench"))

import mix_parts
import mixes
import scenes

from muse.models.basic_pitch import HOP_LENGTH, LOWEST_PITCH, PITCHES, SAMPLE_RATE
from muse.models.note_net.config import HEADS
from muse.models.note_net.inference import REFERENCE_PERCENTILE, scale_levels
from muse.tools.audio.spectra import LONG_WINDOW, SHORT_WINDOW, decibels, semitone_power
from muse.tools.files import replacing
from muse.tools.transcription.engine_basic_pitch import basic_pitch_posteriors
from muse.tools.transcription.pitched import resample

Matrix = NDArray[np.float32]
Audio = NDArray[np.float32]
Parts = dict[str, Audio]  # stem to audio
Example = tuple[Matrix, ...]  # long, short, note, onset, held, onset wanted, heads that count

HELD = range(598, 640)  # tuning songs, by index, that are measured on and never trained on
FRAME_S = HOP_LENGTH / SAMPLE_RATE
FEATURES = ("long", "short", "note", "onset")  # the net's inputs, in order
LEVELS = ("long", "short")  # those of them that are in dB

# kind of recording: (head, stems whose notes it is to find). A head that is not named learns
# nothing from that kind
KINDS = {
    "lead": (("voice", "lead"), ("other", "lead")),
    "lead+bleed": (("voice", "lead"),),
    "bass": (("bass", "bass"),),
    "bass+bleed": (("bass", "bass"),),
    "keys": (("chords", "keys"), ("other", "keys")),
    "keys+bleed": (("chords", "keys"),),
    "rest": (("other", "lead keys"), ("voice", "lead")),
    "low": (("bass", "bass"),),
    "mix": (("other", "lead keys"), ("voice", "lead"), ("bass", "bass")),
}
CLEAN_EQUALISED, BLEEDS = 0.5, 0.67  # parts of the stems
BLEED_DB = (6.0, 30.0)  # below each other stem's own level
CUTOFFS_HZ, CUTOFF_ORDERS = (150, 200, 250, 300, 400, 600), (2, 4)
BASS_ABOVE = (0.0, 0.0, 0.1, 0.5)  # how much of the bass a separator's low stem has unfiltered
DRUMS_LOUD, MIX_EQUALISED = 0.75, 0.6  # parts of the mixes

CROP_FRAMES = 512
TRANSPOSITIONS = (0, 0, -4, -3, -2, -1, 1, 2, 3, 4)  # semitones
REFERENCE_SPREAD_DB = 5.0
TILT, TILT_POINTS = 0.12, 5  # spread of a curve over the rows, in the net's own level unit
BLIND = 0.1  # part of the examples without Basic Pitch
ONSET_FRAMES = 2.0  # from an onset to where its target is 0 again


@dataclass(frozen=True)
class Recording:
    """One recording.

    Attributes:
        inputs: FEATURES to (frames, rows), float16.
        labels: (head, its notes), notes as rows of onset_s, offset_s, pitch.
        reference_db: the level that the reader would scale by.
    """

    inputs: dict[str, NDArray[np.float16]]
    labels: list[tuple[str, NDArray[np.float64]]]
    reference_db: float


def use_data(folder: Path) -> None:
    """Have the bench's songs and takes read from a folder."""
    if not (folder / "pop909").is_dir() or not (folder / "groove").is_dir():
        sys.exit(f"{folder} must hold the folders pop909 and groove; name another with --data")
    mix_parts.DATA = mixes.DATA = folder.resolve()


def quieter(low_db: float, high_db: float, dice: random.Random) -> np.float32:
    """A gain somewhere so far down."""
    return np.float32(10 ** (-dice.uniform(low_db, high_db) / 20))


def stem_recordings(parts: Parts, dice: random.Random) -> Parts:
    """The true stems, and some of them as a separator leaves them, with the others bleeding in."""
    made = {}
    for stem in mixes.PITCHED:
        audio, recoloured = parts[stem], dice.random() < CLEAN_EQUALISED
        made[stem] = scenes.equalised(audio, dice) if recoloured else audio
        if dice.random() < BLEEDS:
            others = (sound for name, sound in parts.items() if name != stem)
            bleed = [scenes.equalised(o, dice) * quieter(*BLEED_DB, dice) for o in others]
            made[f"{stem}+bleed"] = scenes.equalised(audio, dice) + np.sum(bleed, axis=0)
    return made


def separated_recordings(parts: Parts, dice: random.Random) -> Parts:
    """What separators with fewer stems leave: lead and keys, the low end; and at times the mix."""
    from scipy.signal import butter, sosfilt

    lead, keys, bass, drums = (parts[stem] for stem in mixes.STEMS)
    rest = scenes.equalised(lead, dice) + scenes.equalised(keys, dice) * quieter(-3, 6, dice)
    made = {"rest": rest + bass * quieter(3, 40, dice) + drums * quieter(3, 40, dice)}
    if dice.random() < 0.5:
        made["mix"] = scenes.equalised(lead + keys + bass + drums, dice)
    around = drums * quieter(0, 25, dice) + keys * quieter(0, 20, dice)
    around += lead * quieter(0, 20, dice)
    order, cutoff = dice.choice(CUTOFF_ORDERS), dice.choice(CUTOFFS_HZ)
    low = sosfilt(butter(order, cutoff, fs=scenes.RATE, output="sos"), bass + around)
    made["low"] = np.asarray(low + bass * np.float32(dice.choice(BASS_ABOVE)), np.float32)
    return made


def mix_recordings(parts: Parts, dice: random.Random) -> Parts:
    """A mix at other levels, most of them with loud drums."""
    lead, keys, bass, drums = (parts[stem] for stem in mixes.STEMS)
    range_db = (-4.0, 8.0) if dice.random() < DRUMS_LOUD else (10.0, 40.0)
    mix = lead * quieter(-2, 4, dice) + keys * quieter(-3, 4, dice)
    mix += bass * quieter(-3, 3, dice) + drums * quieter(*range_db, dice)
    return {"mix": scenes.equalised(mix, dice) if dice.random() < MIX_EQUALISED else mix}


WAYS = (stem_recordings, separated_recordings, mix_recordings)  # excerpts take turns


def features(audio: Audio, rate: int = scenes.RATE) -> dict[str, Matrix]:
    """The net's inputs, not yet scaled, as tools/transcription makes them."""
    signal = resample(audio, rate, SAMPLE_RATE)
    heard = basic_pitch_posteriors(signal)
    powers = (semitone_power(signal, window) for window in (LONG_WINDOW, SHORT_WINDOW))
    return dict(zip(FEATURES, (*map(decibels, powers), heard.note, heard.onset), strict=True))


def excerpt_arrays(index: int, seed: int) -> dict[str, Any] | None:
    """Notes and recordings of one excerpt by 'notes/stem' and 'kind/feature'; None if too little.

    The notes are those of scenes.scene(index), whatever the seed; the sounds are drawn by it.
    """
    notes = scenes.scene(index)
    if notes is None:
        return None
    dice = random.Random(f"{seed}/{index}")
    parts = scenes.perform(notes, mixes.SOUNDFONTS[index % len(mixes.SOUNDFONTS)], dice)
    arrays: dict[str, Any] = {
        f"notes/{stem}": np.array([(n.onset_s, n.offset_s, n.pitch) for n in notes[stem]])
        for stem in mixes.PITCHED
    }
    for kind, audio in WAYS[index % len(WAYS)](parts, dice).items():
        for name, rows in features(audio).items():
            arrays[f"{kind}/{name}"] = rows.astype(np.float16)
    return arrays


def excerpts(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Files of `count` excerpts, made or found in the folder; songs come round again after all."""
    songs = len(mixes.split_songs()[1])
    index = made = misses = 0
    while made < count and misses < songs:
        path = folder / f"{index:04d}.npz"
        arrays = None
        if index % songs not in HELD and not path.is_file():
            arrays = excerpt_arrays(index, seed)
        if arrays is not None:
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)
        index += 1
        misses = 0 if path.is_file() else misses + 1
        if path.is_file():
            made += 1
            yield path


def load(path: Path) -> Iterator[tuple[str, Recording]]:
    """The recordings of one excerpt, each with its kind."""
    with np.load(path) as kept:
        for kind, heads in KINDS.items():
            if f"{kind}/long" not in kept:
                continue
            inputs = {name: kept[f"{kind}/{name}"] for name in FEATURES}
            loudest = inputs["long"].max(axis=1).astype(np.float32)
            labels = [
                (head, np.concatenate([kept[f"notes/{stem}"] for stem in stems.split()]))
                for head, stems in heads
            ]
            yield (
                kind,
                Recording(inputs, labels, float(np.percentile(loudest, REFERENCE_PERCENTILE))),
            )


def targets(notes: NDArray[np.float64], first: int) -> tuple[Matrix, Matrix]:
    """Held and onset, (CROP_FRAMES, PITCHES), from frame `first`; an onset is a triangle."""
    held = np.zeros((CROP_FRAMES, PITCHES), np.float32)
    onset = np.zeros_like(held)
    frames = np.arange(CROP_FRAMES)
    for start_s, end_s, pitch in notes:
        row, start, end = int(pitch) - LOWEST_PITCH, start_s / FRAME_S, end_s / FRAME_S
        if 0 <= row < PITCHES and end > first - 2 and start < first + CROP_FRAMES + 2:
            held[(frames >= start - first) & (frames <= end - first), row] = 1.0
            peak = 1.0 - np.abs(frames - (start - first)) / ONSET_FRAMES
            onset[:, row] = np.maximum(onset[:, row], peak)
    return held, onset


def transposed(rows: Matrix, semitones: int, *, edge: bool) -> Matrix:
    """Rows moved up or down; what moves in is the outermost row that was there, or nothing."""
    size = abs(semitones)
    padded = np.pad(rows, ((0, 0), (size, size)), mode="edge" if edge else "constant")
    return padded[:, size - semitones : size - semitones + rows.shape[1]]


def example(recording: Recording, dice: random.Random) -> Example:
    """A crop at random, transposed, at another level and tilt, at times without Basic Pitch."""
    first = dice.randint(0, max(0, len(recording.inputs["note"]) - CROP_FRAMES))
    shift = dice.choice(TRANSPOSITIONS)
    reference = np.float32(
        recording.reference_db + dice.uniform(-REFERENCE_SPREAD_DB, REFERENCE_SPREAD_DB)
    )
    points = [dice.gauss(0.0, TILT) for _ in range(TILT_POINTS)]
    blind = dice.random() < BLIND
    inputs = []
    for name in FEATURES:
        rows = recording.inputs[name][first : first + CROP_FRAMES].astype(np.float32)
        if name in LEVELS:
            places = np.linspace(0, TILT_POINTS - 1, rows.shape[1])
            rows = scale_levels(rows, reference)[0] + np.interp(places, range(TILT_POINTS), points)
        elif blind:
            rows = np.zeros_like(rows)
        inputs.append(transposed(rows.astype(np.float32), shift, edge=name in LEVELS))
    wanted = np.zeros((2, len(HEADS), CROP_FRAMES, PITCHES), np.float32)
    counted = np.zeros(len(HEADS), np.float32)
    for head, notes in recording.labels:
        number = HEADS.index(head)
        wanted[:, number] = targets(notes + np.array((0.0, 0.0, shift)), first)
        counted[number] = 1.0
    return (*inputs, *wanted, counted)
