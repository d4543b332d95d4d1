"""Which reading of an ambiguous chord symbol is taken."""

import pytest

from muse.tools.theory.symbol_readings import describe_reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Bbb5", "'Bbb5' is read as Bb with 1 3 b5"),
        ("Bbb7", "'Bbb7' is read as Bbb with 1 3 5 b7"),
        ("E#9", "'E#9' is read as E# with 1 3 5 b7 9"),
        ("G♯5", "'G♯5' is read as G# with 1 5"),
        ("C7+", "'C7+' is read as C with 1 3 #5 b7"),
        ("Am+7", "'Am+7' is read as A with 1 b3 5 7"),
        ("C7/13", "'C7/13' is read as C with 1 3 5 b7 9 13"),
        ("C/3", "'C/3' is read as C with 1 3 5 over E"),
        ("G(Em)", "'G(Em)' is read as G with 1 3 5"),
    ],
)
def test_an_ambiguous_symbol_is_explained(text: str, reading: str) -> None:
    assert describe_reading(text) == reading


@pytest.mark.parametrize("text", ["F#b5", "Bb9", "Eb#9", "C6/9", "Dm7/G", "C:maj/3", "N.C.", "C5"])
def test_other_symbols_have_one_reading(text: str) -> None:
    assert describe_reading(text) is None
