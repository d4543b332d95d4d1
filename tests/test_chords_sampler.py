"""Sampled progressions satisfy all constraints, with any model; sampling parameters."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from muse.tools.chords.cadences import CADENCE_NAMES
from muse.tools.chords.constraints import Constraints, PlacedChord, symbol_id
from muse.tools.chords.lookahead import change_points
from muse.tools.chords.prompt import fix_chords, read_prompt
from muse.tools.chords.prompt import placed_chords as placed
from muse.tools.chords.sampler import SampledChord, cadence_holds, sample_progression
from muse.tools.datasets.chord_events import STYLES, Context
from muse.tools.errors import ParameterError
from muse.tools.generation.sampling import Sampling, apply_sampling, draw
from muse.tools.song.document import Meter
from muse.tools.song.meter import parse_meter
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.functions import function_of
from muse.tools.theory.keys import Tonality, parse_key
from tests.chord_fakes import FakeModel

METERS = ((4, 4), (3, 4), (6, 8), (12, 8), (5, 4), (7, 8), (2, 2))
NUMERALS = ("I", "IV", "V7", "ii7", "bVImaj7", "V7/ii", "iiø7", "bII7")


def constraints_in(
    key: Tonality, bars: int, meter: tuple[int, int], style: str, **options: object
) -> Constraints:
    return Constraints(key, Context(key.tonic_pc, key.mode, style, *meter), bars, **options)  # type: ignore[arg-type]


def sample(constraints: Constraints, seed: int = 0, **sampling: float) -> list[SampledChord]:
    return sample_progression(
        FakeModel(), constraints, Sampling(**sampling), np.random.default_rng(seed)
    )  # type: ignore[arg-type]


constraint_sets = st.builds(
    constraints_in,
    st.builds(Tonality, st.integers(-5, 6), st.sampled_from(["major", "minor"])),
    st.integers(1, 12),
    st.sampled_from(METERS),
    st.sampled_from(STYLES),
    cadence=st.sampled_from([None, *CADENCE_NAMES]),
)
fixed_chords = st.dictionaries(st.integers(1, 12), st.sampled_from(NUMERALS), max_size=3)


@settings(deadline=None, max_examples=80)
@given(
    constraint_sets,
    fixed_chords,
    st.integers(0, 3),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.7, 1.5]),
)
def test_all_constraints_hold(constraints, fixed, prompt_bars, seed, temperature) -> None:
    meter = Meter(0.0, constraints.context.numerator, constraints.context.denominator)
    words = " ".join(["ii7", "V7", "I"][:prompt_bars])
    if words:
        prompt = tuple(placed(read_prompt(words, meter, constraints.key, None)))
        assume(prompt[-1].end_beats <= constraints.end_beats)
        constraints = Constraints(**{**vars(constraints), "prompt": prompt})
    text = " ".join(
        f"{bar}:{n}" for bar, n in fixed.items() if prompt_bars < bar <= constraints.bars
    )
    constraints = fix_chords(constraints, text)
    try:
        chords = [each.placed for each in sample(constraints, seed, temperature=temperature)]
    except ParameterError:
        return  # the prompt or a fixed chord excludes the cadence
    assert chords[0].start_beats == 0
    assert all(a.end_beats == b.start_beats for a, b in pairwise(chords))
    assert chords[-1].end_beats == constraints.bars * constraints.bar_beats
    assert tuple(chords[:prompt_bars]) == constraints.prompt
    by_beat = {chord.start_beats: chord.symbol for chord in chords}
    assert all(by_beat[beat] == symbol for beat, symbol in constraints.fixed.items())
    assert cadence_holds(chords, constraints)
    if not constraints.prompt and 0.0 not in constraints.fixed:
        assert function_of(chords[0].symbol, constraints.key).kind == "diatonic"


@settings(deadline=None, max_examples=40)
@given(constraint_sets, st.integers(0, 1000))
def test_any_cadence_alone_can_be_satisfied(constraints, seed) -> None:
    degrees = [
        function_of(e.placed.symbol, constraints.key).degree for e in sample(constraints, seed)
    ]
    expected = {"full": ["V", "I"], "plagal": ["IV", "I"], "half": ["V"]}.get(
        constraints.cadence, []
    )
    assert degrees[len(degrees) - len(expected) :] == expected


@pytest.mark.parametrize(
    ("cadence", "chords", "holds"),
    [
        ("full", "F G7 C", True),
        ("full", "F G9sus4 C6/9", True),
        ("full", "F Gmaj7 C", False),
        ("full", "F Gm7 C", False),
        ("full", "F G7 C/E", False),
        ("full", "F G7 Csus4", False),
        ("full", "F G7 C7", False),
        ("half", "C F G7", True),
        ("half", "C F G/B", False),
        ("plagal", "C Fm6 C", True),
        ("plagal", "C G C", False),
        ("open", "C G Am7", True),
        ("open", "C G Ab", False),
    ],
)
def test_cadence_rules(cadence: str, chords: str, holds: bool) -> None:
    key = parse_key("C")
    constraints = constraints_in(key, 3, (4, 4), "pop", cadence=cadence)
    assert (
        cadence_holds(placed(read_prompt(chords, Meter(0.0, 4, 4), key, None)), constraints)
        is holds
    )


@pytest.mark.parametrize(
    ("meter", "points"),
    [
        ("4/4", [1, 2, 3, 4]),
        ("6/8", [1.5, 3]),
        ("12/8", [1.5, 3, 4.5, 6]),
        ("7/8", [1, 2, 3.5]),
        ("5/8", [1, 2.5]),
        ("3/8", [1.5]),
        ("1/8", [0.5]),
        ("3/2", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_change_points_of_a_bar(meter: str, points: list[float]) -> None:
    assert change_points(parse_meter(meter)) == points


@pytest.mark.parametrize("rhythm", [1.0, 2.0, 4.0, 8.0])
def test_harmonic_rhythm_sets_all_durations(rhythm: float) -> None:
    constraints = constraints_in(parse_key("C"), 8, (4, 4), "pop", rhythm_beats=rhythm)
    assert {each.placed.duration_beats for each in sample(constraints)} == {rhythm}


def test_chords_begin_on_counted_beats_and_cross_bar_lines_only_from_downbeats() -> None:
    constraints = constraints_in(parse_key("C"), 16, (6, 8), "pop")
    for each in sample(constraints):
        start, end = each.placed.start_beats, each.placed.end_beats
        assert start % 1.5 == 0
        assert start % 3 == 0 or end <= (start // 3 + 1) * 3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"bars": 0}, "--bars must be 1 to"),
        ({"bars": 2, "prompt": "C F G"}, "more than the 2 given"),
        ({"fix": "9:I"}, "outside bars 1 to 8"),
        ({"fix": "0:I"}, "outside bars 1 to 8"),
        ({"fix": "1:V", "prompt": "C F"}, "conflicts with the prompt"),
        ({"fix": "4:I 4:V"}, "bar 4 is fixed to C and to G"),
        ({"fix": "4:Hm"}, "'Hm'"),
        ({"fix": "4"}, "not a bar and a chord"),
        ({"fix": "4:VIIII"}, "--fix"),
        ({"rhythm_beats": 3.0, "bars": 4, "fix": "1:I"}, None),
        ({"rhythm_beats": 5.0}, "does not fill bars"),
        ({"rhythm_beats": 0.25}, "does not fill bars"),
        ({"fix": "8:bII", "cadence": "full", "rhythm_beats": 4.0}, "full cadence"),
        ({"prompt": "C F", "bars": 2, "cadence": "full"}, "full cadence"),
        ({"prompt": "C 8", "bars": 2}, "--prompt"),
    ],
)
def test_contradictory_constraints_are_errors(options: dict, reason: str | None) -> None:
    key = parse_key("C")
    fix, prompt = options.pop("fix", None), options.pop("prompt", None)

    def attempt() -> None:
        given_prompt = read_prompt(prompt, Meter(0.0, 4, 4), key, None) if prompt else None
        chords = tuple(placed(given_prompt)) if given_prompt else ()
        constraints = constraints_in(
            key, options.pop("bars", 8), (4, 4), "pop", prompt=chords, **options
        )
        sample(fix_chords(constraints, fix))

    if reason is None:
        attempt()
        return
    with pytest.raises(ParameterError, match=reason):
        attempt()


def test_prompt_and_fixed_chords_may_be_outside_the_key() -> None:
    key = parse_key("C")
    prompt = (PlacedChord(parse_chord("F#7"), 0.0, 4.0),)
    constraints = fix_chords(
        constraints_in(key, 4, (4, 4), "pop", prompt=prompt, rhythm_beats=4.0), "4:bII"
    )
    symbols = [each.placed.symbol for each in sample(constraints)]
    assert symbols[0] == parse_chord("F#7")
    assert symbols[-1] == parse_chord("Db")


def test_probability_and_alternatives_are_those_of_the_model() -> None:
    constraints = constraints_in(parse_key("C"), 8, (4, 4), "pop", cadence="full")
    model, past = FakeModel(), []
    for each in sample_progression(model, constraints, Sampling(0.5), np.random.default_rng(3)):
        p = model.predict(past, constraints.context).chords
        assert each.probability == p[each.chord_id]
        others = np.delete(np.arange(len(p)), each.chord_id)
        assert len(each.alternatives) == 3
        assert each.alternatives[0][1] <= p[others].max()
        assert each.placed.symbol not in [symbol for symbol, _ in each.alternatives]
        past.append(each.placed.step)


def test_constraints_hold_if_the_model_gives_allowed_chords_probability_0() -> None:
    only = [symbol_id(parse_chord("F#m7b5"))]
    constraints = constraints_in(parse_key("C"), 4, (4, 4), "pop", cadence="full")
    chords = sample_progression(FakeModel(only), constraints, Sampling(), np.random.default_rng(0))
    assert cadence_holds([each.placed for each in chords], constraints)


@pytest.mark.parametrize("temperature", [0.5, 10.0])
@pytest.mark.parametrize("meter", [(4, 4), (6, 8), (3, 4)])
@pytest.mark.parametrize("cadence", [name for name in CADENCE_NAMES if name != "open"])
def test_a_cadence_arrives_on_the_first_beat_of_the_last_bar(cadence, meter, temperature) -> None:
    constraints = constraints_in(parse_key("Am"), 4, meter, "pop", cadence=cadence)
    for seed in range(5):
        chords = sample_progression(
            FakeModel(), constraints, Sampling(temperature), np.random.default_rng(seed)
        )
        assert chords[-1].placed.start_beats == 3 * constraints.bar_beats


@pytest.mark.parametrize("bass", range(12))
@pytest.mark.parametrize("cadence", CADENCE_NAMES)
def test_cadence_holds_with_any_bass(bass: int, cadence: str) -> None:
    constraints = constraints_in(
        parse_key("B"), 4, (4, 4), "soul", cadence=cadence, rhythm_beats=1.0
    )
    chords = sample_progression(
        FakeModel(bass=bass), constraints, Sampling(3.0), np.random.default_rng(bass)
    )
    assert cadence_holds([each.placed for each in chords], constraints)


def test_no_chord_follows_itself() -> None:
    constraints = constraints_in(parse_key("Bb"), 32, (4, 4), "jazz")
    symbols = [each.placed.symbol for each in sample(constraints)]
    assert all((a.root, a.quality) != (b.root, b.quality) for a, b in pairwise(symbols))


@given(st.lists(st.floats(0.001, 1.0), min_size=2, max_size=30), st.floats(0.05, 1.0))
def test_top_p_keeps_the_fewest_that_reach_it(weights: list[float], top_p: float) -> None:
    p = np.array(weights) / sum(weights)
    is_kept = apply_sampling(p, Sampling(1.0, 0, top_p)) > 0
    assert p[is_kept].sum() >= top_p - 1e-9
    assert p[is_kept].sum() - p[is_kept].min() < top_p + 1e-9
    assert p[is_kept].min() >= p[~is_kept].max(initial=0.0)


def test_temperature_0_and_top_k() -> None:
    p = np.array([0.2, 0.5, 0.3])
    assert apply_sampling(p, Sampling(0.0)).tolist() == [0, 1, 0]
    assert (apply_sampling(p, Sampling(1.0, 2, 1.0)) > 0).tolist() == [False, True, True]
    indices = [draw(np.random.default_rng(n), np.array([0.0, 1.0, 0.0])) for n in range(20)]
    assert set(indices) == {1}


@pytest.mark.parametrize("values", [(-1.0, 0, 1.0), (1.0, -1, 1.0), (1.0, 0, 0.0), (1.0, 0, 1.1)])
def test_sampling_parameters_out_of_range_are_errors(values: tuple[float, int, float]) -> None:
    with pytest.raises(ParameterError, match="--t"):
        Sampling(*values)
