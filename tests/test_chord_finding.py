"""Chord finding: known progressions in any key and at any phase, and real songs."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import ParameterError
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track
from muse.tools.song.midi import load_song, song_from_midi, song_to_midi
from muse.tools.theory import chord_finding
from muse.tools.theory.chord_finding import beat_and_bar, find_chords
from muse.tools.theory.chord_naming import TENSIONS, with_tension
from muse.tools.theory.chords import parse_chord, write_harte
from muse.tools.theory.qualities import quality
from muse.tools.theory.sounding_notes import sounding_notes

ROOT = Path(__file__).parent.parent
BAR = 4.0  # beats
POP = ("C", "Am", "F", "G")
JAZZ = ("Dm7", "G7", "Cmaj7", "Am7")


def voiced(symbols: Sequence[str], length: float = BAR, begin: float = 0.0) -> list[Note]:
    """Return each chord struck on its first beat and in its middle, its bass two octaves below."""
    notes = []
    for i, symbol in enumerate(symbols):
        chord = parse_chord(symbol)
        start = begin + i * length
        notes.append(Note(start, length, 36 + (chord.bass_pc or 0), 90))
        for half in (0.0, length / 2):
            notes += [Note(start + half, length / 2, 60 + pc, 80) for pc in chord.pitch_classes]
    return notes


def song_of(notes: list[Note], **fields: object) -> Song:
    return Song(tracks=[Track(name="Piano", role="keys", notes=notes)], **fields)


def spans(chords: Sequence[Chord]) -> list[tuple[float, float, str]]:
    return [(c.start_beats, c.duration_beats, c.symbol) for c in chords]


@pytest.mark.parametrize("symbols", [POP, JAZZ, ("Em", "C", "G", "D"), ("F", "Fm", "C", "A7")])
def test_progressions(symbols: tuple[str, ...]) -> None:
    found = find_chords(song_of(voiced(symbols * 4)))
    assert [chord.symbol for chord in found] == list(symbols * 4)
    assert [chord.start_beats for chord in found] == [bar * BAR for bar in range(16)]
    assert all(chord.duration_beats == BAR for chord in found)


@pytest.mark.parametrize("symbols", [POP, JAZZ])
@pytest.mark.parametrize("shift", [0.25, 1.0 / 3, 0.48, 0.77])
def test_a_shifted_performance_has_its_own_beat(symbols: tuple[str, ...], shift: float) -> None:
    found = find_chords(song_of(voiced(symbols * 4, begin=shift)))
    named = [chord for chord in found if chord.root_pc is not None]
    assert [chord.symbol for chord in named] == list(symbols * 4)
    expected = [bar * BAR + shift for bar in range(16)]
    assert [chord.start_beats for chord in named] == pytest.approx(expected, abs=0.03)


def test_two_chords_a_bar() -> None:
    found = find_chords(song_of(voiced(POP * 6, length=2.0)))
    assert [chord.symbol for chord in found] == list(POP * 6)


def test_waltz() -> None:
    song = song_of(voiced(POP * 4, length=3.0), meters=[Meter(0.0, 3, 4)])
    assert [chord.symbol for chord in find_chords(song)] == list(POP * 4)


def test_compound_meter() -> None:
    song = song_of(voiced(POP * 4, length=3.0), meters=[Meter(0.0, 6, 8)])
    assert [chord.symbol for chord in find_chords(song)] == list(POP * 4)


def test_arpeggios() -> None:
    notes = []
    for bar, symbol in enumerate(POP * 4):
        pcs = parse_chord(symbol).pitch_classes
        tones = [48 + pcs[0], *(60 + pc for pc in (*pcs[1:], pcs[0], *pcs[:0:-1], pcs[1], pcs[2]))]
        notes += [Note(bar * BAR + i / 2, 0.5, tone, 80) for i, tone in enumerate(tones)]
    assert [chord.symbol for chord in find_chords(song_of(notes))] == list(POP * 4)


def test_a_bass_that_is_not_the_root() -> None:
    symbols = ("C", "G/B", "Am", "F") * 4
    assert [chord.symbol for chord in find_chords(song_of(voiced(symbols)))] == list(symbols)


def test_changes_off_the_beat() -> None:
    song = song_of(voiced(POP * 6, length=0.5))
    assert [chord.symbol for chord in find_chords(song, cell_beats=0.5)] == list(POP * 6)


@pytest.mark.parametrize("cell_beats", [0.0, -1.0])
def test_cells_have_a_length(cell_beats: float) -> None:
    with pytest.raises(ParameterError, match="longer than 0"):
        find_chords(song_of(voiced(POP)), cell_beats)


def test_a_note_far_after_the_others_is_tolerated(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last note of a damaged file may lie years after the others."""
    monkeypatch.setattr(chord_finding, "MOST_CELLS", 64)
    song = song_of([*voiced(POP), Note(1e7, 1.0, 60, 80)])
    found = find_chords(song)
    assert [chord.symbol for chord in found[:4]] == list(POP)
    assert "very long" in caplog.text
    assert found[-1].start_beats + found[-1].duration_beats == 64


def test_tensions() -> None:
    symbols = ("Dm9", "G13", "Cmaj9", "A7b9", "Gm9", "C9sus4", "C9", "Fmaj9") * 3
    assert [chord.symbol for chord in find_chords(song_of(voiced(symbols)))] == list(symbols)


@pytest.mark.parametrize(
    ("shares", "name", "expected"),
    [
        ({0: 1.0, 3: 0.9, 10: 0.8, 2: 0.7}, "min7", "min9"),
        ({0: 1.0, 3: 0.9, 10: 0.8, 2: 0.1}, "min7", "min7"),  # a passing note
        ({0: 1.0, 4: 0.2, 10: 0.2, 2: 0.2}, "7", "7"),  # too short to tell
        ({0: 1.0, 4: 0.9, 10: 0.9, 1: 0.9, 2: 0.9}, "7", "7b9"),
        ({0: 1.0, 4: 0.9, 2: 0.9}, "maj", "maj"),
    ],
)
def test_a_tension_must_sound_like_the_chord(
    shares: dict[int, float], name: str, expected: str
) -> None:
    row = np.zeros(12)
    row[list(shares)] = list(shares.values())
    assert with_tension(row, name) == expected


def test_the_tensions_are_in_the_table() -> None:
    for (plain, step), full in TENSIONS.items():
        assert {*quality(plain).semitones, step} <= {s % 12 for s in quality(full).semitones}


def test_a_bass_that_goes_to_and_fro_is_no_inversion() -> None:
    notes = [note for note in voiced(POP * 3) if note.pitch >= 60]
    for bar, symbol in enumerate(POP * 3):
        root = 36 + (parse_chord(symbol).root_pc or 0)
        notes += [Note(bar * BAR + beat, 1.0, root - 5 * (beat % 2), 90) for beat in range(4)]
    assert [chord.symbol for chord in find_chords(song_of(notes))] == list(POP * 3)


def test_silence_is_no_chord() -> None:
    song = song_of(voiced(POP) + voiced(POP, begin=48.0))
    found = spans(find_chords(song))
    assert (16.0, 32.0, "N.C.") in found
    assert [symbol for _, _, symbol in found if symbol != "N.C."] == [*POP, *POP]


def test_spelled_in_the_key() -> None:
    symbols = ("Db", "Gb", "Ab7", "Db")
    in_flats = find_chords(song_of(voiced(symbols * 3)))
    assert {chord.symbol for chord in in_flats} == set(symbols)
    sharp = song_of(voiced(symbols * 3), keys=[Key(0.0, 6, "major")])  # F# major
    assert "C#" in {chord.symbol for chord in find_chords(sharp)}


def test_the_fields_of_a_found_chord() -> None:
    found = find_chords(song_of(voiced(("Dm7", "G7", "C/E", "C") * 3)))
    for chord in found:
        symbol = parse_chord(chord.symbol)
        assert chord.root_pc == symbol.root_pc
        assert chord.bass_pc == symbol.bass_pc
        assert chord.quality == symbol.quality
        assert chord.quality_code == symbol.quality_code
        assert 0 < (chord.probability or 0) <= 1


def test_drums_do_not_count() -> None:
    song = song_of(voiced(POP * 3))
    plain = find_chords(song)
    hits = [Note(i / 2, 0.25, 35 + i % 12, 120) for i in range(96)]
    song.tracks.append(Track(name="kit", role="drums", is_drum=True, notes=hits))
    assert find_chords(song) == plain


def test_no_notes_no_chords() -> None:
    assert find_chords(Song()) == []
    assert find_chords(Song(tracks=[Track(is_drum=True, notes=[Note(0, 1, 36, 90)])])) == []


def test_the_tempo_does_not_change_the_chords() -> None:
    song = song_of(voiced(POP * 2))
    fast = song_of(voiced(POP * 2), tempos=[Tempo(0.0, 211.0)])
    assert find_chords(song) == find_chords(fast)


def test_chords_survive_midi() -> None:
    song = song_of(voiced(("C", "G/B", "Am7", "Fmaj7") * 2))
    song.chords = find_chords(song)
    back = song_from_midi(song_to_midi(song))
    assert spans(back.chords) == spans(song.chords)


note_rows = st.lists(
    st.tuples(
        st.integers(0, 200).map(lambda tick: tick / 8),
        st.integers(0, 48).map(lambda tick: tick / 8),
        st.integers(30, 90),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@given(note_rows)
@settings(max_examples=40, deadline=None)
def test_any_notes_have_chords_without_gaps(rows: list[tuple[float, float, int, bool]]) -> None:
    notes = [Note(start, length, pitch, 80) for start, length, pitch, _ in rows]
    song = song_of(notes)
    found = find_chords(song)
    ends = [chord.start_beats + chord.duration_beats for chord in found]
    assert found[0].start_beats == 0
    assert ends[-1] == pytest.approx(sounding_notes(song).end_beats)
    assert [chord.start_beats for chord in found[1:]] == pytest.approx(ends[:-1])
    assert all(parse_chord(chord.symbol).quality == chord.quality for chord in found)


@pytest.mark.parametrize(
    ("meter", "bpm", "expected"),
    [
        ((4, 4), 120, (1.0, 4)),
        ((3, 4), 120, (1.0, 3)),
        ((6, 8), 60, (1.5, 2)),
        ((12, 8), 60, (1.5, 4)),
        ((1, 4), 120, (1.0, 4)),
        ((2, 2), 120, (1.0, 4)),
        ((5, 4), 120, (1.0, 5)),
        ((3, 8), 120, (1.5, 1)),
        ((3, 8), 80, (0.5, 3)),
        ((3, 8), None, (0.5, 3)),
        ((15, 8), 120, (1.0, 8)),
        ((12, 16), 120, (0.75, 4)),
    ],
)
def test_beats_and_bars(
    meter: tuple[int, int], bpm: float | None, expected: tuple[float, int]
) -> None:
    assert beat_and_bar(Meter(0.0, *meter), bpm) == expected


def test_real_songs(shared_data: Path) -> None:
    """Songs that were not trained on; the project's thresholds, with the measures of mir_eval."""
    scores = []
    for number in ("005", "045", "085", "145", "205", "265", "325", "385"):
        folder = shared_data / "pop909" / number
        if not folder.is_dir():
            continue
        song = load_song(folder / f"{number}.mid")
        found, at = find_chords(song), song.tempo_map().seconds_at
        starts = [at(chord.start_beats) for chord in found]
        spans_s = np.column_stack([starts, [*starts[1:], at(song.end_beats())]])
        labels = [write_harte(parse_chord(c.symbol)) for c in found]
        truth = mir_eval.io.load_labeled_intervals(str(folder / "chord_midi.txt"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what it fills at the ends
            scores.append(mir_eval.chord.evaluate(*truth, spans_s, labels))
    means = {key: np.mean([row[key] for row in scores]) for key in ("root", "majmin", "sevenths")}
    assert means["root"] >= 0.85
    assert means["majmin"] >= 0.8
    assert means["sevenths"] >= 0.75
