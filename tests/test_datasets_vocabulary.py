"""Tests of vocabularies: ids are fixed, and hashes identify them."""

import pytest

from muse.tools.datasets.forms.options import FormOptions
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, chord_id, chord_of_id
from muse.tools.datasets.melody_events import MELODY_VOCABULARY
from muse.tools.datasets.vocabulary import UNKNOWN_ID, Vocabulary
from muse.tools.errors import ParameterError
from muse.tools.theory.qualities import CODES, QUALITIES


def test_the_first_ids_are_fixed() -> None:
    assert CHORD_VOCABULARY.tokens[:7] == (
        "<pad>",
        "<start>",
        "<end>",
        "<unknown>",
        "N",
        "C:maj",
        "Db:maj",
    )
    assert CHORD_VOCABULARY.ids["A:min7"] == 5 + (CODES["min7"] - CODES["maj"]) * 12 + 9
    assert MELODY_VOCABULARY.ids["bar_48"] == 51
    assert len(MELODY_VOCABULARY) == 4 + 96 + 96 + 128 + 96 + 1


def test_every_chord_has_one_id() -> None:
    ids = set()
    for row in QUALITIES:
        for root in range(12) if row.intervals else (None,):
            number = chord_id(root, row.code)
            assert chord_of_id(number) == (root, row.code)
            ids.add(number)
    assert ids == {UNKNOWN_ID, *range(4, len(CHORD_VOCABULARY))}


def test_other_ids_are_unknown_chords() -> None:
    for number in (0, 1, 2, 3, -1, len(CHORD_VOCABULARY)):
        assert chord_of_id(number) == (None, CODES["X"])


def test_different_vocabularies_have_different_hashes() -> None:
    one, other = Vocabulary.of("a", ["x", "y"]), Vocabulary.of("a", ["y", "x"])
    assert one.hash != other.hash
    assert one.hash == Vocabulary.of("a", ["x", "y"]).hash
    assert one.encode(["y", "z"]) == [5, UNKNOWN_ID]
    assert one.decode([5, 99, -1]) == ["y", "<unknown>", "<unknown>"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": -1},
        {"stride": 0},
        {"transpose": "some"},
        {"bars": -2},
        {"shares": (0.5, 0.1, 0.1)},
    ],
)
def test_invalid_options_are_rejected(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        FormOptions(**wrong)  # type: ignore[arg-type]
