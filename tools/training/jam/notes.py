"""Fits chord transitions and the log odds of notes to the annotated chords of songs.

The tables start with counts. The filter of MelodyListener runs through each song in its annotated
key; gradient descent on the tables makes the annotated triad of every beat more likely, given the
notes up to its onset (maximum likelihood). Needs torch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import (
    KINDS,
    ON_BEAT_KINDS,
    POSITIONS,
    SEGMENT_KINDS,
    TRIADS,
    extract_beat_features,
    metrical_position,
)
from muse.tools.jam.harmony.key_parameters import home_of
from muse.tools.training.jam.songs import JamSong

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor

METER = (4, 4)  # songs of other meters are left out
BATCH = 24  # songs
RATES = {"moves": 0.02, "notes": 0.01}  # of Adam
KEY_PENALTY = 1e-4  # on the squares of the log odds by pitch class in the key


def make_rows(song: JamSong) -> tuple[NDArray[Any], ...]:
    """Return segments, on-beat notes, positions and triads by beat, relative to the key's home."""
    notes = list(song.notes)
    rows = []
    for beat, triad in enumerate(song.triads.tolist()):
        nearby = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0) >= beat]
        position, home = metrical_position(beat, song.meter), home_of(song.key_at(beat))
        features = extract_beat_features(nearby, beat, position)
        relative = (triad - home * len(KINDS)) % TRIADS if triad >= 0 else triad
        rolled = [np.roll(x, -home, axis=1) for x in (features.segments, features.on_beat)]
        rows.append((*rolled, position, relative))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def make_parameter(initial: NDArray[Any]) -> torch.nn.Parameter:
    """Return a parameter of torch with initial values."""
    return torch.nn.Parameter(torch.tensor(initial, dtype=torch.float32))


class Filter(torch.nn.Module):
    """The filter of MelodyListener without recall; attributes are named as in the weight file."""

    def __init__(self, moves: NDArray[Any], stretches: NDArray[Any], struck: NDArray[Any]) -> None:
        """Start with probabilities of transitions and log odds of notes."""
        super().__init__()
        self.moves = make_parameter(np.log(moves))
        self.stretches, self.struck = make_parameter(stretches), make_parameter(struck)
        self.stretches_in_key = make_parameter(np.zeros((TRIADS, 12)))
        self.struck_in_key = make_parameter(np.zeros((TRIADS, 12)))

    def log_odds_of(self, counts: Tensor, above_root: Tensor, in_key: Tensor) -> Tensor:
        """Return the log odds of each triad from counts (beats, songs, kinds, 12)."""
        intervals = (torch.arange(12)[None] - torch.arange(12)[:, None]) % 12
        by_triad = above_root[:, :, intervals].permute(2, 1, 0, 3).reshape(TRIADS, -1, 12)
        return torch.einsum("tbkp,ckp->tbc", counts, by_triad + in_key[:, None])

    def forward(self, segments: Tensor, struck: Tensor, positions: Sequence[int]) -> Tensor:
        """Return log probabilities of triads at the onset of each beat, (beats, songs, TRIADS)."""
        segment_odds = self.log_odds_of(segments, self.stretches, self.stretches_in_key)
        on_beat_odds = self.log_odds_of(struck, self.struck, self.struck_in_key)
        moves = torch.softmax(self.moves, -1)
        posterior = moves[0].mean(0).expand(segments.shape[1], -1)
        log_probabilities = []
        for beat, position in enumerate(positions):
            prior = torch.log((posterior @ moves[position] if beat else posterior) + 1e-9)
            log_probabilities.append(torch.log_softmax(prior + on_beat_odds[beat], -1))
            posterior = torch.softmax(prior + segment_odds[beat], -1)
        return torch.stack(log_probabilities)


def make_filter(songs: Sequence[tuple[NDArray[Any], ...]]) -> Filter:
    """Return a filter that starts with counts from rows of make_rows, smoothed."""
    moves = np.zeros((POSITIONS, TRIADS, TRIADS))
    stretches, struck = (
        np.ones((SEGMENT_KINDS, len(KINDS), 12)),
        np.ones((ON_BEAT_KINDS, len(KINDS), 12)),
    )
    for segments, on_beat, positions, triads in songs:
        for beat in np.flatnonzero(triads >= 0):
            root, kind = divmod(int(triads[beat]), len(KINDS))
            stretches[:, kind] += np.roll(segments[beat], -root, axis=1)
            struck[:, kind] += np.roll(on_beat[beat], -root, axis=1)
            if beat and triads[beat - 1] >= 0:
                moves[positions[beat], triads[beat - 1], triads[beat]] += 1
    usual = moves.sum(axis=(0, 1)) + 0.5
    moves += 3 * usual / usual.sum() + 2 * np.eye(TRIADS)
    log_odds = [0.5 * np.log(12 * t / t.sum(axis=2, keepdims=True)) for t in (stretches, struck)]
    return Filter(moves / moves.sum(axis=2, keepdims=True), *log_odds)


def fit_notes(songs: Sequence[JamSong], epochs: int, report: Callable[[str], None]) -> Arrays:
    """Fit transitions and the log odds of notes; return them by their names in the weight file."""
    even = [song for song in songs if (song.meter.numerator, song.meter.denominator) == METER]
    rows = sorted((make_rows(song) for song in even), key=lambda row: len(row[2]))
    model = make_filter(rows)
    notes = [p for name, p in model.named_parameters() if name != "moves"]
    groups = [{"params": [model.moves], "lr": RATES["moves"]}]
    optimizer = torch.optim.Adam([*groups, {"params": notes, "lr": RATES["notes"]}])
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        losses = []
        for start in rng.permutation(range(0, len(rows), BATCH)):
            loss = filter_loss(model, rows[start : start + BATCH])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        report(f"note tables, epoch {epoch}: {np.mean(losses):.4f} nats a beat")
    tables = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    return tables | {"moves": torch.softmax(model.moves, -1).detach().numpy()}


def filter_loss(model: Filter, rows: Sequence[tuple[NDArray[Any], ...]]) -> Tensor:
    """Return the mean negative log likelihood of the annotated triads of some songs."""
    longest = max(rows, key=lambda row: len(row[2]))

    def padded(column: int, fill: int) -> Tensor:
        width = [(0, 0)] * (rows[0][column].ndim - 1)
        arrays = [
            np.pad(r[column], [(0, len(longest[2]) - len(r[2])), *width], constant_values=fill)
            for r in rows
        ]
        return torch.tensor(np.stack(arrays, axis=1))

    triads = padded(3, -1)
    log_probabilities = model(padded(0, 0).float(), padded(1, 0).float(), longest[2].tolist())
    picked = log_probabilities.gather(-1, triads.clamp(min=0)[..., None])[..., 0]
    keys = (model.stretches_in_key**2).sum() + (model.struck_in_key**2).sum()
    loss: Tensor = KEY_PENALTY * keys - picked[triads >= 0].mean()
    return loss
