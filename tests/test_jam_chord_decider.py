"""Decisions of the chord decider, for any input."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.chords.load_model import load_model
from muse.tools.chords.model import ChordModel
from muse.tools.datasets.chord_events import STYLES
from muse.tools.errors import ParameterError
from muse.tools.jam.events import ChordForecast, Decision, SoloNote
from muse.tools.jam.harmony.beat_features import symbol_of_triad, triad_of_symbol
from muse.tools.jam.harmony.chord_decider import ChordDecider
from muse.tools.jam.solo import Solo
from muse.tools.song.document import Meter
from muse.tools.theory.chords import NONE, parse_chord, write_leadsheet
from muse.tools.theory.keys import C_MAJOR, Tonality, parse_key, scale_pcs
from muse.tools.training.jam.songs import NO_TRIAD, SongPlayer, read_jam_songs

FOUR = Meter(0.0, 4, 4)
LOOP = {"C": (60, 64, 67, 64), "F": (65, 69, 72, 69), "G": (67, 71, 74, 71), "Am": (69, 72, 76, 72)}
CYCLE = ("C", "G", "Am", "F")


@pytest.fixture(scope="module")
def model() -> ChordModel:
    return load_model("transformer")


def jam(
    model: ChordModel,
    notes: Sequence[SoloNote],
    beats: int,
    *,
    is_late: bool = False,
    **options: object,
) -> list[Decision]:
    """Decide every beat of a session with the notes that began before it."""
    settings = {"key": None, "style": "pop", "meter": FOUR, **options}
    chord_decider = ChordDecider(model=model, **settings)  # type: ignore[arg-type]
    solo, found = Solo(), list[Decision]()
    events = sorted(
        [(n.start_beat, 1, n) for n in notes] + [(n.end_beat or 0.0, 0, n) for n in notes],
        key=lambda event: event[:2],
    )
    index = 0
    for beat in range(beats):
        forecast = None if is_late else chord_decider.forecast_task(float(beat))()
        while index < len(events) and events[index][0] <= beat:
            at, begins, note = events[index]
            if begins:
                solo.note_on(note.pitch, note.velocity, at)
            else:
                solo.note_off(note.pitch, at)
            index += 1
        found.append(chord_decider.decide(float(beat), solo, forecast))
    return found


def arpeggios(chords: Sequence[str], up: int = 0) -> list[SoloNote]:
    """Return one bar of 4/4 for each chord, with a note on each beat."""
    pitches = [pitch + up for chord in chords for pitch in LOOP[chord]]
    return [SoloNote(pitch, 90, float(at), at + 0.9) for at, pitch in enumerate(pitches)]


@pytest.mark.parametrize("is_late", [False, True])
def test_plain_arpeggios_are_followed(model: ChordModel, is_late: bool) -> None:
    notes = arpeggios(CYCLE * 6)
    decisions = jam(model, notes, 96, is_late=is_late)
    inside = [n.pitch % 12 in d.symbol.pitch_classes for n, d in zip(notes, decisions, strict=True)]
    assert np.mean(inside[48:]) >= 0.8
    assert {d.symbol.root_pc for d in decisions[48:]} > {0, 7, 9}
    assert decisions[-1].key.tonality == C_MAJOR


def test_no_chord_until_the_first_note(model: ChordModel) -> None:
    decisions = jam(model, [], 8)
    assert {d.symbol for d in decisions} == {NONE}
    assert not any(d.late for d in decisions)
    for style in STYLES:
        late = jam(model, [SoloNote(64, 90, 5.0, 9.0)], 9, style=style)
        assert [d.symbol.is_chord for d in late] == [False] * 5 + [True] * 4


@pytest.mark.parametrize("up", range(12))
def test_first_chord_is_in_the_key_of_the_first_note(model: ChordModel, up: int) -> None:
    """Until then no key is known, C major least of all."""
    first = jam(model, arpeggios(["C"], up), 1)[0]
    assert up in first.symbol.pitch_classes and up in scale_pcs(first.key.tonality)
    again = jam(model, arpeggios(["C"], (up + 1) % 12), 1)[0]
    roots = (first.symbol.root_pc or 0), (again.symbol.root_pc or 0)
    assert (roots[1] - roots[0]) % 12 == 1


def test_notes_of_the_count_in_are_used(model: ChordModel) -> None:
    pickup = [SoloNote(64, 90, -2.0, -1.0), SoloNote(68, 90, -1.0, 0.0)]
    first = jam(model, pickup, 1)[0]
    assert first.symbol.is_chord and {4, 8} <= set(scale_pcs(first.key.tonality))


def test_chord_model_decides_alone_in_a_given_key(model: ChordModel) -> None:
    given = jam(model, [], 32, key=parse_key("Eb minor"))
    assert {d.decided_by for d in given} == {"chord model"}
    assert all(d.key.tonality == parse_key("Eb minor") and d.key.confidence == 1 for d in given)
    assert sum(d.symbol.root_pc in {3, 5, 6, 8, 10, 11, 1} for d in given) >= 28


def test_same_seed_same_decisions(model: ChordModel) -> None:
    notes = arpeggios(CYCLE * 2)
    assert jam(model, notes, 40, seed=5) == jam(model, notes, 40, seed=5)
    assert jam(model, [], 40, seed=5, key=C_MAJOR) == jam(model, [], 40, seed=5, key=C_MAJOR)
    several = {
        tuple(d.symbol for d in jam(model, [], 40, seed=seed, key=C_MAJOR)) for seed in range(4)
    }
    assert len(several) > 1


def test_melody_listener_decides_when_the_model_is_late(model: ChordModel) -> None:
    decisions = jam(model, arpeggios(CYCLE * 3), 48, is_late=True)
    assert all(
        d.late and d.decided_by == "melody listener" and not d.model_candidates and not d.upcoming
        for d in decisions
    )
    assert all(d.melody_candidates for d in decisions)


def test_forecast_for_another_beat_is_late(model: ChordModel) -> None:
    chord_decider, solo = ChordDecider(FOUR, key=None, style="pop", model=model), Solo()
    forecast = chord_decider.forecast_task(0.0)()
    assert not chord_decider.decide(0.0, solo, forecast).late
    assert chord_decider.decide(1.0, solo, forecast).late
    assert (
        chord_decider.decide(2.0, solo, ChordForecast(2.0, forecast.prediction, ())).late is False
    )


def test_forecast_task_works_on_a_snapshot(model: ChordModel) -> None:
    chord_decider, solo = ChordDecider(FOUR, key=None, style="pop", model=model), Solo()
    first = chord_decider.forecast_task(4.0)
    now = first()
    for beat in range(4):
        solo.note_on(60 + beat, 90, float(beat))
        chord_decider.decide(float(beat), solo, None)
    later = first()
    assert np.array_equal(now.prediction.triads, later.prediction.triads)  # type: ignore[attr-defined]
    assert now.upcoming == later.upcoming


def test_upcoming_chords_are_in_order(model: ChordModel) -> None:
    for ahead in (0, 1, 6):
        for decision in jam(model, arpeggios(CYCLE), 8, ahead=ahead, key=C_MAJOR):
            beats = [choice.beat or 0.0 for choice in decision.upcoming]
            assert len(beats) == ahead
            assert beats == sorted(set(beats)) and all(b >= decision.beat for b in beats)
            assert all(0 < choice.probability <= 1 for choice in decision.upcoming)


def test_moved_melody_moves_the_chords(model: ChordModel) -> None:
    key = Tonality(0, "major")
    for up in (1, 6):
        moved = parse_key(write_leadsheet(symbol_of_triad(0, up, 0)))
        here = jam(model, arpeggios(CYCLE * 3), 48, key=key)
        there = jam(model, arpeggios(CYCLE * 3, up), 48, key=moved)
        roots = [
            ((b.symbol.root_pc or 0) - (a.symbol.root_pc or 0)) % 12
            for a, b in zip(here, there, strict=True)
        ]
        assert set(roots) == {up}
        assert [a.symbol.quality for a in here] == [b.symbol.quality for b in there]


def test_extreme_and_constant_mix_weights(model: ChordModel) -> None:
    notes = arpeggios(CYCLE * 2)
    assert {d.decided_by for d in jam(model, notes, 32, mix=0.0)[1:]} == {"chord model"}
    assert {d.decided_by for d in jam(model, notes, 32, mix=1.0)[1:]} == {"melody listener"}
    assert {d.decided_by for d in jam(model, notes, 32, mix=0.1)[1:]} == {"both"}
    assert {d.decided_by for d in jam(model, notes, 32)[1:]} == {"both"}
    for decision in jam(model, notes, 32, mix=0.25):
        assert 0 < decision.probability <= 1


@pytest.mark.parametrize(("option", "value"), [("mix", 1.5), ("mix", -0.1), ("style", "polka")])
def test_invalid_options_are_errors(model: ChordModel, option: str, value: object) -> None:
    with pytest.raises(ParameterError, match=str(value)):
        jam(model, [], 1, **{option: value})


@pytest.mark.parametrize(
    ("numerator", "denominator"), [(3, 4), (6, 8), (5, 4), (7, 8), (2, 4), (12, 8)]
)
def test_other_meters(model: ChordModel, numerator: int, denominator: int) -> None:
    meter = Meter(0.0, numerator, denominator)
    decisions = jam(model, arpeggios(CYCLE * 3), 48, meter=meter)
    assert len(decisions) == 48 and all(d.symbol.root is not None for d in decisions)


def test_jazz_chords_are_extended(model: ChordModel) -> None:
    decisions = jam(model, arpeggios(CYCLE * 2), 32, style="jazz", is_late=True, key=C_MAJOR)
    assert all(d.symbol.quality not in ("maj", "min") for d in decisions)


def test_changes_marks_new_chords_only(model: ChordModel) -> None:
    decisions = jam(model, arpeggios(CYCLE * 3), 48)
    for before, after in pairwise(decisions):
        assert after.changes == (before.symbol != after.symbol)


def test_many_notes_give_valid_decisions(model: ChordModel) -> None:
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 8, 5000))
    notes = [
        SoloNote(int(pitch), 90, float(start), float(start) + 0.01)
        for start, pitch in zip(starts, rng.integers(0, 128, 5000), strict=True)
    ]
    decisions = jam(model, notes, 8)
    assert all(np.isfinite(d.probability) and 0 < d.probability <= 1 for d in decisions)


def test_missed_beats_are_processed_later(model: ChordModel) -> None:
    chord_decider, solo = ChordDecider(FOUR, key=None, style="pop", model=model), Solo()
    chord_decider.decide(0.0, solo, None)
    solo.note_on(60, 90, 0.5)
    assert chord_decider.decide(10_000.0, solo, None).beat == 10_000.0
    assert chord_decider.key_tracker.has_notes


@settings(deadline=None, max_examples=6)
@given(
    st.lists(st.tuples(st.integers(0, 127), st.floats(0, 16), st.floats(0, 8)), max_size=40),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8)]),
)
def test_any_melody_gets_chords(
    rows: list[tuple[int, float, float]], meter: tuple[int, int]
) -> None:
    notes = [SoloNote(pitch, 64, start, start + length) for pitch, start, length in rows]
    model = load_model("ngram")
    for decision in jam(model, notes, 17, meter=Meter(0.0, *meter), key=C_MAJOR):
        assert triad_of_symbol(decision.symbol) is not None
        assert 0 < decision.probability <= 1
        assert len(decision.melody_candidates) == 3


def test_agreement_with_songs_beats_the_tonic(shared_data: Path, model: ChordModel) -> None:
    """Check songs that neither the mix nor the net was trained on."""
    right: list[bool] = []
    tonic: list[bool] = []
    for song in read_jam_songs(shared_data / "pop909", ["165", "195", "245"]):
        player = SongPlayer(song)
        chord_decider = ChordDecider(song.meter, key=None, style="pop", model=model, ahead=0)
        for beat, triad in enumerate(song.triads.tolist()):
            forecast = chord_decider.forecast_task(float(beat))()
            decision = chord_decider.decide(float(beat), player.play_until(float(beat)), forecast)
            if triad != NO_TRIAD:
                right.append(triad_of_symbol(decision.symbol) == triad)
                key = parse_chord(song.key_at(beat).short)
                tonic.append(triad_of_symbol(key) == triad)
    assert np.mean(right) > np.mean(tonic)
