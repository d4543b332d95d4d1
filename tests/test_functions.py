"""Harmonic functions: cases that jazz and classical musicians agree on, and properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.theory.chords import NONE, UNKNOWN_CHORD, parse_chord, symbol_of, transposed
from muse.tools.theory.functions import FUNCTIONS, function_code, function_of
from muse.tools.theory.keys import Tonality, parse_key, tonality
from muse.tools.theory.qualities import QUALITIES

REAL = [row for row in QUALITIES if row.intervals]
CODES_IN_DATA = {  # written into training data: none may ever move
    "none N": 0,
    "none X": 1,
    "diatonic I": 2,
    "diatonic V": 6,
    "diatonic vii°": 8,
    "diatonic i": 9,
    "diatonic VII": 15,
    "borrowed iv": 19,
    "borrowed bVII7": 23,
    "borrowed vi°": 28,
    "blues I7": 29,
    "secondary V/bII": 31,
    "secondary V/V": 37,
    "secondary vii°/V": 48,
    "secondary ii/IV": 57,
    "tritone subV": 64,
    "tritone subV/V": 71,
    "neapolitan bII": 76,
    "sixth +6": 77,
    "cadential Cad64": 78,
    "mediant III": 80,
    "chromatic I": 83,
    "chromatic VII": 94,
}

# key, chord, the chord after it ("" for none), name, role, kind
CASES = [
    ("C", "C", "", "I", "T", "diatonic"),
    ("C", "Cmaj9", "", "I", "T", "diatonic"),
    ("C", "Dm7", "G7", "ii", "S", "diatonic"),
    ("C", "Em7", "A7", "iii", "T", "diatonic"),
    ("C", "Fmaj7", "", "IV", "S", "diatonic"),
    ("C", "G13", "", "V", "D", "diatonic"),
    ("C", "G7alt", "C", "V", "D", "diatonic"),
    ("C", "Gsus4", "G", "V", "D", "diatonic"),
    ("C", "Am", "", "vi", "T", "diatonic"),
    ("C", "Bm7b5", "C", "vii°", "D", "diatonic"),
    ("C", "F/G", "C", "V", "D", "diatonic"),
    ("C", "Dm7/G", "C", "V", "D", "diatonic"),
    ("C", "D7", "G7", "V/V", "D", "secondary"),
    ("C", "D7", "Dm7", "V/V", "D", "secondary"),
    ("C", "A7", "", "V/II", "D", "secondary"),
    ("C", "E7", "Am", "V/VI", "D", "secondary"),
    ("C", "E7", "F", "V/VI", "D", "secondary"),
    ("C", "B7", "Em", "V/III", "D", "secondary"),
    ("C", "C7", "F", "V/IV", "D", "secondary"),
    ("C", "C7", "", "V/IV", "D", "secondary"),
    ("C", "C7", "G7", "I7", "T", "blues"),
    ("C", "C7b9", "Dm", "V/IV", "D", "secondary"),
    ("C", "C+", "F", "V/IV", "D", "secondary"),
    ("C", "C+", "C", "I", "T", "diatonic"),
    ("C", "D+", "G7", "V/V", "D", "secondary"),
    ("C", "F7", "C7", "IV7", "S", "blues"),
    ("C", "F7", "Bb", "V/bVII", "D", "secondary"),
    ("C", "F7", "Em", "subV/III", "D", "tritone"),
    ("C", "F#dim7", "G", "vii°/V", "D", "secondary"),
    ("C", "F#m7b5", "G7", "vii°/V", "D", "secondary"),
    ("C", "F#dim7", "C/G", "vii°/V", "D", "secondary"),
    ("C", "F#dim7", "C", "vii°/V", "D", "secondary"),
    ("C", "C#dim7", "G7/D", "vii°/II", "D", "secondary"),
    ("C", "D#dim7", "C", "bIII", "-", "chromatic"),
    ("C", "Adim", "G7", "vii°/V", "D", "secondary"),
    ("C", "C#dim7", "Dm", "vii°/II", "D", "secondary"),
    ("C", "Edim7", "Dm", "vii°/II", "D", "secondary"),  # C#dim7 with another tone lowest
    ("C", "G#dim7", "Am", "vii°/VI", "D", "secondary"),
    ("C", "Bdim7", "C", "vii°7", "D", "borrowed"),
    ("C", "Ebdim7", "Dm7", "bIII", "-", "chromatic"),
    ("C", "Cdim7", "C", "I", "-", "chromatic"),
    ("C", "Em7b5", "A7", "ii/II", "S", "secondary"),
    ("C", "Gm7", "C7", "ii/IV", "S", "secondary"),
    ("C", "Bm7b5", "E7", "ii/VI", "S", "secondary"),
    ("C", "Fm", "C", "iv", "S", "borrowed"),
    ("C", "Fm7", "Bb7", "iv", "S", "borrowed"),
    ("C", "Bb7", "C", "bVII7", "D", "borrowed"),
    ("C", "Bb7", "Eb", "V/bIII", "D", "secondary"),
    ("C", "Bb", "F", "bVII", "S", "borrowed"),
    ("C", "Ab", "Bb", "bVI", "S", "borrowed"),
    ("C", "Eb", "F", "bIII", "T", "borrowed"),
    ("C", "Gm", "F", "v", "D", "borrowed"),
    ("C", "Dm7b5", "G7", "ii°", "S", "borrowed"),
    ("C", "Db7", "C", "subV", "D", "tritone"),
    ("C", "Ab9", "G7", "subV/V", "D", "tritone"),
    ("C", "Eb7", "Dm7", "subV/II", "D", "tritone"),
    ("C", "Db/F", "G7", "bII", "S", "neapolitan"),
    ("C", "Ab7", "G", "+6", "S", "sixth"),
    ("C", "Ab7", "C/G", "+6", "S", "sixth"),
    ("C", "C/G", "G7", "Cad64", "D", "cadential"),
    ("C", "C/G", "F", "I", "T", "diatonic"),
    ("C", "E", "Am", "V/VI", "D", "secondary"),
    ("C", "E", "F", "V/VI", "D", "secondary"),
    ("C", "E", "C", "III", "T", "mediant"),
    ("C", "A", "C", "VI", "T", "mediant"),
    ("C", "Emaj7", "Am", "III", "T", "mediant"),
    ("C", "Dmaj7", "G", "II", "-", "chromatic"),
    ("C", "Abm", "C", "bVI", "T", "mediant"),
    ("C", "F#m", "F", "#IV", "-", "chromatic"),
    ("Cm", "Cm7", "", "i", "T", "diatonic"),
    ("Cm", "Dm7b5", "G7", "ii°", "S", "diatonic"),
    ("Cm", "Eb", "", "III", "T", "diatonic"),
    ("Cm", "Fm7", "Bb7", "iv", "S", "diatonic"),
    ("Cm", "G7", "Cm", "V", "D", "diatonic"),
    ("Cm", "Gm7", "Cm", "v", "D", "diatonic"),
    ("Cm", "Ab", "G", "VI", "T", "diatonic"),
    ("Cm", "Bb", "Cm", "VII", "D", "diatonic"),
    ("Cm", "Bdim7", "Cm", "vii°", "D", "diatonic"),
    ("Cm", "Bb7", "Eb", "V/bIII", "D", "secondary"),
    ("Cm", "D7", "G7", "V/V", "D", "secondary"),
    ("Cm", "C7", "Fm", "V/IV", "D", "secondary"),
    ("Cm", "C", "Fm", "V/IV", "D", "secondary"),
    ("Cm", "C", "", "I", "T", "borrowed"),  # the Picardy third
    ("Cm", "F", "Cm", "IV", "S", "borrowed"),  # Dorian
    ("Cm", "Dm7", "G7", "ii", "S", "borrowed"),
    ("Cm", "Am7b5", "Ab", "vi°", "S", "borrowed"),
    ("Cm", "Db", "G7", "bII", "S", "neapolitan"),
    ("Cm", "Ab7", "G", "+6", "S", "sixth"),
    ("Cm", "Db7", "Cm", "subV", "D", "tritone"),
    ("Cm", "Gm7b5", "C7", "ii/IV", "S", "secondary"),
    ("Cm", "F#dim7", "G", "vii°/V", "D", "secondary"),
    ("Cm", "Em", "Cm", "III", "T", "mediant"),
]


@pytest.mark.parametrize(("key", "chord", "after", "name", "role", "kind"), CASES)
def test_known_cases(key: str, chord: str, after: str, name: str, role: str, kind: str) -> None:
    following = parse_chord(after) if after else None
    found = function_of(parse_chord(chord), parse_key(key), following)
    assert (found.name, found.role, found.kind) == (name, role, kind)


def test_the_table_is_consistent() -> None:
    assert [row.code for row in FUNCTIONS] == list(range(len(FUNCTIONS)))
    assert len({(row.kind, row.name) for row in FUNCTIONS}) == len(FUNCTIONS)
    codes = {f"{row.kind} {row.name}": row.code for row in FUNCTIONS}
    assert {name: codes[name] for name in CODES_IN_DATA} == CODES_IN_DATA


def test_silence_has_no_function() -> None:
    key = parse_key("Eb")
    assert function_code(NONE, key) == 0
    assert function_code(UNKNOWN_CHORD, key) == 1
    assert function_of(parse_chord("C"), parse_key("C"), NONE).name == "I"


ROOTS = st.integers(-6, 6)
SYMBOLS = st.builds(
    lambda root, row, bass: symbol_of(root, row.intervals, None if bass is None else root + bass),
    ROOTS,
    st.sampled_from(REAL),
    st.none() | st.sampled_from([-5, -3, -2, 1, 4]),
)
KEYS = st.builds(tonality, st.integers(0, 11), st.sampled_from(["major", "minor"]))


@settings(deadline=None)
@given(SYMBOLS, KEYS, st.none() | SYMBOLS, st.integers(1, 11))
def test_every_chord_has_a_function_and_all_keys_are_alike(symbol, key, following, semitones):
    there: Tonality = tonality(key.tonic_pc + semitones, key.mode)
    after = following and transposed(following, semitones, there)
    code = function_code(symbol, key, following)
    assert code == function_code(transposed(symbol, semitones, there), there, after)
    assert 2 <= code < len(FUNCTIONS)
