"""Fits the log odds of notes by key, and key transitions, to the annotated keys of songs.

The filter of KeyTracker runs through each song; gradient descent on its tables makes the annotated
key, and its signature, more likely after every beat (maximum likelihood). Needs torch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.tools.jam.harmony.beat_features import (
    SEGMENT_KINDS,
    extract_beat_features,
    metrical_position,
)
from muse.tools.jam.harmony.key_parameters import (
    FIRST_BLUES,
    HOMES,
    MODE_OF,
    MODES,
    SAME_HOME,
    key_number,
)
from muse.tools.jam.harmony.key_tracker import PROBABILITY_FLOOR
from muse.tools.training.jam.generated_songs import IDIOMS
from muse.tools.training.jam.songs import JamSong

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor

STAY_LOG_ODDS = 8.0  # initial log odds of a key to stay
RATE, BATCH = 0.02, 24  # of Adam; the rate decreases to 0, the batch is in songs
# on the squares of the log odds, and of their differences between modes
PENALTY, MODE_PENALTY = 1e-4, 3e-4
EXACT_SHARE = 0.5  # weight of the key's loss beside that of its signature
UNKNOWN = -1  # the key of padding

PITCHES = (np.arange(12)[None] - HOMES[:, None]) % 12  # (keys, 12), semitones above the home
INTERVALS = (HOMES[None] - HOMES[:, None]) % 12  # (keys, keys), semitones from home to home


@dataclass(frozen=True)
class KeySong:
    """A song as input of the filter, with a first axis of beats."""

    segments: NDArray[np.float32]  # (..., SEGMENT_KINDS, 12)
    steps: NDArray[np.float32]  # (..., 12, 12), number of melody steps between pitch classes
    keys: NDArray[np.int64]


def make_key_song(song: JamSong, is_blues: bool = False) -> KeySong:
    """Return the features of a song by beat, and its annotated keys, as keys of a blues or not."""
    beats = len(song.triads)
    segments, steps = np.zeros((beats, SEGMENT_KINDS, 12)), np.zeros((beats, 12, 12))
    notes, previous = list(song.notes), None
    for beat in range(beats):
        nearby = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0.0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0.0) >= beat]
        features = extract_beat_features(nearby, beat, metrical_position(beat, song.meter))
        segments[beat] = features.segments
        for pc in features.line:
            if previous is not None:
                steps[beat, previous, pc] += 1
            previous = pc
    keys = np.array([key_number(song.key_at(beat)) for beat in range(beats)])
    if is_blues:
        keys = FIRST_BLUES + keys % 12
    return KeySong(segments.astype(np.float32), steps.astype(np.float32), keys)


class KeyNet(nn.Module):
    """The filter of KeyTracker in torch.

    Log odds are stored as what major and minor share, half of their difference, and those of blues.
    """

    def __init__(self) -> None:
        """Start with log odds of 0, and keys that rarely change."""
        super().__init__()
        self.segments = nn.Parameter(torch.zeros(3, SEGMENT_KINDS, 12))
        self.steps = nn.Parameter(torch.zeros(3, 12, 12))
        moves = torch.full((len(MODES), len(MODES), 12), -STAY_LOG_ODDS)
        moves[range(len(MODES)), range(len(MODES)), 0] = 0.0
        self.moves = nn.Parameter(moves)
        self.start = nn.Parameter(torch.zeros(len(MODES)))

    def forward(self, segments: Tensor, steps: Tensor) -> Tensor:
        """Return the log probability of each key after each beat, (beats, songs, KEYS)."""
        segment_odds, step_odds = self.all_modes()
        kinds, modes = np.arange(SEGMENT_KINDS)[None, :, None], MODE_OF[:, None, None]
        segment_odds = segment_odds[modes, kinds, PITCHES[:, None]].flatten(1)
        step_odds = step_odds[modes, PITCHES[:, :, None], PITCHES[:, None]].flatten(1)
        evidence = segments.flatten(2) @ segment_odds.T + steps.flatten(2) @ step_odds.T
        moves = torch.softmax(self.moves[MODE_OF[:, None], MODE_OF[None], INTERVALS], 1)
        posterior = torch.softmax(self.start[MODE_OF], 0).expand(evidence.shape[1:])
        log_probabilities = []
        for log_odds in evidence:
            prior = torch.log(posterior @ moves + PROBABILITY_FLOOR)
            log_probabilities.append(torch.log_softmax(prior + log_odds, 1))
            posterior = torch.exp(log_probabilities[-1])
        return torch.stack(log_probabilities)

    def all_modes(self) -> tuple[Tensor, Tensor]:
        """Return the log odds of segments and of steps, for each mode."""

        def by_mode(table: Tensor) -> Tensor:
            shared, difference, blues = table
            return torch.stack([shared + difference, shared - difference, blues])

        return by_mode(self.segments), by_mode(self.steps)

    def cost(self) -> Tensor:
        """Return the penalty on large log odds."""
        shared, difference, blues = ((s**2).sum() + (t**2).sum() for s, t in self.pairs())
        return PENALTY * (shared + blues) + MODE_PENALTY * difference

    def pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the tables of segments and steps, as they are stored."""
        return zip(self.segments, self.steps, strict=True)

    def tables(self) -> Arrays:
        """Return the tables by their names in the weight file."""
        segments, steps = self.all_modes()
        moves = torch.softmax(self.moves.flatten(1), 1).reshape(self.moves.shape)
        start = torch.softmax(self.start, 0)
        named = {"key_heard": segments, "key_steps": steps, "key_moves": moves, "key_start": start}
        return {name: table.detach().numpy().astype(np.float64) for name, table in named.items()}


def fit_keys(
    songs: Sequence[JamSong],
    held_out: Sequence[JamSong],
    epochs: int,
    generated: int,
    report: Callable[[str], None],
) -> tuple[Arrays, dict[str, dict[str, float]]]:
    """Fit the tables of keys to some songs, and evaluate them on others.

    Args:
        songs: for the fit.
        held_out: for the evaluation.
        epochs: passes through the songs.
        generated: number of generated songs of each idiom for the fit; half as many are evaluated.
        report: called with a line for each epoch.

    Returns:
        the tables by their names in the weight file, and the metrics on the held-out songs.
    """
    net, rng = KeyNet(), np.random.default_rng(0)
    more = [song for some in generate_key_songs(generated, 0).values() for song in some]
    training = [*map(make_key_song, songs), *more]
    training.sort(key=lambda song: len(song.keys))
    validation = {"songs": [make_key_song(song) for song in held_out]}
    validation |= generate_key_songs((generated + 1) // 2, 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = RATE * (1 - epoch / epochs)
        for start in rng.permutation(range(0, len(training), BATCH)):
            optimizer.zero_grad()
            torch.autograd.backward(key_loss(net, training[start : start + BATCH]))
            optimizer.step()
        report(f"key tables, epoch {epoch}: {evaluate_keys(net, validation['songs'])}")
    return net.tables(), {name: evaluate_keys(net, some) for name, some in validation.items()}


def generate_key_songs(count: int, seed: int) -> dict[str, list[KeySong]]:
    """Return a number of generated songs of each idiom."""
    rng = np.random.default_rng(seed)
    return {
        name: [make_key_song(generate(rng), name == "blues") for _ in range(count)]
        for name, generate in IDIOMS.items()
    }


def stack_songs(songs: Sequence[KeySong]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack songs of different lengths, padded at their ends, (beats, songs, ...)."""
    longest = max(len(song.keys) for song in songs)

    def padded(name: str, fill: int) -> Tensor:
        arrays = [getattr(song, name) for song in songs]
        pads = [[(0, longest - len(a))] + [(0, 0)] * (a.ndim - 1) for a in arrays]
        equal = [np.pad(a, p, constant_values=fill) for a, p in zip(arrays, pads, strict=True)]
        return torch.tensor(np.stack(equal, axis=1))

    return padded("segments", 0), padded("steps", 0), padded("keys", UNKNOWN)


def key_loss(net: KeyNet, songs: Sequence[KeySong]) -> Tensor:
    """Return the mean negative log likelihood of annotated signatures and keys, plus penalty."""
    segments, steps, keys = stack_songs(songs)
    log_probabilities = net(segments, steps)
    exact = log_probabilities.gather(-1, keys.clamp(min=0)[..., None])[..., 0]
    signatures = signature_log_probabilities(log_probabilities)
    signature = signatures.gather(-1, keys.clamp(min=0)[..., None])[..., 0]
    known = keys != UNKNOWN
    loss: Tensor = net.cost() - signature[known].mean() - EXACT_SHARE * exact[known].mean()
    return loss


def signature_log_probabilities(log_probabilities: Tensor) -> Tensor:
    """Return the log probability of the signature of each key, (..., KEYS)."""
    same = torch.tensor(SAME_HOME, dtype=log_probabilities.dtype)
    return torch.log(torch.exp(log_probabilities) @ same + PROBABILITY_FLOOR)


def evaluate_keys(net: KeyNet, songs: Sequence[KeySong]) -> dict[str, float]:
    """Return the share of beats whose annotated key, and whose signature, is the likeliest."""
    if not songs:
        return {}
    with torch.no_grad():
        segments, steps, keys = stack_songs(songs)
        log_probabilities = net(segments, steps)
    known = keys != UNKNOWN
    exact = log_probabilities.argmax(-1) == keys
    signatures = signature_log_probabilities(log_probabilities).argmax(-1)
    same = torch.tensor(HOMES)[signatures] == torch.tensor(HOMES)[keys]
    return {
        "key": round(float(exact[known].float().mean()), 4),
        "signature": round(float(same[known].float().mean()), 4),
    }
