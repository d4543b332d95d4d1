"""Chord symbols in Harte's and lead sheets' spelling."""

from collections import Counter
from pathlib import Path

import mir_eval
import music21
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import BadInputError
from muse.tools.theory.chords import (
    NONE,
    UNKNOWN_CHORD,
    ChordSymbol,
    is_chord_symbol,
    parse_chord,
    plainly_spelled,
    respelled,
    symbol_of,
    transposed,
    write_harte,
    write_leadsheet,
)
from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import parse_key
from muse.tools.theory.qualities import QUALITIES, quality, quality_of_code

DEGREES = st.frozensets(
    st.sampled_from([Interval(n, a) for n in (2, 3, 4, 5, 6, 7, 9, 11, 13) for a in (-1, 0, 1)]),
    max_size=6,
)
ROOTS = st.integers(-15, 19)  # Fbb to B##
SYMBOLS = st.builds(symbol_of, ROOTS, DEGREES, st.none() | ROOTS)

PLAIN_RESTS = ("", "m", "7", "maj7", "m7", "dim", "+", "6", "m6", "sus4", "sus2")
# a lead-sheet symbol, how muse writes it, its Harte spelling, and its degrees
GOLDEN = [
    ("C", "C", "C:maj", "1 3 5"),
    ("F#ø7/A", "F#m7b5/A", "F#:hdim7/b3", "1 b3 b5 b7"),
    ("Dm9", "Dm9", "D:min9", "1 b3 5 b7 9"),
    ("D-7", "Dm7", "D:min7", "1 b3 5 b7"),
    ("C-9", "Cm9", "C:min9", "1 b3 5 b7 9"),
    ("C-5", "C(b5)", "C:maj(*5,b5)", "1 3 b5"),
    ("CΔ", "Cmaj7", "C:maj7", "1 3 5 7"),
    ("C^9", "Cmaj9", "C:maj9", "1 3 5 7 9"),
    ("CM7", "Cmaj7", "C:maj7", "1 3 5 7"),
    ("C-Δ7", "Cm(maj7)", "C:minmaj7", "1 b3 5 7"),
    ("CmMaj7", "Cm(maj7)", "C:minmaj7", "1 b3 5 7"),
    ("Bb6/9", "Bb6/9", "Bb:maj6(9)", "1 3 5 6 9"),
    ("Bb69/D", "Bb6/9/D", "Bb:maj6(9)/3", "1 3 5 6 9"),
    ("C°7", "Cdim7", "C:dim7", "1 b3 b5 bb7"),
    ("C+", "C+", "C:aug", "1 3 #5"),
    ("C7+", "C7#5", "C:aug(b7)", "1 3 #5 b7"),
    ("C+7", "C7#5", "C:aug(b7)", "1 3 #5 b7"),
    ("C7+9", "C7#9", "C:7(#9)", "1 3 5 b7 #9"),
    ("C7alt", "C7alt", "C:aug(b7,b9,#9)", "1 3 #5 b7 b9 #9"),
    ("C7(b9,#11)", "C7b9(#11)", "C:7(b9,#11)", "1 3 5 b7 b9 #11"),
    ("C13b9", "C13b9", "C:13(*9,b9)", "1 3 5 b7 b9 13"),
    ("C7sus", "C7sus4", "C:sus4(b7)", "1 4 5 b7"),
    ("C9sus4", "C9sus4", "C:sus4(b7,9)", "1 4 5 b7 9"),
    ("C4", "Csus4", "C:sus4", "1 4 5"),
    ("C2", "Cadd9", "C:maj(9)", "1 3 5 9"),
    ("Cmadd9", "Cmadd9", "C:min(9)", "1 b3 5 9"),
    ("C(no3)", "C5", "C:5", "1 5"),
    ("Cmaj7(no5)", "Cmaj7(no5)", "C:maj7(*5)", "1 3 7"),
    ("C/Bb", "C/Bb", "C:maj/b7", "1 3 5"),
    ("C7/9", "C9", "C:9", "1 3 5 b7 9"),
    ("C6/9/D", "C6/9/D", "C:maj6(9)/2", "1 3 5 6 9"),
    ("Abm(add11)", "Abm(add11)", "Ab:min(11)", "1 b3 5 11"),
    # a sign after the root belongs to the root, the next one to the degree behind it
    ("F#b5", "F#(b5)", "F#:maj(*5,b5)", "1 3 b5"),
    ("Bb#11", "Bb(#11)", "Bb:maj(#11)", "1 3 5 #11"),
    ("Eb#9", "Eb(#9)", "Eb:maj(#9)", "1 3 5 #9"),
    ("F#b9/B", "F#(b9)/B", "F#:maj(b9)/4", "1 3 5 b9"),
    ("Bb-5", "Bb(b5)", "Bb:maj(*5,b5)", "1 3 b5"),
    ("Bbb5", "Bb(b5)", "Bb:maj(*5,b5)", "1 3 b5"),
    ("F##11", "F#(#11)", "F#:maj(#11)", "1 3 5 #11"),
    ("Bbb7", "Bbb7", "Bbb:7", "1 3 5 b7"),
    ("Bbb(9)", "Bbb(9)", "Bbb:9", "1 3 5 b7 9"),
    ("Bb13", "Bb13", "Bb:13", "1 3 5 b7 9 13"),
    ("C07", "Cdim7", "C:dim7", "1 b3 b5 bb7"),
    ("C0/Eb", "Cdim/Eb", "C:dim/b3", "1 b3 b5"),
    # books, hand-written charts and programs
    ("Am+7", "Am(maj7)", "A:minmaj7", "1 b3 5 7"),
    ("Cm(+7)", "Cm(maj7)", "C:minmaj7", "1 b3 5 7"),
    ("Cm#7", "Cm(maj7)", "C:minmaj7", "1 b3 5 7"),
    ("Cm/maj7", "Cm(maj7)", "C:minmaj7", "1 b3 5 7"),
    ("CMA7", "Cmaj7", "C:maj7", "1 3 5 7"),
    ("CMAJ9", "Cmaj9", "C:maj9", "1 3 5 7 9"),
    ("CMI7", "Cm7", "C:min7", "1 b3 5 b7"),
    ("Cj7", "Cmaj7", "C:maj7", "1 3 5 7"),
    ("C7M", "Cmaj7", "C:maj7", "1 3 5 7"),
    ("C7SUS", "C7sus4", "C:sus4(b7)", "1 4 5 b7"),
    ("CADD9", "Cadd9", "C:maj(9)", "1 3 5 9"),
    ("CDIM7", "Cdim7", "C:dim7", "1 b3 b5 bb7"),
    ("C5+", "C+", "C:aug", "1 3 #5"),
    ("C7b913", "C13b9", "C:13(*9,b9)", "1 3 5 b7 b9 13"),
    ("C7susadd3", "C7(add11)", "C:7(11)", "1 3 5 b7 11"),
    ("C7/13", "C13", "C:13", "1 3 5 b7 9 13"),
    ("C7/4", "C7sus4", "C:sus4(b7)", "1 4 5 b7"),
    ("C7/9-", "C7b9", "C:7(b9)", "1 3 5 b7 b9"),
    ("C7(5+)", "C7#5", "C:aug(b7)", "1 3 #5 b7"),
    ("C7(b9/13)", "C13b9", "C:13(*9,b9)", "1 3 5 b7 b9 13"),
    ("Am7/b5", "Am7b5", "A:hdim7", "1 b3 b5 b7"),
    ("C/b7", "C/Bb", "C:maj/b7", "1 3 5"),
    ("C/bb", "C/Bb", "C:maj/b7", "1 3 5"),
    ("Am7/g", "Am7/G", "A:min7/b7", "1 b3 5 b7"),
    ("(Am)", "Am", "A:min", "1 b3 5"),
    ("G(Em)", "G", "G:maj", "1 3 5"),
    # typeset
    ("C\u20137", "Cm7", "C:min7", "1 b3 5 b7"),
    ("C\u22127", "Cm7", "C:min7", "1 b3 5 b7"),
    ("C⁷", "C7", "C:7", "1 3 5 b7"),
    ("B♭ᵐᵃʲ⁷", "Bbmaj7", "Bb:maj7", "1 3 5 7"),
    ("F♯m7♭5", "F#m7b5", "F#:hdim7", "1 b3 b5 b7"),
    ("Cº7", "Cdim7", "C:dim7", "1 b3 b5 bb7"),
    ("C∅", "Cm7b5", "C:hdim7", "1 b3 b5 b7"),
    ("C△7", "Cmaj7", "C:maj7", "1 3 5 7"),
    ("E𝄫7", "Ebb7", "Ebb:7", "1 3 5 b7"),
]


@pytest.mark.parametrize(("text", "lead", "harte", "degrees"), GOLDEN)
def test_golden_symbols(text: str, lead: str, harte: str, degrees: str) -> None:
    symbol = parse_chord(text)
    assert write_leadsheet(symbol) == lead
    assert write_harte(symbol) == harte
    assert " ".join(map(str, symbol.intervals)) == degrees
    assert parse_chord(lead) == parse_chord(harte) == symbol


@given(SYMBOLS)
def test_any_chord_reads_back_in_both_spellings(symbol: ChordSymbol) -> None:
    assert parse_chord(write_harte(symbol)) == symbol
    assert parse_chord(write_leadsheet(symbol)) == symbol


@given(SYMBOLS, st.integers(-24, 24))
def test_transposing_moves_every_note(symbol: ChordSymbol, semitones: int) -> None:
    moved = transposed(symbol, semitones)
    assert moved.pitch_classes == tuple((pc + semitones) % 12 for pc in symbol.pitch_classes)
    assert moved.bass_pc == (symbol.bass_pc + semitones) % 12
    assert moved.quality == symbol.quality


@pytest.mark.parametrize("row", QUALITIES, ids=lambda row: row.name)
def test_the_table_is_its_own_spelling(row) -> None:
    assert quality_of_code(row.code) is quality(row.name) is row
    if not row.intervals:
        return
    root = parse_chord("Eb").root
    symbol = ChordSymbol(root, row.name)
    assert parse_chord(f"Eb{row.lead}") == parse_chord(f"Eb:{row.harte}") == symbol
    assert symbol_of(root, row.intervals) == symbol


# mir_eval folds a ninth, eleventh or thirteenth into the seventh chord below it
@pytest.mark.parametrize("shorthand", sorted(set(mir_eval.chord.QUALITIES) - {"", "N"}))
def test_shorthands_sound_as_in_mir_eval(shorthand: str) -> None:
    _, bitmap, _ = mir_eval.chord.encode(f"C:{shorthand}")
    ours, theirs = set(parse_chord(f"C:{shorthand}").pitch_classes), set(np.flatnonzero(bitmap))
    is_folded = any(number in shorthand for number in ("9", "11", "13"))
    assert theirs <= ours if is_folded else theirs == ours


@pytest.mark.parametrize(
    "text",
    [f"C{rest}" for rest in (*PLAIN_RESTS, "dim7", "m7b5", "9", "m9", "M9", "11", "m11", "13")],
)
def test_lead_sheet_symbols_sound_as_in_music21(text: str) -> None:
    other = music21.harmony.ChordSymbol(text.replace("m7b5", "ø7"))
    ours = set(parse_chord(text).pitch_classes)
    theirs = {pitch.pitchClass for pitch in other.pitches}
    assert ours == theirs - ({5} if text == "C13" else set())  # its thirteenth has an eleventh


@pytest.mark.parametrize("text", ["N", "N.C.", "NC", "n.c.", "N/C", "No Chord", "Tacet"])
def test_no_chord(text: str) -> None:
    assert parse_chord(text) == NONE
    assert not NONE.is_chord
    assert (write_harte(NONE), write_leadsheet(NONE)) == ("N", "N.C.")
    assert (NONE.root_pc, NONE.bass_pc, NONE.pitch_classes) == (None, None, ())


def test_unknown_chord() -> None:
    assert parse_chord("X") == UNKNOWN_CHORD
    assert transposed(UNKNOWN_CHORD, 3) == UNKNOWN_CHORD


def test_a_bass_is_the_root_where_none_is_named() -> None:
    assert parse_chord("C/C") == parse_chord("C:maj/1") == parse_chord("C")
    assert parse_chord("C/G").bass_pc == 7
    assert parse_chord("C/Bb").pitch_classes == (0, 4, 7, 10)


@pytest.mark.parametrize(
    ("text", "key", "spelled"),
    [
        ("F#maj7", "Db", "Gbmaj7"),
        ("G#m7/B", "Gb", "Abm7/Cb"),
        ("Db7", "B", "C#7"),
        ("A#dim7", "Eb minor", "Bbdim7"),
        ("Eb", "E", "D#"),
        ("Bb7/D", "C", "Bb7/D"),
    ],
)
def test_respelling_fits_the_key(text: str, key: str, spelled: str) -> None:
    assert write_leadsheet(respelled(parse_chord(text), parse_key(key))) == spelled


@pytest.mark.parametrize(
    ("text", "key", "spelled"),
    [
        ("E", "Eb minor", "E"),  # the key's flat second is Fb
        ("E7", "Db", "E7"),
        ("A", "Db", "A"),
        ("B", "Db", "B"),
        ("B", "Eb minor", "Cb"),  # of its scale
        ("F7", "F#", "E#7"),
        ("C", "E", "C"),
        ("G#m", "E", "G#m"),
        ("N", "E", "N.C."),
    ],
)
def test_plain_spelling_of_roots(text: str, key: str, spelled: str) -> None:
    assert write_leadsheet(plainly_spelled(parse_chord(text), parse_key(key))) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H7",
        "Chorus",
        "Bridge",
        "Am I",
        "C/",
        "/",
        "C:foo",
        "C:",
        "Dom",
        "C:maj/",
        "C:(",
        "C:maj(16)",
        "Csusx",
        "C3",
        "C8",
        "C10",
        "C12",
        "C23",
        "C913",
        "C7b20",
        "C7/20",
        "Hm7",
    ],
)
def test_no_symbol(text: str) -> None:
    assert not is_chord_symbol(text)
    with pytest.raises(BadInputError, match="not a"):
        parse_chord(text)


@given(st.text(alphabet="ABCDEFGmajinsudg#b♯♭0123456789()+-/:,*øΔ^ ", max_size=12))
def test_any_text_is_a_symbol_that_reads_back_or_a_plain_error(text: str) -> None:
    if is_chord_symbol(text):
        symbol = parse_chord(text)
        assert parse_chord(write_harte(symbol)) == symbol


def billboard_symbols(folder: Path) -> Counter[str]:
    """Return the symbols between the bar lines of the Billboard files, with their counts."""
    words = (w for path in folder.glob("*.txt") for w in path.read_text().split())
    return Counter(word.strip(",") for word in words if ":" in word and word[0] in "ABCDEFG")


def test_real_symbols_sound_as_in_mir_eval(shared_data: Path) -> None:
    symbols = billboard_symbols(shared_data / "billboard")
    assert len(symbols) > 900
    for text in symbols:
        symbol = parse_chord(text)
        assert parse_chord(write_leadsheet(symbol)) == parse_chord(write_harte(symbol)) == symbol
        root, _, bass = mir_eval.chord.encode(text)
        assert (symbol.root_pc, (symbol.bass_pc - symbol.root_pc) % 12) == (root, bass), text
