"""Trains note-net, which finds the notes of a part from spectra and Basic Pitch's posteriors.

    muse train note-net --data DATA
    muse train note-net --resume runs/note-net

The second command continues from the last checkpoint of the first and ends with the same weights.
The recipe needs FluidSynth, two soundfonts, and onnx.

Half minutes of POP909's tuning songs are rendered with varied sounds as true stems, stems with
bleed, what separators with fewer stems leave, and mixes (examples/note_recordings.py), 2 to 12 MB
each. They stay in the run's folder, and the next run with the same seed and soundfonts uses them.
Tuning songs 598 to 639 measure the net; songs of the benchmarks are not used.
`--set mixes=4 --set steps=20` is a trial of minutes.

The shipped weights were made in three stages before this recipe was written: 1500 steps of a
narrower net on true stems and bleed, 2200 more on what separators leave as well, then 1500 of the
widened net on everything. This recipe trains the full net for all 5200 steps on everything at once.
"""

import logging
import random
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from muse.models.basic_pitch import Posteriors
from muse.models.note_net.config import HEADS
from muse.models.note_net.inference import NoteInference
from muse.models.note_net.net import PITCHES, NoteNet, Probabilities
from muse.tools.audio.spectra import ROWS, partial_power, power_to_db
from muse.tools.errors import ParameterError
from muse.tools.files import replacing
from muse.tools.progress import Report
from muse.tools.training.deterministic import deterministic
from muse.tools.training.examples.mixes import Mix, split_songs, tuning_mix
from muse.tools.training.examples.named_soundfonts import (
    SOUNDFONTS,
    source_records,
    split_names,
)
from muse.tools.training.examples.note_recordings import (
    CROP_FRAMES,
    FEATURES,
    FRAME_S,
    KINDS,
    Recording,
    example,
    features,
    held_out,
    load,
    make_excerpts,
)
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.role_rules import decode_role, rules_of

log = logging.getLogger("muse")

NAME = "note-net"
# how often each kind of recording is drawn, and the weight of each head's loss
KIND_WEIGHT = {
    **{"lead": 1.0, "lead+bleed": 1.0, "bass": 0.6, "bass+bleed": 0.6, "keys": 1.2},
    **{"keys+bleed": 1.2, "rest": 1.5, "low": 0.7, "mix": 4.0},
}
HEAD_WEIGHT = {"voice": 1.5, "bass": 1.5, "chords": 1.0, "other": 1.0}
ONSET_WEIGHT, ONSET_POSITIVE = 2.0, 2.0  # of the onset loss, and of onsets within it
CROP_PITCHES, CROP_FIRST = 48, (0, 0, 8, 16, 24, 32, 40)
BATCH = 8
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 2e-3, 1e-4, 0.15
LARGEST_GRADIENT = 1.0  # its norm is clipped to this
CHECKPOINT_STEPS = 50
MEASURED_MIXES = 32  # at most
EXPORT_FRAMES, OPSET = 100, 17
MEASURES = ("onset_f1", "onset_offset_f1")
ONSET_TOLERANCE_S = 0.05
# role: stems whose notes it is to find, in true stems and in the mix
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
        "used": "drums of the training split, rendered, as sounds to ignore",
    },
)

Pools = dict[str, list[Recording]]  # by kind


@dataclass(frozen=True)
class NoteNetSettings:
    """Settings of the training.

    Attributes:
        mixes: excerpts to train on.
        steps: batches.
        soundfonts: names separated by commas.
    """

    mixes: int = 544
    steps: int = 5200
    soundfonts: str = ",".join(SOUNDFONTS)


class NoteNetFit(Fit):
    """The net of models/note_net, exported as ONNX."""

    name = NAME
    what = (
        "posteriors of the notes and onsets of each part, from spectra and Basic Pitch's posteriors"
        " (models/note_net)"
    )
    task = "transcription"
    settings = NoteNetSettings
    collections: ClassVar[tuple[str, ...]] = ("pop909", "groove")
    modules: ClassVar[tuple[str, ...]] = ("onnx",)
    is_resumable = True

    def fit(self, job: FitJob) -> Fitted:
        """Render the excerpts that are missing, train the net, export and measure it."""
        settings: NoteNetSettings = job.settings
        soundfonts = split_names(settings.soundfonts)
        folder = job.folder / f"recordings-seed{job.seed}-{'-'.join(soundfonts)}"
        made = make_excerpts(job.data, folder, settings.mixes, job.seed, soundfonts)
        stored = asdict(settings) | {"seed": job.seed}
        checkpoint = job.folder / "checkpoint.pt"
        pools = read_pools(report_each(made, settings.mixes, job.report))
        with deterministic(job.seed):
            net = train(pools, settings.steps, stored, checkpoint, job.is_resumed, job.report)
        with TemporaryDirectory(dir=job.folder) as folder_name:
            weights = Path(folder_name) / f"{NAME}.onnx"
            export_onnx(net, weights)
            count = min(MEASURED_MIXES, settings.mixes)
            figures = metrics(weights, job.data, count, soundfonts)
            data = weights.read_bytes()
        return Fitted(
            data,
            asdict(net.config),
            [*DATA, *source_records(soundfonts)],
            figures,
            {
                "heads": list(HEADS),
                "parameters": sum(part.numel() for part in net.parameters()),
            },
        )


def report_each(paths: Iterable[Path], count: int, report: Report) -> Iterable[Path]:
    """Yield paths, reporting each one."""
    for number, path in enumerate(paths, 1):
        report(f"rendering {number}/{count}", number / count)
        yield path


def read_pools(paths: Iterable[Path]) -> Pools:
    """Return all recordings by kind; one takes about 2 MB of memory."""
    pools: Pools = {}
    for path in paths:
        for kind, recording in load(path):
            pools.setdefault(kind, []).append(recording)
    return {kind: pools[kind] for kind in KINDS if kind in pools}


def batch_of(pools: Pools, rng: random.Random) -> list[Tensor]:
    """Return the arrays of random examples, stacked."""
    weights = [KIND_WEIGHT[kind] for kind in pools]
    kinds = rng.choices(list(pools), weights, k=BATCH)
    drawn = [example(rng.choice(pools[kind]), rng) for kind in kinds]
    return [torch.from_numpy(np.stack(arrays)) for arrays in zip(*drawn, strict=True)]


def loss_of(net: NoteNet, batch: Sequence[Tensor], first: int) -> Tensor:
    """Return the cross entropy per frame and labeled head over pitches from `first`."""
    *inputs, frames, onset, counted = batch
    rows = slice(first, first + CROP_PITCHES)
    logits = net(*inputs, first, CROP_PITCHES)
    positive = torch.tensor(ONSET_POSITIVE)
    entropy = binary_cross_entropy_with_logits
    of_frames = entropy(logits[:, 0], frames[..., rows], reduction="none")
    of_onset = entropy(logits[:, 1], onset[..., rows], reduction="none", pos_weight=positive)
    each = (of_frames + ONSET_WEIGHT * of_onset).sum((2, 3)) / CROP_FRAMES
    weight = torch.tensor([HEAD_WEIGHT[head] for head in HEADS])
    return (each * counted * weight).sum() / counted.sum()


def train(
    pools: Pools,
    steps: int,
    settings: dict[str, Any],
    path: Path,
    is_resumed: bool,
    report: Report,
) -> NoteNet:
    """Train the net and write a checkpoint every CHECKPOINT_STEPS.

    Args:
        pools: recordings by kind.
        steps: batches.
        settings: stored in the checkpoint; "seed" is that of the training.
        path: of the checkpoint.
        is_resumed: whether to continue from the checkpoint, if there is one.
        report: called with the fraction done.
    """
    torch.manual_seed(settings["seed"])
    rng = random.Random(settings["seed"])
    net: NoteNet = NoteNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=WARM_UP
    )
    parts: dict[str, Any] = {"net": net, "optimizer": optimizer, "schedule": schedule}
    done = restore(parts, rng, settings, path) if is_resumed and path.is_file() else 0
    for step in range(done + 1, steps + 1):
        loss = loss_of(net, batch_of(pools, rng), rng.choice(CROP_FIRST))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        if step % CHECKPOINT_STEPS == 0 or step == steps:
            report("training", step / steps)
            log.info("step %d of %d, loss %.3f", step, steps, loss.item())
            states = {name: part.state_dict() for name, part in parts.items()}
            stamp = {"step": step, "rng": rng.getstate(), "settings": settings}
            with replacing(path) as temporary:
                torch.save({**states, **stamp}, temporary)
    return net


def restore(parts: dict[str, Any], rng: random.Random, settings: dict[str, Any], path: Path) -> int:
    """Restore net, optimizer, schedule and rng from a checkpoint; return the steps done.

    Raises:
        ParameterError: the checkpoint is of a run with other settings.
    """
    stored = torch.load(path, weights_only=True)
    if stored["settings"] != settings:
        raise ParameterError(f"{path} is of a run with other settings: {stored['settings']}")
    for name, part in parts.items():
        part.load_state_dict(stored[name])
    rng.setstate(stored["rng"])
    return int(stored["step"])


def export_onnx(net: NoteNet, path: Path) -> None:
    """Write the net as ONNX that returns probabilities, for any number of frames."""
    sizes = dict(zip(FEATURES, (ROWS, ROWS, PITCHES, PITCHES), strict=True))
    with replacing(path) as temporary, warnings.catch_warnings():
        # the exporter warns of sizes that become constants: all of them but the frames are
        warnings.simplefilter("ignore")
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
    reader: NoteInference, mix: Mix, material: str, roles: dict[str, str]
) -> dict[str, dict[str, float]]:
    """Return scores by role.

    Args:
        reader: the net.
        mix: with its notes.
        material: "mix" to give the net the whole mix, else it gets the stem of each role.
        roles: role to the stems whose notes it is to find.
    """
    scores = {}
    for role, stems in roles.items():
        audio = mix.audio if material == "mix" else mix.stems[stems]
        rows = features(audio.mean(axis=0))
        # the net takes no contour
        posteriors = Posteriors(rows["note"], rows["onset"], rows["note"][:, :0])
        rules = rules_of(role)
        evidence = reader(rows["long"], rows["short"], posteriors)[rules.head]
        power = np.asarray(10 ** (rows["short"] / 10), np.float32)
        level_db = power_to_db(partial_power(power))
        truth = sorted(note for stem in stems.split() for note in mix.notes[stem])
        scores[role] = note_f1(truth, decode_role(evidence, rules, level_db, FRAME_S))
    return scores


def note_f1(truth: Sequence[NoteEvent], found: Sequence[NoteEvent]) -> dict[str, float]:
    """Return the F1 of onsets, and of onsets with offsets, as in mir_eval.transcription."""
    from mir_eval.transcription import precision_recall_f1_overlap as score

    if not truth or not found:
        return dict.fromkeys(MEASURES, 0.0)
    arrays = [
        array
        for notes in (truth, found)
        for array in (
            np.array([[note.onset_s, note.offset_s] for note in notes]),
            np.array([440.0 * 2 ** ((note.pitch - 69) / 12) for note in notes]),
        )
    ]
    onsets = score(*arrays, onset_tolerance=ONSET_TOLERANCE_S, offset_ratio=None)
    notes = score(*arrays, onset_tolerance=ONSET_TOLERANCE_S)
    return dict(zip(MEASURES, (onsets[2], notes[2]), strict=True))


def metrics(weights: Path, data: Path, count: int, soundfonts: Sequence[str]) -> dict[str, Any]:
    """Return mean scores over up to `count` mixes of songs that were not trained on."""
    reader = NoteInference(weights=weights)
    inrngs = held_out(len(split_songs(data)[1]))
    made = (tuning_mix(data, index, soundfonts) for index in inrngs)
    mixes = list(islice((mix for mix in made if mix is not None), count))
    figures: dict[str, Any] = {"on": f"{len(mixes)} mixes of tuning songs not trained on"}
    for material, roles in (("true stems", STEM_ROLES), ("mix", MIX_ROLES)):
        rows = [scores_of(reader, mix, material, roles) for mix in mixes]
        figures[material] = {
            role: {name: round(fmean(row[role][name] for row in rows), 3) for name in MEASURES}
            for role in roles
            if rows
        }
    return figures
