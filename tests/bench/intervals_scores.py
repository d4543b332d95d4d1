"""Answers of nets and baselines to the clips of a row, and the figures computed from them."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from intervals_baselines import ONE_PITCH, Baseline, Cnn, cnn_answers
from intervals_clips import SEED, TOGETHER, Row, make_clips
from named_soundfont import named_soundfont

from muse.tools.audio.cqt import RATE
from muse.tools.intervals.calibration import expected_calibration_error
from muse.tools.intervals.classifier import IntervalClassifier, IntervalProbabilities
from muse.tools.intervals.generate import ClipMaker, sounding
from muse.tools.intervals.sample_label import Label
from muse.tools.intervals.training_spectra import NO_INTERVAL_KINDS, NONE_EVERY, PLAIN, make_example

Figures = dict[str, Any]
Answers = dict[str, list[int]]  # semitones by clip, by name of a baseline or CNN


@dataclass
class Net:
    """One set of weights of interval-net.

    Attributes:
        path: name or path that was given.
        sha256: of the weights.
        classifier: the net.
    """

    path: str
    sha256: str
    classifier: IntervalClassifier


@dataclass
class RowAnswers:
    """All answers to the clips of a row.

    Attributes:
        labels: of the clips.
        nets: probabilities by clip, by hash of the weights.
        answers: of baselines and CNNs, by name.
        seconds: processor time, by hash of the weights.
    """

    labels: list[Label] = field(default_factory=list)
    nets: dict[str, list[IntervalProbabilities]] = field(default_factory=lambda: defaultdict(list))
    answers: Answers = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass(frozen=True)
class Contestants:
    """Nets and baselines that are compared.

    Attributes:
        nets: sets of weights of interval-net.
        cnns: of run folders.
        baselines: arithmetic, by name, and the largest number of clips for each.
    """

    nets: Sequence[Net]
    cnns: Sequence[Cnn]
    baselines: dict[str, tuple[Baseline, int]]

    def for_row(self, row: Row, known: Figures) -> "Contestants":
        """Return those that suit the clips of a row and whose figures are not known yet."""
        nets = [net for net in self.nets if net.sha256 not in known.get("nets", {})]
        done = known.get("baselines", {})
        cnns = [cnn for cnn in self.cnns if row.suits_cnn and cnn.name not in known.get("cnns", {})]
        unsuited = ONE_PITCH if row.settings.directions == TOGETHER else ()
        baselines = {
            n: each for n, each in self.baselines.items() if n not in unsuited and n not in done
        }
        return Contestants(nets, cnns, baselines)

    def __bool__(self) -> bool:
        """Return whether there is at least one."""
        return bool(self.nets or self.cnns or self.baselines)


def answer_row(row: Row, count: int, contestants: Contestants) -> RowAnswers:
    """Return the answers to the clips of a row; each clip is made once."""
    found, rate = RowAnswers(), row.settings.sample_rate
    for number, (clip, label) in enumerate(make_clips(row.settings, count)):
        found.labels.append(label)
        part = clip[sounding(label, rate)] if row.is_cut else clip
        for net in contestants.nets:
            begin = time.process_time()
            found.nets[net.sha256].append(net.classifier.classify(part, rate))
            found.seconds[net.sha256] += time.process_time() - begin
        for name, (baseline, limit) in contestants.baselines.items():
            if number < limit:
                found.answers[name].append(abs(baseline(clip, label, rate)))
        for name, answer in cnn_answers(contestants.cnns, clip, rate).items():
            found.answers[name].append(answer)
    return found


def figures_of(row: Row, count: int, contestants: Contestants, known: Figures) -> Figures:
    """Return a row's figures: the known ones, and those of the other contestants."""
    new = contestants.for_row(row, known)
    found = answer_row(row, count if new else 0, new)
    nets = known.get("nets", {}) | {
        net.sha256: {"weights": net.path} | net_figures(found, net.sha256) for net in new.nets
    }
    baselines = known.get("baselines", {}) | {name: accuracy(found, name) for name in new.baselines}
    cnns = known.get("cnns", {}) | {
        cnn.name: {"trained_on": cnn.trained_on} | accuracy(found, cnn.name) for cnn in new.cnns
    }
    return {
        "target": row.target,
        "net": over_nets(nets),
        "nets": nets,
        "baselines": baselines,
        "cnns": cnns,
    }


def net_figures(row: RowAnswers, sha256: str) -> Figures:
    """Return the figures of one set of weights."""
    own = row.nets[sha256]
    truth = np.array([label.semitones for label in row.labels])
    answers = np.array([each.semitones for each in own])
    directions = [
        each.kind == label.direction
        for each, label in zip(own, row.labels, strict=True)
        if label.semitones
    ]
    recalls = {str(n): float(np.mean(answers[truth == n] == n)) for n in np.unique(truth)}
    return {
        "right": float(np.mean(answers == truth)),
        "direction": float(np.mean(directions)),
        "taken_for_none": float(np.mean([each.none > 0.5 for each in own])),
        "least_recall": min(recalls.values()),
        "calibration_error": expected_calibration_error(
            np.array([each.sizes for each in own]), truth
        ),
        "ms": 1e3 * row.seconds[sha256] / len(own),
        "recalls": recalls,
    }


def accuracy(row: RowAnswers, name: str) -> Figures:
    """Return the accuracy of a baseline or CNN, and the number of clips."""
    own = row.answers[name]
    right = [answer == label.semitones for answer, label in zip(own, row.labels, strict=False)]
    return {"right": float(np.mean(right)), "clips": len(own)}


def spread(values: Iterable[float]) -> Figures:
    """Return mean and standard deviation."""
    found = list(values)
    return {"mean": float(np.mean(found)), "std": float(np.std(found))}


def over_nets(nets: Figures) -> Figures:
    """Return mean and standard deviation of each figure, and the mean recall of each size."""
    rows = list(nets.values())
    names = [name for name, value in rows[0].items() if isinstance(value, float)]
    found: Figures = {name: spread(row[name] for row in rows) for name in names}
    if "recalls" in rows[0]:
        sizes = rows[0]["recalls"]
        means = {size: float(np.mean([row["recalls"][size] for row in rows])) for size in sizes}
        found["mean_recalls"] = means
    return found


def score_without_interval(nets: Sequence[Net], count: int, known: Figures) -> Figures:
    """Return the share of clips without an interval that the net recognizes, by their content."""
    new = [net for net in nets if net.sha256 not in known.get("nets", {})]
    answers: dict[str, dict[str, list[bool]]] = {n.sha256: defaultdict(list) for n in new}
    settings = replace(
        PLAIN, timbres=("gm:test",), soundfonts=(str(named_soundfont("FluidR3_GM")),)
    )
    with ClipMaker(settings, SEED) as maker:
        for place in range(count if new else 0):
            example = make_example(maker, NONE_EVERY * place + NONE_EVERY - 1)
            for net in new:
                probabilities = net.classifier.classify(example.clip, RATE)
                answers[net.sha256][NO_INTERVAL_KINDS[place % len(NO_INTERVAL_KINDS)]].append(
                    probabilities.none > 0.5
                )
    found = {
        net.sha256: {"weights": net.path}
        | {name: float(np.mean(values)) for name, values in answers[net.sha256].items()}
        for net in new
    }
    nets_known = known.get("nets", {}) | found
    return {"net": over_nets(nets_known), "nets": nets_known}
