"""Trains the phrase nets (muse.models.phrase_gru) on songs; needs torch.

A net reads a song from its first beat to its last, as the melody listener processes it in the
detected key, and predicts the annotated triad of every beat at its onset. On some beats the notes
with onsets on them are hidden, because a decision shortly before the beat does not know them. The
nets learn from melodies; some piano parts, which make the chords explicit, are mixed in so that
playing with both hands is covered as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.models.phrase_gru.net import PhraseNet
from muse.tools.jam.harmony.beat_features import (
    KINDS,
    ON_BEAT_KINDS,
    POSITIONS,
    TRIADS,
    BeatFeatures,
    extract_beat_features,
    metrical_position,
)
from muse.tools.jam.harmony.key_parameters import home_of
from muse.tools.jam.harmony.key_tracker import KeyTracker
from muse.tools.jam.harmony.melody_listener import MelodyListener
from muse.tools.jam.harmony.parameters import HarmonyParameters
from muse.tools.jam.harmony.phrase_gru import (
    CONFIG,
    base_log_probabilities,
    phrase_inputs,
    update_polyphony,
)
from muse.tools.training.jam.songs import NO_TRIAD, JamSong

Float32s = NDArray[np.float32]
Arrays = dict[str, NDArray[np.float64]]
Tensor = torch.Tensor

DROPOUT, INPUT_DROPOUT = 0.4, 0.15  # of hidden units, and of inputs
RATE, DECAY = 2e-3, 0.02  # of AdamW; the rate decreases to 0
BATCH = 16  # songs
CLIP = 1.0  # norm of the gradient
EARLY_SHARE = 0.2  # share of beats whose notes on the beat are hidden
PIANO_SHARE = 0.35  # share of the piano parts in an epoch, see PhraseData


@dataclass(frozen=True)
class Session:
    """A song as input of the net, (beats, ...); the `early` arrays lack notes on the beat."""

    features: Float32s
    base: Float32s
    early_features: Float32s
    early_base: Float32s
    triads: NDArray[np.int64]


def make_session(song: JamSong, parameters: HarmonyParameters) -> Session:
    """Return a song as the melody listener processes it, in the key that is detected."""
    listener, keys = MelodyListener(parameters), KeyTracker(parameters)
    notes = list(song.notes)
    rows, triads = [], []
    for beat, triad in enumerate(song.triads.tolist()):
        nearby = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0.0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0.0) >= beat]
        position = metrical_position(beat, song.meter)
        features = extract_beat_features(nearby, beat, position)
        listener.set_home(home_of(keys.key.tonality))
        rows.append(make_inputs(listener, parameters, features, position))
        home = listener.home
        triads.append(NO_TRIAD if triad < 0 else (triad - home * len(KINDS)) % TRIADS)
        listener.add_beat(features, position)
        keys.add_beat(features)
    arrays = [np.array(column).astype(np.float32) for column in zip(*rows, strict=True)]
    return Session(arrays[0], arrays[1], arrays[2], arrays[3], np.array(triads))


def make_inputs(
    listener: MelodyListener, parameters: HarmonyParameters, features: BeatFeatures, position: int
) -> list[NDArray[Any]]:
    """Return inputs and base of a beat, then the same without the notes that begin on it."""
    prediction = listener.predict(features, position)
    row: list[NDArray[Any]] = []
    for counts in (features.on_beat, held_notes(features.on_beat)):
        on_beat = listener.relative_to_home(counts)
        log_odds = on_beat @ parameters.on_beat_log_odds
        base = base_log_probabilities(prediction.transition, log_odds, prediction.recalled)
        inputs = phrase_inputs(
            listener.previous_segments(),
            on_beat,
            position,
            prediction.transition,
            base,
            prediction.recalled,
            update_polyphony(listener.polyphony, counts),
        )
        row += [inputs, base]
    return row


def held_notes(on_beat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the counts of notes held into a beat, with 0 for those that begin on it."""
    return np.vstack([np.zeros((POSITIONS, 12)), on_beat[POSITIONS:ON_BEAT_KINDS]])


@dataclass(frozen=True)
class PhraseData:
    """Training and validation data of one net.

    Attributes:
        melodies: sessions that every epoch uses.
        pianos: sessions of which each epoch uses a random share, PIANO_SHARE.
        validation: sessions by name of the track.
    """

    melodies: Sequence[Session]
    pianos: Sequence[Session]
    validation: dict[str, Sequence[Session]]


def train_phrase_net(
    data: PhraseData, epochs: int, seed: int, report: Callable[[str], None]
) -> tuple[Arrays, dict[str, dict[str, float]]]:
    """Train one net, and report its metrics after each epoch.

    Returns:
        its arrays, and the last metrics on the validation songs.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # nets are trained side by side
    net, rng = PhraseNet(CONFIG, DROPOUT, INPUT_DROPOUT), np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    metrics: dict[str, dict[str, float]] = {}
    for epoch in range(epochs):
        some = [session for session in data.pianos if rng.random() < PIANO_SHARE]
        ordered = sorted([*data.melodies, *some], key=lambda session: len(session.triads))
        optimizer.param_groups[0]["lr"] = RATE * (1 - epoch / epochs)
        for start in rng.permutation(range(0, len(ordered), BATCH)):
            features, base, triads = stack_sessions(ordered[start : start + BATCH], rng)
            loss = -pick_annotated(net(features, base), triads).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            optimizer.step()
        metrics = {
            track: evaluate_phrase_net(net, songs) for track, songs in data.validation.items()
        }
        report(f"phrase net {seed}, epoch {epoch}: {metrics}")
    return net.arrays(), metrics


def stack_nets(nets: Sequence[Arrays]) -> Arrays:
    """Stack the arrays of nets; where they are fewer than CONFIG.nets, they repeat."""
    chosen = [nets[number % len(nets)] for number in range(CONFIG.nets)]
    return {name: np.stack([net[name] for net in chosen]) for name in nets[0]}


def stack_sessions(
    sessions: Sequence[Session], rng: np.random.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Stack songs, padded at their ends; with an rng, notes on some beats are hidden."""
    beats = max(len(session.triads) for session in sessions)
    columns: list[list[NDArray[np.float32] | NDArray[np.int64]]] = [[], [], []]
    for session in sessions:
        early = np.zeros(len(session.triads), bool)
        if rng is not None:
            early = rng.random(len(early)) < EARLY_SHARE
        features = np.where(early[:, None], session.early_features, session.features)
        base = np.where(early[:, None], session.early_base, session.base)
        rest = beats - len(early)
        columns[0].append(np.pad(features, [(0, rest), (0, 0)]))
        columns[1].append(np.pad(base, [(0, rest), (0, 0)]))
        columns[2].append(np.pad(session.triads, (0, rest), constant_values=NO_TRIAD))
    features_, base_, triads = (torch.tensor(np.stack(column, axis=1)) for column in columns)
    return features_, base_, triads


def pick_annotated(log_probabilities: Tensor, triads: Tensor) -> Tensor:
    """Return the log probabilities of the annotated triads."""
    chosen = log_probabilities.gather(-1, triads.clamp(min=0)[..., None])[..., 0]
    return chosen[triads != NO_TRIAD]


def evaluate_phrase_net(net: PhraseNet, sessions: Sequence[Session]) -> dict[str, float]:
    """Return accuracy and mean negative log likelihood on songs."""
    net.eval()
    right = beats = 0
    loss = 0.0
    with torch.no_grad():
        for start in range(0, len(sessions), BATCH):
            features, base, triads = stack_sessions(sessions[start : start + BATCH], None)
            log_probabilities = net(features, base)
            right += int((log_probabilities.argmax(-1) == triads).sum())
            beats += int((triads != NO_TRIAD).sum())
            loss -= float(pick_annotated(log_probabilities, triads).sum())
    net.train()
    return {"triad": round(right / beats, 4), "nll": round(loss / beats, 4)}
