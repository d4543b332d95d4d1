"""Fits jam-mix: what `muse jam` knows of keys, chords and phrases, and the weights of its experts.

    muse train jam-mix --data DATA

The melody of each song of POP909 plays the part of the player, and its annotated chords are the
truth. Songs whose number is a multiple of five are left out, for the benchmarks. The others are
split as the chord nets split them (seed 0):

- Songs on the training side of the chord nets give the tables of keys, notes and chord changes.
  The tables of keys are fitted to generated melodies as well: blues, and minor keys with raised
  sevenths, which POP909 lacks.
- The other songs give the weights of the experts, with the chords that the program itself played
  as the past.
- The phrase nets learn from all songs, and from their piano parts as well. Each net leaves out
  another part of the second group, and the weights are fitted on those songs with that net.
"""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muse.models.phrase_gru.config import array_shapes
from muse.models.phrase_gru.net import PhraseNet
from muse.tools.chords.load_model import load_model
from muse.tools.jam.harmony.beat_features import POSITIONS
from muse.tools.jam.harmony.parameters import EXPERTS, SHAPES, WEIGHTS, HarmonyParameters
from muse.tools.jam.harmony.phrase_gru import CONFIG
from muse.tools.progress import Report
from muse.tools.training.data_folder import CHORD_COLLECTIONS
from muse.tools.training.deterministic import deterministic
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.training.jam.expert_mix import collect_rows, fit_exponents, measure_agreement
from muse.tools.training.jam.keys import fit_keys
from muse.tools.training.jam.notes import fit_notes
from muse.tools.training.jam.phrase_gru import (
    PhraseData,
    Session,
    make_session,
    stack_nets,
    train_phrase_net,
)
from muse.tools.training.jam.songs import (
    MELODY,
    PIANO,
    JamSong,
    is_for_test,
    read_jam_songs,
)
from muse.tools.training.recipes.corpora import load_chords
from muse.tools.weights import load_trained_weights

log = logging.getLogger("muse")

SPLIT_SEED = 0  # of the chord nets
CHORD_MODEL = "transformer"  # that the weights are fitted with
# initial weights: without the phrase nets and the chord model, and with them
FIRST_WEIGHTS, LAST_WEIGHTS = (0.4, 0.75, 0.55), (0.0, 0.0, 0.0, 1.0, 0.05)
BEATS_PER_SONG = 80  # that the weights are fitted to
MEASURED_EVERY = 3  # one song in this many measures the weights

CARD_EXTRAS = ("data_hash", "songs", "left_out", "mix")

Arrays = dict[str, NDArray[Any]]
Metrics = dict[str, dict[str, float]]


@dataclass(frozen=True)
class JamMixSettings:
    """Settings of the fitting.

    Attributes:
        key_epochs: of the tables of keys.
        epochs: of the tables of notes and chord changes.
        phrase_epochs: of the phrase nets.
        songs: that the weights of the experts are fitted to, at most.
        jobs: processes that train phrase nets side by side.
        generated: generated melodies of each idiom that the tables of keys are fitted to as well.
        only_keys: whether to fit the tables of keys alone, and take the rest from the weights that
            ship with muse.
    """

    key_epochs: int = 14
    epochs: int = 8
    phrase_epochs: int = 24
    songs: int = 100
    jobs: int = 2
    generated: int = 100
    only_keys: bool = False


class JamMixFit(Fit):
    """The tables and nets of tools/jam/harmony."""

    name = WEIGHTS
    what = "predicts which chord a player means, from the notes so far"
    task = "jam"
    settings = JamMixSettings
    collections: ClassVar[tuple[str, ...]] = CHORD_COLLECTIONS
    minutes = 60.0

    def fit(self, job: FitJob) -> Fitted:
        """Fit keys, notes, phrase nets and weights, in this order."""
        names = split_names(job.data, job.report)
        pop909 = job.collection("pop909")
        first, rest = (read_jam_songs(pop909, names[side]) for side in ("tables", "mix"))
        if job.settings.only_keys:
            return refit_keys(first, rest, job.settings)
        everything = [song.name for song in first + rest]
        pianos = read_jam_songs(pop909, everything, PIANO)
        log.info("%d songs for the tables, %d for the weights", len(first), len(rest))
        with deterministic(job.seed):
            arrays, metrics = fit_all(first, rest, pianos, job.settings, job.seed)
        halved = set(array_shapes(CONFIG))  # the nets are as good in half precision
        kinds = {name: np.float16 if name in halved else np.float32 for name in SHAPES}
        mixes = ("ear_mix", "late_mix", "mix")
        return Fitted(
            {name: np.asarray(arrays[name], kind) for name, kind in kinds.items()},
            {"kind": WEIGHTS, "experts": list(EXPERTS)},
            "POP909 (MIT), Wang et al., ISMIR 2020",
            metrics,
            {
                "data_hash": hash_of(first + rest),
                "songs": {"tables": len(first), "mix": len(rest)},
                "left_out": "songs whose number is a multiple of 5",
                "mix": {name: np.round(arrays[name], 3).tolist() for name in mixes},
            },
        )


def fit_all(
    first: Sequence[JamSong],
    rest: Sequence[JamSong],
    pianos: Sequence[JamSong],
    settings: JamMixSettings,
    seed: int,
) -> tuple[Arrays, dict[str, Any]]:
    """Fit everything and return the arrays and the figures.

    Args:
        first: songs for the tables.
        rest: songs for the weights.
        pianos: the songs of both groups, with the piano as the player.
        settings: how long to train.
        seed: of the phrase nets.
    """
    tables, keys = fit_keys(first, rest, settings.key_epochs, settings.generated, log.info)
    tables |= fit_notes(first, settings.epochs, log.info)
    tables |= stack_nets([PhraseNet(CONFIG).arrays()]) | initial_weights()
    some = spread(rest, settings.songs)
    tables, _ = fit_weights(tables, [(song, tables) for song in some], is_last=False)
    nets, phrase = phrase_nets(tables, [*first, *rest], rest, pianos, settings, seed)
    apart = [(song, tables | stack_nets([nets[fold_of(song.name, rest)]])) for song in some]
    tables, mixed = fit_weights(tables | stack_nets(nets), apart, is_last=True)
    return tables, {"keys": keys, "phrase": phrase, "mix": mixed}


def refit_keys(
    first: Sequence[JamSong], rest: Sequence[JamSong], settings: JamMixSettings
) -> Fitted:
    """Fit the tables of keys again; the rest comes from the weights that ship with muse."""
    shipped = load_trained_weights(WEIGHTS)
    tables, keys = fit_keys(first, rest, settings.key_epochs, settings.generated, log.info)
    card = shipped.card
    return Fitted(
        {**shipped.tensors, **{name: np.asarray(tables[name], np.float32) for name in tables}},
        shipped.config,
        card["data"],
        {**card["metrics"], "keys": keys},
        {name: card[name] for name in CARD_EXTRAS},
    )


def phrase_nets(
    tables: Arrays,
    songs: Sequence[JamSong],
    rest: Sequence[JamSong],
    pianos: Sequence[JamSong],
    settings: JamMixSettings,
    seed: int,
) -> tuple[tuple[Arrays, ...], tuple[Metrics, ...]]:
    """Train the phrase nets, each without another part of the songs for the weights.

    Args:
        tables: of keys and notes.
        songs: all songs.
        rest: songs for the weights.
        pianos: all songs, with the piano as the player.
        settings: epochs and processes.
        seed: the first net's; the others have the numbers after it.
    """
    ready = HarmonyParameters.from_tensors(tables)
    melodies = {song.name: make_session(song, ready) for song in songs}
    hands = {song.name: make_session(song, ready) for song in pianos}
    data = [phrase_data(melodies, hands, rest, fold) for fold in range(CONFIG.nets)]
    seeds = range(seed, seed + CONFIG.nets)
    epochs = repeat(settings.phrase_epochs)
    if settings.jobs == 1:
        done = list(map(train_phrase_net, data, epochs, seeds, repeat(log_line)))
    else:
        with ProcessPoolExecutor(settings.jobs, get_context("spawn")) as pool:
            done = list(pool.map(train_phrase_net, data, epochs, seeds, repeat(log_line)))
    nets, figures = zip(*done, strict=True)
    return nets, figures


def log_line(text: str) -> None:
    """Log one line; a function of the module, so that it can be sent to other processes."""
    log.info(text)


def phrase_data(
    melodies: dict[str, Session], hands: dict[str, Session], rest: Sequence[JamSong], fold: int
) -> PhraseData:
    """Return what one net learns from: all songs but its part of those for the weights."""
    apart = {song.name for song in rest if fold_of(song.name, rest) == fold}
    return PhraseData(
        [session for name, session in melodies.items() if name not in apart],
        [session for name, session in hands.items() if name not in apart],
        {
            track: [session for name, session in of_track.items() if name in apart]
            for track, of_track in ((MELODY, melodies), (PIANO, hands))
        },
    )


def fold_of(name: str, rest: Sequence[JamSong]) -> int:
    """Return the number of the net that does not learn from a song."""
    return [song.name for song in rest].index(name) % CONFIG.nets


def fit_weights(
    tables: Arrays, songs: Sequence[tuple[JamSong, Arrays]], is_last: bool
) -> tuple[Arrays, dict[str, float]]:
    """Fit the weights of the experts, and measure them on held-out songs.

    Args:
        tables: to start from.
        songs: each with the tables that it is played with, which were not fitted to it.
        is_last: see expert_mix.fit_exponents.
    """
    model = load_model(CHORD_MODEL) if is_last else None
    rows = [
        collect_rows(song, HarmonyParameters.from_tensors(known), model, BEATS_PER_SONG, number)
        for number, (song, known) in enumerate(songs)
    ]
    apart = [row for i, some in enumerate(rows) if i % MEASURED_EVERY == 0 for row in some]
    others = [row for i, some in enumerate(rows) if i % MEASURED_EVERY for row in some]
    figures = measure_agreement(fit_exponents(tables, others, is_last), apart) | {
        "beats": float(len(apart))
    }
    log.info("weights: %s", figures)
    return fit_exponents(tables, others + apart, is_last), figures


def split_names(data: Path, report: Report) -> dict[str, list[str]]:
    """Return the names of the songs for the tables and for the weights ("mix")."""
    sides = load_chords(data, report).sides(SPLIT_SEED)
    names = {
        side: [Path(song.id).name for song in songs if song.corpus == "pop909"]
        for side, songs in sides.items()
    }
    chosen = {"tables": names["train"], "mix": names["validation"] + names["test"]}
    return {k: sorted(name for name in v if not is_for_test(name)) for k, v in chosen.items()}


def spread(songs: Sequence[JamSong], count: int) -> list[JamSong]:
    """Return `count` of the songs at equal distances, or all if they are fewer."""
    return [songs[i] for i in np.linspace(0, len(songs) - 1, min(count, len(songs))).astype(int)]


def initial_weights() -> Arrays:
    """Return the weights to start from, of the experts and of what repetition recalls."""
    return {
        "ear_mix": np.tile(FIRST_WEIGHTS, (POSITIONS, 1)),
        "late_mix": np.tile(LAST_WEIGHTS[:-1], (POSITIONS, 1)),
        "mix": np.tile(LAST_WEIGHTS, (POSITIONS, 1)),
        "likeness": np.array([0.4, -0.2, -0.3, 0.5, -0.3, 0.0]),
        "lags": np.array([0.0, 0.7, 1.1, 1.0, -0.4, -0.3, 0.0, 0.0, 0.9, 0.0]),
    }


def hash_of(songs: Sequence[JamSong]) -> str:
    """Return the SHA-256 of the names, chords and notes of songs."""
    digest = hashlib.sha256()
    for song in songs:
        digest.update(song.name.encode())
        digest.update(np.ascontiguousarray(song.triads).tobytes())
        digest.update(repr([(n.pitch, n.start_beat, n.end_beat) for n in song.notes]).encode())
    return digest.hexdigest()
