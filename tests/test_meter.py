"""Meter: one rule for what is compound, and every tool that needs it satisfies that rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.chords.harmonize.melody_fit import BEAT, BETWEEN, STRONG, metrical_class
from muse.tools.chords.lookahead import change_points
from muse.tools.datasets.charts import parse_charts
from muse.tools.datasets.melody_events import STEPS, step_bars
from muse.tools.errors import BadInputError
from muse.tools.evaluation.symbolic.passage import passage_of
from muse.tools.jam.band.click import click
from muse.tools.jam.grid import StepGrid, group_meters
from muse.tools.jam.options import parse_bpm
from muse.tools.jam.tempo.beat_clock import BeatClock
from muse.tools.melody.prepare_song import model_context
from muse.tools.notation.grid import GRID
from muse.tools.notation.note_values import levels_of
from muse.tools.notation.notes import beam_length
from muse.tools.notation.score import score_bars
from muse.tools.song.document import Chord, Meter, Note, Song, Track
from muse.tools.song.meter import (
    COMMON_TIME,
    MAX_BARS,
    bar_beats,
    bars_until,
    first_meter,
    is_compound,
    meter_of_length,
    parse_meter,
    pulse_beats,
    signature_text,
    song_bars,
)
from muse.tools.song.validation import DENOMINATORS
from muse.tools.theory.chord_finding import beat_and_bar
from muse.tools.tokens.meters import METER_NUMBERS, make_section

COMPOUND = ("6/8", "9/8", "12/8", "6/16", "9/16", "12/16")
SIMPLE = ("2/4", "3/4", "4/4", "2/2", "5/8", "7/8", "3/8", "3/16", "15/8", "6/4", "6/2", "6/32")


def meter(text: str) -> Meter:
    return parse_meter(text)


def song_in(text: str) -> Song:
    """Return two bars of a meter, a note and a chord in each."""
    length = bar_beats(meter(text))
    return Song(
        meters=[meter(text)],
        chords=[Chord(beat, length, "C") for beat in (0.0, length)],
        tracks=[Track("MELODY", "lead", notes=[Note(b, length, 60, 80) for b in (0.0, length)])],
    )


@pytest.mark.parametrize("text", COMPOUND)
def test_six_nine_and_twelve_eighths_or_sixteenths_are_compound(text: str) -> None:
    numerator, denominator = map(int, text.split("/"))
    assert is_compound(numerator, denominator)
    assert pulse_beats(meter(text)) == 12 / denominator
    assert bars_until([meter(text)], 1.0)[0].pulses == numerator // 3


@pytest.mark.parametrize("text", SIMPLE)
def test_all_other_meters_are_simple(text: str) -> None:
    numerator, denominator = map(int, text.split("/"))
    assert not is_compound(numerator, denominator)
    assert pulse_beats(meter(text)) == 1.0
    assert bars_until([meter(text)], 0.1)[0].pulses == numerator


@pytest.mark.parametrize(("bpm", "pulse"), [(None, 1.0), (89.9, 1.0), (90.0, 1.5), (240.0, 1.5)])
def test_three_eighths_is_one_beat_at_sixty_bars_a_minute(bpm: float | None, pulse: float) -> None:
    assert pulse_beats(meter("3/8"), bpm) == pulse
    assert pulse_beats(meter("3/4"), bpm) == 1.0


@given(st.integers(1, 255), st.sampled_from(DENOMINATORS))
def test_a_signature_survives_text_and_length(numerator: int, denominator: int) -> None:
    signature = Meter(0.0, numerator, denominator)
    assert parse_meter(signature_text(signature)) == signature
    assert bar_beats(meter_of_length(bar_beats(signature), 0.0)) == bar_beats(signature)


@pytest.mark.parametrize(
    "text", ["", "4", "4/", "/4", "0/4", "256/4", "4/5", "4/128", "-4/4", "a/b"]
)
def test_text_that_is_no_time_signature(text: str) -> None:
    with pytest.raises(BadInputError, match="is not a time signature"):
        parse_meter(text)


def test_a_song_without_a_signature_is_in_common_time() -> None:
    assert first_meter(Song()) == COMMON_TIME
    assert first_meter(Song(meters=[Meter(2.0, 3, 4)])) == Meter(0.0, 3, 4)
    late = bars_until([Meter(4.0, 3, 4)], 7.0)
    assert [(bar.start, bar.numerator, bar.new_meter) for bar in late] == [
        (0.0, 4, True),
        (4.0, 3, True),
    ]


def test_the_bars_of_a_song_end_after_its_last_note_or_chord() -> None:
    assert [bar.number for bar in song_bars(song_in("6/8"))] == [1, 2]
    assert song_bars(Song()) == []
    with pytest.raises(BadInputError, match=f"more than {MAX_BARS} bars"):
        bars_until([Meter(0.0, 1, 32)], 1e6)


@pytest.mark.parametrize("text", [*COMPOUND, *SIMPLE])
def test_a_chart_counts_its_tempo_in_pulses(text: str) -> None:
    (chart,) = parse_charts(f"title: A\nmeter: {text}; tempo: 60\n| C |\n")
    assert chart.song.tempos[0].bpm == 60 * pulse_beats(meter(text))


@pytest.mark.parametrize("text", [*COMPOUND, *SIMPLE])
def test_melody_bars_are_as_long_as_the_meter(text: str) -> None:
    first = step_bars([meter(text)], 0.01)
    assert sum(part.length for part in first) == round(bar_beats(meter(text)) * STEPS)


@pytest.mark.parametrize("text", [*COMPOUND, *SIMPLE])
def test_notation_joins_beams_by_three_units_in_compound_meters_and_in_three_eighths(
    text: str,
) -> None:
    (bar,) = score_bars(Song(meters=[meter(text)]), 1, 0.0)
    beat = 3 * 4 * GRID // bar.denominator
    levels = levels_of(bar.numerator, bar.denominator, bar.length)
    assert (levels[:2] == (beat, beat)) == (text in COMPOUND)
    assert beam_length(bar) == (beat if text in (*COMPOUND, "3/8") else GRID)


@pytest.mark.parametrize("text", [*COMPOUND, *SIMPLE])
def test_evaluation_counts_the_same_pulses(text: str) -> None:
    assert set(passage_of(song_in(text)).bar_pulses) == {song_bars(song_in(text))[0].pulses}


@pytest.mark.parametrize("text", COMPOUND)
def test_chord_finding_takes_compound_beats_as_cells(text: str) -> None:
    assert beat_and_bar(meter(text)) == (pulse_beats(meter(text)), meter(text).numerator // 3)


@pytest.mark.parametrize("text", [*COMPOUND, *SIMPLE])
def test_a_melody_model_knows_a_rare_compound_meter_as_six_eighths(text: str) -> None:
    context = model_context(song_in(text))
    assert (context.numerator, context.denominator) == (6, 8) or text not in COMPOUND
    assert (context.numerator, context.denominator) != (6, 8) or text in COMPOUND


@pytest.mark.parametrize("text", ["6/8", "12/8"])
def test_chords_change_on_compound_beats(text: str) -> None:
    assert change_points(meter(text)) == [1.5 * n for n in range(1, meter(text).numerator // 3 + 1)]
    assert [metrical_class(beat, meter(text)) for beat in (1.0, 1.5)] == [BETWEEN, BEAT]
    assert change_points(meter("3/4")) == [1.0, 2.0, 3.0]
    assert metrical_class(2.0, COMMON_TIME) == STRONG


@pytest.mark.parametrize(
    ("text", "clicks"), [("6/8", 2), ("12/8", 4), ("3/4", 3), ("2/2", 2), ("3/2", 3)]
)
def test_jam_clicks_and_counts_its_tempo_alike(text: str, clicks: int) -> None:
    grid = StepGrid(group_meters([meter(text)]))
    events = [event for number in range(clicks) for event in click(grid.step(number))]
    assert len(events) == 2 * clicks
    assert grid.step(clicks).is_bar_line
    assert parse_bpm("80", 120.0, meter(text)) == 80 * bar_beats(meter(text)) / clicks


@pytest.mark.parametrize("text", [*COMPOUND, *SIMPLE])
def test_jam_counts_in_whole_bars(text: str) -> None:
    signature = meter(text)
    beat_clock = BeatClock(100.0, signature.numerator, signature.denominator, count_in_bars=2)
    assert beat_clock.beats_per_bar == bar_beats(signature)
    assert beat_clock.first_beat == -2 * bar_beats(signature)


@pytest.mark.parametrize("signature", METER_NUMBERS)
def test_token_bars_are_as_long_as_the_meter(signature: tuple[int, int]) -> None:
    ticks = 480
    section = make_section(0, METER_NUMBERS[signature], ticks)
    assert section.bar == bar_beats(Meter(0.0, *signature)) * ticks
