"""Vibrato, tremolo, bends and glides: in clips, and in what `muse intervals FILE` detects."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from muse.tools.audio.time_warp import positions_at_speeds, positions_of_even_phase, sound_at
from muse.tools.errors import ParameterError
from muse.tools.intervals.clip_settings import ClipSettings, ExpressionSettings, frequency_of
from muse.tools.intervals.expression import BEND_S, Expression, pitch_curve, play
from muse.tools.intervals.generate import clips
from muse.tools.intervals.kick_drum import is_kick_drum
from muse.tools.intervals.modulation import without_vibrato
from muse.tools.intervals.parse_settings import SettingsRequest, parse_settings
from muse.tools.intervals.recordings import find_intervals
from muse.tools.intervals.segments import RATE
from muse.tools.intervals.timbres import ramps

Sound = NDArray[np.float64]

VOWEL_HZ = (700.0, 1200.0, 2600.0)  # formants of "ah"
NOTE_S = 0.6
STEADY = ClipSettings(sample_rate=RATE, clip_s=1.6, timbres=("saw",))


def sung(pitch: float, played: Expression, phase: float, from_cents: float = 0.0) -> Sound:
    """Synthesize a note of a voice, whose formants do not move with its pitch."""
    times = np.arange(round(NOTE_S * RATE)) / RATE
    cents = pitch_curve(played, times, (phase, 0.0), from_cents)
    hertz = frequency_of(pitch) * 2 ** (cents / 1200)
    turns = 2 * np.pi * np.cumsum(hertz) / RATE
    orders = range(1, int(6000 / hertz.max()))
    partials = [
        sum(1 / (1 + ((n * hertz - center) / 150) ** 2) for center in VOWEL_HZ)
        * np.sin(n * turns)
        / n
        for n in orders
    ]
    return np.sum(partials, axis=0) * ramps(len(times), RATE, 0.03)


def melody(played: Expression, *pitches: int) -> NDArray[np.float32]:
    """Join sung notes without gaps, between silences."""
    notes, before = [], pitches[0]
    for number, pitch in enumerate(pitches):
        notes.append(sung(pitch, played, 0.3 * number, 100.0 * (before - pitch)))
        before = pitch
    sound = np.concatenate(notes)
    return np.pad(sound / np.abs(sound).max() / 2, RATE // 8).astype(np.float32)


def summary(sound: NDArray[np.float32]) -> list[tuple[int, str]]:
    """Return size and direction of the intervals that are detected."""
    return [(one.semitones, one.direction) for one in find_intervals(sound, RATE)]


@pytest.mark.parametrize(
    "played",
    [
        Expression(vibrato_cents=50, rate_hz=5.5),
        Expression(vibrato_cents=100, rate_hz=4),
        Expression(vibrato_cents=100, rate_hz=7),
        Expression(bend_cents=-150),
        Expression(portamento_s=0.12),
        Expression(vibrato_cents=60, rate_hz=6, tremolo_db=2, bend_cents=-80, portamento_s=0.06),
    ],
    ids=["50 cents", "100 cents, 4 Hz", "100 cents, 7 Hz", "bends", "portamento", "all"],
)
def test_a_melody_with_expression_has_the_intervals_of_its_notes(played: Expression) -> None:
    found = find_intervals(melody(played, 60, 64, 67, 66, 60), RATE)
    sizes = [(4, "ascending"), (3, "ascending"), (1, "descending"), (6, "descending")]
    assert [(one.semitones, one.direction) for one in found] == sizes
    assert max(abs(one.cents_off) for one in found) < 25


def test_steady_notes_together_stay_together() -> None:
    pair = [sung(pitch, Expression(), 0.0) for pitch in (57, 61)]
    assert summary(np.pad(sum(pair) / 8, RATE // 8).astype(np.float32)) == [(4, "together")]


def test_a_kick_drum_is_no_unison() -> None:
    times = np.arange(round(0.3 * RATE)) / RATE
    hertz = 48 + 110 * np.exp(-times / 0.03)
    stroke = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.exp(-times / 0.1)
    beats = np.tile(np.pad(stroke / 2, (0, RATE // 5)), 4).astype(np.float32)
    assert find_intervals(beats, RATE) == []
    steady = np.full(30, 31.0)
    bass = (np.sin(2 * np.pi * 49 * times) + np.sin(4 * np.pi * 49 * times)).astype(np.float32)
    assert not is_kick_drum(bass, RATE, 31.0, steady)


def test_the_bars_of_a_xylophone_are_single_notes() -> None:
    def bar(pitch: int) -> Sound:
        times = np.arange(RATE // 3) / RATE
        hertz = frequency_of(pitch)
        partials = (
            (1, 1.0, 0.25),
            (3, 0.6, 0.12),
            (6.2, 0.3, 0.05),
        )  # ratio, amplitude, decay in s
        return sum(
            a * np.sin(2 * np.pi * ratio * hertz * times) * np.exp(-times / decay_s)
            for ratio, a, decay_s in partials
        )

    sound = np.concatenate([np.zeros(RATE // 8), bar(77), bar(74), bar(79)]) / 4
    assert summary(sound.astype(np.float32)) == [(3, "descending"), (5, "ascending")]


def test_a_bent_sound_is_straightened() -> None:
    times = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 1000 * times)
    speeds = 1 + 0.05 * np.sin(2 * np.pi * 6 * times)
    straight = sound_at(
        sound_at(tone, positions_at_speeds(speeds)), positions_of_even_phase(speeds)
    )
    inner = slice(RATE // 10, RATE // 2)
    spectrum = np.abs(np.fft.rfft(straight[inner] * np.hanning(inner.stop - inner.start)))
    peak = int(spectrum.argmax())
    spectrum /= spectrum.max()
    spectrum[peak - 3 : peak + 4] = 0.0
    assert 20 * np.log10(spectrum.max()) < -40


def test_vibrato_is_averaged_out_and_steps_are_kept() -> None:
    frames = np.arange(60)
    wave = np.sin(2 * np.pi * frames / 11)
    pitch = np.where(frames < 30, 60.0, 64.0) + wave
    mean = without_vibrato(pitch, np.ones(60, bool))
    assert np.abs(mean[6:24] - 60).max() < 0.25
    assert np.abs(mean[36:54] - 64).max() < 0.25
    steps = np.where(frames < 30, 60.0, 61.0)
    assert np.array_equal(without_vibrato(steps, np.ones(60, bool)), steps)


def test_expression_curves() -> None:
    times = np.arange(0, 1, 0.001)
    played = Expression(vibrato_cents=80, rate_hz=5, bend_cents=-100, portamento_s=0.2)
    curve = pitch_curve(played, times, (0.0, 0.0), 300.0)
    assert curve[0] == pytest.approx(200)  # bend and glide
    assert np.abs(curve[times > 0.25]).max() == pytest.approx(80, abs=0.5)
    flat = pitch_curve(Expression(bend_cents=50), times, (0.0, 0.0), 300.0)
    assert not flat[times > BEND_S].any()
    level = np.abs(play(np.ones(RATE), Expression(tremolo_db=6, rate_hz=4), RATE, (0.0, 0.0)))
    assert 20 * np.log10(level.max() / level.min()) == pytest.approx(12, abs=0.1)


def test_clips_have_the_expression_of_their_labels() -> None:
    spans = ExpressionSettings(vibrato_cents=(40, 90), portamento_s=(0.0, 0.1), share=0.5)
    moving, labels = clips(replace(STEADY, expression=spans), 8, seed=3)
    steady, plain = clips(STEADY, 8, seed=3)
    played = [label.expression for label in labels]
    assert 0 < sum(each is not None for each in played) < 8
    assert all(40 <= each.vibrato_cents <= 90 for each in played if each)
    assert [label.low_pitch for label in labels] == [label.low_pitch for label in plain]
    same = [np.array_equal(*pair) for pair in zip(moving, steady, strict=True)]
    assert same == [each is None for each in played]


def test_settings_without_expression_are_as_before() -> None:
    assert "expression" not in STEADY.plain()
    request = SettingsRequest(vibrato="20:100", portamento="0.1", intervals="m3,P5,TT,1-2")
    made = parse_settings(request)
    assert made.intervals == (1, 2, 3, 6, 7)
    assert made.expression == ExpressionSettings(vibrato_cents=(20, 100), portamento_s=(0.1, 0.1))
    with pytest.raises(ParameterError, match="--vibrato-rate"):
        parse_settings(SettingsRequest(vibrato_rate="5"))
    with pytest.raises(ParameterError, match="--intervals"):
        parse_settings(SettingsRequest(intervals="m3,P3"))
    with pytest.raises(ParameterError, match="--vibrato must begin with the lower value"):
        parse_settings(SettingsRequest(vibrato="20:5"))


def test_command_makes_clips_with_vibrato(muse, tmp_path: Path) -> None:
    options = ("--timbre", "saw", "--rate", 16_000, "--seed", 1, "--vibrato", "80:100")
    shown = muse("intervals", "generate", "-n", 2, "-o", tmp_path / "v", *options)
    assert shown.code == 0
    label = json.loads((tmp_path / "v" / "labels.jsonl").read_text().splitlines()[0])
    assert 80 <= label["expression"]["vibrato_cents"] <= 100
    bad = muse("intervals", "generate", "-n", 2, "-o", tmp_path / "w", "--tremolo", 99)
    assert bad.code == 2
    assert "--tremolo" in bad.err.splitlines()[0]  # not a seed
