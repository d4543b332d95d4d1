"""Clips of intervals: labels match the sound, and the same seed gives the same clips."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.errors import ParameterError
from muse.tools.intervals.arithmetic import cut_notes, has_fundamental, peak_hz
from muse.tools.intervals.clip_settings import ClipSettings, frequency_of, pitch_of
from muse.tools.intervals.effects import add_noise, convolve, noise, room_response
from muse.tools.intervals.generate import ClipMaker, clips
from muse.tools.intervals.instruments import (
    INSTRUMENTS,
    PROGRAMS,
    UNUSABLE,
    programs,
    programs_in_split,
)
from muse.tools.intervals.sample_label import resolve_settings, sample_label
from muse.tools.intervals.sampled_notes import Sampler

RATE = 22_050
QUICK = ClipSettings(sample_rate=RATE, clip_s=0.5, gap_s=(0.1, 0.1))


def labels_of(clip_settings: ClipSettings, count: int, seed: int = 1) -> list:
    """Sample labels without making the clips."""
    resolved = resolve_settings(clip_settings)
    return [sample_label(resolved, seed, number) for number in range(count)]


def test_default_settings() -> None:
    sounds, labels = clips(ClipSettings(), 12, seed=3)
    assert sounds.shape == (12, 88_200)
    assert sorted(label.semitones for label in labels) == list(range(1, 13))
    for clip, label in zip(sounds, labels, strict=True):
        assert (label.onsets_s, label.durations_s) == ((0.0, 1.1), (0.9, 0.9))
        assert 55.0 <= label.low_hz < label.high_hz <= 1760.0
        assert not clip[39_690:48_510].any()  # the gap
        assert np.abs(clip).max() == pytest.approx(10 ** (-6 / 20), abs=1e-4)


def test_measured_pitches_match_the_labels() -> None:
    clip_settings = ClipSettings(
        sample_rate=RATE,
        intervals=tuple(range(25)),
        directions=("ascending", "descending"),
        detune_cents=30.0,
        tuning_cents=20.0,
        note_s=(0.3, 0.9),
        gap_s=(0.0, 0.2),
    )
    sounds, labels = clips(clip_settings, 50, seed=2)
    for clip, label in zip(sounds, labels, strict=True):
        measured = [
            peak_hz(note, RATE) for note in cut_notes(clip, RATE, label.onsets_s, label.durations_s)
        ]
        labeled = [label.low_hz, label.high_hz][:: -1 if label.direction == "descending" else 1]
        for found, wanted in zip(measured, labeled, strict=True):
            assert abs(pitch_of(found) - pitch_of(wanted)) < 0.02
        size = 1200 * np.log2(label.high_hz / label.low_hz)
        assert size == pytest.approx(label.cents, abs=0.01)


@pytest.mark.parametrize("timbre", ["saw", "fm", "pluck"])
def test_synthesizers_sound_at_the_labeled_pitch(timbre: str) -> None:
    sounds, labels = clips(ClipSettings(sample_rate=RATE, timbres=(timbre,)), 12, seed=4)
    for clip, label in zip(sounds, labels, strict=True):
        notes = cut_notes(clip, RATE, label.onsets_s, label.durations_s)
        for note, pitch in zip(notes, (label.low_pitch, label.high_pitch), strict=True):
            assert has_fundamental(note, frequency_of(pitch), RATE)


def test_sizes_are_balanced_and_onsets_match_directions() -> None:
    clip_settings = ClipSettings(
        intervals=tuple(range(25)), directions=("ascending", "descending", "together")
    )
    labels = labels_of(clip_settings, 100)
    assert [sum(x.semitones == n for x in labels) for n in range(25)] == [4] * 25
    for label in labels:
        low, high = label.onsets_s
        matches = {"ascending": low < high, "descending": low > high, "together": low == high}
        assert matches.get(label.direction, label.semitones == 0)
        assert label.direction != "together" or label.semitones > 0
    assert {label.direction for label in labels} == {*clip_settings.directions, "repeated"}


@given(
    st.integers(0, 2**40),
    st.floats(0.3, 4.0),
    st.floats(0.0, 0.1),
    st.sampled_from([None, (0.04, 0.1), (0.1, 0.1)]),
    st.sampled_from(["ascending", "descending", "together"]),
)
@settings(deadline=None)
def test_notes_are_inside_the_clip(seed, clip_s, gap, note, direction) -> None:
    clip_settings = ClipSettings(
        clip_s=clip_s, gap_s=(0.0, gap), note_s=note, directions=(direction,)
    )
    for label in labels_of(clip_settings, 3, seed):
        spans = sorted(zip(label.onsets_s, label.durations_s, strict=True))
        assert spans[0][0] >= 0.0
        assert spans[-1][0] + spans[-1][1] <= clip_s + 1e-5
        if direction != "together":
            assert spans[0][0] + spans[0][1] <= spans[1][0] + 1e-5


def test_a_clip_depends_on_seed_and_number_alone() -> None:
    with ClipMaker(QUICK, 7) as maker:
        backwards = {number: maker.clip(number)[0] for number in (5, 3, 0)}
    some, _ = clips(QUICK, 6, seed=7)
    for number, clip in backwards.items():
        assert np.array_equal(clip, some[number])
    assert not np.array_equal(clips(QUICK, 1, seed=8)[0], some[:1])


@pytest.mark.parametrize("color", ["white", "pink"])
@given(st.floats(-10.0, 60.0), st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_noise_has_the_requested_snr(color: str, snr_db: float, seed: int) -> None:
    clip = np.zeros(RATE)
    sounding = slice(2000, 12_000)
    clip[sounding] = np.sin(np.arange(10_000) / 7)
    noisy = add_noise(clip, sounding, snr_db, noise(RATE, color, RATE, np.random.default_rng(seed)))
    ratio = np.mean(clip[sounding] ** 2) / np.mean((noisy - clip) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.01)


def test_pink_noise_has_the_same_power_in_every_octave() -> None:
    pink = noise(1 << 17, "pink", RATE, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(pink)) ** 2
    hertz = np.fft.rfftfreq(1 << 17, 1 / RATE)
    octaves = [power[(hertz >= f) & (hertz < 2 * f)].sum() for f in (80, 320, 1280, 5120)]
    assert max(octaves) / min(octaves) < 1.3


def test_reverberation_decays_by_60_db_in_rt60() -> None:
    response = room_response(0.5, RATE, np.random.default_rng(1))
    energy = np.cumsum(response[:0:-1] ** 2)[::-1]  # Schroeder's integral, without the direct sound
    level = 10 * np.log10(energy / energy[0])
    first, last = np.argmax(level < -5), np.argmax(level < -35)
    assert 2 * (last - first) / RATE == pytest.approx(0.5, rel=0.1)
    click = np.eye(1, RATE)[0]
    assert np.allclose(convolve(click, response)[: len(response)], response)


def test_every_program_has_one_split_or_a_reason() -> None:
    assert set(INSTRUMENTS) | set(UNUSABLE) == set(range(PROGRAMS))
    assert not set(INSTRUMENTS) & set(UNUSABLE)
    splits = [set(programs_in_split(split)) for split in ("train", "validation", "test")]
    assert sum(map(len, splits)) == len(INSTRUMENTS)
    assert set.union(*splits) == set(INSTRUMENTS)
    assert set(programs("gm:test")) == splits[2]
    # similar-sounding instruments are in the same split
    assert {48, 49, 50, 51, 110} <= splits[2]
    assert programs("gm:0-2+40") == (0, 1, 2, 40)
    assert programs("gm:organ") == (20, 21, 22, 23)


@pytest.mark.parametrize("word", ["gm:", "gm:128", "gm:7-3", "gm:kazoo", "gm:120-127", "gm:9"])
def test_unknown_and_unusable_programs_are_refused(word: str) -> None:
    if word == "gm:":
        assert len(programs(word)) == len(INSTRUMENTS)
        return
    with pytest.raises(ParameterError):
        programs(word)


@pytest.mark.needs_fluidsynth
def test_a_sampled_note_does_not_depend_on_earlier_notes() -> None:
    font = find_soundfonts()[-1]
    with Sampler(RATE) as fresh:
        alone = fresh.note(font, 40, 69, 10_000)
    with Sampler(RATE) as used:
        for program, pitch in ((0, 50), (92, 60), (73, 80)):
            used.note(font, program, pitch, 7_001)
        again = used.note(font, 40, 69, 10_000)
        assert used.note(font, 40, 69, 10_000) is again
        higher = used.note(font, 40, 69, 10_000, cents=37.0)
    assert np.array_equal(alone, again)
    rise = pitch_of(peak_hz(higher[:9000], RATE)) - pitch_of(peak_hz(alone[:9000], RATE))
    assert rise == pytest.approx(0.37, abs=0.05)


@pytest.mark.needs_fluidsynth
def test_sampled_instruments_sound_at_the_labeled_pitch() -> None:
    clip_settings = ClipSettings(
        sample_rate=RATE, timbres=("gm:test",), soundfonts=(str(find_soundfonts()[-1]),)
    )
    sounds, labels = clips(clip_settings, 24, seed=4)
    right = 0
    for clip, label in zip(sounds, labels, strict=True):
        assert label.instrument == INSTRUMENTS[label.program].name
        assert INSTRUMENTS[label.program].lowest <= label.low_pitch
        assert label.high_pitch <= INSTRUMENTS[label.program].highest
        for note, pitch in zip(
            cut_notes(clip, RATE, label.onsets_s, label.durations_s),
            (label.low_pitch, label.high_pitch),
            strict=True,
        ):
            right += has_fundamental(note, frequency_of(pitch), RATE)
    assert right >= 0.9 * 48


def test_balance_sets_the_level_difference() -> None:
    sounds, labels = clips(replace(QUICK, balance_db=20.0), 12, seed=3)
    for clip, label in zip(sounds, labels, strict=True):
        low, high = (
            np.sqrt(np.mean(note**2))
            for note in cut_notes(clip, RATE, label.onsets_s, label.durations_s)
        )
        assert 20 * np.log10(high / low) == pytest.approx(label.balance_db, abs=0.2)


def test_both_notes_have_the_same_timbre() -> None:
    clip_settings = replace(QUICK, timbres=("fm",), intervals=(0,))
    for clip, label in zip(*clips(clip_settings, 6, seed=3), strict=True):
        first, second = cut_notes(clip, RATE, label.onsets_s, label.durations_s)
        assert np.array_equal(first, second)
