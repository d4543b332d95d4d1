"""Tests of `muse tokenize` on the command line."""

import json
from pathlib import Path

import pytest

from muse.tools.datasets.splits import split_of
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song, song_from_json
from muse.tools.song.midi import load_song, save_song, song_from_midi
from muse.tools.tokens.schemes import SCHEME_NAMES
from muse.tools.tokens.shards import read_shards
from muse.tools.tokens.tokenizer import load_tokenizer, tokenizer_for


def lines(data: bytes) -> list[dict]:
    """Return the objects of JSON lines."""
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def folder(tmp_path: Path, example_song: Song) -> Path:
    """Return a folder of folders with songs and other files."""
    for name in ("b/two.mid", "a/one.mid", "a/three.json"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        save_song(example_song, tmp_path / "in" / name)
    (tmp_path / "in/readme.txt").write_text("not music")
    (tmp_path / "in/other.json").write_text('{"format": "something else"}')
    return tmp_path / "in"


def count_notes(song: Song) -> int:
    """Return the notes of all tracks."""
    return sum(len(track.notes) for track in song.tracks)


@pytest.mark.parametrize("scheme", SCHEME_NAMES)
def test_round_trip_in_a_pipe(scheme: str, muse, folder: Path, example_song) -> None:
    data = (folder / "b/two.mid").read_bytes()
    there = muse("tokenize", "-", "--scheme", scheme, stdin=data)
    assert there.code == 0, there.err
    (document,) = lines(there.out)
    assert document["format"] == "muse.tokens/1"
    assert document["scheme"] == scheme
    assert document["vocabulary_hash"] == tokenizer_for(scheme).hash
    assert document["made_by"]["command"] == "tokenize"
    back = muse("tokenize", "--decode", "-", stdin=there.out)
    assert back.code == 0
    assert count_notes(song_from_midi(back.out)) == count_notes(example_song)
    assert back.err == ""


def test_folders_are_walked_in_order(muse, folder: Path) -> None:
    done = muse("tokenize", folder)
    assert done.code == 0
    names = [Path(document["file"]).relative_to(folder) for document in lines(done.out)]
    assert [str(name) for name in names] == ["a/one.mid", "a/three.json", "b/two.mid"]
    assert muse("tokenize", folder, "-j", "2").out == done.out


def test_results_in_a_file_or_a_folder(muse, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    assert muse("tokenize", folder, "-o", out).out == b""
    assert len(lines(out.read_bytes())) == 3
    assert muse("tokenize", folder, "-o", tmp_path / "out").code == 0
    written = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    names = [str(path.relative_to(tmp_path / "out")) for path in written]
    assert names == ["a/one.json", "a/three.json", "b/two.json"]
    written[0].write_text("kept")
    assert muse("tokenize", folder, "-o", tmp_path / "out", "--skip-existing").code == 0
    assert written[0].read_text() == "kept"
    assert muse("tokenize", folder, "-o", tmp_path / "one.json").code == 2
    assert not (tmp_path / "one.json").exists()


def test_decoding_to_files(muse, folder: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "all.jsonl"
    muse("tokenize", folder, "-o", tokens)
    assert muse("tokenize", "--decode", tokens).code == 2  # three songs are not one MIDI file
    assert muse("tokenize", "--decode", tokens, "-o", tmp_path / "midi").code == 0
    names = sorted(path.name for path in (tmp_path / "midi").iterdir())
    assert names == ["one.mid", "three.mid", "two.mid"]
    songs = muse("tokenize", "--decode", tokens, "--json").out.splitlines()
    assert len(songs) == 3
    assert song_from_json(songs[0]).made_by.params["repairs"] == {}


def test_inputs_are_never_overwritten(muse, folder: Path) -> None:
    before = (folder / "a/three.json").read_bytes()
    assert muse("tokenize", folder / "a/three.json", "-o", folder / "a/three.json").code == 2
    assert muse("tokenize", folder / "a/three.json", "-o", folder / "a").code == 2
    assert (folder / "a/three.json").read_bytes() == before


def test_repairs_are_reported_and_stored(muse) -> None:
    document = {
        "format": "muse.tokens/1",
        "scheme": "remi",
        "vocabulary_hash": tokenizer_for("remi").hash,
        "ids": [7, 99999, "x", [4]],
    }
    done = muse("tokenize", "--decode", "-", "--json", stdin=json.dumps(document).encode())
    assert done.code == 0
    assert "1 x unknown id" in done.err
    assert song_from_json(done.out).made_by.params["repairs"]["wrong nesting"] == 1


def test_the_wrong_tokenizer_ends_with_code_4(muse, folder: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "t.json"
    muse("tokenize", folder / "b/two.mid", "-o", tokens)
    done = muse("tokenize", "--decode", tokens, "--scheme", "tsd")
    assert done.code == 4
    assert "t.json: made with another tokenizer" in done.err
    assert muse("tokenize", "--decode", folder / "b/two.mid").code == 4


def test_round_trip_with_byte_pairs(muse, folder: Path, tmp_path: Path, example_song) -> None:
    stored = tmp_path / "bpe.json"
    learned = muse("tokenize", folder, "--bpe", "1200", "--tokenizer", stored)
    assert learned.code == 0
    again = muse("tokenize", folder, "--tokenizer", stored)
    assert again.out == learned.out
    first = learned.out.splitlines()[0]
    back = muse("tokenize", "--decode", "-", "--tokenizer", stored, stdin=first)
    assert count_notes(song_from_midi(back.out)) == count_notes(example_song)
    assert muse("tokenize", "--decode", "-", stdin=first).code == 4
    assert muse("tokenize", folder, "--check", "--tokenizer", stored).code == 0


def test_check_reports_each_file_and_a_summary(muse, folder: Path) -> None:
    done = muse("tokenize", folder, "--check")
    assert done.code == 0
    *each, last = lines(done.out)
    assert [result["ok"] for result in each] == [True] * 3
    assert each[0]["onset_beats"]["max"] <= each[0]["onset_beats"]["bound"]
    assert last["summary"]["broken"] == {}


def test_errors_above_the_bounds_end_with_code_1(muse, folder: Path, monkeypatch) -> None:
    import muse.tools.tokens.round_trip as module

    monkeypatch.setattr(module, "VELOCITY_BOUND", -1.0)
    done = muse("tokenize", folder / "b/two.mid", "--check")
    assert done.code == 1
    assert lines(done.out)[0]["broken"] == ["velocity"]
    assert "velocity" in done.err


def test_stats_are_counted(muse, folder: Path, example_song) -> None:
    *each, last = lines(muse("tokenize", folder, "--stats").out)
    assert len(each) == last["summary"]["files"] == 3
    first = each[0]
    assert first["notes"] == count_notes(example_song)
    assert first["tokens_per_bar"] == pytest.approx(first["tokens"] / first["bars"], abs=1e-3)
    assert first["out_of_vocabulary"] == {}
    assert last["summary"]["tokens"] == 3 * first["tokens"]
    assert 0 < last["summary"]["coverage"] < 1


def test_shards_contain_the_songs_by_name(muse, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "shards"
    done = muse("tokenize", folder, "--shards", "2", "-o", out, "--shard-format", "safetensors")
    assert done.code == 0, done.err
    songs = list(read_shards(out, tokenizer_for("remi")))
    assert [song.id for song in songs] == ["a/one.mid", "a/three.json", "b/two.mid"]
    # they are one song three times
    assert len({song.split for song in songs}) == 1
    index = json.loads((out / "index.json").read_bytes())
    assert index["made_by"]["params"]["split_seed"] == 0
    assert index["near_duplicates"] == [["a/one.mid", "a/three.json", "b/two.mid"]]
    assert muse("tokenize", folder, "--shards", "2").code == 2


def test_byte_pairs_for_shards_are_learned_from_the_training_split(
    muse, folder: Path, tmp_path: Path
) -> None:
    stored, out = tmp_path / "bpe.json", tmp_path / "shards"
    words = ["--shards", "1", "-o", out, "--bpe", "1200", "--tokenizer", stored]
    seed = next(seed for seed in range(99) if split_of("a/one.mid", seed) == "train")
    done = muse("tokenize", folder, *words, "--seed", seed)
    assert done.code == 0, done.err
    tokenizer = load_tokenizer(stored)
    song, *_ = read_shards(out, tokenizer)
    assert song.split == "train"
    plain = tokenizer_for("remi").decode(
        tokenizer_for("remi").encode(load_song(folder / "a/one.mid")).ids
    )
    assert tokenizer.decode(song.ids.tolist()).song == plain.song
    with pytest.raises(BadInputError, match="another tokenizer"):
        read_shards(out, tokenizer_for("remi"))


def test_standard_input_among_files_is_read_once(muse, folder: Path) -> None:
    data = (folder / "b/two.mid").read_bytes()
    done = muse("tokenize", "-", folder / "a/one.mid", "-j", "2", stdin=data)
    first, second = lines(done.out)
    assert first["file"] == "stdin"
    assert first["ids"] == second["ids"]


def test_training_data_of_a_form(muse, folder: Path, tmp_path: Path) -> None:
    header, row, *_ = lines(muse("tokenize", "--for", "chords", folder / "a/one.mid").out)
    assert header["format"] == "muse.chords/1"
    assert {"input_ids", "target_id", "root_pc", "quality_code", "function_code"} <= set(row)
    words = ["--for", "notes", folder / "a", "--window", "8", "--shards", "1"]
    assert muse("tokenize", *words, "-o", tmp_path / "out").code in (0, 1)
    assert (tmp_path / "out" / "index.json").is_file()


def test_a_bad_input_is_skipped(muse, folder: Path) -> None:
    (folder / "a/zero.mid").write_bytes(b"MThd\0\0")
    done = muse("tokenize", folder)
    assert done.code == 1
    assert len(lines(done.out)) == 3
    assert "zero.mid" in done.err
    assert muse("tokenize", folder / "a/zero.mid").code == 4
    assert muse("tokenize", folder / "none.mid").code == 4


def test_a_file_without_songs_is_not_created(muse, tmp_path: Path) -> None:
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    assert muse("tokenize", tmp_path / "bad.mid", "-o", tmp_path / "o.jsonl").code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["bad.mid"]
    (tmp_path / "empty").mkdir()
    assert muse("tokenize", tmp_path / "empty").code == 4


@pytest.mark.parametrize(
    "words",
    [
        ["--scheme", "remix"],
        ["--check", "--stats"],
        ["--decode", "--shards", "2"],
        ["--bpe", "5000"],
        ["--bpe", "100", "--tokenizer", "t.json"],
        ["--bpe", "5000", "--tokenizer", "t.json", "--scheme", "octuple"],
        ["--shards", "2", "--shard-format", "pkl", "-o", "shards"],
        ["--check", "-o", "folder"],
        ["--for", "songs"],
    ],
)
def test_invalid_options_are_usage_errors(words, muse, folder, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    done = muse("tokenize", folder, *words)
    assert done.code == 2, done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--window", 3], "--window needs --for FORM"),
        (["--bars", 3], "--bars needs --for FORM"),
        (["--transpose", "all"], "--transpose needs --for FORM"),
        (["-o", "tokens.txt"], "tokens.txt: cannot write .txt files; formats are .json, .jsonl"),
    ],
)
def test_options_without_effect_and_unknown_suffixes_are_refused(
    muse, tmp_path, monkeypatch, words, message
) -> None:
    monkeypatch.chdir(tmp_path)
    result = muse("tokenize", "song.mid", *words)
    assert result.code == 2 and message in result.err
    assert not list(tmp_path.iterdir())
