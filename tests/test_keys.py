"""Names, signatures and scales of keys."""

import music21
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import BadInputError
from muse.tools.song.document import Key
from muse.tools.theory.keys import (
    SCALES,
    Tonality,
    parallel,
    parse_key,
    relative,
    scale_pcs,
    tonality,
    tonality_of,
)

MODES = st.sampled_from(list(SCALES))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Eb minor", "Eb minor"),
        ("Ebm", "Eb minor"),
        ("C:min", "C minor"),
        ("Gb:maj", "Gb major"),
        ("F#", "F# major"),
        ("a", "A minor"),
        ("bb moll", "Bb minor"),
        ("A-Dur", "A major"),
        ("C# MINOR", "C# minor"),
        ("CM", "C major"),
    ],
)
def test_keys_are_read(text: str, name: str) -> None:
    assert parse_key(text).name == name


@pytest.mark.parametrize("text", ["", "H major", "C dorianish", "minor", "C major 2", "8A"])
def test_text_that_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="not a key"):
        parse_key(text)


@given(st.integers(0, 11), MODES)
def test_names_read_back(tonic_pc: int, mode: str) -> None:
    key = tonality(tonic_pc, mode)  # type: ignore[arg-type]
    assert parse_key(key.name) == parse_key(key.short) == key
    assert key.tonic_pc == tonic_pc
    assert -6 <= key.sharps <= 6


@given(st.integers(0, 11), MODES)
def test_signature_and_scale_are_those_of_music21(tonic_pc: int, mode: str) -> None:
    key = tonality(tonic_pc, mode)  # type: ignore[arg-type]
    other = music21.key.Key(key.short.removesuffix("m").replace("b", "-"), mode)
    assert key.sharps == other.sharps
    assert scale_pcs(key) == tuple(p.pitchClass for p in other.pitches[:7])


@given(st.integers(0, 11), MODES)
def test_relatives_share_the_signature_and_parallels_the_tonic(tonic_pc: int, mode: str) -> None:
    key = tonality(tonic_pc, mode)  # type: ignore[arg-type]
    assert relative(key).sharps == key.sharps
    assert set(scale_pcs(relative(key))) == set(scale_pcs(key))
    assert relative(relative(key)) == parallel(parallel(key)) == key


def test_a_songs_key_is_spelled() -> None:
    assert tonality_of(Key(0.0, 3, "minor")) == Tonality(-3, "minor")
