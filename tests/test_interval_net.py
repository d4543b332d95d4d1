"""The interval net: its spectrum, its inference in numpy, its training data and its answers."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.models.interval_net.config import IntervalNetConfig
from muse.models.interval_net.inference import IntervalInference
from muse.models.interval_net.inference import correlations as numpy_correlations
from muse.models.interval_net.net import IntervalNet, correlations
from muse.tools.audio.cqt import (
    HOP,
    LEAST_WIDTH_HZ,
    LOWEST_PITCH,
    RATE,
    ROWS,
    ROWS_PER_OCTAVE,
    ROWS_PER_SEMITONE,
    frequencies,
    levels,
    magnitudes,
    widths,
)
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.intervals.calibration import expected_calibration_error, fit_temperature, softmax
from muse.tools.intervals.classifier import FRAMES, IntervalClassifier, fit_frames
from muse.tools.intervals.clip_settings import ClipSettings, frequency_of
from muse.tools.intervals.generate import ClipMaker, clips
from muse.tools.intervals.timbres import VOICES
from muse.tools.intervals.training_spectra import (
    BYTE,
    NO_INTERVAL,
    PLAIN,
    example_arrays,
    make_example,
    make_examples,
    spectrum_bytes,
)
from muse.tools.training.recipes.interval_net import (
    IntervalNetRecipe,
    IntervalSettings,
    augment,
    roll_of,
)

SAWS = replace(PLAIN, timbres=("saw", "sine"))
CLASS = f"{IntervalNetRecipe.__module__}:{IntervalNetRecipe.__name__}"


def tone(pitch: float, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """Synthesize a sine, (frames,)."""
    times = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * frequency_of(pitch) * times).astype(np.float32)


def test_spectrum_matches_librosa() -> None:
    import librosa

    (clip,), _ = clips(replace(SAWS, snr_db=(20.0, 20.0)), 1, seed=3)
    lengths = RATE / widths()
    expected = (
        np.abs(
            librosa.vqt(
                clip,
                sr=RATE,
                hop_length=HOP,
                fmin=frequencies()[0],
                n_bins=ROWS,
                bins_per_octave=ROWS_PER_OCTAVE,
                gamma=LEAST_WIDTH_HZ,
                window="hann",
                norm=1,
                sparsity=0,
                scale=True,
                res_type="soxr_vhq",
                pad_mode="constant",
            )
        )
        / np.sqrt(lengths)[:, None]
    )
    ours = magnitudes(clip)
    expected = expected[:, : ours.shape[1]]
    assert np.linalg.norm(ours - expected) < 0.02 * np.linalg.norm(ours)


@given(st.floats(22.0, 120.0))
@settings(deadline=None, max_examples=25)
def test_a_sine_peaks_at_the_row_of_its_pitch(pitch: float) -> None:
    found = magnitudes(tone(pitch, 2.0))
    row = (pitch - LOWEST_PITCH) * ROWS_PER_SEMITONE + 1
    middle = found[:, found.shape[1] // 2]
    assert abs(int(middle.argmax()) - row) <= 0.6
    assert 0.42 <= middle.max() <= 0.501  # less between two rows


def test_transposing_a_sound_shifts_its_spectrum() -> None:
    low, high = (levels(tone(pitch) + 0.5 * tone(pitch + 12)) for pitch in (69, 74))
    shift = 5 * ROWS_PER_SEMITONE
    middle = low.shape[1] // 2
    assert np.abs(low[100:200, middle] - high[100 + shift : 200 + shift, middle]).max() < 0.1
    assert not levels(np.zeros(5000, np.float32)).any()
    assert levels(np.zeros(0, np.float32)).shape == (ROWS, 1)


def test_numpy_matches_torch() -> None:
    torch.manual_seed(0)
    net = IntervalNet(IntervalNetConfig())
    with torch.no_grad():
        for _ in range(3):
            net(torch.rand(4, ROWS, FRAMES))  # so that batch norm has something to fold
    net.eval()
    tensors = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    inference = IntervalInference(asdict(net.config), tensors)
    for frames in (FRAMES, 1, 7):
        spectrum = torch.rand(ROWS, frames)
        with torch.inference_mode():
            expected = net(spectrum[None])
        actual = inference.score(spectrum.numpy())
        assert actual.pairs[1:] == pytest.approx(expected.pairs[0, 1:].numpy(), abs=1e-4)
        assert actual.pairs[0, -1] == -np.inf
        assert actual.none == pytest.approx(float(expected.none), abs=1e-4)
        assert actual.notes == pytest.approx(expected.notes[0].numpy(), abs=1e-4)
    with pytest.raises(ValueError, match="306 rows"):
        inference.score(np.zeros((10, 4), np.float32))
    del tensors["note.bias"]
    with pytest.raises(ValueError, match=r"note\.bias"):
        IntervalInference(asdict(net.config), tensors)


@given(st.integers(0, 24), st.integers(0, 30), st.integers(0, 30), st.booleans())
@settings(deadline=None)
def test_correlations_depend_on_the_interval_and_not_on_the_pitch(size, low, other, later) -> None:
    config = IntervalNetConfig(faces=1)

    def note_activations(place: int) -> np.ndarray:
        faces = np.zeros((1, config.notes, 10), np.float32)
        faces[0, place, :4] = 1.0
        faces[0, place + size, 5 if later else 0 : 10 if later else 4] = 1.0
        return faces

    found = numpy_correlations(note_activations(low), config)
    assert found == pytest.approx(numpy_correlations(note_activations(other), config), abs=1e-5)
    expected = correlations(torch.from_numpy(note_activations(low))[None], config)[0].numpy()
    assert found == pytest.approx(expected, abs=1e-5)
    if size:
        assert found[0 if later else 2, 1:].argmax() + 1 == size
    if later:
        assert np.abs(found[1:, 1:]).max() < 1e-6  # neither descending nor simultaneous


def test_labels_of_training_examples_match_the_sound() -> None:
    with ClipMaker(SAWS, 5) as maker:
        examples = [make_example(maker, number) for number in range(40)]
    without_interval = [each for each in examples if each.semitones == NO_INTERVAL]
    assert [len(each.notes) for each in without_interval] == [1, 3, 1, 3, 0, 3, 1, 0]
    for each in examples:
        row = example_arrays(each)
        assert row["levels"].shape == (ROWS, FRAMES)
        for pitch_row, onset, end in row["notes"][: len(each.notes)]:
            near = slice(round(float(pitch_row)) - 1, round(float(pitch_row)) + 2)
            middle = row["levels"][near, int((onset + end) / 2)]
            assert middle.max() > BYTE / 2
    with ClipMaker(SAWS, 5) as maker:
        assert np.array_equal(examples[3].clip, make_example(maker, 3).clip)


@pytest.mark.needs_fluidsynth
def test_examples_of_the_validation_split() -> None:
    arrays = make_examples("validation", 20, 1)
    assert len(arrays["levels"]) == 20
    assert set(arrays["semitones"]) <= set(range(-1, 25))


def test_piano_roll_marks_the_notes() -> None:
    notes = torch.tensor([[[1.0 + 3 * 40, 0.0, 20.0], [1.0 + 3 * 47, 10.0, 30.0], [0, 0, 0]]])
    roll = roll_of(notes, 88, 22)
    assert set(torch.nonzero(roll[0, :, 7] > 0.5).flatten().tolist()) == {40, 47}
    assert set(torch.nonzero(roll[0, :, 2] > 0.5).flatten().tolist()) == {40}
    assert not roll[0, :, 18:].any()


def test_augmentation_shifts_spectrum_and_notes_alike() -> None:
    (clip,), _ = clips(replace(ClipSettings(), sample_rate=RATE), 1, seed=1)
    row = np.full((1, 3, 3), 0.0, np.float32)
    row[0, 0] = 100.0, 0.0, 40.0
    arrays = {"levels": spectrum_bytes(clip)[None], "notes": row}
    moved = augment(arrays, np.random.default_rng(0))
    turn = int(moved["notes"][0, 0, 0] - 100)
    assert turn
    assert not moved["notes"][0, 1:].any()
    before, after = (each["levels"][0].max(axis=1).argmax() for each in (arrays, moved))
    assert abs(int(after) - int(before) - turn) <= ROWS_PER_SEMITONE * 12


def test_fitted_temperature_calibrates_probabilities() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0.0, 2.0, (4000, 5))
    drawn = np.array([rng.choice(5, p=row) for row in softmax(logits, 1.0)])
    sharp = 3.0 * logits
    found = fit_temperature(sharp, np.eye(5, dtype=bool)[drawn])
    assert found == pytest.approx(3.0, rel=0.1)
    assert expected_calibration_error(softmax(sharp, found), drawn) < 0.03
    assert expected_calibration_error(softmax(sharp, 1.0), drawn) > 0.1


def test_training_and_use_of_the_net(muse: Callable[..., Any], tmp_path: Path) -> None:
    for place, side in enumerate(("train", "validation", "test")):
        with ClipMaker(SAWS, 10 + place) as maker:
            rows = [example_arrays(make_example(maker, number)) for number in range(24)]
        arrays: dict[str, Any] = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        np.savez(tmp_path / f"{side}.npz", **arrays)
    done = muse(
        *("train", CLASS, "--data", tmp_path, "--out", tmp_path / "runs", "--device", "cpu"),
        *("--export", tmp_path / "weights", "--epochs", 1, "--seed", 1, "--batch-size", 8),
        *("--set", "channels=4", "--set", "faces=2"),
    )
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    assert set(results["temperatures"]) == {"pairs", "none"}
    classifier = IntervalClassifier(tmp_path / "weights" / "interval-net.json")
    found = classifier.classify(tone(60), RATE)
    assert found.sizes.sum() == pytest.approx(1.0)
    assert found.kinds.sum() == pytest.approx(1.0)
    missing = muse("train", CLASS, "--data", tmp_path / "weights", "--device", "cpu")
    assert missing.code == 4
    assert "train.npz" in missing.err


@pytest.fixture(scope="module")
def classifier() -> IntervalClassifier:
    """Load the net that ships with muse."""
    return IntervalClassifier()


def test_an_estimate_makes_a_sample_of_the_examples() -> None:
    sample = IntervalNetRecipe().sample(Path(), IntervalSettings(), Path())
    assert sample
    assert sample.examples == {"train": 24_000, "validation": 2000, "test": 2000}
    assert sample.settings.lessons + 2 * sample.settings.checks < 100  # 10 a second


@pytest.mark.parametrize("timbre", ["sine", "saw", "pluck"])
@pytest.mark.parametrize("direction", ["ascending", "descending", "together"])
def test_intervals_of_synthesizers_are_recognized(
    classifier: IntervalClassifier, timbre: str, direction: str
) -> None:
    clip_settings = ClipSettings(
        timbres=(timbre,), directions=(direction,), lowest_hz=110.0, highest_hz=1000.0
    )
    sounds, labels = clips(clip_settings, 24, seed=21)
    results = [classifier.classify(clip, clip_settings.sample_rate) for clip in sounds]
    right = [each.semitones == label.semitones for each, label in zip(results, labels, strict=True)]
    assert np.mean(right) >= 0.9
    assert np.mean([each.kind == direction for each in results]) >= 0.9
    assert np.mean([each.none < 0.5 for each in results]) >= 0.9


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("timbre", ["sine", "saw"])
def test_one_note_is_not_an_interval(
    classifier: IntervalClassifier, timbre: str, seconds: float
) -> None:
    rng = np.random.default_rng(0)
    length = round(seconds * RATE)
    notes = [VOICES[timbre](frequency_of(pitch), length, RATE, rng) for pitch in (48, 57, 64, 72)]
    results = [classifier.classify(note, RATE) for note in notes]
    assert all(each.confidence < 0.5 for each in results)
    assert sum(each.none > 0.5 for each in results) >= 3


def test_silence_and_noise_hold_no_interval(classifier: IntervalClassifier) -> None:
    rng = np.random.default_rng(0)
    for sound in (
        np.zeros(2 * RATE, np.float32),
        np.zeros(0, np.float32),
        1e-3 * rng.standard_normal(2 * RATE),
        rng.standard_normal(15 * RATE),
    ):
        found = classifier.classify(sound, RATE)
        assert found.none > 0.5
        assert found.confidence < 0.5


def test_other_rates_channels_and_lengths(classifier: IntervalClassifier) -> None:
    for rate, seconds in ((8000, 1.0), (44_100, 0.6), (48_000, 4.0), (96_000, 2.0)):
        chord = tone(60, seconds, rate) + tone(67, seconds, rate)
        for sound in (chord, np.stack([chord, 0.5 * chord]), np.clip(3 * chord, -1, 1)):
            assert classifier.classify(sound, rate).sizes.sum() == pytest.approx(1.0)
        assert classifier.classify(chord, rate).semitones == 7


def test_bad_input(classifier: IntervalClassifier, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="not finite"):
        classifier.classify(np.full(1000, np.nan), RATE)
    with pytest.raises(ParameterError, match="must be positive"):
        classifier.classify(np.zeros(10), 0)
    with pytest.raises(BadInputError, match="no such weights"):
        IntervalClassifier(tmp_path / "none.json")
    with pytest.raises(BadInputError, match="no weights of interval-net"):
        IntervalClassifier("chord-lstm")


@given(st.integers(1, 600))
def test_fit_frames_keeps_the_mean(frames: int) -> None:
    rows = np.random.default_rng(frames).random((3, frames)).astype(np.float32)
    found = fit_frames(rows)
    assert found.shape == (3, FRAMES)
    each = -(-frames // FRAMES)
    assert found.sum() * each == pytest.approx(rows.sum(), rel=1e-3)
