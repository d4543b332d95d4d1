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
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent))

from chord_examples import CHUNK, KINDS, Chunk, chunks_of_song

from muse.models.chord_finder.inference import NAME, PLACES, ChordFinderConfig, shapes_of
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


class Net(nn.Module):
    """The chord finder with gradients; parameter names are those of its arrays."""

    def __init__(self, config: ChordFinderConfig) -> None:
        """Begin with what a chord's tones are."""
        super().__init__()
        self.config = config
        start = {name: torch.zeros(shape) for name, shape in shapes_of(config).items()}
        start["content"] = prior()
        self.arrays = nn.ParameterDict({name: nn.Parameter(x) for name, x in start.items()})
        steps = (torch.arange(PLACES) - torch.arange(PLACES)[:, None]) % PLACES
        self.register_buffer("steps", steps)  # from, to

    def scores(self, rows: Tensor, scalars: Tensor, strengths: Tensor) -> Tensor:
        """(batch, CHUNK, LONGEST, classes)."""
        arrays, count = self.arrays, PLACES * len(KINDS)
        turned = arrays["content"][:, :, self.steps].permute(2, 0, 1, 3).reshape(count, -1)
        named = rows @ turned.T + arrays["kind"].repeat(PLACES)
        both = torch.cat([named, scalars @ arrays["none"][:, None]], -1)
        return both + arrays["length"][:, None] + arrays["strength"][strengths][:, :, None, None]

    def transitions(self) -> Tensor:
        """(classes, classes)."""
        arrays, count = self.arrays, PLACES * len(KINDS)
        between = arrays["follow"][:, :, self.steps].permute(2, 0, 3, 1).reshape(count, count)
        upper = torch.cat([between, arrays["to_none"].repeat(PLACES)[:, None]], 1)
        lower = torch.cat([arrays["from_none"].repeat(PLACES), arrays["stay_none"]])
        return torch.cat([upper, lower[None]])

    def forward(self, batch: Chunk) -> Tensor:
        """Summed negative log likelihood of the truth among all ways to cut and to name."""
        scores = self.scores(batch.rows, batch.scalars, batch.strengths)
        follow = self.transitions()
        return (all_ways(scores, follow, batch.cells) - one_way(scores, follow, batch.truth)).sum()

    def pull(self) -> Tensor:
        """What keeps the weights near their start."""
        start = {"content": prior()}
        return torch.stack(
            [
                weight * ((self.arrays[name] - start.get(name, 0.0)) ** 2).sum()
                for name, weight in PULL.items()
            ]
        ).sum()


def prior() -> Tensor:
    """(kinds, blocks, 12) the weights that say no more than what each kind's tones are."""
    weights = torch.zeros(len(KINDS), len(BLOCKS), PLACES)
    for kind, name in enumerate(KINDS):
        tones = [step % PLACES for step in quality(name).semitones]
        for block, share in TONE_BLOCKS.items():
            weights[kind, block] = -share
            weights[kind, block, tones] = share
        for block in BASS_BLOCKS:
            weights[kind, block, tones] = PRIOR_BASS
            weights[kind, block, 0] = 1.0
    return PRIOR * weights


def one_way(scores: Tensor, follow: Tensor, truth: Tensor) -> Tensor:
    """(batch,) score of the annotated segments."""
    real = truth[:, :, 0] >= 0
    start, length, label = truth.clamp(min=0).unbind(-1)
    held = scores[torch.arange(len(truth))[:, None], start, length, label]
    steps = follow[label[:, :-1], label[:, 1:]]
    return (held * real).sum(1) + (steps * real[:, 1:]).sum(1)


def all_ways(scores: Tensor, follow: Tensor, cells: Tensor) -> Tensor:
    """(batch,) log of the summed exponentials of all ways' scores (semi-Markov forward sums)."""
    top = follow.max().detach()
    chances = (follow - top).exp()
    arriving = [torch.zeros_like(scores[:, 0, 0])]
    ended = []
    for end in range(1, CHUNK + 1):
        starts = range(max(0, end - LONGEST), end)
        ways = torch.stack([arriving[s] + scores[:, s, end - s - 1] for s in starts])
        ended.append(torch.logsumexp(ways, 0))
        peak = ended[-1].max(-1, keepdim=True).values.detach()
        onward = ((ended[-1] - peak).exp() @ chances + 1e-30).log()
        arriving.append(onward + peak + top)
    last = torch.stack(ended, 1)[torch.arange(len(cells)), cells - 1]
    return torch.logsumexp(last, -1)


def train(net: Net, examples: Chunk, epochs: int) -> float:
    """Adam on shuffled batches; gives the last epoch's loss in nats a cell."""
    batches = -(-len(examples.cells) // BATCH)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches, LAST_RATE)
    mean = 0.0
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(examples.cells)).split(BATCH):
            loss = net(Chunk(*(part[chosen] for part in examples)))
            optimizer.zero_grad()
            (loss / len(chosen) + net.pull()).backward()
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
    examples = Chunk(*(torch.stack(part) for part in zip(*made, strict=True)))
    log.info("%d songs, %d examples", len(folders), len(made))
    sizes = (len(BLOCKS), len(SCALARS), LONGEST, NOT_KNOWN + 1)
    net = Net(ChordFinderConfig(KINDS, *sizes, sharpness=SHARPNESS))
    loss = train(net, examples, options.epochs)
    arrays = {name: value.detach().numpy() for name, value in net.arrays.items()}
    data = save({name: np.ascontiguousarray(arrays[name]) for name in shapes_of(net.config)})
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
