"""What nets and arithmetic hear in the clips of a row, and the figures made of it."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from intervals_rows import SEED, TOGETHER, Row, made
from intervals_ways import ONE_PITCH, Cnn, Way, cnn_answers
from named_soundfont import named_soundfont

from muse.tools.audio.cqt import RATE
from muse.tools.intervals.calibration import expected_calibration_error
from muse.tools.intervals.classifier import IntervalClassifier, IntervalProbabilities
from muse.tools.intervals.generate import ClipMaker, sounding
from muse.tools.intervals.sample_label import Label
from muse.tools.intervals.training_spectra import NO_INTERVAL_KINDS, NONE_EVERY, PLAIN, make_example

Figures = dict[str, Any]
Answers = dict[str, list[int]]  # of a way or a CNN, semitones clip by clip


@dataclass
class Net:
    """One set of weights of interval-net.

    Attributes:
        path: as it was named.
        sha256: of the weights.
        hearer: the net.
    """

    path: str
    sha256: str
    hearer: IntervalClassifier


@dataclass
class Heard:
    """What was heard in the clips of a row.

    Attributes:
        labels: of the clips.
        nets: by the weights' hash, clip by clip.
        answers: of ways and CNNs, by name.
        seconds: of processor time, by the weights' hash.
    """

    labels: list[Label] = field(default_factory=list)
    nets: dict[str, list[IntervalProbabilities]] = field(default_factory=lambda: defaultdict(list))
    answers: Answers = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass(frozen=True)
class Listeners:
    """All that hear the clips.

    Attributes:
        nets: sets of weights of interval-net.
        cnns: of run folders.
        ways: arithmetic, by name, and how many clips each hears.
    """

    nets: Sequence[Net]
    cnns: Sequence[Cnn]
    ways: dict[str, tuple[Way, int]]

    def of(self, row: Row, known: Figures) -> "Listeners":
        """Those that can hear the clips of a row, and whose figures are not known."""
        nets = [net for net in self.nets if net.sha256 not in known.get("nets", {})]
        told = known.get("ways", {})
        cnns = [cnn for cnn in self.cnns if row.suits_cnn and cnn.name not in known.get("cnns", {})]
        deaf = ONE_PITCH if row.recipe.directions == TOGETHER else ()
        ways = {n: way for n, way in self.ways.items() if n not in deaf and n not in told}
        return Listeners(nets, cnns, ways)

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self.nets or self.cnns or self.ways)


def heard_in(row: Row, count: int, listeners: Listeners) -> Heard:
    """What is heard in the clips of a row, each of which is made once."""
    heard, rate = Heard(), row.recipe.sample_rate
    for number, (clip, label) in enumerate(made(row.recipe, count)):
        heard.labels.append(label)
        given = clip[sounding(label, rate)] if row.is_cut else clip
        for net in listeners.nets:
            begin = time.process_time()
            heard.nets[net.sha256].append(net.hearer.classify(given, rate))
            heard.seconds[net.sha256] += time.process_time() - begin
        for name, (way, limit) in listeners.ways.items():
            if number < limit:
                heard.answers[name].append(abs(way(clip, label, rate)))
        for name, answer in cnn_answers(listeners.cnns, clip, rate).items():
            heard.answers[name].append(answer)
    return heard


def figures_of(row: Row, count: int, listeners: Listeners, known: Figures) -> Figures:
    """A row's figures: those known, and what is heard now."""
    given = listeners.of(row, known)
    heard = heard_in(row, count if given else 0, given)
    nets = known.get("nets", {}) | {
        net.sha256: {"weights": net.path} | net_figures(heard, net.sha256) for net in given.nets
    }
    ways = known.get("ways", {}) | {name: share(heard, name) for name in given.ways}
    cnns = known.get("cnns", {}) | {
        cnn.name: {"learnt_from": cnn.learnt_from} | share(heard, cnn.name) for cnn in given.cnns
    }
    return {"bar": row.bar, "net": over_nets(nets), "nets": nets, "ways": ways, "cnns": cnns}


def net_figures(heard: Heard, sha256: str) -> Figures:
    """What one set of weights makes of the clips."""
    own = heard.nets[sha256]
    truth = np.array([label.semitones for label in heard.labels])
    answers = np.array([hearing.semitones for hearing in own])
    turns = [
        hearing.kind == label.direction
        for hearing, label in zip(own, heard.labels, strict=True)
        if label.semitones
    ]
    recalls = {str(n): float(np.mean(answers[truth == n] == n)) for n in np.unique(truth)}
    return {
        "right": float(np.mean(answers == truth)),
        "direction": float(np.mean(turns)),
        "taken_for_none": float(np.mean([hearing.none > 0.5 for hearing in own])),
        "least_recall": min(recalls.values()),
        "calibration_error": expected_calibration_error(np.array([h.sizes for h in own]), truth),
        "ms": 1e3 * heard.seconds[sha256] / len(own),
        "recalls": recalls,
    }


def share(heard: Heard, name: str) -> Figures:
    """The share that a way or a CNN hears right, and of how many clips."""
    own = heard.answers[name]
    right = [answer == label.semitones for answer, label in zip(own, heard.labels, strict=False)]
    return {"right": float(np.mean(right)), "clips": len(own)}


def spread(values: Iterable[float]) -> Figures:
    """Mean and standard deviation."""
    found = list(values)
    return {"mean": float(np.mean(found)), "std": float(np.std(found))}


def over_nets(nets: Figures) -> Figures:
    """Mean and standard deviation of each figure, and of each size's recall the mean."""
    rows = list(nets.values())
    names = [name for name, value in rows[0].items() if isinstance(value, float)]
    found: Figures = {name: spread(row[name] for row in rows) for name in names}
    if "recalls" in rows[0]:
        sizes = rows[0]["recalls"]
        means = {size: float(np.mean([row["recalls"][size] for row in rows])) for size in sizes}
        found["mean_recalls"] = means
    return found


def nothing(nets: Sequence[Net], count: int, known: Figures) -> Figures:
    """Of clips without an interval: how often the net says so, by what they hold."""
    new = [net for net in nets if net.sha256 not in known.get("nets", {})]
    said: dict[str, dict[str, list[bool]]] = {n.sha256: defaultdict(list) for n in new}
    recipe = replace(PLAIN, timbres=("gm:test",), soundfonts=(str(named_soundfont("FluidR3_GM")),))
    with ClipMaker(recipe, SEED) as maker:
        for place in range(count if new else 0):
            given = make_example(maker, NONE_EVERY * place + NONE_EVERY - 1)
            for net in new:
                heard = net.hearer.classify(given.clip, RATE)
                said[net.sha256][NO_INTERVAL_KINDS[place % len(NO_INTERVAL_KINDS)]].append(
                    heard.none > 0.5
                )
    found = {
        net.sha256: {"weights": net.path}
        | {name: float(np.mean(values)) for name, values in said[net.sha256].items()}
        for net in new
    }
    nets_known = known.get("nets", {}) | found
    return {"net": over_nets(nets_known), "nets": nets_known}
