"""Tests of decoding: any sequence is read, and errors are repaired and counted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import song_from_json, song_to_json
from muse.tools.song.midi import song_from_midi, song_to_midi
from muse.tools.tokens.schemes import SCHEME_NAMES, load_scheme
from muse.tools.tokens.token_files import (
    TokenFile,
    decode_document,
    encode_document,
    token_files,
)
from muse.tools.tokens.token_types import SPECIALS
from muse.tools.tokens.tokenizer import tokenizer_for
from muse.tools.tokens.vocabulary import fields_of

every_scheme = pytest.mark.parametrize("name", SCHEME_NAMES)
anything = st.recursive(
    st.one_of(st.integers(-5, 1200), st.integers(), st.none(), st.booleans(), st.text(max_size=2)),
    lambda inner: st.lists(inner, max_size=9),
    max_leaves=60,
)


def ids_for(name: str) -> st.SearchStrategy[list[Any]]:
    """Return random ids of a scheme, in the right shape."""
    sizes = [len(field.tokens) for field in fields_of(load_scheme(name))]
    numbers = [st.integers(0, size - 1) for size in sizes]
    return st.lists(numbers[0] if len(sizes) == 1 else st.tuples(*numbers).map(list), max_size=80)


@every_scheme
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_ids_give_a_song_that_can_be_written(name: str, data: st.DataObject) -> None:
    decoded = tokenizer_for(name).decode(data.draw(ids_for(name)))
    written = song_to_midi(song_from_json(song_to_json(decoded.song)))
    count = sum(len(track.notes) for track in decoded.song.tracks)
    assert sum(len(track.notes) for track in song_from_midi(written).tracks) == count


@settings(max_examples=80, deadline=None)
@given(junk=st.lists(anything, max_size=30))
def test_any_value_decodes_to_a_song(junk: list[Any]) -> None:
    for name in SCHEME_NAMES:
        song_to_json(tokenizer_for(name).decode(junk).song)


@every_scheme
def test_the_longest_sequence_gives_a_song_that_can_be_read(name: str) -> None:
    last = [len(field.tokens) - 1 for field in fields_of(load_scheme(name))]
    ids = [n % last[0] + 1 if len(last) == 1 else last for n in range(60_000)]
    song_from_json(song_to_json(tokenizer_for(name).decode(ids).song))


@every_scheme
def test_a_cut_sequence_keeps_its_complete_notes(name: str, example_song) -> None:
    tokenizer = tokenizer_for(name)
    ids = tokenizer.encode(example_song).ids
    whole = sum(len(track.notes) for track in tokenizer.decode(ids).song.tracks)
    for cut in (1, 7, len(ids) // 2, len(ids) - 1):
        decoded = tokenizer.decode(ids[:cut])
        assert sum(len(track.notes) for track in decoded.song.tracks) <= whole


def spelled(name: str, *tokens: str) -> list[int]:
    """Return the ids of tokens."""
    table = fields_of(load_scheme(name))[0].tokens
    return [table.index(token) for token in tokens]


@pytest.mark.parametrize(
    ("name", "tokens", "repairs"),
    [
        ("remi", ("Bar_None", "Pitch_60", "Duration_1.0.12"), ["incomplete note", "stray token"]),
        ("remi", ("Bar_None", "TimeSig_2/4", "Position_99"), ["position outside the bar"]),
        ("remi", ("Position_3", "Velocity_63"), ["before the first bar", "stray token"]),
        ("remi", ("Bar_None", "Position_5", "TimeSig_3/4"), ["meter inside a bar"]),
        ("midi-like", ("NoteOff_60",), ["end without a note"]),
        ("midi-like", ("NoteOn_60", "Velocity_63", "TimeShift_1.0.12"), ["note without an end"]),
        ("tsd", ("TimeShift_64.0.1",) * 30_000, ["past the end of time"]),
        ("remi", ("PAD_None", "BOS_None", "EOS_None", "MASK_None"), []),
    ],
)
def test_repairs_are_counted_by_kind(name: str, tokens: tuple[str, ...], repairs: list[str]):
    decoded = tokenizer_for(name).decode(spelled(name, *tokens))
    assert sorted(decoded.repairs) == sorted(repairs)


def test_invalid_ids_are_counted() -> None:
    decoded = tokenizer_for("remi").decode([4, True, "x", None, 99_999, -1, [5, 6]])
    assert decoded.repairs["not an id"] == 3
    assert decoded.repairs["unknown id"] == 2
    assert decoded.repairs["wrong nesting"] == 1
    words = tokenizer_for("octuple").decode([7, [1, 2], [10] * 8, [0] * 8, [[1]] * 8])
    assert words.repairs == {"wrong nesting": 3}
    assert len(words.song.tracks[0].notes) == 1


@every_scheme
def test_an_encoded_song_needs_no_repairs(name: str, example_song) -> None:
    tokenizer = tokenizer_for(name)
    assert tokenizer.decode(tokenizer.encode(example_song).ids).repairs == {}


def test_ids_of_another_tokenizer_are_rejected(example_song) -> None:
    remi, tsd = tokenizer_for("remi"), tokenizer_for("tsd")
    ids = list(remi.encode(example_song).ids)
    document = TokenFile(scheme="remi", vocabulary_hash=remi.hash, file="a.mid", ids=ids)
    stored = token_files(encode_document(document) * 2)
    assert [each.ids for each in stored] == [ids, ids]
    assert decode_document(stored[0], remi).song.tracks
    with pytest.raises(BadInputError, match="another tokenizer"):
        decode_document(stored[0], tsd)


def test_a_token_file_begins_with_its_format_once() -> None:
    line = encode_document(TokenFile(scheme="remi", vocabulary_hash="", ids=[]))
    assert line.startswith(b'{"format":"muse.tokens/1",')
    assert line.count(b'"format"') == 1


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'{"format":"muse.song/1"}', b"MThd"])
def test_other_files_are_rejected(data: bytes) -> None:
    with pytest.raises(BadInputError, match=r"x\.json"):
        token_files(data, "x.json")


def test_error_names_the_unknown_scheme() -> None:
    with pytest.raises(ParameterError, match="remi, tsd"):
        tokenizer_for("remi2")


def test_special_tokens_come_first() -> None:
    for name in SCHEME_NAMES:
        for field in fields_of(load_scheme(name)):
            assert field.tokens[: len(SPECIALS)] == tuple(f"{word}_None" for word in SPECIALS)
