"""The color of a chord goes with what the player holds, in the symbol and in the voicing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.chords.load_model import load_model
from muse.tools.datasets.chord_events import STYLES
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.events import Decision, DetectedKey, SoloNote
from muse.tools.jam.grid import COMMON_METERS, StepGrid
from muse.tools.jam.harmony.beat_features import triad_of_symbol
from muse.tools.jam.harmony.chord_color import (
    ChordColor,
    choose_color,
    colors_of,
    near_pcs,
    triad_pcs,
)
from muse.tools.jam.section_styles import StylePlan
from muse.tools.song.document import Meter
from muse.tools.theory.chords import parse_chord, write_leadsheet
from muse.tools.theory.keys import C_MAJOR, parse_key
from tests.test_jam_band import notes_of
from tests.test_jam_chord_decider import jam

COMMON = StepGrid(COMMON_METERS)
POP = StylePlan(((0.0, "pop"),))
FOUR = Meter(0.0, 4, 4)
CHORDS = ("Fmaj7", "Cmaj9", "G13", "Am9", "Dm11", "Bm7b5", "E7b9", "Dm6/9", "G9sus4", "C", "Caug")


@pytest.mark.parametrize(
    ("chord", "held", "expected"),
    [
        ("Fmaj7", [3], "F7"),  # Eb is its seventh
        ("Fmaj7", [3, 0], "F7"),
        ("Fmaj7", [5], "F6/9"),
        ("Cmaj7", [11], "Cmaj7"),
        ("Cmaj7", [0], "C6/9"),
        ("G7", [4], "G6/9"),
        ("Am9", [0], "Am7"),
        ("Am7", [6], "Am6"),
        ("C", [5], "C"),
    ],
)
def test_colors_under_held_notes(chord: str, held: list[int], expected: str) -> None:
    assert write_leadsheet(choose_color(parse_chord(chord), near_pcs(held), held)) == expected


@given(st.sampled_from(CHORDS), st.sets(st.integers(0, 11), max_size=4))
def test_the_triad_stays_and_its_colors_do_not_clash(chord: str, held: set[int]) -> None:
    symbol = parse_chord(chord)
    found = choose_color(symbol, near_pcs(held), held)
    assert triad_of_symbol(found) == triad_of_symbol(symbol)
    assert not colors_of(found) & near_pcs(held)


def test_major_seventh_comes_where_the_melody_leaves_out_the_root() -> None:
    color, chord = ChordColor(), parse_chord("Fmaj7")
    assert 4 in color.avoided_pcs(chord, parse_key("F"))
    notes = np.zeros((12, 12))
    notes[6, 9] = 4.0  # long A on the beat
    for _ in range(12):
        color.time[triad_pcs(chord)] += notes.sum(axis=0)
    assert 4 not in color.avoided_pcs(chord, parse_key("F"))


@settings(deadline=None, max_examples=6)
@given(st.lists(st.integers(48, 84), min_size=8, max_size=24), st.sampled_from(STYLES))
def test_no_color_clashes_with_a_held_note(pitches: list[int], style: str) -> None:
    notes = [SoloNote(pitch, 90, beat, beat + 0.9) for beat, pitch in enumerate(pitches)]
    decisions = jam(load_model("ngram"), notes, len(notes), style=style)
    for note, decision in zip(notes, decisions, strict=True):
        assert not colors_of(decision.symbol) & near_pcs([note.pitch % 12])


def decision(beat: float, chord: str, avoided: frozenset[int] = frozenset()) -> Decision:
    key = DetectedKey(C_MAJOR, 1.0)
    return Decision(beat, parse_chord(chord), 1.0, False, "both", False, key, avoided=avoided)


@pytest.mark.parametrize("style", STYLES)
def test_voicing_adds_no_avoided_tone(style: str) -> None:
    band = Band(COMMON, StylePlan(((0.0, style),)), bpm_at=lambda: 100.0)
    avoided = near_pcs([5])  # F over Dm7: no E
    for beat in range(8):
        band.step(decision(float(beat), "Dm7" if beat < 4 else "G7", avoided))
        assert not {pitch % 12 for pitch in band.pitches[1:]} & {4}


def test_a_new_color_ends_the_old_one_and_keeps_the_rhythm() -> None:
    band, plain = (Band(COMMON, POP, bpm_at=lambda: 100.0, seed=1) for _ in range(2))
    events = [band.step(decision(0.0, "Cmaj7"))] + [
        band.step(decision(float(beat), "C6")) for beat in range(1, 4)
    ]
    usual = [plain.step(decision(float(beat), "C6")) for beat in range(4)]
    bass, other = (
        notes_of([*some, each.stop(4.0)], "bass") for some, each in ((events, band), (usual, plain))
    )
    assert [note[0] for note in bass] == [note[0] for note in other]
    band = Band(COMMON, POP, bpm_at=lambda: 100.0, seed=1)
    stretches = [band.step(decision(0.0, "Cmaj7"))]
    held = [pitch for pitch in band.keys.ends if pitch % 12 == 11]
    stretches += [band.step(decision(1.0, "C6")), band.stop(2.0)]
    ends = [end for _, end, pitch, _ in notes_of(stretches, "keys") if pitch in held]
    assert all(end <= 1.0 for end in ends)
