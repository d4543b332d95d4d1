"""Voicing: right tones, range, low interval limits, and the lowest cost of all paths."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import ParameterError
from muse.tools.song.document import Chord, Key, Song
from muse.tools.theory.chords import (
    NONE,
    UNKNOWN_CHORD,
    ChordSymbol,
    parse_chord,
    symbol_of,
    transposed,
)
from muse.tools.theory.keys import parse_key, scale_pcs
from muse.tools.theory.qualities import QUALITIES
from muse.tools.theory.roman import from_roman
from muse.tools.theory.voicing import (
    STYLES,
    candidates_of,
    chord_track,
    total_cost,
    voice,
    voiced,
)
from muse.tools.theory.voicing_costs import LOW_LIMITS, Candidates, moving_costs

REAL = [row for row in QUALITIES if row.intervals]
JAZZ = "Dm9 G13 Cmaj9 A7b9 Dm7 G7alt Cm9 F13 Bbmaj9 Bbm9 Eb13 Abmaj7 Am7b5 D7b9 Gm6 C7/Bb"
POP = "C G/B Am F C/E F Gsus4 G C E7 Am Fm C/G G7 C"
STANDS_FOR = {3: (3, 2, 4), 7: (7, 6)}  # a degree: degrees that may stand for it
TENSION_SEMITONES = {1, 2, 5, 8, 9}  # b9 9 11 b13 13

styles = pytest.mark.parametrize("style", STYLES)


def symbols(text: str) -> list[ChordSymbol]:
    return [parse_chord(each) for each in text.split()]


def motion(before: tuple[int, ...], after: tuple[int, ...]) -> float:
    """Return the distance that the voices move between two chords, in semitones."""
    sides = [Candidates(np.zeros(0, int), [side], np.zeros((1, 3))) for side in (before, after)]
    return float(moving_costs(*sides)[0, 0, 0])


CHORDS = st.builds(
    lambda root, row, bass: symbol_of(root, row.intervals, None if bass is None else root + bass),
    st.integers(-5, 6),
    st.sampled_from(REAL),
    st.sampled_from([None, None, None, 1, 4, -2]),
)


@styles
@pytest.mark.parametrize("bass", [False, True])
@settings(max_examples=40, deadline=None)
@given(chords=st.lists(CHORDS, min_size=1, max_size=5))
def test_tones_are_right(style: str, bass: bool, chords: list[ChordSymbol]) -> None:
    for symbol, voicing in zip(chords, voice(chords, style, bass=bass), strict=True):
        pitches = voicing.pitches
        tones = {pitch % 12 for pitch in pitches}
        assert list(pitches) == sorted(set(pitches))
        assert required(symbol) <= tones
        added = {(pc - symbol.root_pc) % 12 for pc in tones - set(symbol.pitch_classes)}
        assert added <= (TENSION_SEMITONES if style in ("rootless", "neo-soul") else set())
        if bass or (symbol.bass is not None and style != "rootless"):
            assert pitches[0] % 12 == symbol.bass_pc


def required(symbol: ChordSymbol) -> set[int]:
    """Return the pitch classes of the third and the seventh, or of what replaces them."""
    found = set()
    for stand_ins in STANDS_FOR.values():
        of_degree = [each for each in symbol.intervals if each.number in stand_ins]
        if of_degree:
            first = min(of_degree, key=lambda each: stand_ins.index(each.number))
            found.add((symbol.root_pc + first.semitones) % 12)
    return found


@styles
@pytest.mark.parametrize("text", [JAZZ, POP])
def test_voicings_are_in_range_and_clear(style: str, text: str) -> None:
    for voicing in voice(symbols(text), style, 45, 84):
        assert voicing.pitches[0] >= 45
        assert voicing.pitches[-1] <= 84
    for voicing in voice(symbols(text), style, bass=True):
        for low, high in pairwise(voicing.pitches):
            assert low >= LOW_LIMITS.get(high - low, 0)
        assert voicing.costs.mud == 0


@styles
@pytest.mark.parametrize("bass", [False, True])
@pytest.mark.parametrize("text", [JAZZ, POP])
def test_no_greedy_choice_is_cheaper(style: str, bass: bool, text: str) -> None:
    chords = symbols(text)
    best = voice(chords, style, bass=bass)
    pitches, cost = None, 0.0
    for symbol in chords:
        step = voice([symbol], style, previous=pitches, bass=bass)[0]
        pitches, cost = step.pitches, cost + step.costs.total
    assert total_cost(best) <= cost + 1e-9


@styles
def test_the_cost_is_the_least_of_all_paths(style: str) -> None:
    chords = symbols("Dm7 G7 Cmaj7")
    layers = [candidates_of(each, STYLES[style], None, (50, 76), False) for each in chords]
    statics = [layer.static.sum(axis=1) for layer in layers]
    steps = [moving_costs(a, b).sum(axis=0) for a, b in pairwise(layers)]
    every = (
        statics[0][:, None, None]
        + steps[0][:, :, None]
        + statics[1][None, :, None]
        + steps[1][None]
        + statics[2][None, None]
    )
    assert total_cost(voice(chords, style, 50, 76)) == pytest.approx(every.min())


def test_costs_add_up() -> None:
    first, second = voice(symbols("C Fmaj9"), "closed", bass=True)
    parts = second.costs
    assert parts.motion == motion(first.pitches[1:], second.pitches[1:])
    assert parts.bass > 0
    assert parts.total == sum(vars(parts).values())
    assert first.costs.motion == first.costs.bass == 0


@styles
@given(st.integers(1, 11))
@settings(max_examples=11, deadline=None)
def test_all_keys_sound_alike(style: str, semitones: int) -> None:
    """Above the low limits of intervals a transposed progression has transposed voicings."""
    here = voice(symbols(JAZZ), style, 55, 88)
    moved = [transposed(symbol, semitones) for symbol in symbols(JAZZ)]
    there = voice(moved, style, 55 + semitones, 88 + semitones)
    for before, after in zip(here, there, strict=True):
        assert after.pitches == tuple(pitch + semitones for pitch in before.pitches)
        assert after.costs.total == pytest.approx(before.costs.total)


@styles
def test_voicing_is_deterministic(style: str) -> None:
    assert voice(symbols(JAZZ), style) == voice(symbols(JAZZ), style)


def test_silence_is_skipped() -> None:
    first, silence, unknown, second = voice([*symbols("C"), NONE, UNKNOWN_CHORD, *symbols("F")])
    assert silence.pitches == unknown.pitches == ()
    assert second.costs.motion == motion(first.pitches, second.pitches)
    assert voice([]) == []
    assert voice([NONE])[0].pitches == ()


def test_the_first_chord_follows_the_previous_one() -> None:
    near_high = voice(symbols("F"), "closed", previous=[67, 72, 76])[0]
    near_low = voice(symbols("F"), "closed", previous=[52, 55, 60])[0]
    assert near_high.pitches == (69, 72, 77)
    assert near_low.pitches == (53, 57, 60)


def test_a_two_five_one_as_pianists_play_it() -> None:
    chords = symbols("Dm7 G7 Cmaj7")
    rootless = [voicing.pitches for voicing in voice(chords, "rootless")]
    assert rootless == [(60, 64, 65, 69), (59, 64, 65, 69), (59, 62, 64, 67)]
    drop = [voicing.pitches for voicing in voice(chords, "drop-2")]
    assert [pitches[0] - pitches[1] for pitches in drop] == [-5, -7, -5]
    soul = voice(chords, "neo-soul", bass=True)
    assert all(len(voicing.pitches) >= 5 for voicing in soul)


@styles
def test_written_tensions_sound(style: str) -> None:
    thirteenth, ninth = voice(symbols("G13 C9"), style, bass=True)
    assert 4 in {pitch % 12 for pitch in thirteenth.pitches}
    assert 2 in {pitch % 12 for pitch in ninth.pitches}


@pytest.mark.parametrize("style", ["rootless", "neo-soul"])
@pytest.mark.parametrize("bass", [False, True])
def test_a_sharp_ninth_lies_above_the_third(style: str, bass: bool) -> None:
    for voicing in voice(symbols("G7#9 C7alt F7#9 Bb7alt"), style, bass=bass):
        assert all(high - low > 1 for low, high in pairwise(voicing.pitches))


@pytest.mark.parametrize("style", ["rootless", "neo-soul"])
@pytest.mark.parametrize("name", ["C", "Am", "Eb"])
def test_added_tensions_are_of_the_key(style: str, name: str) -> None:
    key = parse_key(name)
    numerals = "i iiø7 III iv v VI VII" if key.mode == "minor" else "I ii7 iii7 IV V7 vi7 viiø7"
    chords = [from_roman(numeral, key) for numeral in numerals.split()]
    for voicing in voice(chords, style, keys=[key] * len(chords)):
        assert {pitch % 12 for pitch in voicing.pitches} <= set(scale_pcs(key))


def test_a_dominant_of_a_minor_key_gets_the_keys_tensions() -> None:
    key = parse_key("Cm")
    dominant = voice(symbols("G7"), "rootless", keys=[key])[0]
    assert {pitch % 12 for pitch in dominant.pitches} == {11, 3, 5, 8}  # 3 b13 b7 b9


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ParameterError, match="closed, open, drop-2"):
        voice(symbols("C"), "baroque")
    with pytest.raises(ParameterError, match="Cmaj7"):
        voice(symbols("Cmaj7"), "closed", 60, 64)


def test_voices_move_less_than_in_root_position(shared_data: Path) -> None:
    progressions = json.loads((shared_data / "progressions.json").read_text())["progressions"]
    plain = led = 0.0
    for progression in progressions:
        key = parse_key("Am" if progression["mode"] == "minor" else "C")
        chords = [from_roman(numeral, key, "pop") for numeral in progression["roman"]]
        blocks = [tuple(60 + c.root_pc + i.semitones for i in c.intervals) for c in chords]
        found = voice(chords, "closed")
        plain += sum_of_motion(blocks)
        led += sum(voicing.costs.motion for voicing in found)
    assert led < 0.4 * plain


def sum_of_motion(chords: list[tuple[int, ...]]) -> float:
    return sum(motion(a, b) for a, b in pairwise(chords))


def test_a_song_is_voiced_and_played() -> None:
    names = ["C", "H7", "F", "G7"]
    chords = [Chord(4.0 * bar, 4.0, name) for bar, name in enumerate(names)]
    song = Song(chords=chords, keys=[Key(0.0, 0, "major")])
    found = voiced(song, "neo-soul")
    assert [chord.symbol for chord in found.chords] == names
    assert found.chords[1].pitches is None
    assert song.chords[0].pitches is None
    track = chord_track(song, "neo-soul")
    assert track.role == "keys"
    assert [note.pitch for note in track.notes if note.start_beats == 8.0] == found.chords[
        2
    ].pitches
    assert all(note.duration_beats == 4.0 for note in track.notes)
