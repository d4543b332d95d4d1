"""Train the note net (models/note_net.py) on rendered songs, and export it to models/weights.

    python tests/bench/train_notes.py render DIR --count 600 [--first 0]
    python tests/bench/train_notes.py train DIR --steps 4000 --out NET.pt [--start NET.pt]
    python tests/bench/train_notes.py export NET.pt

`render` writes features of the excerpts of scenes.py, some 12 MB each; a head of the net is trained
on what it may be given (LABELS); `export` needs the packages onnx and onnxscript.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))

import mixes
import scenes

from muse.models.note_reader import HEADS, REFERENCE_PERCENTILE, WEIGHTS, scaled
from muse.tools.transcription.posteriors import hear
from muse.tools.transcription.spectra import (
    LONG_WINDOW,
    SHORT_WINDOW,
    decibels,
    semitone_power,
)

Audio = NDArray[np.float32]
Item = dict[str, Any]  # one recording as features: long, short, note, onset, labels, reference

FRAME_S = 256 / 22050
FEATURES = ("long", "short", "note", "onset")
VALIDATION = range(598, 640)  # tuning songs, by index, that are never trained on
LOWEST_PITCH = 21
PITCHES = 88

# kind of recording -> (head, stems whose notes it should find), and how often it is drawn
LABELS = {
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
WEIGHT = {
    **{"lead": 1.0, "lead+bleed": 1.0, "bass": 0.6, "bass+bleed": 0.6, "keys": 1.2},
    **{"keys+bleed": 1.2, "rest": 1.5, "low": 0.7, "mix": 4.0},
}
HEAD_WEIGHT = {"voice": 1.5, "bass": 1.5, "chords": 1.0, "other": 1.0}
ONSET_WEIGHT = 2.0  # of the onset loss against the held one
ONSET_POSITIVE = 2.0  # onsets are rare

CROP_FRAMES = 512
CROP_PITCHES = 48
BATCH = 8


def features(audio: Audio) -> dict[str, NDArray[np.float16]]:
    """What the net is given, in half precision."""
    import soxr

    signal = soxr.resample(audio, mixes.SAMPLE_RATE, 22050).astype(np.float32)
    heard = hear(signal)
    arrays = {
        "long": decibels(semitone_power(signal, LONG_WINDOW)),
        "short": decibels(semitone_power(signal, SHORT_WINDOW)),
        "note": heard.note,
        "onset": heard.onset,
    }
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def render(folder: Path, first: int, count: int) -> None:
    """Write the features of excerpts, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    _, songs = mixes.split_songs()
    for index in range(first, first + count):
        target = folder / f"{index}.npz"
        notes = None
        if index % len(songs) not in VALIDATION and not target.exists():
            notes = scenes.scene(index)
        if notes is None:
            continue
        dice = random.Random(index)
        stems = scenes.perform(notes, mixes.SOUNDFONTS[index % 2], dice)
        arrays: dict[str, Any] = {
            f"notes/{stem}": np.array([[n.onset_s, n.offset_s, n.pitch] for n in part])
            for stem, part in notes.items()
        }
        for kind, audio in scenes.variants(stems, dice).items():
            arrays |= {f"{kind}/{name}": array for name, array in features(audio).items()}
        np.savez(target, **arrays)
        print(target.name, file=sys.stderr)


def load(folder: Path) -> dict[str, list[Item]]:
    """Every recording by kind."""
    items: dict[str, list[Item]] = {kind: [] for kind in LABELS}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            for kind, labels in LABELS.items():
                item: Item = {name: stored[f"{kind}/{name}"] for name in FEATURES}
                loudest = item["long"].max(axis=1).astype(np.float32)
                item["reference"] = float(np.percentile(loudest, REFERENCE_PERCENTILE))
                item["labels"] = [
                    (head, np.concatenate([stored[f"notes/{stem}"] for stem in stems.split()]))
                    for head, stems in labels
                ]
                items[kind].append(item)
    return items


def targets(notes: NDArray[np.float64], first: int) -> tuple[Audio, Audio]:
    """Held and onset of a crop that begins at frame `first`; an onset is a peak 2 frames wide."""
    held = np.zeros((CROP_FRAMES, PITCHES), np.float32)
    onset = np.zeros_like(held)
    frames = np.arange(CROP_FRAMES)
    for start_s, end_s, pitch in notes:
        row, start, end = (
            int(pitch) - LOWEST_PITCH,
            start_s / FRAME_S - first,
            end_s / FRAME_S - first,
        )
        if 0 <= row < PITCHES and end > -2 and start < CROP_FRAMES + 2:
            held[(frames >= start) & (frames <= end), row] = 1.0
            onset[:, row] = np.maximum(onset[:, row], 1 - np.abs(frames - start) / 2)
    return held, onset.clip(0, 1)


def transposed(rows: Audio, semitones: int, repeat_edge: bool) -> Audio:
    """Rows moved up or down; what moves in is the edge row or nothing."""
    moved = np.roll(rows, semitones, axis=1)
    if semitones > 0:
        moved[:, :semitones] = moved[:, semitones : semitones + 1] if repeat_edge else 0.0
    elif semitones < 0:
        moved[:, semitones:] = moved[:, semitones - 1 : semitones] if repeat_edge else 0.0
    return moved


def example(item: Item, dice: random.Random) -> tuple[Audio, ...]:
    """A random crop, transposed, at another level and tilt; at times without Basic Pitch."""
    first = dice.randint(0, max(0, len(item["note"]) - CROP_FRAMES))
    crop = slice(first, first + CROP_FRAMES)
    shift = dice.choice((0, 0, -4, -3, -2, -1, 1, 2, 3, 4))
    reference = np.float32(item["reference"] + dice.uniform(-5, 5))
    inputs = []
    for name in FEATURES:
        rows = item[name][crop].astype(np.float32)
        level = name in ("long", "short")
        rows = transposed(scaled(rows, reference)[0] if level else rows, shift, level)
        inputs.append(np.pad(rows, ((0, CROP_FRAMES - len(rows)), (0, 0))))
    curve = [dice.gauss(0, 0.12) for _ in range(5)]
    tilt = np.interp(np.linspace(0, 4, inputs[0].shape[1]), range(5), curve).astype(np.float32)
    blind = np.float32(dice.random() >= 0.1)
    held = np.zeros((len(HEADS), CROP_FRAMES, PITCHES), np.float32)
    onset, known = held.copy(), np.zeros(len(HEADS), np.float32)
    for head, notes in item["labels"]:
        number = HEADS.index(head)
        held[number], onset[number] = targets(notes + np.array([0.0, 0.0, shift]), first)
        known[number] = 1.0
    long, short, note, start = inputs
    return long + tilt, short + tilt, note * blind, start * blind, held, onset, known


def train(folder: Path, out: Path, steps: int, start: Path | None, rate: float) -> None:
    """Train on random crops; the weights are written as they go."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as loss_of

    from muse.models.note_net import NoteNet

    torch.set_num_threads(1)
    dice = random.Random(0)
    items = load(folder)
    net = NoteNet()
    if start is not None:
        net.load_state_dict(torch.load(start, weights_only=True))
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    head_weight = torch.tensor([HEAD_WEIGHT[head] for head in HEADS])
    positive = torch.tensor(ONSET_POSITIVE)
    began = time.monotonic()
    for step in range(1, steps + 1):
        kinds = dice.choices(list(WEIGHT), list(WEIGHT.values()), k=BATCH)
        batch = zip(*(example(dice.choice(items[kind]), dice) for kind in kinds), strict=True)
        *inputs, held, onset, known = (torch.from_numpy(np.stack(arrays)) for arrays in batch)
        low = dice.choice((0, 0, 8, 16, 24, 32, 40))
        logits = net(*inputs, low, CROP_PITCHES)
        rows = slice(low, low + CROP_PITCHES)
        held_loss = loss_of(logits[:, 0], held[..., rows], reduction="none")
        onset_loss = loss_of(logits[:, 1], onset[..., rows], reduction="none", pos_weight=positive)
        each = (held_loss + ONSET_WEIGHT * onset_loss).sum((2, 3)) / CROP_FRAMES
        loss = (each * known * head_weight).sum() / known.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == steps:
            torch.save(net.state_dict(), out)
            print(f"{step} {loss.item():.3f} {time.monotonic() - began:.0f} s", file=sys.stderr)


def export(path: Path) -> None:
    """Write the net as ONNX to models/weights, and its hash into the card beside it."""
    import torch

    from muse.models.note_net import NoteNet, Probabilities

    net = NoteNet()
    net.load_state_dict(torch.load(path, weights_only=True))
    model = Probabilities(net).eval()
    frames = 100
    rows = [103, 103, PITCHES, PITCHES]
    inputs = tuple(torch.rand(1, frames, width) for width in rows)
    names = list(FEATURES)
    axes = {name: {1: "frames"} for name in names} | {"belief": {3: "frames"}}
    torch.onnx.export(
        model,
        inputs,
        str(WEIGHTS),
        input_names=names,
        output_names=["belief"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    card_path = WEIGHTS.with_suffix(".json")
    card = json.loads(card_path.read_text())
    card["sha256"] = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    card_path.write_text(json.dumps(card, indent=2) + "\n")


def main() -> None:
    """Run one of the three steps."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    steps = parser.add_subparsers(dest="step", required=True)
    rendering = steps.add_parser("render")
    rendering.add_argument("folder", type=Path)
    rendering.add_argument("--first", type=int, default=0)
    rendering.add_argument("--count", type=int, default=600)
    training = steps.add_parser("train")
    training.add_argument("folder", type=Path)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--start", type=Path)
    training.add_argument("--steps", type=int, default=4000)
    training.add_argument("--rate", type=float, default=2e-3)
    exporting = steps.add_parser("export")
    exporting.add_argument("net", type=Path)
    given = parser.parse_args()
    if given.step == "render":
        render(given.folder, given.first, given.count)
    elif given.step == "train":
        train(given.folder, given.out, given.steps, given.start, given.rate)
    else:
        export(given.net)


if __name__ == "__main__":
    main()
