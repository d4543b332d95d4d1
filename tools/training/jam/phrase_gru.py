"""Train the ear's sense of phrase (phrase_gru.py) on songs; needs torch, and only the script does.

The net reads a song from its first beat to its last, as the ear hears it in the key that it hears,
and is to tell the annotated triad of every beat as it begins. What is struck on a beat is hidden
now and then, for a decision that is made a little early does not know it. Melodies are what is
learnt; pianists, whose chords are plain to hear, are mixed in so that they are known as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.models.phrase_gru.net import PhraseNet
from muse.tools.jam.harmony.beat_features import KINDS, PLACES, STRUCK, TRIADS, listened, place_of
from muse.tools.jam.harmony.key_parameters import home_of
from muse.tools.jam.harmony.key_tracker import KeyEar
from muse.tools.jam.harmony.melody_listener import Ear
from muse.tools.jam.harmony.parameters import MixTables
from muse.tools.jam.harmony.phrase_gru import CONFIG, base_of, figures_of, filled
from muse.tools.training.jam.songs import NO_TRIAD, JamSong

Halves = NDArray[np.float32]
Arrays = dict[str, NDArray[np.float64]]
Tensor = torch.Tensor

DROPPED, READ_DROPPED = 0.4, 0.15  # of hidden figures, and of what is read
RATE, DECAY = 2e-3, 0.02  # of AdamW; the rate falls to 0
BATCH = 16  # songs
CLIP = 1.0  # length of the gradient
HIDDEN_BEATS = 0.2  # share of beats whose struck notes are not read
SOMETIMES = 0.35  # chance of a session to be in an epoch, see Lessons


@dataclass(frozen=True)
class Session:
    """A song as the net reads it, shapes (beats, ...); `early` without what is struck."""

    figures: Halves
    base: Halves
    early_figures: Halves
    early_base: Halves
    triads: NDArray[np.int64]


def session_of(song: JamSong, tables: MixTables) -> Session:
    """A song as the ear hears it."""
    ear, keys = Ear(tables), KeyEar(tables)
    notes = list(song.notes)
    rows, triads = [], []
    for beat, triad in enumerate(song.triads.tolist()):
        near = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0.0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0.0) >= beat]
        place = place_of(beat, song.meter)
        sound = listened(near, beat, place)
        ear.listen_in(home_of(keys.heard.tonality))
        expected = ear.expect(sound, place)
        row: list[NDArray[Any]] = []
        for struck in (sound.struck, held_alone(sound.struck)):
            begins, fullness = ear.rolled(struck), filled(ear.fullness, struck)
            parts = expected.moves, begins @ tables.struck, expected.recalled
            base = base_of(*parts)
            heard = (ear.before(), begins, place, parts[0], base, parts[2], fullness)
            row += [figures_of(*heard), base]
        rows.append(row)
        triads.append(NO_TRIAD if triad < 0 else (triad - ear.home * len(KINDS)) % TRIADS)
        ear.hear(sound, place)
        keys.hear(sound)
    read = [np.array(column).astype(np.float32) for column in zip(*rows, strict=True)]
    return Session(read[0], read[1], read[2], read[3], np.array(triads))


def held_alone(struck: NDArray[np.float64]) -> NDArray[np.float64]:
    """What sounds as a beat begins, without what is struck on it."""
    return np.vstack([np.zeros((PLACES, 12)), struck[PLACES:STRUCK]])


@dataclass(frozen=True)
class Lessons:
    """What one net learns from, and what only tells how it does, by name of the track.

    Attributes:
        always: sessions of every epoch.
        sometimes: sessions that are in an epoch with a chance of SOMETIMES.
        watched: sessions that it does not learn from.
    """

    always: Sequence[Session]
    sometimes: Sequence[Session]
    watched: dict[str, Sequence[Session]]


def trained(
    lessons: Lessons, epochs: int, seed: int, tell: Callable[[str], None]
) -> tuple[Arrays, dict[str, dict[str, float]]]:
    """Train one net, and tell how it does after each epoch.

    Returns:
        its tables, and the last figures on the songs that were only watched.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # nets are trained side by side
    net, rng = PhraseNet(CONFIG, DROPPED, READ_DROPPED), np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    figures: dict[str, dict[str, float]] = {}
    for epoch in range(epochs):
        some = [session for session in lessons.sometimes if rng.random() < SOMETIMES]
        ordered = sorted([*lessons.always, *some], key=lambda session: len(session.triads))
        optimiser.param_groups[0]["lr"] = RATE * (1 - epoch / epochs)
        for start in rng.permutation(range(0, len(ordered), BATCH)):
            read, base, triads = batch_of(ordered[start : start + BATCH], rng)
            loss = -picked(net(read, base), triads).mean()
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            optimiser.step()
        figures = {track: watch(net, songs) for track, songs in lessons.watched.items()}
        tell(f"phrase {seed}, epoch {epoch}: {figures}")
    return net.arrays(), figures


def together(nets: Sequence[Arrays]) -> Arrays:
    """The tables of all nets; fewer nets than it has are asked in turn."""
    chosen = [nets[place % len(nets)] for place in range(CONFIG.nets)]
    return {name: np.stack([net[name] for net in chosen]) for name in nets[0]}


def batch_of(
    sessions: Sequence[Session], rng: np.random.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Songs side by side, padded at their ends; with dice some beats are read early."""
    beats = max(len(session.triads) for session in sessions)
    columns: list[list[NDArray[np.float32] | NDArray[np.int64]]] = [[], [], []]
    for session in sessions:
        early = np.zeros(len(session.triads), bool)
        if rng is not None:
            early = rng.random(len(early)) < HIDDEN_BEATS
        read = np.where(early[:, None], session.early_figures, session.figures)
        base = np.where(early[:, None], session.early_base, session.base)
        rest = beats - len(early)
        columns[0].append(np.pad(read, [(0, rest), (0, 0)]))
        columns[1].append(np.pad(base, [(0, rest), (0, 0)]))
        columns[2].append(np.pad(session.triads, (0, rest), constant_values=NO_TRIAD))
    read_, base_, triads = (torch.tensor(np.stack(column, axis=1)) for column in columns)
    return read_, base_, triads


def picked(told: Tensor, triads: Tensor) -> Tensor:
    """The log probabilities of the annotated triads, where there are any."""
    chosen = told.gather(-1, triads.clamp(min=0)[..., None])[..., 0]
    return chosen[triads != NO_TRIAD]


def watch(net: PhraseNet, sessions: Sequence[Session]) -> dict[str, float]:
    """How the net does on songs: agreement, and mean negative log likelihood."""
    net.eval()
    right = beats = 0
    loss = 0.0
    with torch.no_grad():
        for start in range(0, len(sessions), BATCH):
            read, base, triads = batch_of(sessions[start : start + BATCH], None)
            told = net(read, base)
            right += int((told.argmax(-1) == triads).sum())
            beats += int((triads != NO_TRIAD).sum())
            loss -= float(picked(told, triads).sum())
    net.train()
    return {"triad": round(right / beats, 4), "nll": round(loss / beats, 4)}
