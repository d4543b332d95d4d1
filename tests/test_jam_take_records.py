"""Errors in the lines of a take are located."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import BadInputError
from muse.tools.jam.takes.records import EndLine, Header, encode_line, read_take
from muse.tools.jam.takes.to_song import song_of_take

HEADER = Header(
    version="1.2", numerator=4, denominator=4, params={"style": "jazz"}, seed=7, model="lstm"
)
GOOD = {
    "kind": "decision",
    "time_s": 1.0,
    "beat": 2.0,
    "symbol": "Am7",
    "probability": 0.5,
    "changes": True,
    "who": "ear",
    "late": True,
    "key": "C major",
    "key_confidence": 1.0,
}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"nonsense", "malformed"),
        (b'{"kind":"song","time_s":1,"beat":1}', "song"),
        (b'{"kind":"tempo","time_s":1,"beat":1}', "bpm"),
        (b'{"kind":"tempo","time_s":1,"beat":1,"bpm":0}', "bpm is 0"),
        (b'{"kind":"tempo","time_s":1,"beat":1e9,"bpm":90}', "beat is 1"),
        (b'{"kind":"heard","time_s":-3,"beat":1,"data":"904040"}', "time_s is -3"),
        (b'{"kind":"heard","time_s":1,"beat":1,"data":"9040"}', "not a MIDI message"),
        (b'{"kind":"heard","time_s":1,"beat":1,"data":"zz"}', "not a MIDI message"),
        (b'{"kind":"played","time_s":1,"beat":1,"part":"harp","data":"904040"}', "harp"),
        (msgspec.json.encode(GOOD | {"symbol": "H9000"}), "H9000"),
        (msgspec.json.encode(GOOD | {"probability": 2}), "probability is 2"),
        (msgspec.json.encode(GOOD | {"key": "K"}), "'K' is not a key"),
        (msgspec.json.encode(GOOD | {"who": "nobody"}), "nobody"),
        (msgspec.json.encode(GOOD | {"ear": [{"symbol": "C", "probability": -1}]}), "-1"),
    ],
)
def test_error_names_the_invalid_line(tmp_path: Path, line: bytes, what: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(encode_line(HEADER) + msgspec.json.encode(GOOD) + b"\n" + line + b"\n")
    with pytest.raises(BadInputError, match=r"bad\.jsonl, line 3: ") as error:
        read_take(path)
    assert what in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"MThd", b"\xff\xfe", b'{"format": "muse.song/1"}', b"[1]\n[2]\n"]
)
def test_other_files_are_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "song.jsonl"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=r"song\.jsonl: not a take of muse jam"):
        read_take(path)
    with pytest.raises(BadInputError, match="No such file"):
        read_take(tmp_path / "nowhere.jsonl")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_damaged_file_gives_bad_input_error_only(tmp_path_factory, damage, place) -> None:
    path = tmp_path_factory.mktemp("take") / "take.jsonl"
    whole = encode_line(HEADER) + msgspec.json.encode(GOOD) + b"\n" + encode_line(EndLine(2.0, 4.0))
    path.write_bytes(whole[:place] + damage + whole[place + len(damage) :])
    try:
        song_of_take(read_take(path))
    except BadInputError as error:
        assert str(path) in str(error)
