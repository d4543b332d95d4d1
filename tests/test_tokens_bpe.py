"""Tests of byte pairs: shorter sequences that decode to the same song, and tokenizer files."""

from pathlib import Path

import pytest

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.tokens.bpe import Merges
from muse.tools.tokens.schemes import load_scheme
from muse.tools.tokens.tokenizer import learn_bpe, load_tokenizer, save_tokenizer, tokenizer_for
from muse.tools.tokens.vocabulary import fields_of

FLAT = ("remi", "tsd", "midi-like", "structured", "mmm", "pertok")


@pytest.mark.parametrize("name", FLAT)
def test_learned_ids_are_fewer_and_decode_to_the_same(name: str, example_song, tmp_path) -> None:
    plain = tokenizer_for(name)
    ids = plain.encode(example_song).ids
    learned = learn_bpe(plain, [ids], plain.sizes[0] + 60)
    assert learned.sizes[0] == plain.sizes[0] + 60
    short = learned.encode(example_song).ids
    assert len(short) < 0.8 * len(ids)
    assert max(short) < learned.sizes[0]
    assert learned.decode(short) == plain.decode(ids)
    save_tokenizer(learned, tmp_path / "t.json")
    again = load_tokenizer(tmp_path / "t.json")
    assert again == learned
    assert again.hash == learned.hash
    assert again.encode(example_song).ids == short


def test_merges_stay_within_a_bar(example_song) -> None:
    plain = tokenizer_for("remi")
    learned = learn_bpe(plain, [plain.encode(example_song).ids], 1500)
    bar = fields_of(load_scheme("remi"))[0].first["Bar"]
    merges = Merges(fields_of(load_scheme("remi"))[0], learned.merges)
    assert all(bar not in part[1:] for part in merges.parts)


def test_learning_stops_when_nothing_repeats() -> None:
    plain = tokenizer_for("remi")
    learned = learn_bpe(plain, [[4, 986, 389, 4, 986, 389]], 5000)
    assert learned.merges == ((4, 986), (1027, 389))
    assert learned.learned is not None
    assert learned.learned.shorten([4, 986, 389, 4, 986]) == [1028, 1027]
    assert learned.learned.expand([1028, 1027, "x", -1]) == [4, 986, 389, 4, 986, "x", -1]


def test_invalid_vocabulary_sizes_are_rejected() -> None:
    with pytest.raises(ParameterError, match="each of its steps is several ids"):
        learn_bpe(tokenizer_for("octuple"), [], 5000)
    with pytest.raises(ParameterError, match="1027 tokens"):
        learn_bpe(tokenizer_for("remi"), [], 1027)


def test_a_damaged_tokenizer_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    save_tokenizer(tokenizer_for("tsd"), path)
    good = path.read_bytes()
    for bad in (
        b"",
        good[:-20],
        good.replace(b'"tsd"', b'"remi"'),
        good.replace(b'"merges":[]', b'"merges":[[9999,1]]'),
    ):
        path.write_bytes(bad)
        with pytest.raises(BadInputError, match=r"t\.json"):
            load_tokenizer(path)
