"""Recorded drumming rendered with many kits, alone and with other music, for drum-hits.

Conventions: audio is mono float32 of shape (frames,) at RATE. Hits are rows of seconds, percussion
key as the kit sent it, and velocity.
"""

import csv
import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from muse.tools.audio.render import render
from muse.tools.files import replacing
from muse.tools.song.document import Note, Song, Tempo, Track
from muse.tools.training.examples import mixes
from muse.tools.training.examples.named_soundfonts import named_soundfont
from muse.tools.training.examples.song_parts import ROLAND_KEYS

RATE = 44_100  # Hz
TRAIN, HELD_OUT = "train", "held"
TRAIN_DRUMMERS = frozenset({"drummer1", "drummer3", "drummer7"})
MINUTES = {TRAIN: 40.0, HELD_OUT: 15.0}
TAKE_S = 20.0
FEWEST_HITS = 8  # in a take
HIT_S = 0.1  # length of a rendered hit
KITS = (0, 8, 16, 24, 25, 32, 40)  # programs of the drum bank
SONGS, LAST_SONG = 60, 400  # number of POP909 songs in the mixes, and the last one used
SONG_START_S, SONG_S = 15.0, 60.0
SONG_PROGRAMS = {"PIANO": (0, 1, 4, 5), "MELODY": (73, 80, 65, 40, 52), "BRIDGE": (24, 25, 26, 48)}
SONG_DB = (-3.0, 6.0)  # RMS of the song against the drums, in the mixes
BLEEDS, BLEED_S = 40, 22.0  # mixes whose pitched parts bleed into the drums, and their length
BLEED_DB = (-25.0, 0.0)  # RMS of the bleed against the drums
PEAK_16_BIT = 32767.0
VERSIONS = ("clean", "percussive", "bleed")

Mono = NDArray[np.float32]
Hits = NDArray[np.float64]  # (hits, 3): seconds, key, velocity
Take = tuple[dict[str, Mono], Hits]  # audio of each of VERSIONS, and the hits
Others = dict[str, list[Mono]]  # version to the music that is mixed in for it


def read_takes(folder: Path, side: str, seed: int) -> Iterator[tuple[str, Hits]]:
    """Yield takes of the training split for one side, with a name, until its minutes are full.

    Args:
        folder: of the Groove set.
        side: TRAIN or HELD_OUT, which have no drummer in common.
        seed: of the order of takes and the passages taken.
    """
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
    """Return the tracks of a MIDI file, with times in seconds."""
    score: Any = symusic.Score(path)
    tracks: Sequence[Any] = score.to("second").tracks
    return tracks


def read_hits(path: Path, rng: random.Random) -> Hits:
    """Return the hits of a random passage of TAKE_S seconds."""
    tracks = read_tracks(path)
    hits = np.array(sorted((n.time, n.pitch, n.velocity) for track in tracks for n in track.notes))
    if not len(hits):
        return np.zeros((0, 3))
    last = hits[-1, 0]
    start = rng.uniform(0.0, last - TAKE_S) if last > TAKE_S + 5.0 else 0.0
    return hits[(hits[:, 0] >= start) & (hits[:, 0] < start + TAKE_S)] - (start, 0, 0)


def play(notes: Sequence[Note], program: int, is_drum: bool, soundfont: str) -> Mono:
    """Return the audio of notes whose beats are seconds, cut 0.6 s after the last onset."""
    track = Track(program=program, is_drum=is_drum, notes=list(notes))
    song = Song(tempos=[Tempo(0.0, 60.0)], tracks=[track])
    end = max(note.start_beats for note in notes) + 0.6
    audio = render(song, soundfont=named_soundfont(soundfont), sample_rate=RATE)[
        :, : round(end * RATE)
    ]
    return np.asarray(audio.mean(axis=0), np.float32)


def song_sounds(data: Path, seed: int, soundfonts: Sequence[str]) -> list[Mono]:
    """Return a minute each of POP909 songs that the benchmarks do not use."""
    names = [name for name in mixes.split_songs(data)[1] if int(name) <= LAST_SONG]
    made = []
    for index, name in enumerate(sorted(random.Random(seed).sample(names, min(SONGS, len(names))))):
        rng = random.Random(f"{seed}/{name}")
        font = soundfonts[index % len(soundfonts)]
        parts = [
            play(notes, rng.choice(SONG_PROGRAMS[track.name]), False, font)
            for track in read_tracks(data / "pop909" / name / f"{name}.mid")
            if track.name in SONG_PROGRAMS and (notes := song_notes(track))
        ]
        longest = max((len(part) for part in parts), default=0)
        if longest > TAKE_S * RATE:
            padded = [np.pad(part, (0, longest - len(part))) for part in parts]
            made.append(np.asarray(sum(padded), np.float32))
    return made


def song_notes(track: Any) -> list[Note]:
    """Return the notes of the minute of a song that is rendered."""
    end = SONG_START_S + SONG_S
    return [
        Note(n.time - SONG_START_S, n.duration, n.pitch, max(n.velocity, 1))
        for n in track.notes
        if SONG_START_S <= n.time < end
    ]


def bleed_sounds(data: Path, soundfonts: Sequence[str]) -> list[Mono]:
    """Return the pitched parts of tuning mixes."""
    every = range(len(mixes.split_songs(data)[1]))
    made = (mixes.tuning_mix(data, index, soundfonts) for index in every)
    found = (mix for mix in made if mix is not None)
    length = round(BLEED_S * RATE)
    return [
        np.asarray(sum(mix.stems[stem][:, :length].mean(axis=0) for stem in mixes.PITCHED))
        for mix in itertools.islice(found, BLEEDS)
    ]


def mixed(audio: Mono, other: Mono, level_db: float) -> Mono:
    """Return audio with something else at a relative RMS level; as long as the audio."""
    under = np.pad(other[: len(audio)], (0, max(0, len(audio) - len(other))))
    gain = 10 ** (level_db / 20) * np.sqrt(np.mean(audio**2) / (np.mean(under**2) + 1e-9))
    return np.asarray(audio + gain * under, np.float32)


def percussive(audio: Mono) -> Mono:
    """Return the percussive part of audio, by median filters (Fitzgerald, DAFx 2010)."""
    from scipy.ndimage import median_filter  # type: ignore[import-untyped]
    from scipy.signal import istft, stft  # type: ignore[import-untyped]

    sizes = {"nperseg": 2048, "noverlap": 2048 - 512}
    spectrum = stft(audio, RATE, **sizes)[2]
    size = np.abs(spectrum).astype(np.float32)
    harmonic, struck = (median_filter(size, shape) ** 2 for shape in ((1, 31), (31, 1)))
    filtered = istft(spectrum * struck / (harmonic + struck + 1e-9), RATE, **sizes)[1]
    return np.asarray(filtered[: len(audio)], np.float32)


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write named arrays as .npz; an interrupted call leaves no file."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def other_sounds(data: Path, work: Path, seed: int, soundfonts: Sequence[str]) -> Others:
    """Return the music that is mixed in, from the work folder if it is there already."""
    path = work / f"others-seed{seed}.npz"
    if not path.is_file():
        made = {
            "percussive": song_sounds(data, seed, soundfonts),
            "bleed": bleed_sounds(data, soundfonts),
        }
        write_arrays(
            path,
            {
                f"{kind}_{number:02d}": sound.astype(np.float16)
                for kind, sounds in made.items()
                for number, sound in enumerate(sounds)
            },
        )
    with np.load(path) as stored:
        return {
            kind: [
                stored[name].astype(np.float32) for name in sorted(stored) if name.startswith(kind)
            ]
            for kind in VERSIONS[1:]
        }


def render_take(
    hits: Hits,
    index: int,
    others: Others,
    roland: bool,
    rng: random.Random,
    soundfonts: Sequence[str],
) -> Take:
    """Return the versions of one take; kits and soundfonts are used in turn.

    Args:
        hits: of the take.
        index: of the take.
        others: music that is mixed in.
        roland: whether to render ROLAND_KEYS as the sounds that they mean.
        rng: draws levels and music.
        soundfonts: names.
    """
    turn = index * 5 % (len(soundfonts) * len(KITS))  # 5: neighbors differ in kit and soundfont
    notes = [
        Note(time, HIT_S, ROLAND_KEYS.get(int(key), int(key)) if roland else int(key), int(loud))
        for time, key, loud in hits
    ]
    clean = play(notes, KITS[turn % len(KITS)], True, soundfonts[turn // len(KITS)])
    clean /= np.abs(clean).max()
    song = rng.choice(others["percussive"])
    start = rng.randrange(max(1, len(song) - len(clean)))
    mix = mixed(clean, song[start:], rng.uniform(*SONG_DB))
    bled = mixed(clean, rng.choice(others["bleed"]), rng.uniform(*BLEED_DB))
    return dict(zip(VERSIONS, (clean, percussive(mix), bled), strict=True)), hits


def save_take(path: Path, take: Take) -> None:
    """Write one take as .npz, each version in 16 bits at full scale."""
    loud = {kind: sound * (PEAK_16_BIT / np.abs(sound).max()) for kind, sound in take[0].items()}
    rounded = {kind: np.round(sound).astype(np.int16) for kind, sound in loud.items()}
    write_arrays(path, {**rounded, "hits": take[1]})


def load_take(path: Path) -> Take:
    """Read what `save_take` wrote."""
    with np.load(path) as stored:
        sounds = {kind: stored[kind].astype(np.float32) / PEAK_16_BIT for kind in VERSIONS}
        return sounds, stored["hits"]


def material(
    data: Path,
    work: Path,
    seed: int,
    count: int | None,
    roland: bool,
    soundfonts: Sequence[str],
) -> dict[str, list[Path]]:
    """Return the files of up to `count` takes of each side; those that are missing are rendered.

    Args:
        data: the data folder.
        work: folder of the renderings.
        seed: of everything that varies.
        count: of takes on each side, at most; None for all.
        roland: whether to render ROLAND_KEYS as the sounds that they mean; else they sound as the
            soundfonts have them.
        soundfonts: names.
    """
    folder = work / f"takes-seed{seed}{'-roland' if roland else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    others: Others = {}
    sides: dict[str, list[Path]] = {TRAIN: [], HELD_OUT: []}
    for side, paths in sides.items():
        chosen = itertools.islice(read_takes(data / "groove", side, seed), count)
        for index, (name, hits) in enumerate(chosen):
            paths.append(folder / f"{name}.npz")
            if not paths[-1].is_file():
                others = others or other_sounds(data, work, seed, soundfonts)
                rng = random.Random(f"{seed}/{name}")
                save_take(paths[-1], render_take(hits, index, others, roland, rng, soundfonts))
    return sides
