"""Fits the log odds of notes by key, and key transitions, to the annotated keys of songs.

The filter of KeyTracker runs through each song; the tables are moved so that it gives the annotated
key, and its signature, after every beat (maximum likelihood). Needs torch.
"""

from collections.abc import Callable, Sequence
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
from muse.tools.jam.harmony.key_parameters import HOMES, MODE_OF, RELATIVES, key_number
from muse.tools.jam.harmony.key_tracker import PROBABILITY_FLOOR
from muse.tools.training.jam.songs import JamSong

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor

STAYS = 8.0  # initial log odds of a key to stay
RATE, BATCH = 0.02, 24  # of Adam, the rate decreases to 0; songs
COST, MODE_COST = 1e-4, 3e-4  # on the squares of log odds, and of their differences between modes
EXACT_SHARE = 0.5  # weight of the key's loss beside that of its signature
UNKNOWN = -1  # the key of padding

PITCHES = (np.arange(12)[None] - HOMES[:, None]) % 12  # above the home, by key
UP = (HOMES[None] - HOMES[:, None]) % 12  # from key to key


@dataclass(frozen=True)
class KeySong:
    """A song as input of the filter, (beats, ...)."""

    stretches: NDArray[np.float32]  # (..., STRETCHES, 12)
    steps: NDArray[np.float32]  # (..., 12, 12), how many from one pitch class to another
    keys: NDArray[np.int64]


def key_song_of(song: JamSong) -> KeySong:
    """Return the features of a song by beat, and its annotated keys."""
    beats = len(song.triads)
    stretches, steps = np.zeros((beats, SEGMENT_KINDS, 12)), np.zeros((beats, 12, 12))
    notes, before = list(song.notes), None
    for beat in range(beats):
        near = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0.0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0.0) >= beat]
        sound = extract_beat_features(near, beat, metrical_position(beat, song.meter))
        stretches[beat] = sound.segments
        for pc in sound.line:
            if before is not None:
                steps[beat, before, pc] += 1
            before = pc
    keys = np.array([key_number(song.key_at(beat)) for beat in range(beats)])
    return KeySong(stretches.astype(np.float32), steps.astype(np.float32), keys)


class KeyNet(nn.Module):
    """The filter while it is fitted: log odds that both modes share, and their differences."""

    def __init__(self) -> None:
        """Start with log odds of 0."""
        super().__init__()
        self.heard = nn.Parameter(torch.zeros(SEGMENT_KINDS, 12))
        self.heard_by_mode = nn.Parameter(torch.zeros(SEGMENT_KINDS, 12))
        self.steps = nn.Parameter(torch.zeros(12, 12))
        self.steps_by_mode = nn.Parameter(torch.zeros(12, 12))
        stays = torch.full((2, 2, 12), -STAYS)
        stays[[0, 1], [0, 1], 0] = 0.0
        self.moves = nn.Parameter(stays)
        self.start = nn.Parameter(torch.zeros(2))

    def forward(self, stretches: Tensor, steps: Tensor) -> Tensor:
        """Return the log probability of each key after each beat, (beats, songs, KEYS)."""
        heard, stepped = self.both_modes()
        every = np.arange(SEGMENT_KINDS)[None, :, None]
        heard = heard[MODE_OF[:, None, None], every, PITCHES[:, None]].flatten(1)
        stepped = stepped[MODE_OF[:, None, None], PITCHES[:, :, None], PITCHES[:, None]].flatten(1)
        said = stretches.flatten(2) @ heard.T + steps.flatten(2) @ stepped.T
        moves = torch.softmax(self.moves[MODE_OF[:, None], MODE_OF[None], UP], 1)
        belief = torch.softmax(self.start[MODE_OF], 0).expand(said.shape[1:])
        told = []
        for beat in said:
            told.append(torch.log_softmax(torch.log(belief @ moves + PROBABILITY_FLOOR) + beat, 1))
            belief = torch.exp(told[-1])
        return torch.stack(told)

    def both_modes(self) -> tuple[Tensor, Tensor]:
        """Return the log odds of segments and of steps, for major and minor."""
        return (
            torch.stack([self.heard + self.heard_by_mode, self.heard - self.heard_by_mode]),
            torch.stack([self.steps + self.steps_by_mode, self.steps - self.steps_by_mode]),
        )

    def cost(self) -> Tensor:
        """Return the regularization of the tables."""
        alike = (self.heard**2).sum() + (self.steps**2).sum()
        apart = (self.heard_by_mode**2).sum() + (self.steps_by_mode**2).sum()
        return COST * alike + MODE_COST * apart

    def tables(self) -> Arrays:
        """Return the tables by their names in the weight file."""
        heard, steps = self.both_modes()
        moves = torch.softmax(self.moves.flatten(1), 1).reshape(2, 2, 12)
        start = torch.softmax(self.start, 0)
        named = {"key_heard": heard, "key_steps": steps, "key_moves": moves, "key_start": start}
        return {name: table.detach().numpy().astype(np.float64) for name, table in named.items()}


def fitted_keys(
    songs: Sequence[JamSong], watched: Sequence[JamSong], epochs: int, tell: Callable[[str], None]
) -> tuple[Arrays, dict[str, float]]:
    """Fit the tables of keys to some songs, and evaluate them on others.

    Returns:
        the tables, and the metrics on the validation songs.
    """
    net, rng = KeyNet(), np.random.default_rng(0)
    learnt = sorted((key_song_of(song) for song in songs), key=lambda song: len(song.keys))
    others = [key_song_of(song) for song in watched]
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = RATE * (1 - epoch / epochs)
        for start in rng.permutation(range(0, len(learnt), BATCH)):
            optimizer.zero_grad()
            torch.autograd.backward(loss_of(net, learnt[start : start + BATCH]))
            optimizer.step()
        tell(f"keys, epoch {epoch}: {watch(net, others)}")
    return net.tables(), watch(net, others)


def batch_of(songs: Sequence[KeySong]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack songs, padded at their ends."""
    longest = max(len(song.keys) for song in songs)

    def padded(name: str, fill: int) -> Tensor:
        arrays = [getattr(song, name) for song in songs]
        pads = [[(0, longest - len(a))] + [(0, 0)] * (a.ndim - 1) for a in arrays]
        together = [np.pad(a, p, constant_values=fill) for a, p in zip(arrays, pads, strict=True)]
        return torch.tensor(np.stack(together, axis=1))

    return padded("stretches", 0), padded("steps", 0), padded("keys", UNKNOWN)


def loss_of(net: KeyNet, songs: Sequence[KeySong]) -> Tensor:
    """Return the mean negative log likelihood of the annotated signatures and keys."""
    stretches, steps, keys = batch_of(songs)
    told = net(stretches, steps)
    exact = told.gather(-1, keys.clamp(min=0)[..., None])[..., 0]
    signatures = torch.logaddexp(told, told[..., RELATIVES])
    signature = signatures.gather(-1, keys.clamp(min=0)[..., None])[..., 0]
    known = keys != UNKNOWN
    loss: Tensor = net.cost() - signature[known].mean() - EXACT_SHARE * exact[known].mean()
    return loss


def watch(net: KeyNet, songs: Sequence[KeySong]) -> dict[str, float]:
    """Return the share of beats in which the key, or its signature, is the likeliest."""
    if not songs:
        return {}
    with torch.no_grad():
        stretches, steps, keys = batch_of(songs)
        told = net(stretches, steps)
    known = keys != UNKNOWN
    exact = told.argmax(-1) == keys
    signatures = torch.logaddexp(told, told[..., RELATIVES]).argmax(-1)
    same = torch.tensor(HOMES)[signatures] == torch.tensor(HOMES)[keys]
    return {
        "key": round(float(exact[known].float().mean()), 4),
        "signature": round(float(same[known].float().mean()), 4),
    }
