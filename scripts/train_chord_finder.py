"""Train the segmental chord model on annotated songs; write its weights and their card.

    python scripts/train_chord_finder.py --data ../shared/data --out models/weights

Songs of POP909 whose number is no multiple of five, as MIDI, cut at their annotated beats, against
chord_midi.txt: the likelihood of the annotated way to cut and to name among all is raised. Four
songs of ten are heard as one track, so that the model also knows accompaniments whose melody nobody
tells apart (chord_examples.py). Six minutes on two quiet cores; `--songs 20 --epochs 1` shows that
all of it works.
"""

import argparse
import hashlib
import json
import logging
import random
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent))

from chord_examples import KINDS, chunks_of_song

from muse.models.chord_finder.config import NAME, ROOTS, ChordFinderConfig, array_shapes
from muse.models.chord_finder.net import ChordFinderNet, SegmentBatch
from muse.tools.files import write_bytes
from muse.tools.theory.chord_features import BLOCKS, LONGEST, SCALARS
from muse.tools.theory.chord_finding import NOT_KNOWN
from muse.tools.theory.qualities import quality

log = logging.getLogger("train")

HELD_OUT = 5  # songs whose number is a multiple are not learnt from
ONE_TRACK = 0.4  # part of the songs whose melody is not told apart
BATCH = 32  # examples
RATE, LAST_RATE = 0.03, 1e-4  # of learning, down a cosine
PRIOR = 0.7  # weight of a chord's tone at the start, and against one that is none
PRIOR_BASS = 0.3  # of that, for a chord's tone but the root in the bass
SHARPNESS = 0.8  # of the probabilities, chosen on songs learnt from: what says 0.9 is right in 0.9
PULL = {"content": 3e-5, "follow": 1e-5, "kind": 3e-6}  # towards the start, in each batch
BASS_BLOCKS = [BLOCKS.index(name) for name in ("bass", "start", "lowest")]
TONE_BLOCKS = {BLOCKS.index("accompaniment"): 1.0, BLOCKS.index("presence"): 1.0}
TONE_BLOCKS[BLOCKS.index("melody")] = 0.3


def prior() -> Tensor:
    """(kinds, blocks, 12) the weights that say no more than what each kind's tones are."""
    weights = torch.zeros(len(KINDS), len(BLOCKS), ROOTS)
    for kind, name in enumerate(KINDS):
        tones = [step % ROOTS for step in quality(name).semitones]
        for block, share in TONE_BLOCKS.items():
            weights[kind, block] = -share
            weights[kind, block, tones] = share
        for block in BASS_BLOCKS:
            weights[kind, block, tones] = PRIOR_BASS
            weights[kind, block, 0] = 1.0
    return PRIOR * weights


def train(net: ChordFinderNet, examples: SegmentBatch, epochs: int) -> float:
    """Adam on shuffled batches; gives the last epoch's loss in nats a cell."""
    batches = -(-len(examples.cells) // BATCH)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches, LAST_RATE)
    mean, start = 0.0, prior()
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(examples.cells)).split(BATCH):
            loss = net(SegmentBatch(*(part[chosen] for part in examples)))
            optimizer.zero_grad()
            (loss / len(chosen) + net.penalty(PULL, start)).backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        mean = total / int(examples.cells.sum())
        log.info("epoch %d of %d: %.4f nats a beat", epoch + 1, epochs, mean)
    return mean


def card(config: ChordFinderConfig, command: str, songs: int, loss: float, data: bytes) -> str:
    """What goes into the JSON beside the weights."""
    told = {
        "name": NAME,
        "what": "cuts beats into chords by who sounds in them (models/chord_finder/inference.py)",
        "config": asdict(config),
        "blocks": BLOCKS,
        "licence": "MIT",
        "data": [
            {
                "name": "POP909",
                "licence": "MIT",
                "attribution": "Wang et al., POP909: A Pop-song Dataset, ISMIR 2020",
                "used": f"notes and chords of {songs} songs whose number is no multiple of five",
            }
        ],
        "command": command,
        "metrics": {"loss": round(loss, 4), "unit": "nats a beat", "on": "the songs learnt from"},
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return json.dumps(told, indent=2) + "\n"


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--songs", type=int, help="at most this many")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.manual_seed(options.seed)
    dice = random.Random(options.seed)
    folders = [p for p in sorted((options.data / "pop909").iterdir()) if p.name.isdigit()]
    folders = [p for p in folders if int(p.name) % HELD_OUT][: options.songs]
    made = [c for folder in folders for c in chunks_of_song(folder, dice.random() < ONE_TRACK)]
    examples = SegmentBatch(*(torch.stack(part) for part in zip(*made, strict=True)))
    log.info("%d songs, %d examples", len(folders), len(made))
    sizes = (len(BLOCKS), len(SCALARS), LONGEST, NOT_KNOWN + 1)
    net = ChordFinderNet(ChordFinderConfig(KINDS, *sizes, sharpness=SHARPNESS), prior())
    loss = train(net, examples, options.epochs)
    arrays = {name: value.detach().numpy() for name, value in net.arrays.items()}
    data = save({name: np.ascontiguousarray(arrays[name]) for name in array_shapes(net.config)})
    command = f"python scripts/train_chord_finder.py --seed {options.seed}"
    command += f" --epochs {options.epochs}"
    command += f" --songs {options.songs}" if options.songs else ""
    options.out.mkdir(parents=True, exist_ok=True)
    write_bytes(options.out / f"{NAME}.safetensors", data)
    text = card(net.config, command, len(folders), loss, data)
    write_bytes(options.out / f"{NAME}.json", text.encode())
    print(json.dumps({"loss": loss}))


if __name__ == "__main__":
    main()
