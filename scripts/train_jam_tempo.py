"""Learn what tools/jam/tempo/net.py holds: which tempos explain onsets, and where onsets fall.

    python scripts/train_jam_tempo.py --data ../shared/data --out models/weights

Melodies of POP909 whose number is no multiple of five against their beats, and performances of the
training part of the Groove MIDI Dataset against the tempo they were played to. The net learns to
give the true tempo the highest score among all, at moments of the first ten bars, some of them made
a little faster or slower. Three nets from other dice are averaged, as one wider net. Eight minutes
on a core; `--songs 20 --rounds 1` shows that all of it works.
"""

import argparse
import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.models.weight_files import packed
from muse.tools.corpus.pop909 import BEATS, read_beats
from muse.tools.files import write_bytes
from muse.tools.jam.tempo.follower import CHORD_S, EVERY_S
from muse.tools.jam.tempo.lags import FEATURES, TEMPO_STEP, TEMPOS, LagMemory, Onset, pitch_bit
from muse.tools.jam.tempo.net import NAME
from muse.tools.jam.tempo.pulse import KINDS, kinds
from muse.tools.midi import load_song

log = logging.getLogger("train")

HELD_OUT = 5  # songs of POP909 whose number is a multiple are not learnt from
FEWEST_NOTES = 20
LOCAL_BEATS = 8  # over which a tempo that moves is taken
BARS = (1.0, 10.0)  # after the first note, from and to which moments are learnt from
UNITS, NETS = 40, 3  # of one net; how many
ROUND, BATCH = 9_000, 64  # moments
RATE, LAST_RATE, DECAY = 4e-3, 1e-5, 0.03
MOST_SHIFT = 3  # steps of TEMPOS by which a moment is made faster or slower
SPREAD = 0.02  # of the tempos that count as true, in log tempo
GROOVE_WEIGHT = 2.0  # of a drummer's performance, since there are fewer
PHASES = 48  # of a beat
PHASE_SPREAD = 1.2  # phases over which a count is spread
PACE_COLUMNS = slice(FEATURES - 3, FEATURES - 1)  # that tell the tempo itself

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Played:
    """A performance.

    Attributes:
        onsets: in order.
        beats_s: when the beats fell.
        bar_beats: of a bar.
        weight: how much it counts.
    """

    onsets: list[Onset]
    beats_s: Array
    bar_beats: float
    weight: float

    def bpm_at(self, time_s: float) -> float:
        """The tempo over the last beats."""
        end = max(int(np.searchsorted(self.beats_s, time_s)), 2)
        return 60.0 / float(np.median(np.diff(self.beats_s[max(end - LOCAL_BEATS - 1, 0) : end])))

    def beats(self) -> Array:
        """Where each onset falls, in beats."""
        times_s = [onset.time_s for onset in self.onsets]
        return np.interp(times_s, self.beats_s, np.arange(len(self.beats_s)))


def onsets_of(path: Path, track: str | None) -> list[Onset]:
    """The onsets of a track, or of all."""
    song = load_song(path)
    at = song.tempo_map().seconds_at
    tracks = [t for t in song.tracks if track in (None, t.name)]
    found: list[Onset] = []
    for time_s, velocity, pitch in sorted(
        (at(n.start_beats), n.velocity, n.pitch) for t in tracks for n in t.notes
    ):
        if found and time_s - found[-1].time_s < CHORD_S:
            found[-1].velocity = max(found[-1].velocity, velocity)
            found[-1].pitches |= pitch_bit(pitch)
        else:
            found.append(Onset(time_s, velocity, pitch_bit(pitch)))
    return found


def groove(data: Path) -> Iterator[Played]:
    """The training part, played to a click that begins at 0 s."""
    for row in csv.DictReader((data / "groove" / "info.csv").open()):
        if row["beat_type"] != "beat" or row["split"] != "train":
            continue
        onsets = onsets_of(data / "groove" / row["midi_filename"], None)
        if len(onsets) >= FEWEST_NOTES:
            numerator, denominator = map(int, row["time_signature"].split("-"))
            beats_s = np.arange(0.0, onsets[-1].time_s + 60.0, 60.0 / float(row["bpm"]))
            yield Played(onsets, beats_s, numerator * 4 / denominator, GROOVE_WEIGHT)


def pop909(data: Path) -> Iterator[Played]:
    """Melodies with annotated beats."""
    for folder in sorted((data / "pop909").iterdir()):
        if not folder.name.isdigit() or int(folder.name) % HELD_OUT == 0:
            continue
        onsets = onsets_of(folder / f"{folder.name}.mid", "MELODY")
        beats = read_beats(folder / BEATS)
        bars = np.flatnonzero([beat.is_bar for beat in beats])
        if len(onsets) >= FEWEST_NOTES:
            beats_s = np.array([beat.seconds for beat in beats])
            yield Played(onsets, beats_s, float(np.median(np.diff(bars))), 1.0)


def moments(played: Played) -> Iterator[tuple[NDArray[np.float16], float]]:
    """Features and the true tempo, at some moments."""
    memory, looked_s, at = LagMemory(), 0.0, played.beats()
    for onset, beat in zip(played.onsets, at, strict=True):
        bars = (beat - at[0]) / played.bar_beats
        if bars > BARS[1]:
            return
        memory.add(onset)
        bpm = played.bpm_at(onset.time_s)
        if bars > BARS[0] and onset.time_s - looked_s >= EVERY_S and TEMPOS[0] < bpm < TEMPOS[-1]:
            looked_s = onset.time_s
            yield memory.features().astype(np.float16), bpm


def shifted(features: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """The features of the same playing, faster by some steps of TEMPOS."""
    rows = np.clip(np.arange(len(TEMPOS)) - steps, 0, len(TEMPOS) - 1)
    moved = features[:, rows]
    moved[:, :, PACE_COLUMNS] = features[:, :, PACE_COLUMNS]
    return moved


def trained(
    features: NDArray[np.float16], bpms: Array, chances: Array, rounds: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights, biases and outcome of one net, for features as they are."""
    torch.manual_seed(seed)
    dice = np.random.default_rng(seed)
    sample = torch.tensor(features[dice.choice(len(bpms), 1500, p=chances)].astype(np.float32))
    mean, spread = sample.mean((0, 1)), sample.std((0, 1)) + 0.01
    net = nn.Sequential(nn.Linear(FEATURES, UNITS), nn.ReLU(), nn.Linear(UNITS, 1))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    tempos = torch.tensor(np.log(TEMPOS))
    steps = rounds * ROUND // BATCH
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / steps) + LAST_RATE
        chosen = dice.choice(len(bpms), BATCH, p=chances)
        shift = int(dice.integers(-MOST_SHIFT, MOST_SHIFT + 1))
        rows = torch.tensor(shifted(features[chosen].astype(np.float32), shift))
        true = torch.tensor(np.log(bpms[chosen]) + shift * TEMPO_STEP)
        wanted = torch.softmax(-0.5 * ((tempos - true[:, None]) / SPREAD) ** 2, 1).float()
        odds = torch.log_softmax(net((rows - mean) / spread)[..., 0], 1)
        loss = -(wanted * odds).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            log.info("net %d, step %d of %d: %.3f nats", seed, step, steps, float(loss))
    first, _, last = net
    weight = first.weight.detach() / spread
    return weight, first.bias.detach() - weight @ mean, last.weight.detach()[0]


def loss_of(
    tensors: dict[str, NDArray[np.float32]],
    features: NDArray[np.float16],
    bpms: Array,
    chances: Array,
) -> float:
    """How little the net says of the true tempo of moments learnt from, in nats."""
    chosen = np.random.default_rng(0).choice(len(bpms), 2000, p=chances)
    losses = []
    for rows, bpm in zip(features[chosen].astype(np.float32), bpms[chosen], strict=True):
        scores = np.maximum(rows @ tensors["hidden"].T + tensors["bias"], 0.0) @ tensors["out"]
        odds = scores - np.log(np.exp(scores - scores.max()).sum()) - scores.max()
        wanted = np.exp(-0.5 * (np.log(TEMPOS / bpm) / SPREAD) ** 2)
        losses.append(-float(wanted @ odds / wanted.sum()))
    return float(np.mean(losses))


def places(performances: list[Played]) -> NDArray[np.float32]:
    """The log of how much likelier than by chance each kind falls on each phase of a beat."""
    counts = np.zeros((KINDS, PHASES))
    for played in performances:
        memory = LagMemory()
        accents = []
        for onset in played.onsets:
            memory.add(onset)
            accents.append(float(memory.recent()[1][-1]))
        times_s = np.array([onset.time_s for onset in played.onsets])
        beat_s = float(np.median(np.diff(played.beats_s)))
        phases = np.rint(played.beats() % 1 * PHASES).astype(np.intp) % PHASES
        weight = 100.0 * played.weight / len(times_s)
        np.add.at(counts, (kinds(times_s, np.array(accents), beat_s), phases), weight)
    away = np.minimum(np.arange(PHASES), PHASES - np.arange(PHASES))
    kernel = np.exp(-0.5 * (away / PHASE_SPREAD) ** 2)
    spectrum = np.fft.fft(counts, axis=1) * np.fft.fft(kernel / kernel.sum())
    spread = np.fft.ifft(spectrum, axis=1).real + 2.0
    return np.log(spread / spread.mean(axis=1, keepdims=True)).astype(np.float32)


def card(melodies: int, drummers: int, rounds: int, loss: float) -> dict[str, object]:
    """What the weights are."""
    return {
        "name": NAME,
        "task": "jam",
        "what": "judges tempos by the lags between onsets, and tells where in a beat onsets fall "
        "(tools/jam/tempo/net.py)",
        "config": {"units": UNITS * NETS, "features": FEATURES, "kinds": KINDS, "phases": PHASES},
        "licence": "MIT, CC BY 4.0",
        "data": [
            {
                "name": "POP909",
                "licence": "MIT",
                "attribution": "Wang et al., POP909: A Pop-song Dataset, ISMIR 2020",
                "used": f"melodies and beats of {melodies} songs whose number is no multiple of "
                "five",
            },
            {
                "name": "Groove MIDI Dataset",
                "licence": "CC BY 4.0",
                "attribution": "Gillick et al., Learning to Groove with Inverse Sequence "
                "Transformations, ICML 2019",
                "used": f"onsets and tempos of {drummers} performances of its training part",
            },
        ],
        "command": f"python scripts/train_jam_tempo.py --rounds {rounds}",
        "metrics": {
            "loss": round(loss, 3),
            "unit": "nats a moment",
            "on": "the performances learnt from",
        },
    }


def main() -> None:
    """Read, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("models/weights"))
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--songs", type=int, help="at most so many of each set")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    sets = [list(read(options.data))[: options.songs] for read in (pop909, groove)]
    performances = [played for part in sets for played in part]
    found = [(list(moments(played)), played.weight) for played in performances]
    pairs = [pair for part, _ in found for pair in part]
    chances = np.array([weight / len(part) for part, weight in found for _ in part])
    features, bpms = np.stack([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    chances /= chances.sum()
    log.info("%d moments of %d performances", len(bpms), len(performances))
    nets = [trained(features, bpms, chances, options.rounds, seed) for seed in range(NETS)]
    weights, biases, outs = (torch.cat(parts).numpy() for parts in zip(*nets, strict=True))
    tensors = {"hidden": weights, "bias": biases, "out": outs / NETS}
    tensors["places"] = places(performances)
    loss = loss_of(tensors, features, bpms, chances)
    data, text = packed(tensors, card(len(sets[0]), len(sets[1]), options.rounds, loss))
    write_bytes(options.out / f"{NAME}.safetensors", data)
    write_bytes(options.out / f"{NAME}.json", text)


if __name__ == "__main__":
    main()
