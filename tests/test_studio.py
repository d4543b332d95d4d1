"""The studio: instruments sound at the pitches of their notes, and all is decided by the seed."""

from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import soundfile

from muse.models.role_net.config import CLASSES
from muse.tools.audio.yin import note_pitch
from muse.tools.errors import BadInputError
from muse.tools.training.studio import catalogue, recordings, scores
from muse.tools.training.studio.sampler import Sampler, pitch_in_name, read_folder
from muse.tools.training.studio.sfz import read_sfz
from muse.tools.training.studio.soundfonts import SoundfontProgram
from muse.tools.training.studio.stream import Studio
from muse.tools.training.studio.synths import PATCHES, make_synth
from muse.tools.training.studio.voices import make_singer
from muse.tools.transcription.note_event import NoteEvent

RATE = 22_050
TIMGM = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"


def note(pitch: int, velocity: int = 90) -> NoteEvent:
    return NoteEvent(0.0, 0.6, pitch, velocity, 1.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def heard(play, pitch: int, cents: float = 0.0) -> float:
    """The pitch of one note, in MIDI numbers with fraction."""
    audio = play([note(pitch)], RATE, cents, rng())
    return note_pitch(audio[3000:11_000], RATE)[0]


def write_tone(path: Path, pitch: float, amplitude: float = 0.5) -> None:
    hz = 440 * 2 ** ((pitch - 69) / 12)
    tone = np.sin(2 * np.pi * hz * np.arange(22_050) / RATE) * amplitude
    soundfile.write(path, tone, RATE)


@pytest.mark.parametrize(
    ("name", "pitch"),
    [
        ("eb2_vl1_rr1", 39),
        ("Mp A#6", 94),
        ("twang_f3_p_rr2", 53),
        ("A_029__F1_5", 29),
        ("perc2", None),
    ],
)
def test_pitch_in_name(name: str, pitch: int | None) -> None:
    assert pitch_in_name(name) == pitch


def test_folder_is_played_in_tune_and_in_layers(tmp_path: Path) -> None:
    for name, pitch, level in (("c3_vl1", 60, 0.1), ("c3_vl2", 60, 0.5), ("g3_vl2", 67, 0.5)):
        write_tone(tmp_path / f"{name}.wav", pitch, level)
    sampler = Sampler(read_folder(tmp_path, transpose=12))
    assert heard(sampler, 62) == pytest.approx(62, abs=0.05)
    assert heard(sampler, 65, cents=30) == pytest.approx(65.3, abs=0.05)
    soft, loud = (sampler.fitting(note(60, velocity)) for velocity in (20, 120))
    assert [r.path.stem for r in (*soft, *loud)] == ["c3_vl1", "c3_vl2"]


def test_sfz_inherits_includes_and_finds_other_suffixes(tmp_path: Path) -> None:
    write_tone(tmp_path / "low.ogg", 48)
    write_tone(tmp_path / "high.wav", 72)
    (tmp_path / "map.txt").write_text(
        "<group> lokey=c4 hikey=72x pitch_keycenter=72 loop_start=2205 loop_end=19845\n"
        "<region> sample=$HIGH // loud\n<region> sample=high.wav trigger=release\n"
    )
    path = tmp_path / "map.sfz"
    path.write_text(
        "<global> ampeg_release=0.3\n#define $HIGH high.wav\n"
        "<group> hikey=59 pitch_keycenter=48\n<region> sample=low.wav tune=50\n"
        '<region> sample=missing.wav\n#include "map.txt"\n'
    )
    low, high = read_sfz(path)
    assert (low.path.name, low.center, low.keys, low.release_s) == ("low.ogg", 47.5, (0, 59), 0.3)
    assert (high.keys, high.loop) == ((60, 72), (2205, 19_845))
    assert heard(Sampler((high,)), 65) == pytest.approx(65, abs=0.05)
    held = Sampler((high,))([NoteEvent(0.0, 2.5, 72, 90, 1.0)], RATE, 0.0, rng())
    assert np.abs(held[2 * RATE : 2 * RATE + 500]).max() > 0.1  # it lasts longer than its sample


def test_sfz_that_includes_itself(tmp_path: Path) -> None:
    path = tmp_path / "map.sfz"
    path.write_text('#include "map.sfz"')
    with pytest.raises(BadInputError, match="includes itself"):
        read_sfz(path)


@pytest.mark.parametrize("name", sorted(set(PATCHES) - {"fm bass", "fm piano", "fm bell"}))
def test_synths_are_in_tune(name: str) -> None:
    pitch = sum(PATCHES[name].keys) // 2
    assert heard(make_synth(name, 1, []), pitch) == pytest.approx(pitch, abs=0.6)


@pytest.mark.parametrize("number", range(3))
def test_singers_sing_the_note(number: int) -> None:
    singer, low, high = make_singer(number)
    assert heard(singer, (low + high) // 2) == pytest.approx((low + high) // 2, abs=1.0)


def test_soundfonts_do_not_depend_on_what_was_played() -> None:
    first, other = SoundfontProgram(TIMGM, 73), SoundfontProgram(TIMGM, 48)
    before = first([note(72)], RATE, 20.0, rng())
    other([note(60)], RATE, 0.0, rng())
    np.testing.assert_array_equal(first([note(72)], RATE, 20.0, rng()), before)
    assert heard(first, 72, cents=20.0) == pytest.approx(72.2, abs=0.15)


@pytest.mark.parametrize("style", scores.STYLES)
def test_scores_stay_in_range_and_repeat_with_the_seed(style: str) -> None:
    for seed in range(4):
        first, second = (
            scores.STYLES[style](scores.draw_setting(np.random.default_rng(seed), 6.0, 40, 76))
            for _ in range(2)
        )
        assert first == second
        assert first
        for each in first:
            assert 40 <= each.pitch <= 76
            assert 0.0 <= each.onset_s < 6.0 < each.onset_s + 7.0
            assert each.onset_s < each.offset_s <= 6.5


def test_catalogue_has_known_roles_and_unique_names(tmp_path: Path) -> None:
    instruments = catalogue.all_instruments(tmp_path)
    assert len({i.name for i in instruments}) == len(instruments)
    assert {i.role for i in instruments} == set(CLASSES)
    assert {r for _, r in (*recordings.STEMS, *recordings.CRATE)} <= set(CLASSES)
    styles = {*scores.STYLES, "song_line", "song_accompaniment", "drumming", "drum_hit"}
    assert {style for i in instruments for style in i.styles} <= styles


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """All that sounds without a data folder, on the side that is held out."""
    return Studio(tmp_path_factory.mktemp("data"), "held_out")


@pytest.mark.parametrize("role", CLASSES)
def test_example_is_decided_by_its_seed(studio: Studio, role: str) -> None:
    first, second = (studio.example(role, 1.0, RATE, (3, 4)) for _ in range(2))
    np.testing.assert_array_equal(first.audio, second.audio)
    assert first.notes == second.notes
    assert (first.role, first.rate) == (role, RATE)
    assert 0 < len(first.audio) <= RATE
    assert np.isfinite(first.audio).all()
    assert np.abs(first.audio).max() > 1e-3


def test_stream_takes_the_classes_in_turn(studio: Studio) -> None:
    stream = studio.stream(0.5, RATE, 9)
    assert [next(stream).role for _ in range(3)] == list(studio.roles[:3])
