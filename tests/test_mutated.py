"""Damaged files: each gives a Song that every part of muse accepts, or a one-line error.

The MIDI files are read in a process of their own with bounded memory, since the parser is native
code: a crash, a hang or a runaway allocation there is a failed test and not the end of all tests.
"""

import json
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from muse.cli.main import SUMMARIES
from muse.tools.datasets.fingerprints import fingerprint
from muse.tools.errors import BadInputError
from muse.tools.song.document import (
    Chord,
    Lyric,
    MadeBy,
    Note,
    Source,
    SourceStem,
    song_from_json,
    song_to_json,
)
from muse.tools.song.midi import song_from_midi, song_to_midi
from muse.tools.song.validation import first_problem
from muse.tools.tokens.tokenizer import tokenizer_for
from tests.conftest import ROOT, SHARED_DATA
from tests.mutations import MIDI_DAMAGE, damaged_midi, midi_file, small_files
from tests.song_mutations import damaged_songs
from tests.test_midi import full_song

COUNT = 1000
REAL_COUNT = 250  # of real files, which are longer
SEED = 11
MEMORY = 3 << 30  # bytes of addresses for a process that reads damaged files
PATIENCE_S = 300  # for all of them; they take a few seconds
SCHEMES = ("remi",)
NOTE = b"\x00\x90\x3c\x40\x60\x3c\x00"
DAY = 24 * 3600 * 2 * 480  # ticks of a day at 120 bpm and 480 ticks
FILE_COMMANDS = {
    "render": ("-o", "out.wav"),
    "view": (),
    "tokenize": ("--scheme", "remi"),
}


def made_files() -> list[bytes]:
    """Return the bytes of the example song and of small MIDI files."""
    example = (ROOT / "examples" / "paper_lanterns.mid").read_bytes()
    return [example, *small_files() * 2]


def real_files() -> list[bytes]:
    """Return the bytes of a few real songs and drum takes."""
    paths = sorted(SHARED_DATA.glob("pop909/*/*.mid"))[::200]
    paths += sorted(SHARED_DATA.glob("groove/**/*.mid"))[::400]
    return [path.read_bytes() for path in paths]


SOUND_FILES = {"made": made_files, "real": real_files}
KINDS = ["made", pytest.param("real", marks=pytest.mark.needs_data)]


def take(data: bytes, name: str, schemes: tuple[str, ...] = SCHEMES) -> None:
    """Read a file and pass the Song to the functions that muse applies to Songs."""
    song = song_from_midi(data, name)
    assert first_problem(song) is None, name
    assert song_from_json(song_to_json(song)) == song, name
    again = song_from_midi(song_to_midi(song))
    assert first_problem(again) is None, name
    assert note_count(again) == note_count(song), name
    fingerprint(song)
    for scheme in schemes:
        tokenizer = tokenizer_for(scheme)
        tokenizer.decode(tokenizer.encode(song, name).ids)


def note_count(song) -> int:
    return sum(len(track.notes) for track in song.tracks)


def read_all(kind: str, count: int, seed: int) -> None:
    """Damage files of a kind of SOUND_FILES; print how many were read and how many were refused."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    tally: Counter[str] = Counter()
    for name, data in damaged_midi(SOUND_FILES[kind](), count, seed):
        sys.stderr.write(f"{name}\n")  # the last line tells which file broke it
        try:
            take(data, name)
            tally["read"] += 1
        except BadInputError as error:
            assert str(error).startswith(name)
            tally["refused"] += 1
    sys.stdout.write(json.dumps(tally))


@pytest.mark.needs_posix
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_midi_is_read_or_refused(kind: str) -> None:
    count = REAL_COUNT if kind == "real" else COUNT
    program = f"from tests.test_mutated import read_all; read_all({kind!r}, {count}, {SEED})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    tally = json.loads(done.stdout)
    assert tally["read"] + tally["refused"] == count
    assert tally["read"] > count / 20  # else only the reader's first line is tested


def test_damage_is_reproducible() -> None:
    files = small_files()
    made = list(damaged_midi(files, 20, SEED))
    assert made == list(damaged_midi(files, 20, SEED))
    assert made[7:9] == list(damaged_midi(files, 2, SEED, first=7))
    assert {way for name, _ in damaged_midi(files, 300, SEED) for way in name.split()[1:]} == set(
        MIDI_DAMAGE
    )


@pytest.mark.parametrize("kind", KINDS)
def test_sound_files_are_read(kind: str) -> None:
    for data in SOUND_FILES[kind]():
        take(data, "sound", ())


def documents(example_song) -> list[bytes]:
    """Return documents that have every field, and a shortened real one."""
    full = full_song()
    full.chords.append(Chord(10.5, 4.0, "Dm9", 2, "min9", 3, 4, "ii9", 2, [50, 53], 0.5))
    full.tracks[0].confidence = [0.5]
    full.tracks[0].lyrics = [Lyric(0.5, "la")]
    stem = SourceStem("lead", "lead", "demucs")
    full.source = Source("a.wav", "00", 3.0, 44_100, beat_times_s=[0.0, 0.5], stems=[stem])
    full.made_by = MadeBy("x", "1", {"a": [1, {"b": 2.0}]}, seed=3)
    example_song.tracks = example_song.tracks[:1]
    del example_song.tracks[0].notes[20:]
    return [song_to_json(full), song_to_json(example_song)]


def test_damaged_documents_are_read_or_refused(example_song) -> None:
    tally: Counter[str] = Counter()
    for name, data in damaged_songs(documents(example_song), COUNT, SEED):
        try:
            song = song_from_json(data, name)
        except BadInputError as error:
            assert str(error).startswith(name)
            tally["refused"] += 1
            continue
        assert song_from_json(song_to_json(song)) == song
        assert first_problem(song_from_midi(song_to_midi(song))) is None
        fingerprint(song)
        tokenizer = tokenizer_for("remi")
        tokenizer.decode(tokenizer.encode(song, name).ids)
        tally["read"] += 1
    assert tally["read"] > COUNT / 20


def refused(kind: str, example_song) -> Iterator[bytes]:
    """Return damaged files that are refused."""
    if kind == "midi":
        made, read = damaged_midi(small_files(), COUNT, SEED), song_from_midi
    else:
        made, read = damaged_songs(documents(example_song), COUNT, SEED), song_from_json
    for name, data in made:
        try:
            read(data, name)
        except BadInputError:
            yield data


@pytest.mark.parametrize("kind", ["midi", "json"])
@pytest.mark.parametrize("command", [*FILE_COMMANDS, "eval"])
def test_each_command_says_so_in_one_line(
    command: str, kind: str, muse: Callable, tmp_path: Path, monkeypatch, example_song
) -> None:
    assert command in SUMMARIES
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"damaged.{'mid' if kind == 'midi' else 'json'}"
    for data in islice(refused(kind, example_song), 0, 200, 20):
        path.write_bytes(data)
        if command == "eval":
            result = muse("eval", "transcription", path, path)
        else:
            result = muse(command, path, *FILE_COMMANDS[command])
        assert (result.code, result.out) == (4, b""), data
        assert result.err.count("\n") == 1, result.err
        assert list(tmp_path.iterdir()) == [path]


def at_start(events: bytes) -> bytes:
    """Return a file of some events and a note."""
    return midi_file(events + NOTE)


@pytest.mark.parametrize(
    "data",
    [
        midi_file(NOTE, ticks=0),
        midi_file(NOTE, ticks=0x8000),
        at_start(b"\xff\xff\xff\x7f\x90\x40\x40\xff\xff\xff\x7f\x40\x00"),
        at_start(b"\xff\xff\xff\x7f\xff\x01\x00" * 9),  # past what 32 bits hold
        at_start(b"\x00\xff\x51\x03\xff\xff\xff" + b"\xff\xff\xff\x7f\xff\x01\x00"),
        at_start(b"\x00\x3c\x40"),
        at_start(b"\x00\xff\x06\xff\xff\xff\x7fA"),
    ],
)
def test_what_is_no_music_is_refused(data: bytes) -> None:
    with pytest.raises(BadInputError, match=r"^x\.mid: "):
        song_from_midi(data, "x.mid")


@pytest.mark.parametrize(
    "event",
    [
        b"\x00\xff\x51\x03\x00\x00\x00",
        b"\x00\xff\x58\x04\x04\xc8\x18\x08",
        b"\x00\xff\x58\x04\x00\x02\x18\x08",
        b"\x00\xff\x59\x02\x64\x00",
        b"\x00\xff\x59\x02\x01\x09",
    ],
)
def test_an_impossible_event_is_ignored_with_a_notice(event: bytes, caplog) -> None:
    sound = b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x03\x02\x18\x08\x00\xff\x59\x02\x01\x00"
    with caplog.at_level(logging.INFO, "muse"):
        song = song_from_midi(at_start(event * 2 + sound), "x.mid")
    assert (len(song.tempos), len(song.meters), len(song.keys)) == (1, 1, 1)
    assert song.tracks[0].notes == [Note(0.0, 0.2, 60, 64)]
    assert "x.mid: ignored 2 impossible" in caplog.text


@pytest.mark.parametrize("ticks", [1, 96, 20_000, 32_767])
def test_any_resolution_is_preserved(ticks: int) -> None:
    song = song_from_midi(midi_file(NOTE, ticks=ticks))
    assert song.ticks_per_beat == ticks
    assert song.tracks[0].notes == [Note(0.0, 96 / ticks, 60, 64)]


def test_note_offs_of_nothing_and_notes_without_end() -> None:
    song = song_from_midi(at_start(b"\x00\x80\x3c\x40\x00\x80\x30\x40\x00\x90\x48\x40"))
    assert song.tracks[0].notes == [Note(0.0, 0.2, 60, 64)]


@pytest.mark.parametrize("tracks", [0, 2, 65_535])
def test_a_wrong_count_of_tracks(tracks: int) -> None:
    try:
        song = song_from_midi(midi_file(NOTE, tracks=tracks), "x.mid")
    except BadInputError as error:
        assert str(error).startswith("x.mid: ")
    else:
        assert first_problem(song) is None


def test_text_of_no_encoding_is_read() -> None:
    song = song_from_midi(at_start(b"\x00\xff\x03\x03\x83h\xff\x00\xff\x06\x02\xff\xf0"))
    assert song.tracks[0].name == "ƒhÿ"
    assert song_from_json(song_to_json(song)) == song


def test_text_cannot_move_the_cursor() -> None:
    song = song_from_midi(at_start(b"\x00\xff\x03\x05a\x1b[2J\x00\xff\x06\x04b\x07\r\n"))
    assert song.tracks[0].name == "a [2J"
    assert song.sections[0].label == "b"


@pytest.mark.parametrize("depth", [10, 5_000, 200_000])
def test_deep_documents(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    data = b'{"made_by":{"command":"x","version":"1","params":{"a":' + deep + b"}}}"
    if depth == 10:
        assert song_from_json(data).made_by is not None
        return
    with pytest.raises(BadInputError, match="too deep"):
        song_from_json(data)


def test_other_seeds_give_other_damage() -> None:
    document = song_to_json(full_song())
    one, other = (list(damaged_songs([document], 10, seed)) for seed in (1, 2))
    assert [data for _, data in one] != [data for _, data in other]
