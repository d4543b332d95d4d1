"""Fit what `muse jam` knows of melodies and chords into models/weights/jam-mix.

    python scripts/fit_jam_mix.py ../shared/data/pop909 --cache chords.npz

The melody of each song of POP909 is the player, its annotated chords are the truth. Songs whose
number is a multiple of 5 are left out: they are for the benchmarks. Of the others, those that the
chord nets learnt from (the training side of chords.npz, split by seed 0) give the tables of notes
and moves and the sense of phrase, fitted by maximum likelihood of the chord at each beat given the
notes before; those that the nets did not see give what is to be recalled and the powers of the mix,
with the chords that the harmonist itself played as the past. A quarter of an
hour on one core.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muse.models.weight_files import packed
from muse.tools.chords.models import load_model
from muse.tools.chords.song_data import load_chord_data
from muse.tools.files import write_bytes
from muse.tools.jam.harmony.ear_beats import (
    KINDS,
    PLACES,
    STRETCHES,
    STRUCK,
    TRIADS,
    listened,
    place_of,
)
from muse.tools.jam.harmony.harmonist import home_of
from muse.tools.jam.harmony.keys import number_of
from muse.tools.jam.harmony.mix_fit import agreement, fitted, rows_of
from muse.tools.jam.harmony.mix_phrase import PhraseNet, session_of, trained
from muse.tools.jam.harmony.mix_songs import JamSong, is_for_test, read_jam_songs
from muse.tools.jam.harmony.mix_tables import EXPERTS, SHAPES, WEIGHTS, MixTables

OUT = Path(__file__).parent.parent / "models" / "weights"
SOURCE = "POP909 (MIT), Wang et al., ISMIR 2020"
SPLIT_SEED = 0  # of the chord nets
MODEL = "transformer"  # the brain that the mix is fitted with
METER = (4, 4)  # of the songs that moves are learnt from
BATCH = 24  # songs
RATES = {"moves": 0.02, "notes": 0.01}  # of Adam
KEY_COST = 1e-4  # on what a pitch class says of a triad by itself
EAR_POWERS, LAST_POWERS = (0.4, 0.75, 0.55), (0.0, 0.0, 0.0, 1.0, 0.05)  # to begin with
SAMPLES = 80  # beats of a song that the mix is fitted to
LONGEST_NOTE = 2.0  # beats of a note that count for the key
SMOOTHING = 0.3  # added to every count
HELD_OUT = 3  # of so many songs one is kept to tell how the mix does

Arrays = dict[str, NDArray[Any]]
Tensor = torch.Tensor


def main() -> None:
    """Read, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="the folder of POP909")
    parser.add_argument("--cache", type=Path, required=True, help="chords.npz of the nets")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--epochs", type=int, default=8, help="of the tables")
    parser.add_argument("--phrase-epochs", type=int, default=26)
    parser.add_argument("--songs", type=int, default=100, help="that the powers are fitted to")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    names = sides_of(options.cache)
    fit, rest = (read_jam_songs(options.data, names[side]) for side in ("fit", "mix"))
    tell(f"{len(fit)} songs for the tables, {len(rest)} for the mix")
    tables = {**key_tables(fit), **note_tables(fit, options.epochs), **PhraseNet().tables()}
    tables |= begun()
    some = spread(rest, options.songs)
    tables, _ = fit_mix(tables, some, is_last=False)
    ready = MixTables.of(tables)
    learnt, watched = ([session_of(song, ready) for song in songs] for songs in (fit, rest))
    phrase, figures = trained(learnt, watched, options.phrase_epochs, tell)
    tables, mixed = fit_mix(tables | phrase, some, is_last=True)
    save(options.out, tables, {"tables": fit, "mix": rest}, {"phrase": figures, "mix": mixed})


def fit_mix(
    tables: Arrays, songs: Sequence[JamSong], is_last: bool
) -> tuple[Arrays, dict[str, float]]:
    """Better powers, and how they do on songs that were kept apart for that."""
    ready, model = MixTables.of(tables), load_model(MODEL) if is_last else None
    rows = [rows_of(song, ready, model, SAMPLES, seed) for seed, song in enumerate(songs)]
    apart = [row for place, some in enumerate(rows) if place % HELD_OUT == 0 for row in some]
    others = [row for place, some in enumerate(rows) if place % HELD_OUT for row in some]
    figures = agreement(fitted(tables, others, is_last), apart) | {"beats": float(len(apart))}
    tell(f"powers: {figures}")
    return fitted(tables, others + apart, is_last), figures


def sides_of(cache: Path) -> dict[str, list[str]]:
    """Names of the songs for the tables and for the mix."""
    sides = load_chord_data(cache).sides(SPLIT_SEED)
    names = {
        side: [Path(s.id).name for s in songs if s.corpus == "pop909"]
        for side, songs in sides.items()
    }
    chosen = {"fit": names["train"], "mix": names["validation"] + names["test"]}
    return {k: sorted(n for n in v if not is_for_test(n)) for k, v in chosen.items()}


def spread(songs: Sequence[JamSong], count: int) -> list[JamSong]:
    """So many of the songs, evenly."""
    return [songs[i] for i in np.linspace(0, len(songs) - 1, min(count, len(songs))).astype(int)]


def key_tables(songs: Sequence[JamSong]) -> Arrays:
    """How likely each degree is in a mode, by time, and after the one before."""
    notes, steps = np.full((2, 12), SMOOTHING), np.full((2, 12, 12), SMOOTHING)
    for song in songs:
        before = None
        for note in song.notes:
            key = song.key_at(note.start_beat)
            mode, degree = number_of(key) // 12, (note.pitch - key.tonic_pc) % 12
            length = (note.end_beat or note.start_beat) - note.start_beat
            notes[mode, degree] += min(length, LONGEST_NOTE)
            if before is not None:
                steps[mode, (before - key.tonic_pc) % 12, degree] += 1
            before = note.pitch
    usual = steps.sum(axis=1, keepdims=True)
    steps = steps + 4 * usual / usual.sum(axis=2, keepdims=True)
    return {
        "key_notes": np.log(np.maximum(notes / notes.sum(axis=1, keepdims=True), 1e-3)),
        "key_steps": np.log(steps / steps.sum(axis=2, keepdims=True)),
    }


def beats_of(song: JamSong) -> tuple[NDArray[Any], ...]:
    """Stretches, what is struck, places and triads by beat, told from the annotated home."""
    notes = list(song.notes)
    rows = []
    for beat, triad in enumerate(song.triads.tolist()):
        near = [n for n in notes if n.start_beat < beat + 1 and (n.end_beat or 0) >= beat]
        notes = notes if beat % 16 else [n for n in notes if (n.end_beat or 0) >= beat]
        place, home = place_of(beat, song.meter), home_of(song.key_at(beat))
        sound = listened(near, beat, place)
        relative = (triad - home * len(KINDS)) % TRIADS if triad >= 0 else triad
        rolled = [np.roll(x, -home, axis=1) for x in (sound.stretches, sound.struck)]
        rows.append((*rolled, place, relative))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def parameter(begun: NDArray[Any]) -> torch.nn.Parameter:
    """What is fitted, and what it begins with."""
    return torch.nn.Parameter(torch.tensor(begun, dtype=torch.float32))


class Filter(torch.nn.Module):
    """The ear's belief without recall, as it is fitted; see tools/jam/harmony/ear.py."""

    def __init__(self, moves: NDArray[Any], stretches: NDArray[Any], struck: NDArray[Any]) -> None:
        """Begin with counts."""
        super().__init__()
        self.moves = parameter(np.log(moves))
        self.stretches, self.struck = parameter(stretches), parameter(struck)
        self.stretches_in_key = parameter(np.zeros((TRIADS, 12)))
        self.struck_in_key = parameter(np.zeros((TRIADS, 12)))

    def said(self, counts: Tensor, above_root: Tensor, in_key: Tensor) -> Tensor:
        """What counts (beats, songs, kinds, 12) say of each triad."""
        intervals = (torch.arange(12)[None] - torch.arange(12)[:, None]) % 12
        by_triad = above_root[:, :, intervals].permute(2, 1, 0, 3).reshape(TRIADS, -1, 12)
        return torch.einsum("tbkp,ckp->tbc", counts, by_triad + in_key[:, None])

    def forward(self, heard: Tensor, struck: Tensor, places: Sequence[int]) -> Tensor:
        """Log probability of each triad in each beat, told as it begins: (beats, songs, TRIADS)."""
        evidence = self.said(heard, self.stretches, self.stretches_in_key)
        begins = self.said(struck, self.struck, self.struck_in_key)
        moves = torch.softmax(self.moves, -1)
        belief = moves[0].mean(0).expand(heard.shape[1], -1)
        told = []
        for beat, place in enumerate(places):
            prior = torch.log((belief @ moves[place] if beat else belief) + 1e-9)
            told.append(torch.log_softmax(prior + begins[beat], -1))
            belief = torch.softmax(prior + evidence[beat], -1)
        return torch.stack(told)


def counted(songs: Sequence[tuple[NDArray[Any], ...]]) -> Filter:
    """The tables that the fitting begins with."""
    moves = np.zeros((PLACES, TRIADS, TRIADS))
    stretches, struck = np.ones((STRETCHES, len(KINDS), 12)), np.ones((STRUCK, len(KINDS), 12))
    for heard, begins, places, triads in songs:
        for beat in np.flatnonzero(triads >= 0):
            root, kind = divmod(int(triads[beat]), len(KINDS))
            stretches[:, kind] += np.roll(heard[beat], -root, axis=1)
            struck[:, kind] += np.roll(begins[beat], -root, axis=1)
            if beat and triads[beat - 1] >= 0:
                moves[places[beat], triads[beat - 1], triads[beat]] += 1
    usual = moves.sum(axis=(0, 1)) + 0.5
    moves += 3 * usual / usual.sum() + 2 * np.eye(TRIADS)
    log_odds = [0.5 * np.log(12 * t / t.sum(axis=2, keepdims=True)) for t in (stretches, struck)]
    return Filter(moves / moves.sum(axis=2, keepdims=True), *log_odds)


def note_tables(songs: Sequence[JamSong], epochs: int) -> Arrays:
    """Moves, and what notes say of chords."""
    even = [song for song in songs if (song.meter.numerator, song.meter.denominator) == METER]
    rows = sorted((beats_of(song) for song in even), key=lambda row: len(row[2]))
    model = counted(rows)
    notes = [p for name, p in model.named_parameters() if name != "moves"]
    groups = [{"params": [model.moves], "lr": RATES["moves"]}]
    optimiser = torch.optim.Adam([*groups, {"params": notes, "lr": RATES["notes"]}])
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        losses = []
        for start in rng.permutation(range(0, len(rows), BATCH)):
            loss = loss_of(model, rows[start : start + BATCH])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            losses.append(loss.item())
        tell(f"epoch {epoch}: {np.mean(losses):.4f}")
    tables = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    return tables | {"moves": torch.softmax(model.moves, -1).detach().numpy()}


def loss_of(model: Filter, rows: Sequence[tuple[NDArray[Any], ...]]) -> Tensor:
    """Mean negative log likelihood of the annotated triads of some songs."""
    longest = max(rows, key=lambda row: len(row[2]))

    def padded(column: int, fill: int) -> Tensor:
        width = [(0, 0)] * (rows[0][column].ndim - 1)
        arrays = [
            np.pad(r[column], [(0, len(longest[2]) - len(r[2])), *width], constant_values=fill)
            for r in rows
        ]
        return torch.tensor(np.stack(arrays, axis=1))

    triads = padded(3, -1)
    told = model(padded(0, 0).float(), padded(1, 0).float(), longest[2].tolist())
    picked = told.gather(-1, triads.clamp(min=0)[..., None])[..., 0]
    keys = (model.stretches_in_key**2).sum() + (model.struck_in_key**2).sum()
    loss: Tensor = KEY_COST * keys - picked[triads >= 0].mean()
    return loss


def tell(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


def begun() -> Arrays:
    """The powers to begin with, and what is recalled: little that is not alike."""
    return {
        "ear_mix": np.tile(EAR_POWERS, (PLACES, 1)),
        "late_mix": np.tile(LAST_POWERS[:-1], (PLACES, 1)),
        "mix": np.tile(LAST_POWERS, (PLACES, 1)),
        "likeness": np.array([0.4, -0.2, -0.3, 0.5, -0.3, 0.0]),
        "lags": np.array([0.0, 0.7, 1.1, 1.0, -0.4, -0.3, 0.0, 0.0, 0.9, 0.0]),
    }


def save(
    out: Path, tables: Arrays, songs: dict[str, list[JamSong]], figures: dict[str, Any]
) -> None:
    """Write the tables and their card."""
    card = {
        "name": WEIGHTS,
        "what": "says which chord a player means, from the notes so far",
        "task": "jam",
        "licence": "MIT",
        "config": {"kind": WEIGHTS, "experts": list(EXPERTS)},
        "data": SOURCE,
        "data_hash": hash_of([song for some in songs.values() for song in some]),
        "songs": {name: len(some) for name, some in songs.items()},
        "left_out": "songs whose number is a multiple of 5",
        "mix": {
            name: np.round(tables[name], 3).tolist() for name in ("ear_mix", "late_mix", "mix")
        },
        "metrics": figures,
        "made_by": "scripts/fit_jam_mix.py",
    }
    arrays = {name: np.asarray(tables[name], np.float32) for name in SHAPES}
    weights, told = packed(arrays, card)
    write_bytes(out / f"{WEIGHTS}.safetensors", weights)
    write_bytes(out / f"{WEIGHTS}.json", told)
    tell(f"{len(weights)} bytes")


def hash_of(songs: Sequence[JamSong]) -> str:
    """SHA-256 of what was learnt from."""
    digest = hashlib.sha256()
    for song in songs:
        digest.update(song.name.encode())
        digest.update(np.ascontiguousarray(song.triads).tobytes())
        digest.update(repr([(n.pitch, n.start_beat, n.end_beat) for n in song.notes]).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
