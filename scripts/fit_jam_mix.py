"""Fit what `muse jam` knows of melodies and chords into models/weights/jam-mix.

    python scripts/fit_jam_mix.py ../shared/data/pop909 --cache chords.npz

The melody of each song of POP909 is the player, its annotated chords are the truth. Songs whose
number is a multiple of 5 are left out: they are for the benchmarks. Of the others, those that the
chord nets learnt from (the training side of chords.npz, split by seed 0) give the tables of keys,
notes and moves; those that the nets did not see give what is to be recalled and the powers of the
mix, with the chords that the harmonist itself played as the past. The nets of the phrase learn from
all of them, and from their pianists, but each leaves out another part of those for the mix, and is
the one that these are played by when the powers are fitted. Half an hour on two cores.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muse.models.phrase_gru.config import array_shapes
from muse.models.weight_files import pack_weights
from muse.tools.chords.load_model import load_model
from muse.tools.datasets.chord_data import load_chord_data
from muse.tools.files import write_bytes
from muse.tools.jam.harmony.beat_features import PLACES
from muse.tools.jam.harmony.parameters import EXPERTS, SHAPES, WEIGHTS, MixTables
from muse.tools.jam.harmony.phrase_gru import CONFIG
from muse.tools.training.jam.expert_mix import agreement, fitted, rows_of
from muse.tools.training.jam.keys import fitted_keys
from muse.tools.training.jam.notes import note_tables
from muse.tools.training.jam.phrase_gru import (
    Lessons,
    PhraseNet,
    Session,
    session_of,
    together,
    trained,
)
from muse.tools.training.jam.songs import (
    MELODY,
    PIANO,
    JamSong,
    is_for_test,
    read_jam_songs,
)

OUT = Path(__file__).parent.parent / "models" / "weights"
SOURCE = "POP909 (MIT), Wang et al., ISMIR 2020"
SPLIT_SEED = 0  # of the chord nets
MODEL = "transformer"  # the brain that the mix is fitted with
EAR_POWERS, LAST_POWERS = (0.4, 0.75, 0.55), (0.0, 0.0, 0.0, 1.0, 0.05)  # to begin with
SAMPLES = 80  # beats of a song that the mix is fitted to
HELD_OUT = 3  # of so many songs one is kept to tell how the mix does

Arrays = dict[str, NDArray[Any]]


def main() -> None:
    """Read, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="the folder of POP909")
    parser.add_argument("--cache", type=Path, required=True, help="chords.npz of the nets")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--key-epochs", type=int, default=14)
    parser.add_argument("--epochs", type=int, default=8, help="of the tables")
    parser.add_argument("--phrase-epochs", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=2, help="processes that train the phrase")
    parser.add_argument("--songs", type=int, default=100, help="that the powers are fitted to")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    names = sides_of(options.cache)
    fit, rest = (read_jam_songs(options.data, names[side]) for side in ("fit", "mix"))
    tell(f"{len(fit)} songs for the tables, {len(rest)} for the mix")
    tables, keys = fitted_keys(fit, rest, options.key_epochs, tell)
    tables |= note_tables(fit, options.epochs, tell) | together([PhraseNet().tables()]) | begun()
    some = spread(rest, options.songs)
    tables, _ = fit_mix(tables, [(song, tables) for song in some], is_last=False)
    pianos = read_jam_songs(options.data, [song.name for song in fit + rest], PIANO)
    nets, phrase = phrase_nets(tables, fit + rest, rest, pianos, options)
    apart = [(song, tables | together([nets[fold_of(song.name, rest)]])) for song in some]
    tables, mixed = fit_mix(tables | together(nets), apart, is_last=True)
    metrics = {"keys": keys, "phrase": phrase, "mix": mixed}
    save(options.out, tables, {"tables": fit, "mix": rest}, metrics)


def phrase_nets(
    tables: Arrays,
    songs: Sequence[JamSong],
    rest: Sequence[JamSong],
    pianos: Sequence[JamSong],
    options: argparse.Namespace,
) -> tuple[tuple[Arrays, ...], tuple[dict[str, dict[str, float]], ...]]:
    """The nets of the phrase, each without another part of the songs that the mix is fitted to.

    Args:
        tables: of keys and notes.
        songs: all.
        rest: those that the mix is fitted to.
        pianos: all, with a pianist as the player.
        options: epochs and processes.
    """
    ready = MixTables.of(tables)
    melodies = {song.name: session_of(song, ready) for song in songs}
    hands = {song.name: session_of(song, ready) for song in pianos}
    lessons = [lessons_of(melodies, hands, rest, fold) for fold in range(CONFIG.nets)]
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        epochs = repeat(options.phrase_epochs)
        done = list(pool.map(trained, lessons, epochs, range(CONFIG.nets), repeat(tell)))
    nets, figures = zip(*done, strict=True)
    return nets, figures


def lessons_of(
    melodies: dict[str, Session], hands: dict[str, Session], rest: Sequence[JamSong], fold: int
) -> Lessons:
    """What one net learns from: all but its part of the songs that the mix is fitted to."""
    apart = {song.name for song in rest if fold_of(song.name, rest) == fold}
    return Lessons(
        [session for name, session in melodies.items() if name not in apart],
        [session for name, session in hands.items() if name not in apart],
        {
            track: [session for name, session in of_track.items() if name in apart]
            for track, of_track in ((MELODY, melodies), (PIANO, hands))
        },
    )


def fold_of(name: str, rest: Sequence[JamSong]) -> int:
    """The net that does not see a song."""
    return [song.name for song in rest].index(name) % CONFIG.nets


def fit_mix(
    tables: Arrays, songs: Sequence[tuple[JamSong, Arrays]], is_last: bool
) -> tuple[Arrays, dict[str, float]]:
    """Better powers, and how they do on songs that were kept apart for that.

    Args:
        tables: to be improved.
        songs: each with the tables that it is played by, which may not know it.
        is_last: see mix_fit.fitted.
    """
    model = load_model(MODEL) if is_last else None
    rows = [
        rows_of(song, MixTables.of(known), model, SAMPLES, seed)
        for seed, (song, known) in enumerate(songs)
    ]
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
    halved = set(array_shapes(CONFIG))  # nets lose nothing by it, and there are several
    arrays = {n: np.asarray(tables[n], np.float16 if n in halved else np.float32) for n in SHAPES}
    weights, told = pack_weights(arrays, card)
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
