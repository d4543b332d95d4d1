"""Human drumming played with many kits, clean and with other music: what train_drum_hits.py hears.

Conventions: audio is mono float32 of shape (frames,) at RATE; hits are rows of seconds, percussion
key as the kit sent it, and velocity.
"""

import csv
import itertools
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "bench"))

import mixes

from muse.tools.audio.render import render
from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.files import replacing
from muse.tools.song.document import Note, Song, Tempo, Track

RATE = 44_100  # Hz
TRAIN, HELD = "train", "held"
TRAIN_DRUMMERS = frozenset({"drummer1", "drummer3", "drummer7"})
MINUTES = {TRAIN: 40.0, HELD: 15.0}
TAKE_S = 20.0
FEWEST_HITS = 8  # in a take
HIT_S = 0.1  # how long a key is held
KITS = (0, 8, 16, 24, 25, 32, 40)  # programs of the drum bank
SOUNDFONTS = {"FluidR3_GM": "MIT", "TimGM6mb": "GPL-2.0"}  # and their licences
# keys of Roland's kit that General MIDI has none or another sound for, and what they are there
ROLAND_KEYS = {22: 42, 26: 46, 58: 43}

SONGS, LAST_SONG = 60, 400  # POP909 songs of the mixes, of those numbered up to the second
SONG_START_S, SONG_S = 15.0, 60.0
SONG_PROGRAMS = {"PIANO": (0, 1, 4, 5), "MELODY": (73, 80, 65, 40, 52), "BRIDGE": (24, 25, 26, 48)}
SONG_DB = (-3.0, 6.0)  # RMS of the song against the drums, in the mixes
BLEEDS, BLEED_S = 40, 22.0
BLEED_DB = (-25.0, 0.0)
PEAK_16_BIT = 32767.0
VERSIONS = ("clean", "percussive", "bleed")

Mono = NDArray[np.float32]
Hits = NDArray[np.float64]  # (hits, 3): seconds, key, velocity
Take = tuple[dict[str, Mono], Hits]  # its VERSIONS, and what is played in it
Others = dict[str, list[Mono]]  # what is mixed in, for the version it makes


def takes(folder: Path, side: str, seed: int) -> Iterator[tuple[str, Hits]]:
    """Takes of the training split for one side, by name, as many as make up its minutes."""
    with (folder / "info.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    random.Random(seed).shuffle(rows)
    index, seconds = 0, 0.0
    for row in rows:
        mine = (row["drummer"] in TRAIN_DRUMMERS) == (side == TRAIN)
        if not mine or (row["beat_type"] == "fill" and index % 3):
            continue
        hits = read_hits(folder / row["midi_filename"], random.Random(f"{seed}/{row['id']}"))
        if len(hits) < FEWEST_HITS:
            continue
        yield f"{side}_{index:04d}", hits
        index, seconds = index + 1, seconds + hits[-1, 0] + 0.6
        if seconds >= 60.0 * MINUTES[side]:
            return


def read_tracks(path: Path) -> Sequence[Any]:
    """The tracks of a MIDI file, times in seconds."""
    score: Any = symusic.Score(path)
    tracks: Sequence[Any] = score.to("second").tracks
    return tracks


def read_hits(path: Path, dice: random.Random) -> Hits:
    """TAKE_S from somewhere in a take."""
    tracks = read_tracks(path)
    hits = np.array(sorted((n.time, n.pitch, n.velocity) for track in tracks for n in track.notes))
    if not len(hits):
        return np.zeros((0, 3))
    last = hits[-1, 0]
    start = dice.uniform(0.0, last - TAKE_S) if last > TAKE_S + 5.0 else 0.0
    return hits[(hits[:, 0] >= start) & (hits[:, 0] < start + TAKE_S)] - (start, 0, 0)


def play(notes: Sequence[Note], program: int, is_drum: bool, soundfont: Path) -> Mono:
    """Notes whose beats are seconds, as mono audio that ends soon after the last one starts."""
    track = Track(program=program, is_drum=is_drum, notes=list(notes))
    song = Song(tempos=[Tempo(0.0, 60.0)], tracks=[track])
    end = max(note.start_beats for note in notes) + 0.6
    audio = render(song, soundfont=soundfont, sample_rate=RATE)[:, : round(end * RATE)]
    return np.asarray(audio.mean(axis=0), np.float32)


def fonts() -> list[Path]:
    """One file of each of SOUNDFONTS, in order."""
    found = {path.stem: path for path in reversed(find_soundfonts())}
    missing = [name for name in SOUNDFONTS if name not in found]
    if missing:
        sys.exit(f"needs the soundfonts {', '.join(missing)}")
    return [found[name] for name in SOUNDFONTS]


def song_sounds(data: Path, seed: int) -> list[Mono]:
    """Minutes of POP909 songs, none of which the benchmarks play."""
    names = [name for name in mixes.split_songs()[1] if int(name) <= LAST_SONG]
    made = []
    for index, name in enumerate(sorted(random.Random(seed).sample(names, SONGS))):
        dice, font = random.Random(f"{seed}/{name}"), fonts()[index % 2]
        parts = [
            play(notes, dice.choice(SONG_PROGRAMS[track.name]), False, font)
            for track in read_tracks(data / "pop909" / name / f"{name}.mid")
            if track.name in SONG_PROGRAMS and (notes := song_notes(track))
        ]
        longest = max((len(part) for part in parts), default=0)
        if longest > TAKE_S * RATE:
            padded = [np.pad(part, (0, longest - len(part))) for part in parts]
            made.append(np.asarray(sum(padded), np.float32))
    return made


def song_notes(track: Any) -> list[Note]:
    """The notes of the minute of a song that is played."""
    end = SONG_START_S + SONG_S
    return [
        Note(n.time - SONG_START_S, n.duration, n.pitch, max(n.velocity, 1))
        for n in track.notes
        if SONG_START_S <= n.time < end
    ]


def bleed_sounds() -> list[Mono]:
    """The pitched parts of tuning mixes, which the bench makes of its own data folder."""
    found = (mix for mix in map(mixes.tuning_mix, itertools.count()) if mix is not None)
    length = round(BLEED_S * RATE)
    return [
        np.asarray(sum(mix.stems[stem][:, :length].mean(axis=0) for stem in mixes.PITCHED))
        for mix in itertools.islice(found, BLEEDS)
    ]


def mixed(audio: Mono, other: Mono, level_db: float) -> Mono:
    """Audio, and something else under it at an RMS against its own; as long as the audio."""
    under = np.pad(other[: len(audio)], (0, max(0, len(audio) - len(other))))
    gain = 10 ** (level_db / 20) * np.sqrt(np.mean(audio**2) / (np.mean(under**2) + 1e-9))
    return np.asarray(audio + gain * under, np.float32)


def percussive(audio: Mono) -> Mono:
    """What is short and broad in the spectrum, by medians (Fitzgerald, DAFx 2010)."""
    from scipy.ndimage import median_filter
    from scipy.signal import istft, stft

    sizes = {"nperseg": 2048, "noverlap": 2048 - 512}
    spectrum = stft(audio, RATE, **sizes)[2]
    size = np.abs(spectrum).astype(np.float32)
    held, struck = (median_filter(size, shape) ** 2 for shape in ((1, 31), (31, 1)))
    heard = istft(spectrum * struck / (held + struck + 1e-9), RATE, **sizes)[1]
    return np.asarray(heard[: len(audio)], np.float32)


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Named arrays as a whole .npz, or none."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def other_sounds(data: Path, work: Path, seed: int) -> Others:
    """What is mixed in, made or found in the work folder."""
    path = work / f"others-seed{seed}.npz"
    if not path.is_file():
        made = {"percussive": song_sounds(data, seed), "bleed": bleed_sounds()}
        write_arrays(
            path,
            {
                f"{kind}_{number:02d}": sound.astype(np.float16)
                for kind, sounds in made.items()
                for number, sound in enumerate(sounds)
            },
        )
    with np.load(path) as kept:
        return {
            kind: [kept[name].astype(np.float32) for name in sorted(kept) if name.startswith(kind)]
            for kind in VERSIONS[1:]
        }


def render_take(hits: Hits, index: int, others: Others, roland: bool, dice: random.Random) -> Take:
    """The versions of one take; kits and soundfonts take turns."""
    turn = index * 5 % (len(SOUNDFONTS) * len(KITS))  # so that neighbours differ in both
    notes = [
        Note(time, HIT_S, ROLAND_KEYS.get(int(key), int(key)) if roland else int(key), int(loud))
        for time, key, loud in hits
    ]
    clean = play(notes, KITS[turn % len(KITS)], True, fonts()[turn // len(KITS)])
    clean /= np.abs(clean).max()
    song = dice.choice(others["percussive"])
    start = dice.randrange(max(1, len(song) - len(clean)))
    mix = mixed(clean, song[start:], dice.uniform(*SONG_DB))
    bled = mixed(clean, dice.choice(others["bleed"]), dice.uniform(*BLEED_DB))
    return dict(zip(VERSIONS, (clean, percussive(mix), bled), strict=True)), hits


def save_take(path: Path, take: Take) -> None:
    """One take in an .npz, each version in 16 bits and as loud as that allows."""
    loud = {kind: sound * (PEAK_16_BIT / np.abs(sound).max()) for kind, sound in take[0].items()}
    rounded = {kind: np.round(sound).astype(np.int16) for kind, sound in loud.items()}
    write_arrays(path, {**rounded, "hits": take[1]})


def load_take(path: Path) -> Take:
    """What save_take wrote."""
    with np.load(path) as kept:
        sounds = {kind: kept[kind].astype(np.float32) / PEAK_16_BIT for kind in VERSIONS}
        return sounds, kept["hits"]


def material(
    data: Path, work: Path, seed: int, count: int | None, roland: bool
) -> dict[str, list[Path]]:
    """Files of up to `count` takes of each side, rendered or found in the work folder.

    `roland` plays ROLAND_KEYS as what they are; else they sound as the soundfonts have them.
    """
    folder = work / f"takes-seed{seed}{'-roland' if roland else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    others: Others = {}
    sides: dict[str, list[Path]] = {TRAIN: [], HELD: []}
    for side, paths in sides.items():
        chosen = itertools.islice(takes(data / "groove", side, seed), count)
        for index, (name, hits) in enumerate(chosen):
            paths.append(folder / f"{name}.npz")
            if not paths[-1].is_file():
                others = others or other_sounds(data, work, seed)
                dice = random.Random(f"{seed}/{name}")
                save_take(paths[-1], render_take(hits, index, others, roland, dice))
    return sides
