"""Trains drum-net, which finds drum hits in the spectrum of a recording.

    muse train drum-net --data DATA
    muse train drum-net --resume runs/drum-net

The second command continues from the last checkpoint of the first. The recipe needs FluidSynth,
onnx, and Debian's hydrogen-drumkits, sonic-pi-samples, avldrums.lv2-soundfont and the soundfonts of
studio/soundfonts.py; with fewer sounds it gives other weights.

Takes of ten seconds are rendered: recorded and drawn drumming, on many kits with varied tuning,
balance, rooms and codecs, alone, in a band, and bands without drums (tools/training/studio). They
stay in the run's folder, and the next run with the same seed uses them. Whole kits and drummers are
held out; they choose the thresholds of each drum and, in another half, measure the net.
`--set takes=64 --set held_out=64 --set steps=20` is a trial of minutes.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from muse.models.drum_net.config import NAME, DrumNetConfig
from muse.models.drum_net.inference import DrumInference
from muse.models.drum_net.net import DrumNet, Probabilities
from muse.tools.errors import ParameterError
from muse.tools.files import replacing
from muse.tools.progress import Report
from muse.tools.training.examples.named_soundfonts import SOUNDFONTS, split_names
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.studio.drum_kits import DRUMS, HELD_OUT_KITS
from muse.tools.training.studio.drum_scores import HELD_OUT_DRUMMERS, Hits
from muse.tools.training.studio.drum_shards import (
    HELD_OUT,
    SHARD_TAKES,
    TAKE_FRAMES,
    TRAIN,
    Sounds,
    load_shard,
    shards,
)
from muse.tools.training.studio.records import SAMPLE_RECORDS, soundfont_records
from muse.tools.transcription.drum_features import (
    BANDS,
    CENTERS_HZ,
    FRAMES_PER_SECOND,
    net_input,
    reference_db,
)
from muse.tools.transcription.drum_peaks import best_threshold, score_hits

log = logging.getLogger("muse")

BATCH, CROP_FRAMES = 16, 400
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 3e-3, 1e-4, 0.1
LARGEST_GRADIENT = 1.0  # its norm is clipped to this
AVERAGED_STEPS = 150  # over which the weights are averaged, about
CHECKPOINT_STEPS = 100
OPSET = 17
HIT_WIDTH = 1.6  # frames from a hit to where its target falls to 0
HIT_WEIGHT, VELOCITY_WEIGHT = 4.0, 2.0  # of frames with hits, and of the loss of velocities
SOFTEST = 14  # velocity; frames around softer hits have no target
SOFT_FRAMES = 3
# changes of the spectrum in training
REFERENCE_SPREAD_DB = 4.0
TILT_DB, TILT_POINTS = 4.0, 6  # standard deviation of a curve over the bands, and its points
CUT, LOWEST_CUT_HZ = 0.25, 3500.0  # share of crops whose high bands are removed, from where on
FADED, FADED_BANDS = 0.15, 12  # share of crops in which some bands are removed, and how many

DATA = (
    {
        "name": "Groove MIDI Dataset",
        "licence": "CC BY 4.0",
        "attribution": "Google LLC, magenta.tensorflow.org/datasets/groove",
        "used": "the training split but drummers 5, 6 and 10, as scores",
    },
    {"name": "POP909", "licence": "MIT", "used": "tuning songs, as scores of other instruments"},
    {
        "name": "OpenEWLD",
        "licence": "MIT, tunes in the public domain",
        "used": "as scores of other instruments",
    },
    {
        "name": "MuldjordKit",
        "licence": "CC BY 4.0",
        "attribution": "Lars Muldjord",
        "used": "as sounds",
    },
    {
        "name": "hydrogen-drumkits (Debian)",
        "licence": "GPL-2.0, CC BY 3.0, CC BY-SA 3.0, CC0, by kit",
        "used": "as sounds; nothing of them is in the weights' file",
    },
    {
        "name": "Discord GM bank",
        "licence": "CC0, CC BY",
        "used": "its standard drum kit, as sounds; its other instruments held out",
    },
    {
        "name": "avldrums.lv2-soundfont (Debian)",
        "licence": "GPL-2.0",
        "used": "one kit as sounds, one held out; nothing of them is in the weights' file",
    },
    {"name": "eir and funk_jam", "licence": "CC0", "used": "stems without drums"},
    {
        "name": "sonic-pi-samples (Debian)",
        "licence": "CC0",
        "used": "drums held out; others as other instruments",
    },
    *SAMPLE_RECORDS,
    *soundfont_records(),
)


@dataclass(frozen=True)
class DrumNetSettings:
    """Settings of the training.

    Attributes:
        takes: to train on.
        held_out: takes to choose thresholds with and to measure on.
        steps: batches.
        threads: of the processor.
        bf16: whether to compute in bfloat16, twice as fast on processors that have it.
        system: folder of installed sounds.
        soundfonts: names of those that play the other instruments, separated by commas.
    """

    takes: int = 6144
    held_out: int = 384
    steps: int = 5000
    threads: int = 2
    bf16: bool = True
    system: str = "/usr/share"
    soundfonts: str = ",".join(SOUNDFONTS)


@dataclass(frozen=True)
class Takes:
    """Takes in memory.

    Attributes:
        levels: (takes, TAKE_FRAMES, BANDS) float16, dB.
        hits: of each take.
        references: (takes,) reference level in dB.
        kinds: of each take.
    """

    levels: NDArray[np.float16]
    hits: list[Hits]
    references: NDArray[np.float64]
    kinds: list[str]


class DrumNetFit(Fit):
    """The net of models/drum_net, exported as ONNX."""

    name = NAME
    what = "which drums are hit, when and how hard, from the spectrum of a recording"
    task = "transcription"
    settings = DrumNetSettings
    collections: ClassVar[tuple[str, ...]] = ("groove", "pop909")
    modules: ClassVar[tuple[str, ...]] = ("onnx",)
    is_resumable = True

    def fit(self, job: FitJob) -> Fitted:
        """Render the takes that are missing, train the net, choose thresholds and measure it."""
        settings: DrumNetSettings = job.settings
        takes, held_out = read_takes(job, settings)
        torch.set_num_threads(settings.threads)
        stored = asdict(settings) | {"seed": job.seed}
        net = train(takes, stored, job.folder / "checkpoint.pt", job.is_resumed, job.report)
        with TemporaryDirectory(dir=job.folder) as folder_name:
            weights = Path(folder_name) / f"{NAME}.onnx"
            export_onnx(net, weights)
            thresholds, figures = measure(DrumInference(weights=weights), held_out)
            data = weights.read_bytes()
        extras = {
            "outputs": list(DRUMS),
            "thresholds": thresholds,
            "held_out": {"kits": list(HELD_OUT_KITS), "drummers": sorted(HELD_OUT_DRUMMERS)},
            "parameters": sum(part.numel() for part in net.parameters()),
        }
        return Fitted(data, asdict(net.config), list(DATA), figures, extras)


def read_takes(job: FitJob, settings: DrumNetSettings) -> tuple[Takes, Takes]:
    """Return the takes of both sides; those that are missing are rendered."""
    fonts = split_names(settings.soundfonts)
    sounds = Sounds(job.data, Path(settings.system), fonts, job.seed)
    folder = job.folder / f"takes-seed{job.seed}"
    sides = {HELD_OUT: settings.held_out, TRAIN: settings.takes}
    found = {}
    for side, takes in sides.items():
        count = max(takes // SHARD_TAKES, 1)
        paths = []
        for path in shards(sounds, folder, side, count):
            paths.append(path)
            job.report(f"rendering {side} {len(paths)}/{count}", len(paths) / count)
        found[side] = load_takes(paths)
    return found[TRAIN], found[HELD_OUT]


def load_takes(paths: Sequence[Path]) -> Takes:
    """Read shards; a take needs 142 kB of memory."""
    levels = np.empty((len(paths) * SHARD_TAKES, TAKE_FRAMES, BANDS), np.float16)
    hits: list[Hits] = []
    kinds: list[str] = []
    for index, path in enumerate(paths):
        shard = load_shard(path)
        levels[index * SHARD_TAKES : (index + 1) * SHARD_TAKES] = shard.levels
        hits += shard.hits
        kinds += shard.kinds
    references = np.array([reference_db(one) for one in levels])
    return Takes(levels, hits, references, kinds)


def draw_batch(takes: Takes, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Return inputs, targets, their weights, and velocities, of random crops of random takes."""
    chosen = rng.integers(len(takes.hits), size=BATCH)
    crops = [draw_crop(takes, int(index), rng) for index in chosen]
    return tuple(torch.from_numpy(np.stack(part)) for part in zip(*crops, strict=True))


def draw_crop(
    takes: Takes, index: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], ...]:
    """Return a crop of a take, changed at random: input, target, weight, velocity."""
    start = int(rng.integers(TAKE_FRAMES - CROP_FRAMES))
    levels = takes.levels[index, start : start + CROP_FRAMES].astype(np.float32)
    points = rng.normal(0.0, TILT_DB, TILT_POINTS)
    curve = np.interp(np.linspace(0, TILT_POINTS - 1, BANDS), np.arange(TILT_POINTS), points)
    levels = levels + curve.astype(np.float32)
    reference = float(takes.references[index]) + float(rng.normal(0.0, REFERENCE_SPREAD_DB))
    inputs = net_input(levels, reference)
    if rng.random() < CUT:
        highest = np.exp(rng.uniform(np.log(LOWEST_CUT_HZ), np.log(CENTERS_HZ[-1])))
        inputs[:, highest < CENTERS_HZ] = 0.0
    if rng.random() < FADED:
        band = int(rng.integers(BANDS - FADED_BANDS))
        inputs[:, band : band + int(rng.integers(2, FADED_BANDS))] = 0.0
    return inputs, *targets(takes.hits[index], start)


def targets(hits: Hits, start: int) -> tuple[NDArray[np.float32], ...]:
    """Return target, weight and velocity, each (drums, CROP_FRAMES), of a crop from `start` on."""
    target = np.zeros((len(DRUMS), CROP_FRAMES), np.float32)
    weight, velocity = np.ones_like(target), np.zeros_like(target)
    frames = np.arange(CROP_FRAMES)
    for time, drum, strength in hits:
        place = time * FRAMES_PER_SECOND - start
        if not -HIT_WIDTH < place < CROP_FRAMES + HIT_WIDTH:
            continue
        row, near = int(drum), np.abs(frames - place)
        if strength < SOFTEST:
            weight[row, near < SOFT_FRAMES] = 0.0
            continue
        shape = np.maximum(1.0 - near / HIT_WIDTH, 0.0)
        target[row] = np.maximum(target[row], shape)
        velocity[row, near <= 1.0] = strength / 127.0
    weight *= np.where(target > 0.0, HIT_WEIGHT, 1.0)
    return target, weight.astype(np.float32), velocity


def loss_of(net: nn.Module, batch: tuple[Tensor, ...], *, bf16: bool = False) -> Tensor:
    """Return the weighted cross entropy of hits, plus the squared error of their velocities."""
    inputs, target, weight, velocity = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        logits = net(inputs).float()
    entropy = binary_cross_entropy_with_logits(logits[:, 0], target, weight, reduction="mean")
    is_hit = (velocity > 0.0).float()
    error = (torch.sigmoid(logits[:, 1]) - velocity).square() * is_hit
    loss: Tensor = 10.0 * entropy + VELOCITY_WEIGHT * error.sum() / is_hit.sum().clamp(min=1.0)
    return loss


def train(
    takes: Takes, settings: Mapping[str, Any], path: Path, is_resumed: bool, report: Report
) -> DrumNet:
    """Train the net, with a checkpoint every CHECKPOINT_STEPS; return its averaged weights.

    Args:
        takes: to train on.
        settings: stored in the checkpoint; "seed" is that of the training.
        path: of the checkpoint.
        is_resumed: whether to continue from the checkpoint, if there is one.
        report: called with the fraction done.
    """
    torch.manual_seed(settings["seed"])
    net: DrumNet = DrumNet(DrumNetConfig(BANDS, len(DRUMS)))
    net, steps = net.to(memory_format=torch.channels_last), settings["steps"]  # type: ignore[call-overload]
    keep = 1.0 - 1.0 / min(AVERAGED_STEPS, max(steps // 4, 1))
    blend = get_ema_multi_avg_fn(keep)  # type: ignore[no-untyped-call]
    average = AveragedModel(net, multi_avg_fn=blend, use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP
    )
    parts = {"net": net, "average": average, "optimizer": optimizer, "schedule": schedule}
    done = restore(parts, settings, path) if is_resumed and path.is_file() else 0
    net.train()
    for step in range(done + 1, steps + 1):
        # random numbers by step, so that a resumed run draws what an uninterrupted one would
        batch = draw_batch(takes, np.random.default_rng([settings["seed"], 7, step]))
        loss = loss_of(net, batch, bf16=settings["bf16"])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        average.update_parameters(net)
        if step % CHECKPOINT_STEPS == 0 or step == steps:
            report("training", step / steps)
            log.info("step %d of %d, loss %.4f", step, steps, loss.item())
            save_checkpoint(parts, {"step": step, "settings": dict(settings)}, path)
    averaged = average.module
    assert isinstance(averaged, DrumNet)
    return averaged.eval()


def save_checkpoint(parts: Mapping[str, Any], stamp: Mapping[str, Any], path: Path) -> None:
    """Write the state of everything that a resumed run needs."""
    states = {name: part.state_dict() for name, part in parts.items()}
    with replacing(path) as temporary:
        torch.save({**states, **stamp, "rng": torch.get_rng_state()}, temporary)


def restore(parts: Mapping[str, Any], settings: Mapping[str, Any], path: Path) -> int:
    """Restore what `save_checkpoint` wrote; return the steps done.

    Raises:
        ParameterError: the checkpoint is of a run with other settings.
    """
    stored = torch.load(path, weights_only=True)
    if stored["settings"] != dict(settings):
        raise ParameterError(f"{path} is of a run with other settings: {stored['settings']}")
    for name, part in parts.items():
        part.load_state_dict(stored[name])
    torch.set_rng_state(stored["rng"])
    return int(stored["step"])


def export_onnx(net: DrumNet, path: Path) -> None:
    """Write the net as ONNX that returns probabilities, for any number of frames."""
    with replacing(path) as temporary, warnings.catch_warnings():
        # the exporter warns of sizes that become constants: all of them but the frames are
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Probabilities(net).eval(),
            (torch.rand(1, CROP_FRAMES, BANDS),),
            str(temporary),
            input_names=["levels"],
            output_names=["activations"],
            dynamic_axes={"levels": {1: "frames"}, "activations": {3: "frames"}},
            opset_version=OPSET,
            dynamo=False,
        )


def measure(net: DrumInference, takes: Takes) -> tuple[dict[str, float], dict[str, Any]]:
    """Choose the threshold of each drum on one half of the takes, and measure on the other."""
    activations = [
        net(levels, partial(net_input, reference=float(reference))).hit
        for levels, reference in zip(takes.levels, takes.references, strict=True)
    ]
    half = len(activations) // 2
    thresholds = {
        drum: best_threshold(
            [one[:, row] for one in activations[:half]],
            [hit_times(hits, row) for hits in takes.hits[:half]],
        )
        for row, drum in enumerate(DRUMS)
    }
    figures: dict[str, Any] = {"on": f"{half} takes of held-out kits and drummers, F1 at 50 ms"}
    for kind in sorted(set(takes.kinds)):
        chosen = [i for i in range(half, len(activations)) if takes.kinds[i] == kind]
        figures[kind] = {
            drum: score_hits(
                [activations[i][:, row] for i in chosen],
                [hit_times(takes.hits[i], row) for i in chosen],
                thresholds[drum],
            )
            for row, drum in enumerate(DRUMS)
        }
    return thresholds, figures


def hit_times(hits: Hits, row: int) -> NDArray[np.float64]:
    """Return when a drum is hit, without the softest hits."""
    times: NDArray[np.float64] = hits[(hits[:, 1] == row) & (hits[:, 2] >= SOFTEST), 0]
    return times
