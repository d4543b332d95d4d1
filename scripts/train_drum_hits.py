"""Train the drum-hits net on human drumming; write its weights and their card.

    python scripts/train_drum_hits.py --data ../shared/data --out models/weights

Takes of the Groove MIDI Dataset's training split, twenty seconds of each, are played with the kits
of two soundfonts and heard three times: alone, as the percussive part of a mix with a POP909 song,
and with the pitched parts of another mix under them (drum_takes.py). Drummers 1, 3 and 7 are
trained on, the others are measured on. Renderings stay in the folder --work, so that a second run
begins with the training. `--takes 8` is a run of minutes that shows that all of it works.

The shipped weights were made with this recipe before it was a script: see their JSON. They were
made without --roland-keys, so with hi-hats on keys 22 and 26 that are asked for and do not sound.
"""

import argparse
import hashlib
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir_eval.util import match_events
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent))

from drum_takes import HELD, RATE, SOUNDFONTS, TRAIN, VERSIONS, Hits, Mono, load_take, material

from muse.models.drum_hits.config import NAME
from muse.models.drum_hits.inference import DrumHits
from muse.tools.audio import onsets
from muse.tools.evaluation.note_scores import CLASS_OF_KEY
from muse.tools.files import write_bytes
from muse.tools.transcription import drums

log = logging.getLogger("train")

# what is struck for each output of the net, in the order of drums.DRUMS. The last one, an open
# hi-hat, is learnt beside the others, and left out of the weights: it is not heard well enough
OUTPUTS = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "hihat": (22, 26, 42, 44, 46),
    "tom": (41, 43, 45, 47, 48, 50, 58),
    "crash": (49, 52, 55, 57),
    "ride": (51, 53, 59),
    "open": (26, 46),
}

VARIANTS = 3  # of each version: as it is, and with other colours
COLOUR_DB, COLOUR_POINTS = 4.0, 6  # spread of the gain, at points over the bands
COMPRESSION_DECADES = 0.3  # the compression varies by up to this much either way
GHOST_VELOCITY = 10  # a hit softer than this is neither asked for nor held against the net
HIT_FRAMES = (0, 1)  # from a hit, where its activation is to be 1 ...
EDGE_FRAMES = range(-2, 4)  # ... and where it is not looked at
KEPT_RISING, KEPT_ANY = 0.3, 0.05  # parts of the frames without hits that are trained on

HIDDEN = 64
BATCH = 2048
LEARNING_RATE, WEIGHT_DECAY = 8e-3, 1e-3
SPREAD_FLOOR = 0.05  # added to the standard deviation of each input
WINDOW_S = 0.05  # of the F-measure

Rows = NDArray[np.float32]

DATA = (
    {
        "name": "Groove MIDI Dataset",
        "licence": "CC BY 4.0",
        "attribution": "Google LLC, magenta.tensorflow.org/datasets/groove",
        "used": "drummers 1, 3 and 7 of the training split, rendered with 14 kits: alone, as the "
        "percussive part of a mix, and with pitched parts under them",
    },
    {"name": "POP909", "licence": "MIT", "used": "rendered, as what is to be ignored"},
    *({"name": n, "licence": rule, "used": "as sounds"} for n, rule in SOUNDFONTS.items()),
)


def magnitudes_of(audio: Mono) -> Rows:
    """The bands that the net looks at, (frames, bands)."""
    return drums.drum_bands(onsets.mono_blocks(audio), onsets.framing(RATE))[0]


def variant(magnitudes: Rows, dice: np.random.Generator) -> Rows:
    """Levels of the same sound in another colour and with another compression."""
    bands = magnitudes.shape[1]
    points = np.linspace(0, bands - 1, COLOUR_POINTS)
    gain_db = np.interp(np.arange(bands), points, dice.normal(0.0, COLOUR_DB, COLOUR_POINTS))
    decades = dice.uniform(-COMPRESSION_DECADES, COMPRESSION_DECADES)
    coloured = magnitudes * (10 ** (gain_db / 20)).astype(np.float32)
    return drums.log_levels(coloured, drums.COMPRESSION * 10**decades)


def targets_of(hits: Hits, frames: int) -> tuple[Rows, Rows]:
    """What is asked of each frame, and whether it counts; both (frames, outputs)."""
    wanted = np.zeros((frames, len(OUTPUTS)), np.float32)
    counted = np.ones_like(wanted)
    centres = np.round(hits[:, 0] * onsets.framing(RATE).frame_rate).astype(int)
    for output, keys in enumerate(OUTPUTS.values()):
        struck = np.isin(hits[:, 1], keys)
        for shift in EDGE_FRAMES:
            counted[np.clip(centres[struck] + shift, 0, frames - 1), output] = 0.0
        loud = centres[struck & (hits[:, 2] >= GHOST_VELOCITY)]
        for shift in HIT_FRAMES:
            wanted[np.clip(loud + shift, 0, frames - 1), output] = 1.0
    return wanted, np.maximum(counted, wanted)


def examples(paths: Sequence[Path], dice: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, targets and what counts, of all frames with hits and of some without."""
    kept: list[tuple[Rows, Rows, Rows]] = []
    for path in paths:
        versions, hits = load_take(path)
        for audio in versions.values():
            magnitudes = magnitudes_of(audio)
            wanted, counted = targets_of(hits, len(magnitudes))
            for number in range(VARIANTS):
                levels = variant(magnitudes, dice) if number else drums.log_levels(magnitudes)
                rows = drums.net_inputs(drums.pad_edges(levels))
                rise = rows[:, : levels.shape[1]].sum(axis=1)
                rising = (rise > np.median(rise)) & (dice.random(len(rise)) < KEPT_RISING)
                keep = wanted.any(axis=1) | rising | (dice.random(len(rise)) < KEPT_ANY)
                kept.append((rows[keep], wanted[keep], counted[keep]))
    rows, wanted, counted = (np.concatenate(part) for part in zip(*kept, strict=True))
    return torch.from_numpy(rows), torch.from_numpy(wanted), torch.from_numpy(counted)


def train(rows: Tensor, wanted: Tensor, counted: Tensor, *, steps: int) -> DrumHits:
    """The net after `steps` batches of binary cross entropy."""
    mean, spread = rows.mean(0), rows.std(0) + SPREAD_FLOOR
    rows = (rows - mean) / spread
    hidden, output = nn.Linear(rows.shape[1], HIDDEN), nn.Linear(HIDDEN, len(OUTPUTS))
    net = nn.Sequential(hidden, nn.ReLU(), output)
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    loss_of = nn.BCEWithLogitsLoss(reduction="none")
    for step in range(steps):
        batch = torch.randint(len(rows), (BATCH,))
        loss = (loss_of(net(rows[batch]), wanted[batch]) * counted[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 500 == 0:
            log.info("step %d of %d, loss %.4f", step, steps, loss.item())
    return folded(hidden, output, mean, spread)


def folded(hidden: nn.Linear, output: nn.Linear, mean: Tensor, spread: Tensor) -> DrumHits:
    """The layers as arrays, with the scaling of the inputs inside and one output for each drum."""
    weight = hidden.weight.detach() / spread
    bias = hidden.bias.detach() - weight @ mean
    count = len(drums.DRUMS)
    parts = (weight.T, bias, output.weight.detach()[:count].T, output.bias.detach()[:count])
    return DrumHits(*(np.ascontiguousarray(part.numpy(), np.float32) for part in parts))


def f_measures(paths: Sequence[Path], version: str, net: DrumHits | None) -> dict[str, float]:
    """F-measure of each class over all takes together, and over all hits."""
    classes = ("kick", "snare", "hihat", "tom", "cymbal")
    counts = dict.fromkeys(classes, np.zeros(2))  # matched hits twice, hits of both sides
    for path in paths:
        versions, hits = load_take(path)
        heard = drums.transcribe_drums(versions[version], RATE, net)
        for name in classes:
            truth = np.array([time for time, key, _ in hits if CLASS_OF_KEY.get(int(key)) == name])
            found = np.array([hit.onset_s for hit in heard if CLASS_OF_KEY[hit.pitch] == name])
            both = len(truth) and len(found)
            matched = len(match_events(np.sort(truth), found, WINDOW_S)) if both else 0
            counts[name] = counts[name] + (2 * matched, len(truth) + len(found))
    counts["all"] = np.sum(list(counts.values()), axis=0)
    return {name: round(float(a / max(b, 1)), 3) for name, (a, b) in counts.items()}


def card(net: DrumHits, held: Sequence[Path], command: str, data: bytes) -> dict[str, Any]:
    """What goes into the JSON beside the weights."""
    return {
        "name": NAME,
        "what": "which drums are struck at a frame, from the bands around it",
        "config": asdict(net.config),
        "features": {"bands": net.config.inputs // 10, "sample_rate": RATE},
        "outputs": list(OUTPUTS)[: len(drums.DRUMS)],
        "licence": "MIT",
        "data": DATA,
        "command": command,
        "metrics": {
            "on": f"{len(held)} takes of other drummers of the training split, same kits, "
            "F-measure at 50 ms, cymbal is crash and ride together; the thresholds of drums.py "
            "were chosen on such takes",
            **{version: f_measures(held, version, net) for version in VERSIONS},
        },
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("runs/drum-hits"), help="for renderings")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--takes", type=int, help="at most this many to train on and to measure on")
    parser.add_argument("--steps", type=int, default=5000, help="batches of 2048 frames")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--roland-keys", action="store_true", help="play the kit's keys that General MIDI lacks"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.manual_seed(options.seed)
    sides = material(options.data, options.work, options.seed, options.takes, options.roland_keys)
    log.info("%d takes to train on, %d to measure on", len(sides[TRAIN]), len(sides[HELD]))
    dice = np.random.default_rng(options.seed)
    net = train(*examples(sides[TRAIN], dice), steps=options.steps)
    data = save({name: np.asarray(array) for name, array in vars(net).items()})
    # where files lie changes nothing in the weights, so the paths are those of the docstring
    command = f"python scripts/train_drum_hits.py --seed {options.seed} --steps {options.steps}"
    command += f" --takes {options.takes}" if options.takes else ""
    command += " --roland-keys" if options.roland_keys else ""
    made = card(net, sides[HELD], command, data)
    options.out.mkdir(parents=True, exist_ok=True)
    write_bytes(options.out / f"{NAME}.safetensors", data)
    write_bytes(options.out / f"{NAME}.json", (json.dumps(made, indent=2) + "\n").encode())
    print(json.dumps(made["metrics"], indent=2))


if __name__ == "__main__":
    main()
