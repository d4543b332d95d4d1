"""Drum hits are found, classified and timed, without false ones."""

from collections.abc import Sequence

import numpy as np
import pytest
from mir_eval.util import match_events
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.audio.render import render
from muse.tools.song.document import Note, Song, Tempo, Track
from muse.tools.transcription.drums import (
    DRUMS,
    keep_accompanied,
    keep_probable,
    transcribe_drums,
    transcribe_drums_file,
)
from muse.tools.transcription.note_event import NoteEvent
from tests.sounds import tone

RATE = 44_100
Mono = NDArray[np.float32]


def rock(bars: int = 4) -> list[Note]:
    """Return kick on one and three, snare on two and four, hi-hat in eighths."""
    hits = [(beat, 36) for beat in (0, 2)] + [(beat, 38) for beat in (1, 3)]
    hits += [(eighth / 2, 42) for eighth in range(8)]
    return [
        Note(4.0 * bar + beat, 0.25, key, 100) for bar in range(bars) for beat, key in sorted(hits)
    ]


@pytest.fixture(scope="module")
def rock_audio() -> Mono:
    track = Track(name="drums", role="drums", is_drum=True, notes=rock())
    return render(Song(tempos=[Tempo(0.0, 110.0)], tracks=[track]), sample_rate=RATE).mean(axis=0)


def f_measure(hits: Sequence[NoteEvent], key: int) -> float:
    truth = np.array([note.start_beats * 60 / 110 for note in rock() if note.pitch == key])
    found = np.array([hit.onset_s for hit in hits if hit.pitch == key])
    return 2 * len(match_events(truth, found, 0.02)) / (len(truth) + len(found))


@pytest.mark.parametrize("key", [36, 38, 42])
def test_a_rock_beat_is_found(rock_audio: Mono, key: int) -> None:
    assert f_measure(transcribe_drums(rock_audio, RATE), key) > 0.85


def test_the_level_of_the_stem_does_not_matter(rock_audio: Mono) -> None:
    loud, quiet = (transcribe_drums(rock_audio * gain, RATE) for gain in (1.0, 0.02))
    for drum in DRUMS:
        own = [[hit.velocity for hit in hits if hit.pitch == drum.key] for hits in (loud, quiet)]
        assert own[0] == pytest.approx(own[1], abs=8)  # soft levels are rounded more


def test_soft_hits_get_lower_velocities(rock_audio: Mono) -> None:
    fading = rock_audio * np.linspace(1.0, 0.15, len(rock_audio), dtype=np.float32)
    kicks = [hit.velocity for hit in transcribe_drums(fading, RATE) if hit.pitch == 36]
    assert max(kicks) > kicks[-1] + 15


def test_bleed_of_a_chord_leaves_the_kick(rock_audio: Mono) -> None:
    time = np.arange(len(rock_audio)) / RATE
    chord = sum(np.sin(2 * np.pi * hz * time) for hz in (220.0, 277.2, 329.6))
    noisy = (rock_audio + 0.02 * chord).astype(np.float32)
    assert f_measure(transcribe_drums(noisy, RATE), 36) > 0.85


def test_blocks_do_not_matter(rock_audio: Mono) -> None:
    from muse.tools.transcription.drums import transcribe_drums_stream

    odd = transcribe_drums_stream(onsets.mono_blocks(rock_audio, 7001), RATE)
    assert odd == transcribe_drums(rock_audio, RATE)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_other_rates_find_the_kick(rock_audio: Mono, rate: int) -> None:
    import soxr

    audio = soxr.resample(rock_audio, RATE, rate).astype(np.float32)
    assert f_measure(transcribe_drums(audio, rate), 36) > 0.6


@pytest.mark.parametrize("frames", [0, 1, 100, RATE])
def test_silence_has_no_hits(frames: int) -> None:
    assert transcribe_drums(np.zeros(frames, np.float32), RATE) == []


def test_a_sustained_tone_has_no_hits_after_its_start() -> None:
    time = np.arange(3 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 330.0 * time) * np.clip((3.0 - time) / 0.5, 0.0, 1.0)
    assert all(hit.onset_s < 0.1 for hit in transcribe_drums(tone.astype(np.float32), RATE))


def test_hits_are_valid_and_in_order(rock_audio: Mono) -> None:
    hits = transcribe_drums(rock_audio, RATE)
    keys = {drum.key for drum in DRUMS}
    assert hits == sorted(hits)
    assert all(0 <= hit.onset_s < hit.offset_s and 1 <= hit.velocity <= 127 for hit in hits)
    assert all(hit.pitch in keys and 0 < hit.confidence <= 1 for hit in hits)


def hit(onset_s: float, confidence: float) -> NoteEvent:
    return NoteEvent(onset_s, onset_s + 0.05, 36, 90, confidence)


def test_hits_without_probable_ones_near_are_left_out() -> None:
    beat = [hit(0.5 * i, 0.9) for i in range(8)]
    soft, lonely = hit(2.2, 0.5), hit(30.0, 0.95)
    kept = keep_accompanied(sorted([*beat, soft, lonely]))
    assert kept == sorted([*beat, soft])
    assert keep_accompanied([hit(float(i), 0.6) for i in range(40)]) == []


def test_one_stroke_is_not_found_on_two_hi_hats() -> None:
    closed, opened = (NoteEvent(1.0, 1.05, key, 90, p) for key, p in ((42, 0.6), (46, 0.8)))
    later = NoteEvent(1.2, 1.25, 42, 90, 0.5)
    assert keep_probable([closed, opened, later]) == [opened, later]


def test_a_file_gives_the_hits_of_its_samples(rock_audio: Mono, tmp_path) -> None:
    from muse.tools.audio.io import write_audio

    path = tmp_path / "drums.wav"
    write_audio(path, rock_audio[None], RATE, bits="32f")
    assert transcribe_drums_file(path) == transcribe_drums(rock_audio, RATE)


def test_a_rough_stem_is_transcribed_from_the_mix(rock_audio: Mono, tmp_path) -> None:
    from muse.tools.audio.io import write_audio
    from muse.tools.transcription.stems import Stem, transcribe_stem

    write_audio(tmp_path / "mix.wav", rock_audio[None], RATE)
    write_audio(tmp_path / "stem.wav", tone(220, 5.0), RATE)
    rough = Stem("drums", tmp_path / "stem.wav", "drums", "spleeter", tmp_path / "mix.wav")
    found = transcribe_stem(rough)
    direct = transcribe_drums(rock_audio, RATE)
    assert [hit.pitch for hit in found.notes] == [hit.pitch for hit in direct]
    assert found.origin == "spleeter; notes from the mix"
    alone = Stem("drums", tmp_path / "stem.wav", "drums", "spleeter", tmp_path / "stem.wav")
    assert not transcribe_stem(alone).notes


def test_a_more_probable_stroke_counts_against_both_of_a_pair() -> None:
    first, better, last = (
        NoteEvent(time, time + 0.05, key, 90, p)
        for time, key, p in ((1.0, 42, 0.5), (1.02, 46, 0.6), (1.04, 42, 0.7))
    )
    assert keep_probable([first, better, last]) == [last]


def test_thousands_of_strokes_are_compared_with_their_neighbors_only() -> None:
    hits = [NoteEvent(0.1 * i, 0.1 * i + 0.05, 42 + 4 * (i % 2), 90, 0.5) for i in range(40_000)]
    assert keep_probable(hits) == hits
