"""Fit what notes say of keys, and how keys go, to the annotated keys of songs.

The belief of keys.KeyEar goes through each song from its first beat to its last; the tables are
moved so that it tells the annotated key, and its signature, after every beat (maximum likelihood).
Needs torch; only the script that makes the tables comes here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.tools.jam.harmony.beat_features import STRETCHES, listened, place_of
from muse.tools.jam.harmony.key_parameters import HOMES, MODE_OF, RELATIVES, number_of
from muse.tools.jam.harmony.key_tracker import LEAST
from muse.tools.training.jam.songs import JamSong

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor

STAYS = 8.0  # log odds of a key to stay, to begin with
RATE, BATCH = 0.02, 24  # of Adam, which falls to 0; songs
COST, MODE_COST = 1e-4, 3e-4  # on the squares of what is said, and of how the modes differ in it
EXACT_SHARE = 0.5  # what the key itself counts beside its signature
UNKNOWN = -1  # the key of beats behind the end

PITCHES = (np.arange(12)[None] - HOMES[:, None]) % 12  # above the home, by key
UP = (HOMES[None] - HOMES[:, None]) % 12  # from key to key


@dataclass(frozen=True)
class KeySong:
    """A song as the belief goes through it, shapes (beats, ...)."""

    stretches: NDArray[np.float32]  # (..., STRETCHES, 12)
    steps: NDArray[np.float32]  # (..., 12, 12), how many from one pitch class to another
    keys: NDArray[np.int64]


def key_song_of(song: JamSong) -> KeySong:
    """What is heard of a song, and its annotated keys."""
    beats = len(song.triads)
    stretches, steps = np.zeros((beats, STRETCHES, 12)), np.zeros((beats, 12, 12))
    notes, before = list(song.notes), None
    for beat in range(beats):
        near = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0.0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0.0) >= beat]
        sound = listened(near, beat, place_of(beat, song.meter))
        stretches[beat] = sound.stretches
        for pc in sound.line:
            if before is not None:
                steps[beat, before, pc] += 1
            before = pc
    keys = np.array([number_of(song.key_at(beat)) for beat in range(beats)])
    return KeySong(stretches.astype(np.float32), steps.astype(np.float32), keys)


class KeyNet(nn.Module):
    """The belief as it is fitted: what both modes say alike, and what they say against another."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        super().__init__()
        self.heard = nn.Parameter(torch.zeros(STRETCHES, 12))
        self.heard_by_mode = nn.Parameter(torch.zeros(STRETCHES, 12))
        self.steps = nn.Parameter(torch.zeros(12, 12))
        self.steps_by_mode = nn.Parameter(torch.zeros(12, 12))
        stays = torch.full((2, 2, 12), -STAYS)
        stays[[0, 1], [0, 1], 0] = 0.0
        self.moves = nn.Parameter(stays)
        self.start = nn.Parameter(torch.zeros(2))

    def forward(self, stretches: Tensor, steps: Tensor) -> Tensor:
        """Log probability of each key after each beat, (beats, songs, KEYS)."""
        heard, stepped = self.both_modes()
        every = np.arange(STRETCHES)[None, :, None]
        heard = heard[MODE_OF[:, None, None], every, PITCHES[:, None]].flatten(1)
        stepped = stepped[MODE_OF[:, None, None], PITCHES[:, :, None], PITCHES[:, None]].flatten(1)
        said = stretches.flatten(2) @ heard.T + steps.flatten(2) @ stepped.T
        moves = torch.softmax(self.moves[MODE_OF[:, None], MODE_OF[None], UP], 1)
        belief = torch.softmax(self.start[MODE_OF], 0).expand(said.shape[1:])
        told = []
        for beat in said:
            told.append(torch.log_softmax(torch.log(belief @ moves + LEAST) + beat, 1))
            belief = torch.exp(told[-1])
        return torch.stack(told)

    def both_modes(self) -> tuple[Tensor, Tensor]:
        """What stretches and steps say of major and of minor."""
        return (
            torch.stack([self.heard + self.heard_by_mode, self.heard - self.heard_by_mode]),
            torch.stack([self.steps + self.steps_by_mode, self.steps - self.steps_by_mode]),
        )

    def cost(self) -> Tensor:
        """What the tables cost."""
        alike = (self.heard**2).sum() + (self.steps**2).sum()
        apart = (self.heard_by_mode**2).sum() + (self.steps_by_mode**2).sum()
        return COST * alike + MODE_COST * apart

    def tables(self) -> Arrays:
        """The tables of mix_tables.SHAPES."""
        heard, steps = self.both_modes()
        moves = torch.softmax(self.moves.flatten(1), 1).reshape(2, 2, 12)
        start = torch.softmax(self.start, 0)
        named = {"key_heard": heard, "key_steps": steps, "key_moves": moves, "key_start": start}
        return {name: table.detach().numpy().astype(np.float64) for name, table in named.items()}


def fitted_keys(
    songs: Sequence[JamSong], watched: Sequence[JamSong], epochs: int, tell: Callable[[str], None]
) -> tuple[Arrays, dict[str, float]]:
    """The tables of keys, fitted to some songs, and how they do on others.

    Returns:
        the tables, and the figures of the songs that were only watched.
    """
    net, rng = KeyNet(), np.random.default_rng(0)
    learnt = sorted((key_song_of(song) for song in songs), key=lambda song: len(song.keys))
    others = [key_song_of(song) for song in watched]
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    for epoch in range(epochs):
        optimiser.param_groups[0]["lr"] = RATE * (1 - epoch / epochs)
        for start in rng.permutation(range(0, len(learnt), BATCH)):
            optimiser.zero_grad()
            torch.autograd.backward(loss_of(net, learnt[start : start + BATCH]))
            optimiser.step()
        tell(f"keys, epoch {epoch}: {watch(net, others)}")
    return net.tables(), watch(net, others)


def batch_of(songs: Sequence[KeySong]) -> tuple[Tensor, Tensor, Tensor]:
    """Songs side by side, padded at their ends."""
    longest = max(len(song.keys) for song in songs)

    def padded(name: str, fill: int) -> Tensor:
        arrays = [getattr(song, name) for song in songs]
        pads = [[(0, longest - len(a))] + [(0, 0)] * (a.ndim - 1) for a in arrays]
        together = [np.pad(a, p, constant_values=fill) for a, p in zip(arrays, pads, strict=True)]
        return torch.tensor(np.stack(together, axis=1))

    return padded("stretches", 0), padded("steps", 0), padded("keys", UNKNOWN)


def loss_of(net: KeyNet, songs: Sequence[KeySong]) -> Tensor:
    """Mean negative log likelihood of the annotated signatures and keys."""
    stretches, steps, keys = batch_of(songs)
    told = net(stretches, steps)
    exact = told.gather(-1, keys.clamp(min=0)[..., None])[..., 0]
    signatures = torch.logaddexp(told, told[..., RELATIVES])
    signature = signatures.gather(-1, keys.clamp(min=0)[..., None])[..., 0]
    known = keys != UNKNOWN
    loss: Tensor = net.cost() - signature[known].mean() - EXACT_SHARE * exact[known].mean()
    return loss


def watch(net: KeyNet, songs: Sequence[KeySong]) -> dict[str, float]:
    """How the net does: share of beats in which the key, or its signature, is the likeliest."""
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
