"""The band: every note ends, none is doubled, and the decided chords sound."""

from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.chord_events import STYLES
from muse.tools.errors import ParameterError
from muse.tools.jam.band.click import ACCENT, click, opening
from muse.tools.jam.band.dynamics import LOUDEST, SOFTEST, Dynamics
from muse.tools.jam.band.lines import CHANNELS
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.events import BandEvent, ChordCandidate, Decision, DetectedKey
from muse.tools.jam.grid import StepGrid, parse_grouped_meter
from muse.tools.jam.section_styles import StylePlan
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import parse_key
from muse.tools.theory.voicing import STYLES as VOICINGS

METERS = ("4/4", "3/4", "6/8", "5/4", "2/4", "12/8", "2/2", "3/2", "9/8", "3/8", "5/8", "7/8")
SYMBOLS = ("C", "Am7", "F#m7b5", "G13", "Bbmaj9", "E7#9", "Db/F", "N.C.", "Esus4", "Bdim7", "C5")
KEYS_LOW, KEYS_HIGH = 41, 72  # MIDI pitches
BASS_LOW, BASS_HIGH = 28, 50


def grid_of(*meters: str) -> StepGrid:
    """Return a grid of meters, each but the last for two bars."""
    grouped, beat = [], 0.0
    for text in meters:
        one = parse_grouped_meter(text)
        grouped.append(replace(one, meter=msgspec.structs.replace(one.meter, beat=beat)))
        beat += 2 * sum(one.step_beats)
    return StepGrid(grouped)


def decision(beat: float, symbol: str, upcoming: tuple[ChordCandidate, ...] = ()) -> Decision:
    key = DetectedKey(parse_key("C"), 1.0)
    return Decision(beat, parse_chord(symbol), 1.0, False, "both", False, key, upcoming=upcoming)


def band_of(style: str = "pop", meter: str = "4/4", bpm: float = 100.0, **more: object) -> Band:
    plan = StylePlan(((0.0, style),))
    return Band(grid_of(meter), plan, bpm_at=lambda: bpm, **more)  # type: ignore[arg-type]


def played(band: Band, symbols: list[str], dynamics: float = 1.0) -> list[list[BandEvent]]:
    """Return the events of each step, and those of the ending."""
    at = [band.grid.step(number).beat for number in range(len(symbols) + 1)]
    steps = [band.step(decision(beat, name), dynamics) for beat, name in zip(at, symbols)]  # noqa: B905
    return [*steps, band.stop(at[-1])]


def notes_of(stretches: list[list[BandEvent]], part: str) -> list[tuple[float, float, int, int]]:
    """Return start, end, pitch and velocity of notes; fail for double and hanging notes."""
    sounding: dict[int, tuple[float, int]] = {}
    found = []
    for event in (event for stretch in stretches for event in stretch if event.part == part):
        status, *rest = event.data
        assert status & 0x0F == CHANNELS[event.part]
        if status & 0xF0 == 0x90:
            assert rest[0] not in sounding
            sounding[rest[0]] = event.beat, rest[1]
        elif status & 0xF0 == 0x80:
            start, velocity = sounding.pop(rest[0])
            found.append((start, event.beat, rest[0], velocity))
    assert not sounding
    return sorted(found)


@settings(max_examples=60, deadline=None)
@given(
    symbols=st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=24),
    changes=st.lists(st.none() | st.floats(0.1, 6.0), min_size=24, max_size=24),
    style=st.sampled_from(STYLES),
    meter=st.sampled_from(METERS),
    bpm=st.floats(30.0, 300.0),
    voicing=st.none() | st.sampled_from(tuple(VOICINGS)),
    swing=st.none() | st.floats(50.0, 75.0),
    dynamics=st.floats(0.2, 2.0),
    first=st.integers(0, 40),
)
def test_every_note_ends_and_none_is_doubled(
    symbols, changes, style, meter, bpm, voicing, swing, dynamics, first
) -> None:
    band = band_of(style, meter, bpm, voicing=voicing, swing=swing, seed=first)
    stretches = []
    for place, (symbol, change) in enumerate(zip(symbols, changes, strict=False)):
        step = band.grid.step(first + place)
        beat = step.beat
        upcoming = (ChordCandidate(parse_chord(symbols[-1]), 0.9, None),)
        next_bass = None if change is None else beat + change
        events = band.step(decision(beat, symbol, upcoming), dynamics, next_bass)
        assert all(beat <= event.beat < step.end for event in events)
        assert [e.beat for e in events] == sorted(e.beat for e in events)
        stretches.append(events)
    begin, end = (band.grid.step(number).beat for number in (first, first + len(symbols)))
    stretches.append(band.stop(end))
    keys, bass = notes_of(stretches, "keys"), notes_of(stretches, "bass")
    assert all(begin <= start < stop <= end for start, stop, *_ in keys + bass)
    assert all(KEYS_LOW <= pitch <= KEYS_HIGH for *_, pitch, _ in keys)
    assert all(BASS_LOW <= pitch <= BASS_HIGH for *_, pitch, _ in bass)
    assert all(1 <= velocity <= 127 for *_, velocity in keys + bass)
    assert all(a[1] <= b[0] for a, b in pairwise(bass))


@settings(max_examples=30, deadline=None)
@given(
    symbols=st.lists(st.sampled_from(SYMBOLS), min_size=2, max_size=16),
    style=st.sampled_from(STYLES),
    meter=st.sampled_from(METERS),
)
def test_only_the_current_chord_sounds(symbols, style, meter) -> None:
    band = band_of(style, meter, voicing="closed")
    for start, stop, pitch, _ in notes_of(played(band, symbols), "keys"):
        begun = band.grid.step_of(start).number
        assert pitch % 12 in parse_chord(symbols[begun]).pitch_classes
        for number in range(begun + 1, len(symbols)):
            if stop <= band.grid.step(number).beat:
                break
            assert symbols[number] == symbols[begun]


@pytest.mark.parametrize("style", STYLES)
def test_same_seed_same_bytes(style: str) -> None:
    symbols = ["Am7"] * 4 + ["D7"] * 4 + ["Gmaj7"] * 8
    one, again, other = (played(band_of(style, seed=n), symbols) for n in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("style", STYLES)
def test_the_bass_begins_each_chord_and_each_bar(style: str, meter: str) -> None:
    band = band_of(style, meter)
    bar = len(band.grid.step(0).bar_steps)
    symbols = [symbol for symbol in ("C", "Am", "Dm7", "G7/B") for _ in range(bar)]
    bass = notes_of(played(band, symbols), "bass")
    for number in range(0, len(symbols), bar):
        beat = band.grid.step(number).beat
        first = min(bass, key=lambda note: abs(note[0] - beat))
        assert abs(first[0] - beat) < 0.1
        assert first[2] % 12 == parse_chord(symbols[number]).bass_pc


@pytest.mark.parametrize("style", STYLES)
def test_the_bass_is_below_the_hands(style: str) -> None:
    symbols = [each for each in SYMBOLS * 3 for _ in range(4) if each != "N.C."]
    stretches = played(band_of(style), symbols)
    keys, bass = notes_of(stretches, "keys"), notes_of(stretches, "bass")
    lowest = [min(k for s, e, k, _ in keys if int(s) == b) for b in range(0, len(symbols), 4)]
    below = [max(p for s, e, p, _ in bass if int(s) == b) for b in range(0, len(symbols), 4)]
    assert all(low < hand for low, hand in zip(below, lowest, strict=True))


def test_a_chord_that_stays_plays_the_pattern_of_the_whole_bar() -> None:
    """Check sixteen bars of pop over one chord: bars are equal except for random variation."""
    keys = notes_of(played(band_of("pop", seed=3), ["C"] * 64), "keys")
    bars = [
        tuple(round(4 * (s - 4 * n)) for s, *_ in keys if 4 * n - 0.1 < s < 4 * n + 3.9)
        for n in range(16)
    ]
    assert max(bars.count(bar) for bar in bars) >= 8
    assert len(set(bars)) > 1  # and there is some variation


def test_no_chord_is_silence() -> None:
    stretches = played(band_of(), ["C", "N.C.", "N.C.", "F"])
    assert [e.beat for e in stretches[1]] == [1.0] * len(stretches[1])
    assert all(e.data[0] & 0xF0 == 0x80 for e in stretches[1])
    assert stretches[2] == []
    assert any(e.data[0] & 0xF0 == 0x90 for e in stretches[3])


def test_programs_come_first_and_once() -> None:
    first, *rest = played(band_of("jazz"), ["C"] * 8)
    assert [e.data for e in first[:2]] == [bytes((0xC0, 0)), bytes((0xC1, 32))]
    assert not [e for stretch in rest for e in stretch if e.data[0] & 0xF0 == 0xC0]


def test_enharmonic_spelling_is_the_same_chord() -> None:
    one, other = (played(band_of(), ["C#m7", each]) for each in ("C#m7", "Dbm7"))
    assert one == other


def test_dynamics_move_the_velocities() -> None:
    soft, loud = (played(band_of(seed=5), ["C"] * 16, each) for each in (0.6, 1.2))
    for part in ("keys", "bass"):
        quiet, strong = ([v for *_, v in notes_of(s, part)] for s in (soft, loud))
        assert sum(quiet) < 0.6 * sum(strong)


def test_bass_steps_to_a_nearly_certain_chord_only() -> None:
    """Check that in jazz the fourth beat is a half step from the next root, if that is known."""
    for odds, is_near in ((0.9, True), (0.3, False)):
        upcoming = (ChordCandidate(parse_chord("D"), odds, 4.0),)
        band = band_of("jazz", seed=1)
        stretches = [band.step(decision(b, "Cmaj7", upcoming)) for b in range(4)]
        stretches += [band.step(decision(4, "D")), band.stop(5)]
        bass = notes_of(stretches, "bass")
        before, root = (next(p for s, _, p, _ in bass if s >= at) for at in (2.9, 3.9))
        assert root % 12 == 2
        assert (abs(before - root) % 12 in (1, 11)) == is_near
        assert is_near or before % 12 in parse_chord("Cmaj7").pitch_classes


def test_bass_step_is_on_the_last_beat_of_the_bar() -> None:
    """Check 5/4, played as four beats and one: the step to the next root is on the last beat."""
    upcoming = (ChordCandidate(parse_chord("D"), 0.9, 5.0),)
    for seed in range(8):
        band = band_of("jazz", "5/4", seed=seed)
        stretches = [band.step(decision(b, "Cmaj7", upcoming)) for b in range(5)]
        bass = notes_of([*stretches, band.stop(5)], "bass")
        own = parse_chord("Cmaj7").pitch_classes
        assert all(pitch % 12 in own for start, _, pitch, _ in bass if start < 3.9)


@pytest.mark.parametrize("style", STYLES)
def test_the_last_chord_is_held_and_ends(style: str) -> None:
    band = band_of(style)
    stretches = [band.step(decision(b, "G7")) for b in range(4)]
    stretches.append(band.finish(decision(4, "C"), beats=3.0))
    keys = [note for note in notes_of(stretches, "keys") if note[0] >= 4]
    assert len(keys) >= 3
    assert {stop for _, stop, *_ in keys} == {7.0}
    assert all(start < 4.2 for start, *_ in keys)


def test_unknown_styles_and_voicings_are_errors() -> None:
    with pytest.raises(ParameterError, match="--style"):
        band_of("polka")
    with pytest.raises(ParameterError, match="voicing"):
        band_of(voicing="heap")


@pytest.mark.parametrize(
    ("meter", "names"),
    [
        ("4/4", "E3 E3 D4 E4"),
        ("3/4", "E3 D4 E4"),
        ("5/4", "E3 E3 E3 D4 E4"),
        ("6/8", "E3 E4"),
        ("12/8", "E3 E3 D4 E4"),
        ("2/4", "E3 E4"),
        ("2/2", "E3 E4"),
        ("3/2", "E3 D4 E4"),
    ],
)
@pytest.mark.parametrize("bar", [0, -1, 7])
def test_the_click_rises_into_the_bar_line(meter: str, names: str, bar: int) -> None:
    grid, count = grid_of(meter), len(names.split())
    events = [e for n in range(count) for e in click(grid.step(bar * count + n))]
    ons = [e for e in events if e.data[0] & 0xF0 == 0x90]
    assert [e.data[1] for e in ons] == [{"E3": 52, "D4": 62, "E4": 64}[n] for n in names.split()]
    assert [e.beat for e in ons] == [grid.step(bar * count + n).beat for n in range(count)]
    assert grid.step(bar * count).is_bar_line
    assert [e.data[2] == ACCENT for e in ons] == [n == 0 for n in range(len(ons))]
    offs = [e.data[1] for e in events if e.data[0] & 0xF0 == 0x80]
    assert offs == [e.data[1] for e in ons]


def test_click_is_not_on_the_drum_channel() -> None:
    (program,) = opening(-4.0)
    assert program.data[0] & 0x0F == CHANNELS["click"] != 9
    assert len(set(CHANNELS.values())) == 3


def dynamics_after(velocity: int, per_beat: int, beats: int = 16) -> Dynamics:
    dynamics = Dynamics()
    for place in range(beats * per_beat):
        dynamics.add_note(velocity, place / per_beat)
    return dynamics


def test_the_band_is_as_loud_as_the_solo() -> None:
    levels = [dynamics_after(v, 2).level(16) for v in (20, 50, 78, 100, 127)]
    assert levels == sorted(levels)
    assert levels[0] < 0.75 and levels[-1] > 1.15
    assert abs(levels[2] - 1) < 0.05
    assert dynamics_after(78, 1).level(16) < dynamics_after(78, 4).level(16)


def test_silence_leads_back_to_the_middle() -> None:
    assert Dynamics().level(0) == 1
    soft = dynamics_after(30, 2)
    way = [soft.level(beat) for beat in range(16, 80, 4)]
    assert way[0] < 0.8
    assert all(b >= a - 0.01 for a, b in pairwise(way))
    assert abs(way[-1] - 1) < 0.02


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 127), st.floats(-2.0, 4.0)), max_size=80))
def test_loudness_stays_in_its_bounds_and_moves_smoothly(notes) -> None:
    dynamics, beat = Dynamics(), 0.0
    for velocity, step in notes:
        beat = max(beat + step, 0.0)
        calm = dynamics.level(beat)
        dynamics.add_note(velocity, beat)
        level = dynamics.level(beat)
        assert SOFTEST <= level <= LOUDEST
        assert abs(level - calm) < 0.25
