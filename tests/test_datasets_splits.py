"""Tests of splits: stable, in the given shares, groups in one split."""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.datasets.splits import SPLITS, hash_fraction, split_of, split_songs
from muse.tools.errors import ParameterError

NAMES = [f"pop909/{number:03d}" for number in range(2000)]


def test_splits_are_fixed() -> None:
    """Compare with fixed values: if these change, the test songs of every model change."""
    numbers = {s: [n for n in range(60) if split_of(f"pop909/{n:03d}") == s] for s in SPLITS}
    assert numbers["validation"] == [2, 16, 27, 42, 48, 51, 54]
    assert numbers["test"] == [6, 9, 30, 56]


def test_splits_are_equal_in_another_process() -> None:
    program = (
        "from muse.tools.datasets.splits import split_of\n"
        "print(*(split_of(f'pop909/{n:03d}') for n in range(50)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [split_of(name) for name in NAMES[:50]]


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.9, 0.0, 0.1)])
def test_splits_have_the_shares(shares: tuple[float, float, float]) -> None:
    counts = Counter(split_of(name, shares=shares) for name in NAMES)
    for split, share in zip(SPLITS, shares, strict=True):
        assert counts[split] / len(NAMES) == pytest.approx(share, abs=0.03)
        assert (counts[split] == 0) == (share == 0)


def test_another_seed_gives_another_split() -> None:
    one, other = ([split_of(name, seed) for name in NAMES] for seed in (0, 1))
    assert one != other


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=4), max_size=20), st.integers())
def test_a_group_is_in_one_split(groups: list[list[str]], seed: int) -> None:
    seen: set[str] = set()
    apart = []
    for group in groups:
        fresh = [name for name in dict.fromkeys(group) if name not in seen]
        seen |= set(fresh)
        apart.append(fresh)
    splits = split_songs([group for group in apart if group], seed)
    assert set(splits) == seen
    for group in apart:
        assert len({splits[name] for name in group}) <= 1
        if len(group) == 1:
            assert splits[group[0]] == split_of(group[0], seed)


@given(st.text())
def test_hashes_are_fractions(text: str) -> None:
    assert 0 <= hash_fraction(text) < 1


@pytest.mark.parametrize(
    "shares", [(1.0,), (0.5, 0.5, 0.5), (1.2, -0.1, -0.1), (float("nan"), 0.5, 0.5)]
)
def test_invalid_shares_are_rejected(shares: tuple[float, ...]) -> None:
    with pytest.raises(ParameterError, match="shares"):
        split_of("a", shares=shares)


def test_a_song_in_two_groups_is_rejected() -> None:
    with pytest.raises(ParameterError, match="'b'"):
        split_songs([["a", "b"], ["b", "c"]])
