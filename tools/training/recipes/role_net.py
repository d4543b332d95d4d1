"""Trains role-net, which tells what kind of instrument plays in a recording.

    muse train role-net --data DATA

The studio (tools/training/studio) renders four seconds of each class in turn: soundfonts, sample
sets, synthesizers, synthetic singers, recorded stems, loops and one-shots, through random effects.
Spectrograms stay in the run's folder, and the next run with the same seed uses them. Whole banks
and whole instruments are held out: half of their examples set the temperature of the odds, the
others measure. `--set examples=200 --set epochs=2` is a trial of a minute.
"""

import logging
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from muse.models.role_net.config import CLASSES, NAME
from muse.models.role_net.net import Probabilities, RoleNet
from muse.tools.errors import ParameterError
from muse.tools.progress import Report
from muse.tools.training.deterministic import deterministic
from muse.tools.training.examples.role_sounds import Sounds, make_sounds
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.studio.catalogue import HELD_OUT_BANKS
from muse.tools.training.studio.records import SAMPLE_RECORDS, soundfont_records
from muse.tools.transcription.role_features import WINDOW_FRAMES

log = logging.getLogger("muse")

BATCH = 64
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 3e-3, 1e-3, 0.1
SMOOTHING = 0.05  # of the labels
TILT, TILT_POINTS = 0.05, 6  # standard deviation of a curve over the bands: 4 dB
CUT_HIGH, CUT_LOW, SHORTENED, RAISED_FLOOR = 0.3, 0.1, 0.3, 0.3  # shares of the examples
LOWEST_CUT, HIGHEST_FLOOR, SHORTEST = 0.35, 0.3, 0.15  # as shares of bands, level and frames
SILENT = 0.6  # level below which half an example is silent: 32 dB below its loudest moment
TEMPERATURES = np.geomspace(0.5, 3.0, 60)
OPSET = 17

DATA = (
    {"name": "POP909", "licence": "MIT", "used": "melodies and accompaniments, as scores"},
    {"name": "OpenEWLD", "licence": "MIT, tunes in the public domain", "used": "as scores"},
    {
        "name": "Groove MIDI Dataset",
        "licence": "CC BY 4.0",
        "attribution": "Google LLC, magenta.tensorflow.org/datasets/groove",
        "used": "training split, as scores",
    },
    *SAMPLE_RECORDS,
    {"name": "sonic-pi-samples", "licence": "CC0", "used": "loops and one-shots"},
    {"name": "eir", "licence": "CC0", "used": "stems of three songs; the fourth is held out"},
    {"name": "funk_jam", "licence": "CC0", "used": "five stems"},
    {"name": "Discord GM bank", "licence": "CC0, CC BY", "used": "held out, to measure"},
)


@dataclass(frozen=True)
class RoleNetSettings:
    """Settings of the training.

    Attributes:
        examples: to train on.
        held_out: examples of other instruments that calibrate and measure.
        epochs: passes over the examples.
        songs: of each collection that scores are from.
    """

    examples: int = 7500
    held_out: int = 1200
    epochs: int = 40
    songs: int = 120


class RoleNetFit(Fit):
    """The net of models/role_net."""

    name = NAME
    what = "what kind of instrument plays, from a log-mel spectrogram of four seconds"
    task = "transcription"
    settings = RoleNetSettings
    modules: ClassVar[tuple[str, ...]] = ("onnx",)

    def sources(self, data: Path) -> list[Path]:
        """Return the data folder; what it lacks is left out."""
        return [data]

    def fit(self, job: FitJob) -> Fitted:
        """Render the examples that are missing, train, calibrate and measure."""
        settings: RoleNetSettings = job.settings
        if min(settings.examples, settings.held_out) < 2 * len(CLASSES):
            raise ParameterError(f"examples and held_out are at least {2 * len(CLASSES)}")
        seen = make_sounds(
            job.data, job.folder, "train", settings.examples, job.seed, settings.songs, job.report
        )
        unseen = make_sounds(
            job.data,
            job.folder,
            "held_out",
            settings.held_out,
            job.seed,
            settings.songs,
            job.report,
        )
        with deterministic(job.seed):
            net = train(seen, settings.epochs, job.report)
            logits = predict(net, unseen)
        measured = np.arange(len(logits)) // len(CLASSES) % 2 == 1  # the classes come in turn
        temperature = best_temperature(logits[~measured], unseen.labels[~measured])
        config = replace(net.config, temperature=round(temperature, 3))
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{NAME}.onnx"
            export_onnx(net, temperature, path)
            arrays = path.read_bytes()
        figures = metrics(
            logits[measured] / temperature, unseen.labels[measured], unseen.banks[measured]
        )
        return Fitted(
            arrays,
            asdict(config),
            [*DATA, *soundfont_records(HELD_OUT_BANKS)],
            figures,
            {"classes": list(CLASSES)},
        )


def train(sounds: Sounds, epochs: int, report: Report) -> RoleNet:
    """Train the net with cross entropy on augmented halves of the examples.

    Convolutions run in bfloat16 with channels last, which takes half the time on one core.
    """
    net = RoleNet()
    lay_out(net, torch.channels_last)
    windows, labels = torch.from_numpy(sounds.windows), torch.from_numpy(sounds.labels)
    steps = epochs * -(-len(labels) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP
    )
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in torch.split(torch.randperm(len(labels)), BATCH):
            halves = augmented(random_halves(windows[batch].float()))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = net(halves)
            loss = cross_entropy(logits.float(), labels[batch], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        report("training", (epoch + 1) / epochs)
        log.info("epoch %d of %d, loss %.4f", epoch + 1, epochs, total / len(labels))
    lay_out(net, torch.contiguous_format)
    net.eval()
    return net


def lay_out(net: nn.Module, layout: torch.memory_format) -> None:
    """Store the weights of the convolutions in another order; convolutions then follow it."""
    for weight in net.parameters():
        if weight.dim() == 4:
            weight.data = weight.data.contiguous(memory_format=layout)


def random_halves(windows: Tensor) -> Tensor:
    """Return half of the frames of each example, from a random frame; the first half if silent."""
    frames = windows.shape[2] // 2
    starts = torch.randint(frames + 1, (len(windows), 1))
    places = (starts + torch.arange(frames))[:, None].expand(-1, windows.shape[1], -1)
    halves = windows.gather(2, places)
    is_silent = halves.amax((1, 2), keepdim=True) < SILENT
    return torch.where(is_silent, windows[:, :, :frames], halves)


def augmented(windows: Tensor) -> Tensor:
    """Return spectrograms (batch, bands, frames) filtered, cut and with other noise floors."""
    batch, bands, frames = windows.shape
    tilt = interpolate(torch.randn(batch, 1, TILT_POINTS) * TILT, bands, mode="linear")
    tilt = tilt.transpose(1, 2)
    changed = torch.where(windows > 0, windows + tilt, windows)
    band = torch.linspace(0, 1, bands)[None, :, None]
    high = torch.where(chance(batch, CUT_HIGH), LOWEST_CUT + 0.65 * torch.rand(batch, 1, 1), 1.0)
    low = torch.where(chance(batch, CUT_LOW), 0.15 * torch.rand(batch, 1, 1), 0.0)
    changed = changed * ((band <= high) & (band >= low))
    time = torch.linspace(0, 1, frames)[None, None]
    length = SHORTEST + (1 - SHORTEST) * torch.rand(batch, 1, 1)
    end = torch.where(chance(batch, SHORTENED), length, 1.0)
    floor = torch.where(chance(batch, RAISED_FLOOR), HIGHEST_FLOOR * torch.rand(batch, 1, 1), 0.0)
    return torch.maximum(changed, floor).clamp(0, 1.2) * (time <= end)


def chance(batch: int, share: float) -> Tensor:
    """Return which examples of a batch are changed, (batch, 1, 1)."""
    return torch.rand(batch, 1, 1) < share


def predict(net: RoleNet, sounds: Sounds) -> NDArray[np.float64]:
    """Return the logits of examples, (examples, classes)."""
    with torch.no_grad():
        parts = [net(w.float()) for w in torch.split(torch.from_numpy(sounds.windows), BATCH)]
    return torch.cat(parts).numpy().astype(np.float64)


def log_odds(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms of the probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def best_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the temperature at which the labels are likeliest (Guo et al., ICML 2017)."""
    rows = np.arange(len(labels))
    losses = [-log_odds(logits / t)[rows, labels].mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def metrics(
    logits: NDArray[np.float64], labels: NDArray[np.int64], banks: NDArray[np.str_]
) -> dict[str, Any]:
    """Return figures on unseen instruments: accuracy, by class and by bank, and calibration."""
    found, odds = logits.argmax(axis=1), np.exp(log_odds(logits)).max(axis=1)
    right = found == labels
    return {
        "on": f"{len(labels)} examples of instruments and banks that were not trained on",
        "accuracy": round(float(right.mean()), 3),
        "mean odds of the likeliest class": round(float(odds.mean()), 3),
        "by class": {
            name: round(float(right[labels == i].mean()), 3)
            for i, name in enumerate(CLASSES)
            if (labels == i).any()
        },
        "by bank": {
            str(name): round(float(right[banks == name].mean()), 3) for name in np.unique(banks)
        },
    }


def export_onnx(net: RoleNet, temperature: float, path: Path) -> None:
    """Write the net as ONNX that returns probabilities, for any number of windows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns that it will change
        torch.onnx.export(
            Probabilities(net, temperature).eval(),
            (torch.rand(2, net.config.bands, WINDOW_FRAMES),),
            str(path),
            input_names=["windows"],
            output_names=["odds"],
            dynamic_axes={"windows": {0: "count"}, "odds": {0: "count"}},
            opset_version=OPSET,
            dynamo=False,
        )
