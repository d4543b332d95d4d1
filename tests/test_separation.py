"""Stems sum to the mix for every engine, format and length; options, templates and pipes."""

import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.audio.io import Audio, AudioReader, read_audio, write_audio
from muse.tools.audio.loudness import dbfs
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.separation.overlap_add import cut_segments, overlap_add
from muse.tools.separation.pipeline import stem_blocks, to_stereo, track_statistics
from muse.tools.separation.separate import SeparateOptions, check_distinct, separate_file
from muse.tools.separation.stem_plan import make_plan
from tests.engines import ShareEngine, identity
from tests.sounds import tone


def noise(frames: int, channels: int = 2, level: float = 0.2, seed: int = 0) -> Audio:
    rng = np.random.default_rng(seed)
    return (level * rng.uniform(-1, 1, (channels, frames))).astype(np.float32)


def in_blocks(audio: Audio, size: int) -> list[Audio]:
    return [audio[:, start : start + size] for start in range(0, audio.shape[1], size)]


def joined(pieces: object) -> Audio:
    return np.concatenate(list(pieces), axis=-1)  # type: ignore[call-overload]


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 3000),
    size=st.integers(1, 1500),
    length=st.integers(2, 700),
    overlap=st.floats(0, 0.9),
    shifts=st.integers(1, 3),
    batch=st.integers(1, 4),
)
def test_an_identity_engine_returns_the_mix(
    frames: int, size: int, length: int, overlap: float, shifts: int, batch: int
) -> None:
    mix = noise(frames)
    engine = identity(segment_length=length, batch=batch)
    stems = joined(overlap_add(in_blocks(mix, size), engine, overlap=overlap, shifts=shifts))
    assert stems.shape == (1, 2, frames)
    np.testing.assert_allclose(stems[0], mix, atol=1e-6)


def test_no_clicks_at_joins() -> None:
    mix = tone(440.0, 2.0)
    stems = joined(overlap_add(in_blocks(mix, 5000), identity(segment_length=8192)))[0]
    bend = np.abs(np.diff(stems, n=2)).max()  # a click is a jump in slope
    assert bend <= np.abs(np.diff(mix, n=2)).max() * 1.001


def test_different_segments_are_crossfaded() -> None:
    class Growing(ShareEngine):
        def separate(self, segments: Audio) -> Audio:
            first = len(self.calls)
            super().separate(segments)
            return np.stack([np.full((1, *s.shape), first + i) for i, s in enumerate(segments)])

    engine = Growing({"all": 1.0}, segment_length=1000, batch=1)
    steps = np.diff(joined(overlap_add([noise(5000)], engine, overlap=0.25))[0, 0])
    assert steps.min() > -1e-5
    assert steps.max() < 0.01  # a hard join would step by 1


@pytest.mark.parametrize("frames", [1, 99, 100, 101, 150, 175, 176, 1000, 1003])
def test_the_last_segment_ends_with_the_mix(frames: int) -> None:
    segments = list(cut_segments(in_blocks(noise(frames), 37), 100, 75))
    assert segments[-1].end == frames
    assert all(s.audio.shape == (2, 100) for s in segments)
    assert all(b.start <= a.end for a, b in pairwise(segments))
    assert all(s.end == s.start + 100 for s in segments[:-1])


@pytest.mark.parametrize("options", [{"overlap": -0.1}, {"overlap": 0.99}, {"shifts": 0}])
def test_overlap_and_shifts_are_checked(options: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=r"overlap is|shifts is"):
        list(overlap_add([noise(10)], identity(), **options))  # type: ignore[arg-type]


def test_plans_sum_to_the_mix() -> None:
    engine = ShareEngine()
    everything = make_plan(engine)
    assert everything.residual == "other"
    assert everything.written == engine.stems
    assert make_plan(engine, ["bass"]).written == ("bass",)
    assert make_plan(engine, ["bass"]).residual == ""
    assert make_plan(engine, ["bass", "other"]).residual == "other"
    vocals = make_plan(engine, two_stems="vocals")
    assert (vocals.written, vocals.residual) == (("vocals", "no_vocals"), "no_vocals")
    other = make_plan(engine, two_stems="other")
    assert other.computed == (("no_other", (0, 1, 2)),)
    with pytest.raises(ParameterError, match="no stem tuba; its stems are vocals"):
        make_plan(engine, ["tuba"])
    with pytest.raises(ParameterError, match="exclude each other"):
        make_plan(engine, ["bass"], "vocals")


def stems_of(folder: Path) -> dict[str, Audio]:
    return {path.stem: read_audio(path)[0] for path in sorted(folder.iterdir())}


FORMATS = [("wav", "16", -96.0), ("wav", "24", -140.0), ("wav", "32f", -140.0)]
FORMATS += [("flac", "16", -96.0), ("flac", "24", -140.0)]


@pytest.mark.parametrize(("suffix", "bits", "ceiling"), FORMATS)
def test_stems_sum_to_the_mix(tmp_path: Path, suffix: str, bits: str, ceiling: float) -> None:
    mix = noise(50_000, level=0.9)
    write_audio(tmp_path / "song.wav", mix, 44_100, bits="32f")
    options = SeparateOptions(format=suffix, bits=bits)
    result = separate_file(tmp_path / "song.wav", tmp_path / "out", options, engine=ShareEngine())
    stems = stems_of(tmp_path / "out" / "song")
    assert list(stems) == ["bass", "drums", "other", "vocals"]
    off = np.abs(sum(audio.astype(np.float64) for audio in stems.values()) - mix).max()
    assert dbfs(off) < ceiling
    assert result.residual_dbfs == pytest.approx(dbfs(off), abs=0.5)
    assert result.gain_db == 0.0


def test_stems_of_a_16_bit_mix_sum_to_it_exactly(tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", noise(30_000), 44_100)
    engine = ShareEngine({"vocals": 0.3, "drums": 0.3, "other": 0.3})
    result = separate_file(tmp_path / "song.wav", tmp_path / "out", engine=engine)
    stems = stems_of(tmp_path / "out" / "song")
    mix = read_audio(tmp_path / "song.wav")[0]
    np.testing.assert_array_equal(sum(stems.values()), mix)
    assert result.residual_dbfs == -200.0


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (48_000, 2), (96_000, 1), (44_100, 6)])
def test_any_rate_and_channels(tmp_path: Path, rate: int, channels: int) -> None:
    mix = low(noise(rate // 2 + 77, channels), min(rate, 44_100) * 0.4 / rate)
    write_audio(tmp_path / "song.wav", mix, rate, bits="32f")
    options = SeparateOptions(bits="32f", template="{stem}.{ext}")
    result = separate_file(tmp_path / "song.wav", tmp_path / "out", options, engine=ShareEngine())
    stems = stems_of(tmp_path / "out")
    assert {audio.shape for audio in stems.values()} == {(min(channels, 2), mix.shape[1])}
    np.testing.assert_allclose(sum(stems.values()), to_stereo(mix), atol=1e-6)
    assert soundfile.info(result.stems[0].path).samplerate == rate
    if channels < 3:  # what went through the engine is where it was, not only what is left over
        assert np.abs(stems["vocals"] - 0.5 * mix)[:, 500:-500].max() < 1e-3


def low(audio: Audio, share: float) -> Audio:
    """Filter out everything above a share of the sample rate."""
    spectrum = np.fft.rfft(audio)
    spectrum[:, np.fft.rfftfreq(audio.shape[1]) > share] = 0
    return np.fft.irfft(spectrum, audio.shape[1]).astype(np.float32)


def test_all_stems_get_the_same_gain_if_one_would_clip(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mix = noise(30_000, level=0.9)
    write_audio(tmp_path / "song.wav", mix, 44_100, bits="32f")
    loud = {"vocals": 2.0, "drums": -0.5, "other": -0.5}
    caplog.set_level("INFO", "muse")
    result = separate_file(tmp_path / "song.wav", tmp_path, engine=ShareEngine(loud))
    stems = stems_of(tmp_path / "song")
    gain = 10 ** (result.gain_db / 20)
    assert gain == pytest.approx(1 / 1.8, rel=1e-2)
    assert np.abs(stems["vocals"] - 2 * gain * mix).max() < 1e-4
    assert np.abs(sum(stems.values()) - gain * mix).max() < 10 ** (-90 / 20)
    assert result.residual_dbfs is not None
    assert result.residual_dbfs < -90
    floats = separate_file(
        tmp_path / "song.wav", tmp_path, SeparateOptions(bits="32f"), engine=ShareEngine(loud)
    )
    assert floats.gain_db == 0.0
    assert floats.stems[0].peak_dbfs == pytest.approx(20 * np.log10(1.8), abs=0.01)


def test_a_mix_over_full_scale_has_no_residual(tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", noise(9000, level=1.2), 44_100, bits="32f")
    result = separate_file(tmp_path / "song.wav", tmp_path, engine=ShareEngine())
    assert result.residual_dbfs is not None
    assert result.residual_dbfs < -90


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_lossy_formats_are_marked(tmp_path: Path, suffix: str) -> None:
    write_audio(tmp_path / "song.wav", tone(440, 1.0), 44_100)
    options = SeparateOptions(format=suffix)
    result = separate_file(tmp_path / "song.wav", tmp_path, options, engine=ShareEngine())
    assert result.lossy
    audio, _ = read_audio(result.stems[0].path)
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(0.25 / np.sqrt(2), rel=0.1)


def test_two_stems(tmp_path: Path) -> None:
    mix = noise(9000)
    write_audio(tmp_path / "song.wav", mix, 44_100, bits="32f")
    options = SeparateOptions(two_stems="drums", bits="32f")
    result = separate_file(tmp_path / "song.wav", tmp_path, options, engine=ShareEngine())
    stems = stems_of(tmp_path / "song")
    assert sorted(stems) == ["drums", "no_drums"]
    np.testing.assert_allclose(stems["no_drums"], 0.75 * mix, atol=1e-6)
    assert result.stems[1].from_ == "mix without drums"


def test_the_whole_track_is_scaled_for_a_normalized_engine(tmp_path: Path) -> None:
    mix = noise(20_000) + np.float32(0.05)
    write_audio(tmp_path / "song.wav", mix, 44_100, bits="32f")
    engine = ShareEngine(normalized=True, segment_length=20_000)
    with AudioReader(tmp_path / "song.wav") as reader:
        mean, deviation = track_statistics(reader)
        pieces = list(stem_blocks(reader, engine, make_plan(engine)))
    assert (mean, deviation) == pytest.approx((mix.mean(), mix.mean(axis=0).std()), abs=1e-6)
    assert engine.calls[0].mean() == pytest.approx(0, abs=1e-4)
    assert engine.calls[0].mean(axis=1).std() == pytest.approx(1, abs=1e-3)
    assert sum(mix.shape[1] for mix, _ in pieces) == 20_000


def test_skip_existing(tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", noise(2000), 44_100)
    options, engine = SeparateOptions(skip_existing=True), ShareEngine()
    assert not separate_file(tmp_path / "song.wav", tmp_path, options, engine=engine).skipped
    calls = len(engine.calls)
    assert separate_file(tmp_path / "song.wav", tmp_path, options, engine=engine).skipped
    assert len(engine.calls) == calls


def test_an_interruption_leaves_no_file(tmp_path: Path) -> None:
    class Interrupted(ShareEngine):
        def separate(self, segments: Audio) -> Audio:
            if self.calls:
                raise KeyboardInterrupt
            return super().separate(segments)

    write_audio(tmp_path / "song.wav", noise(90_000), 44_100)
    for bits in ("16", "32f"):
        with pytest.raises(KeyboardInterrupt):
            separate_file(
                tmp_path / "song.wav",
                tmp_path / "out",
                SeparateOptions(bits=bits),
                engine=Interrupted(),
            )
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


BAD_TEMPLATES = ["{name}.{ext}", "same.{ext}", "../{stem}.{ext}", "/x/{stem}.{ext}", "{stem}.mp4"]


@pytest.mark.parametrize("template", BAD_TEMPLATES)
def test_bad_templates(tmp_path: Path, template: str) -> None:
    write_audio(tmp_path / "song.wav", noise(200), 44_100)
    with pytest.raises(ParameterError, match="--template"):
        separate_file(
            tmp_path / "song.wav",
            tmp_path,
            SeparateOptions(template=template),
            engine=ShareEngine(),
        )


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    write_audio(tmp_path / "bass.wav", noise(200), 44_100)
    with pytest.raises(ParameterError, match="would overwrite it"):
        separate_file(
            tmp_path / "bass.wav",
            tmp_path,
            SeparateOptions(template="{stem}.{ext}"),
            engine=ShareEngine(),
        )


def test_two_inputs_may_not_share_files() -> None:
    with pytest.raises(ParameterError, match="several inputs are called song"):
        check_distinct(["a/song.wav", "b/song.flac"], SeparateOptions())
    with pytest.raises(ParameterError, match="several inputs need"):
        check_distinct(["a.wav", "b.wav"], SeparateOptions(template="{stem}.{ext}"))
    check_distinct(["a.wav", "b.wav"], SeparateOptions())


def test_bits_are_checked_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="32f"):
        separate_file(tmp_path / "none.wav", tmp_path, SeparateOptions(format="flac", bits="32f"))
    with pytest.raises(BadInputError, match="no such file"):
        separate_file(tmp_path / "none.wav", tmp_path)


# the command, with the engine that is always there


def test_command(muse: Callable[..., object], tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", tone(220, 1.0), 44_100)
    (tmp_path / "text.wav").write_text("no audio\n" * 50)
    result = muse(
        "separate", tmp_path / "text.wav", tmp_path / "song.wav", "-o", tmp_path / "out",
        "--model", "spleeter", "--stems", "bass,drums",
    )  # fmt: skip
    assert result.code == 1
    assert "text.wav: not audio" in result.err
    result_json = json.loads(result.out)
    assert result_json["format"] == "muse.stems/1"
    assert [stem["stem"] for stem in result_json["stems"]] == ["bass", "drums"]
    assert result_json["stems"][0]["from"] == "accompaniment by median filtering"
    assert result_json["made_by"]["model"] == "spleeter"
    assert result_json["residual_dbfs"] < -80
    assert (tmp_path / "out" / "song" / "bass.wav").is_file()


def test_command_on_pipes(muse: Callable[..., object], tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", tone(220, 0.1, 8000, channels=1), 8000)
    sound = (tmp_path / "song.wav").read_bytes()
    result = muse("separate", "-", "-o", "-", "--two-stems", "vocals", stdin=sound)
    assert result.code == 0
    with tarfile.open(fileobj=BytesIO(result.out)) as tar:
        assert tar.getnames() == [
            "stdin/separation.json", "stdin/vocals.wav", "stdin/no_vocals.wav",
        ]  # fmt: skip
        result_json = json.load(tar.extractfile("stdin/separation.json"))
        wav = tar.extractfile("stdin/no_vocals.wav").read()
    assert result_json["stems"][1]["path"] == "stdin/no_vocals.wav"
    assert soundfile.info(BytesIO(wav)).samplerate == 8000


BAD_LINES = [
    (["--stems", "tuba"], 2, "no stem tuba"),
    (["--bits", "8"], 2, "16, 24 or 32f bits, not 8"),
    (["--model", "hans"], 2, "no model is called hans"),
    (["--device", "abacus"], 2, "device is abacus"),
    (["--precision", "int4"], 2, "precision is int4"),
    (["--segment", "0.1"], 2, "segment is 0.1 s"),
    (["--overlap", "1"], 2, "overlap is 1.0"),
]


@pytest.mark.parametrize(("words", "code", "message"), BAD_LINES)
def test_bad_options(
    muse: Callable[..., object], tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    write_audio(tmp_path / "song.wav", tone(220, 0.1), 44_100)
    result = muse("separate", tmp_path / "song.wav", "-o", tmp_path / "out", *words)
    assert result.code == code
    assert message in result.err
    assert result.out == b""


def test_silence_is_separated(muse: Callable[..., object], tmp_path: Path) -> None:
    write_audio(tmp_path / "song.wav", np.zeros((2, 30_000), np.float32), 44_100)
    result = muse("separate", tmp_path / "song.wav", "-o", tmp_path, "--model", "spleeter")
    assert result.code == 0
    result_json = json.loads(result.out)
    assert {stem["peak_dbfs"] for stem in result_json["stems"]} == {-200.0}
    assert {stem["loudness_lufs"] for stem in result_json["stems"]} == {None}
