"""Recordings of known notes, as input of note-net.

Conventions: audio is mono float32 of shape (frames,) at SAMPLE_RATE of mixes.py. An excerpt is half
a minute of a tuning song (performances.py). A recording is the sound of an excerpt in one of KINDS,
stored as the four inputs of the net in half precision.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.basic_pitch import HOP_LENGTH, LOWEST_PITCH, PITCHES
from muse.models.basic_pitch import SAMPLE_RATE as NET_RATE
from muse.models.note_net.config import HEADS
from muse.models.note_net.inference import REFERENCE_PERCENTILE, scale_levels
from muse.tools.audio.spectra import LONG_WINDOW, SHORT_WINDOW, power_to_db, semitone_power
from muse.tools.files import replacing
from muse.tools.training.examples.mixes import PITCHED, SAMPLE_RATE, STEMS, split_songs
from muse.tools.training.examples.performances import equalized, excerpt_notes, perform
from muse.tools.transcription.engine_basic_pitch import basic_pitch_posteriors
from muse.tools.transcription.pitched import resample

Matrix = NDArray[np.float32]
Audio = NDArray[np.float32]
Parts = dict[str, Audio]  # stem to audio
Example = tuple[Matrix, ...]  # long, short, note, onset; frame and onset targets, head mask

HELD_OUT = range(598, 640)  # tuning songs of POP909, by index, that measure the net
FRAME_S = HOP_LENGTH / NET_RATE
FEATURES = ("long", "short", "note", "onset")  # the net's inputs, in order
LEVELS = ("long", "short")  # the inputs in dB

# kind of recording: (head, stems whose notes it is to find); other heads have no target for it
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
CLEAN_EQUALIZED, BLEEDS = 0.5, 0.67  # shares of the stems
BLEED_DB = (6.0, 30.0)  # by which the other stems are softer
CUTOFFS_HZ, CUTOFF_ORDERS = (150, 200, 250, 300, 400, 600), (2, 4)
UNFILTERED_BASS = (0.0, 0.0, 0.1, 0.5)  # gains of the bass that is added to a low stem
DRUMS_LOUD, MIX_EQUALIZED = 0.75, 0.6  # shares of the mixes

CROP_FRAMES = 512
TRANSPOSITIONS = (0, 0, -4, -3, -2, -1, 1, 2, 3, 4)  # semitones
REFERENCE_SPREAD_DB = 5.0
TILT, TILT_POINTS = 0.12, 5  # standard deviation of a curve over the rows, in the net's unit
BLIND = 0.1  # share of the examples without the posteriors of Basic Pitch
ONSET_FRAMES = 2.0  # from an onset to where its target falls to 0


@dataclass(frozen=True)
class Recording:
    """The sound of one excerpt.

    Attributes:
        inputs: FEATURES to (frames, rows), float16.
        labels: (head, its notes); notes are rows of onset_s, offset_s, pitch.
        reference_db: level that transcription would scale the input by.
    """

    inputs: dict[str, NDArray[np.float16]]
    labels: list[tuple[str, NDArray[np.float64]]]
    reference_db: float


def quieter(low_db: float, high_db: float, rng: random.Random) -> np.float32:
    """Return a random gain that lowers a level by low_db to high_db."""
    return np.float32(10 ** (-rng.uniform(low_db, high_db) / 20))


def stem_recordings(parts: Parts, rng: random.Random) -> Parts:
    """Return the true stems, and some of them with the others bleeding in."""
    made = {}
    for stem in PITCHED:
        audio, is_filtered = parts[stem], rng.random() < CLEAN_EQUALIZED
        made[stem] = equalized(audio, rng) if is_filtered else audio
        if rng.random() < BLEEDS:
            others = (sound for name, sound in parts.items() if name != stem)
            bleed = [equalized(o, rng) * quieter(*BLEED_DB, rng) for o in others]
            made[f"{stem}+bleed"] = equalized(audio, rng) + np.sum(bleed, axis=0)
    return made


def separated_recordings(parts: Parts, rng: random.Random) -> Parts:
    """Return the stems of separators with fewer of them: the rest, the low end, and some mixes."""
    from scipy.signal import butter, sosfilt  # type: ignore[import-untyped]

    lead, keys, bass, drums = (parts[stem] for stem in STEMS)
    rest = equalized(lead, rng) + equalized(keys, rng) * quieter(-3, 6, rng)
    made = {"rest": rest + bass * quieter(3, 40, rng) + drums * quieter(3, 40, rng)}
    if rng.random() < 0.5:
        made["mix"] = equalized(lead + keys + bass + drums, rng)
    around = drums * quieter(0, 25, rng) + keys * quieter(0, 20, rng)
    around += lead * quieter(0, 20, rng)
    order, cutoff = rng.choice(CUTOFF_ORDERS), rng.choice(CUTOFFS_HZ)
    low = sosfilt(butter(order, cutoff, fs=SAMPLE_RATE, output="sos"), bass + around)
    made["low"] = np.asarray(low + bass * np.float32(rng.choice(UNFILTERED_BASS)), np.float32)
    return made


def mix_recordings(parts: Parts, rng: random.Random) -> Parts:
    """Return a mix at other levels; most have loud drums."""
    lead, keys, bass, drums = (parts[stem] for stem in STEMS)
    range_db = (-4.0, 8.0) if rng.random() < DRUMS_LOUD else (10.0, 40.0)
    mix = lead * quieter(-2, 4, rng) + keys * quieter(-3, 4, rng)
    mix += bass * quieter(-3, 3, rng) + drums * quieter(*range_db, rng)
    return {"mix": equalized(mix, rng) if rng.random() < MIX_EQUALIZED else mix}


MAKERS = (stem_recordings, separated_recordings, mix_recordings)  # excerpts use them in turn


def features(audio: Audio) -> dict[str, Matrix]:
    """Return the net's inputs before scaling, as tools/transcription computes them."""
    signal = resample(audio, SAMPLE_RATE, NET_RATE)
    posteriors = basic_pitch_posteriors(signal)
    powers = (semitone_power(signal, window) for window in (LONG_WINDOW, SHORT_WINDOW))
    return dict(
        zip(FEATURES, (*map(power_to_db, powers), posteriors.note, posteriors.onset), strict=True)
    )


def excerpt_arrays(
    data: Path, index: int, seed: int, soundfonts: Sequence[str]
) -> dict[str, Any] | None:
    """Return notes and recordings of one excerpt; None if its song has too few notes.

    Args:
        data: the data folder.
        index: of the excerpt, which decides the notes.
        seed: of the sounds.
        soundfonts: names, used in turn.

    Returns:
        Arrays by 'notes/stem' and 'kind/feature'.
    """
    notes = excerpt_notes(data, index)
    if notes is None:
        return None
    rng = random.Random(f"{seed}/{index}")
    parts = perform(notes, soundfonts[index % len(soundfonts)], rng)
    arrays: dict[str, Any] = {
        f"notes/{stem}": np.array([(n.onset_s, n.offset_s, n.pitch) for n in notes[stem]])
        for stem in PITCHED
    }
    for kind, audio in MAKERS[index % len(MAKERS)](parts, rng).items():
        for name, rows in features(audio).items():
            arrays[f"{kind}/{name}"] = rows.astype(np.float16)
    return arrays


def held_out(songs: int) -> range:
    """Return the indices of the songs that measure the net, out of `songs` tuning songs."""
    return HELD_OUT if songs >= HELD_OUT.stop else range(songs - max(songs // 10, 1), songs)


def make_excerpts(
    data: Path, folder: Path, count: int, seed: int, soundfonts: Sequence[str]
) -> Iterator[Path]:
    """Yield the files of `count` excerpts; those that are missing are rendered.

    Args:
        data: the data folder.
        folder: of the files.
        count: of excerpts; songs come round again after the last one.
        seed: of the sounds.
        soundfonts: names, used in turn.
    """
    songs = len(split_songs(data)[1])
    index = made = misses = 0
    while made < count and misses < songs:
        path = folder / f"{index:04d}.npz"
        arrays = None
        if index % songs not in held_out(songs) and not path.is_file():
            arrays = excerpt_arrays(data, index, seed, soundfonts)
        if arrays is not None:
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)
        index += 1
        misses = 0 if path.is_file() else misses + 1
        if path.is_file():
            made += 1
            yield path


def load(path: Path) -> Iterator[tuple[str, Recording]]:
    """Yield the recordings of one excerpt, each with its kind."""
    with np.load(path) as stored:
        for kind, heads in KINDS.items():
            if f"{kind}/long" not in stored:
                continue
            inputs = {name: stored[f"{kind}/{name}"] for name in FEATURES}
            loudest = inputs["long"].max(axis=1).astype(np.float32)
            labels = [
                (head, np.concatenate([stored[f"notes/{stem}"] for stem in stems.split()]))
                for head, stems in heads
            ]
            yield (
                kind,
                Recording(inputs, labels, float(np.percentile(loudest, REFERENCE_PERCENTILE))),
            )


def targets(notes: NDArray[np.float64], first: int) -> tuple[Matrix, Matrix]:
    """Return frame and onset targets, (CROP_FRAMES, PITCHES), from frame `first`.

    An onset is a triangle of ONSET_FRAMES to each side.
    """
    sounding = np.zeros((CROP_FRAMES, PITCHES), np.float32)
    onset = np.zeros_like(sounding)
    frames = np.arange(CROP_FRAMES)
    for start_s, end_s, pitch in notes:
        row, start, end = int(pitch) - LOWEST_PITCH, start_s / FRAME_S, end_s / FRAME_S
        if 0 <= row < PITCHES and end > first - 2 and start < first + CROP_FRAMES + 2:
            sounding[(frames >= start - first) & (frames <= end - first), row] = 1.0
            peak = 1.0 - np.abs(frames - (start - first)) / ONSET_FRAMES
            onset[:, row] = np.maximum(onset[:, row], peak)
    return sounding, onset


def transposed(rows: Matrix, semitones: int, *, edge: bool) -> Matrix:
    """Return rows moved up or down; new rows repeat the outermost one (`edge`) or are 0."""
    size = abs(semitones)
    padded = np.pad(rows, ((0, 0), (size, size)), mode="edge" if edge else "constant")
    return padded[:, size - semitones : size - semitones + rows.shape[1]]


def example(recording: Recording, rng: random.Random) -> Example:
    """Return a random crop, transposed and with another level and tilt, as input and targets.

    A share of BLIND of the examples has no posteriors of Basic Pitch.
    """
    first = rng.randint(0, max(0, len(recording.inputs["note"]) - CROP_FRAMES))
    shift = rng.choice(TRANSPOSITIONS)
    reference = np.float32(
        recording.reference_db + rng.uniform(-REFERENCE_SPREAD_DB, REFERENCE_SPREAD_DB)
    )
    points = [rng.gauss(0.0, TILT) for _ in range(TILT_POINTS)]
    blind = rng.random() < BLIND
    inputs = []
    for name in FEATURES:
        rows = recording.inputs[name][first : first + CROP_FRAMES].astype(np.float32)
        if name in LEVELS:
            places = np.linspace(0, TILT_POINTS - 1, rows.shape[1])
            rows = scale_levels(rows, reference)[0] + np.interp(places, range(TILT_POINTS), points)
        elif blind:
            rows = np.zeros_like(rows)
        inputs.append(transposed(rows.astype(np.float32), shift, edge=name in LEVELS))
    target = np.zeros((2, len(HEADS), CROP_FRAMES, PITCHES), np.float32)
    counted = np.zeros(len(HEADS), np.float32)
    for head, notes in recording.labels:
        number = HEADS.index(head)
        target[:, number] = targets(notes + np.array((0.0, 0.0, shift)), first)
        counted[number] = 1.0
    return (*inputs, *target, counted)
