"""Train the note net (models/note_net/net.py) on rendered songs; write it as ONNX, and what it is.

    python scripts/train_note_net.py --data ../shared/data --out models/weights
    python scripts/train_note_net.py --data ../shared/data --out models/weights --resume

The second goes on from the last checkpoint of the first, to the same weights. Needs torch, the
packages of the benchmarks, FluidSynth with the two soundfonts of tests/bench/mixes.py, and onnx.

Half minutes of POP909's tuning songs are played with varied sounds and heard as true stems, stems
with bleed, what separators with fewer stems leave, and mixes (note_examples.py), 2 to 12 MB each,
which stay in the folder --work, so that a second run begins with the training. Tuning songs 598 to
639 are measured on; the songs of the bench are not touched. `--mixes 4 --steps 20 --out DIR` is a
run of minutes that shows that all of it works.

The shipped weights were made with this recipe before it was a script, in three stages: 1500 steps
of a narrower net on true stems and bleed, 2200 more on what separators leave as well, then
widened and trained for 1500 on everything. Here the full net takes all 5200 on everything at once.
"""

import argparse
import hashlib
import json
import logging
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

sys.path.insert(0, str(Path(__file__).resolve().parent))

import note_examples
from note_examples import FEATURES, FRAME_S, HELD, KINDS, Recording, mixes
from transcription import MEASURES, score_notes

from muse.models.basic_pitch import Posteriors
from muse.models.note_net.config import HEADS
from muse.models.note_net.inference import NoteInference
from muse.models.note_net.net import PITCHES, NoteNet, Probabilities
from muse.tools.audio.spectra import ROWS, partial_power
from muse.tools.files import replacing, write_bytes
from muse.tools.transcription.role_rules import decode_role, rules_of

log = logging.getLogger("train")

NAME = "note-net"
# how often each kind of recording is drawn, and what each head's loss counts
KIND_WEIGHT = {
    **{"lead": 1.0, "lead+bleed": 1.0, "bass": 0.6, "bass+bleed": 0.6, "keys": 1.2},
    **{"keys+bleed": 1.2, "rest": 1.5, "low": 0.7, "mix": 4.0},
}
HEAD_WEIGHT = {"voice": 1.5, "bass": 1.5, "chords": 1.0, "other": 1.0}
ONSET_WEIGHT, ONSET_POSITIVE = 2.0, 2.0  # of its loss against held, of onsets against none
CROP_PITCHES, CROP_FIRST = 48, (0, 0, 8, 16, 24, 32, 40)
BATCH = 8
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 2e-3, 1e-4, 0.15
LARGEST_GRADIENT = 1.0  # its norm is cut to this
CHECKPOINT_STEPS = 50
HELD_MIXES = 32  # at most, to measure on
EXPORT_FRAMES, OPSET = 100, 17
# role -> stems that it is to find, by what is heard
STEM_ROLES = {"lead": "lead", "keys": "keys", "bass": "bass"}
MIX_ROLES = {"lead": "lead", "bass": "bass", "other": "lead keys"}

DATA = (
    {
        "name": "POP909",
        "licence": "MIT",
        "used": "melody and piano, and a bass from its chords, of tuning songs, rendered",
    },
    {
        "name": "Groove MIDI Dataset",
        "licence": "CC BY 4.0",
        "attribution": "Google LLC, magenta.tensorflow.org/datasets/groove",
        "used": "drums of the training split, rendered, as what is to be ignored",
    },
    {"name": "FluidR3_GM", "licence": "MIT", "used": "as sounds"},
    {
        "name": "TimGM6mb",
        "licence": "GPL-2.0",
        "used": "as sounds; nothing of it is in the weights' file",
    },
)

Pools = dict[str, list[Recording]]


def pools_of(paths: Sequence[Path]) -> Pools:
    """All recordings, by kind; some 2 MB each."""
    pools: Pools = {}
    for path in paths:
        for kind, recording in note_examples.load(path):
            pools.setdefault(kind, []).append(recording)
    return {kind: pools[kind] for kind in KINDS if kind in pools}


def batch_of(pools: Pools, dice: random.Random) -> list[Tensor]:
    """The arrays of note_examples.example, stacked."""
    weights = [KIND_WEIGHT[kind] for kind in pools]
    kinds = dice.choices(list(pools), weights, k=BATCH)
    drawn = [note_examples.example(dice.choice(pools[kind]), dice) for kind in kinds]
    return [torch.from_numpy(np.stack(arrays)) for arrays in zip(*drawn, strict=True)]


def loss_of(net: NoteNet, batch: Sequence[Tensor], first: int) -> Tensor:
    """Cross entropy of held and onset over pitches from `first`, per frame and labelled head."""
    *inputs, held, onset, counted = batch
    rows = slice(first, first + CROP_PITCHES)
    logits = net(*inputs, first, CROP_PITCHES)
    positive = torch.tensor(ONSET_POSITIVE)
    entropy = binary_cross_entropy_with_logits
    of_held = entropy(logits[:, 0], held[..., rows], reduction="none")
    of_onset = entropy(logits[:, 1], onset[..., rows], reduction="none", pos_weight=positive)
    each = (of_held + ONSET_WEIGHT * of_onset).sum((2, 3)) / note_examples.CROP_FRAMES
    weight = torch.tensor([HEAD_WEIGHT[head] for head in HEADS])
    return (each * counted * weight).sum() / counted.sum()


def train(pools: Pools, steps: int, settings: dict[str, int], path: Path, resume: bool) -> NoteNet:
    """The net after `steps` batches; a checkpoint at `path` every CHECKPOINT_STEPS."""
    torch.manual_seed(settings["seed"])
    dice = random.Random(settings["seed"])
    net = NoteNet()
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP
    )
    kept = {"net": net, "optimizer": optimizer, "schedule": schedule}
    done = restore(kept, dice, settings, path) if resume else 0
    for step in range(done + 1, steps + 1):
        loss = loss_of(net, batch_of(pools, dice), dice.choice(CROP_FIRST))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        if step % CHECKPOINT_STEPS == 0 or step == steps:
            log.info("step %d of %d, loss %.3f", step, steps, loss.item())
            states = {name: part.state_dict() for name, part in kept.items()}
            stamp = {"step": step, "dice": dice.getstate(), "settings": settings}
            with replacing(path) as temporary:
                torch.save({**states, **stamp}, temporary)
    return net


def restore(kept: dict[str, Any], dice: random.Random, settings: dict[str, int], path: Path) -> int:
    """Put everything back as the checkpoint has it; the steps that were done."""
    if not path.is_file():
        sys.exit(f"no checkpoint {path}; run without --resume")
    stored = torch.load(path, weights_only=True)
    if stored["settings"] != settings:
        sys.exit(f"{path} is of a run with {stored['settings']}; resume with the same")
    for name, part in kept.items():
        part.load_state_dict(stored[name])
    dice.setstate(stored["dice"])
    return int(stored["step"])


def export(net: NoteNet, path: Path) -> None:
    """The net as ONNX that gives probabilities, for any number of frames."""
    sizes = dict(zip(FEATURES, (ROWS, ROWS, PITCHES, PITCHES), strict=True))
    with replacing(path) as temporary:
        torch.onnx.export(
            Probabilities(net).eval(),
            tuple(torch.rand(1, EXPORT_FRAMES, size) for size in sizes.values()),
            str(temporary),
            input_names=list(sizes),
            output_names=["belief"],
            dynamic_axes={name: {1: "frames"} for name in sizes} | {"belief": {3: "frames"}},
            opset_version=OPSET,
            dynamo=False,
        )


def scores_of(
    reader: NoteInference, mix: mixes.Mix, heard: str, roles: dict[str, str]
) -> dict[str, dict[str, float]]:
    """Scores by role, of the stem of that name or of the whole mix."""
    scores = {}
    for role, stems in roles.items():
        audio = mix.audio if heard == "mix" else mix.stems[stems]
        rows = note_examples.features(audio.mean(axis=0), mixes.SAMPLE_RATE)
        # the reader asks for no contour
        posteriors = Posteriors(rows["note"], rows["onset"], rows["note"][:, :0])
        rules = rules_of(role)
        evidence = reader(rows["long"], rows["short"], posteriors)[rules.head]
        power = np.asarray(10 ** (rows["short"] / 10), np.float32)
        level_db = note_examples.decibels(partial_power(power))
        truth = sorted(note for stem in stems.split() for note in mix.notes[stem])
        scores[role] = score_notes(truth, decode_role(evidence, rules, level_db, FRAME_S))
    return scores


def metrics(weights: Path, count: int) -> dict[str, Any]:
    """Mean scores over up to `count` held-out tuning mixes."""
    reader = NoteInference(weights=weights)
    held = list(islice((mix for mix in map(mixes.tuning_mix, HELD) if mix is not None), count))
    report: dict[str, Any] = {"on": f"{len(held)} mixes of tuning songs that were not trained on"}
    for heard, roles in (("true stems", STEM_ROLES), ("mix", MIX_ROLES)):
        rows = [scores_of(reader, mix, heard, roles) for mix in held]
        report[heard] = {
            role: {name: round(fmean(row[role][name] for row in rows), 3) for name in MEASURES}
            for role in roles
        }
    return report


def card(net: NoteNet, weights: Path, command: str, count: int) -> dict[str, Any]:
    """What goes into the JSON beside the weights."""
    size = sum(part.numel() for part in net.parameters()) / 1000
    return {
        "name": NAME,
        "what": "which notes of a part sound and start, from spectra and Basic Pitch's "
        f"posteriors; {size:.1f} thousand parameters (models/note_net/net.py)",
        "config": asdict(net.config),
        "heads": list(HEADS),
        "licence": "MIT",
        "data": DATA,
        "command": command,
        "metrics": metrics(weights, count),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("runs/note-net"), help="for recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--mixes", type=int, default=544, help="excerpts to train on")
    parser.add_argument("--steps", type=int, default=5200, help=f"batches of {BATCH} crops")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    return parser.parse_args()


def main() -> None:
    """Train and write."""
    options = parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(1)  # so small a net is no faster with more, and sums stay in one order
    note_examples.use_data(options.data)
    settings = {"seed": options.seed, "mixes": options.mixes, "steps": options.steps}
    folder = options.work / f"recordings-seed{options.seed}"
    paths = list(note_examples.excerpts(folder, options.mixes, options.seed))
    log.info("%d excerpts", len(paths))
    checkpoint = options.work / "checkpoint.pt"
    net = train(pools_of(paths), options.steps, settings, checkpoint, options.resume)
    weights = options.out / f"{NAME}.onnx"
    export(net, weights)
    command = "python scripts/train_note_net.py " + " ".join(
        f"--{name} {value}" for name, value in settings.items()
    )
    made = card(net, weights, command, min(HELD_MIXES, options.mixes))
    write_bytes(options.out / f"{NAME}.json", (json.dumps(made, indent=2) + "\n").encode())
    print(json.dumps(made["metrics"], indent=2))


if __name__ == "__main__":
    main()
