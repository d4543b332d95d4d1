"""The most salient line of a mix, and which of two melodies is the lead."""

from pathlib import Path

import numpy as np
import pytest

from muse.models.basic_pitch import LOWEST_PITCH, PITCHES
from muse.models.note_net.inference import Evidence
from muse.tools.audio.io import write_audio
from muse.tools.audio.spectra import ROWS
from muse.tools.transcription.engines import ANY
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import PitchedTranscription
from muse.tools.transcription.role_rules import MELODY, decode_role, rules_of
from muse.tools.transcription.salient_line import SALIENT, salient_line
from muse.tools.transcription.stems import Stem, choose_melody, has_voice, transcribe_stems
from muse.tools.transcription.voice_notes import LineTranscription
from tests.sounds import tone

FRAMES, NOTE_FRAMES = 300, 50
LINE = (64, 67, 65, 69, 71, 67)
BASS, CHORD = 41, (49, 77)  # none of their partials is in LINE
RATE = 44_100  # Hz


def band_evidence(line: tuple[int, ...]) -> tuple[dict[str, Evidence], np.ndarray]:
    """A loud line, a louder bass, and softer held notes around it; the head 'voice' is silent."""
    empty = [np.zeros((FRAMES, PITCHES), np.float32) for _ in range(5)]
    sounding, onset, bass, nothing, silent = empty
    power = np.zeros((FRAMES, ROWS), np.float32)
    for number, pitch in enumerate(line):
        frames = slice(number * NOTE_FRAMES, (number + 1) * NOTE_FRAMES)
        sounding[frames, pitch - LOWEST_PITCH] = 0.7
        power[frames, pitch - LOWEST_PITCH] = 1e-2
        onset[frames.start, pitch - LOWEST_PITCH] = 0.8
    for pitch, level in ((BASS, 1e-1), *((pitch, 1e-4) for pitch in CHORD)):
        sounding[:, pitch - LOWEST_PITCH] = 0.7
        power[:, pitch - LOWEST_PITCH] = level
    bass[:, BASS - LOWEST_PITCH] = 0.9
    heads = {ANY: Evidence(sounding, onset), "bass": Evidence(bass, nothing)}
    return heads | {"voice": Evidence(silent, silent)}, power


def both(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Return the two posteriors of a head."""
    return evidence.frame_posterior, evidence.onset


def test_the_loudest_pitch_above_the_bass_is_the_line() -> None:
    evidence, power = band_evidence(LINE)
    notes = decode_role(
        salient_line(evidence, power), rules_of(MELODY), np.zeros((FRAMES, PITCHES)), 0.01
    )
    assert tuple(note.pitch for note in notes) == LINE
    assert rules_of(MELODY).head == SALIENT
    assert [note.onset_s for note in notes] == pytest.approx(0.5 * np.arange(6), abs=0.02)


def test_a_line_in_nothing_is_empty() -> None:
    evidence, power = band_evidence(())
    none = {
        name: Evidence(*(values[:0] for values in both(heard))) for name, heard in evidence.items()
    }
    assert not salient_line(none, power[:0]).onset.size


def found(seconds: float, share: float) -> PitchedTranscription:
    """Return a transcription of one note."""
    return PitchedTranscription([NoteEvent(0.0, seconds, 60, 80, 1.0)], 0.0, share)


def test_the_line_is_the_lead_where_the_net_misses_most_of_it() -> None:
    everything, line = found(10.0, 0.9), found(8.0, 0.4)
    for lead, expected in ((found(1.0, 0.1), line), (found(6.0, 0.3), None)):
        assert choose_melody(lead, line, everything) is (expected or lead)
    faint = found(8.0, 0.1)
    assert choose_melody(found(1.0, 0.1), faint, everything).notes[0].offset_s == 1.0


@pytest.mark.parametrize(("spread", "voice"), [(0.03, False), (0.2, True)])
def test_a_steady_line_in_the_stem_vocals_is_no_voice(
    spread: float, voice: bool, tmp_path: Path
) -> None:
    write_audio(tmp_path / "vocals.wav", tone(440, 1.0), RATE)
    notes = [NoteEvent(0.3 * step, 0.3 * step + 0.3, 69, 80, 1.0) for step in range(3)]
    line = LineTranscription(notes, 0.0, 0.9, pitch_spread=spread)
    stem = Stem("vocals", tmp_path / "vocals.wav", "vocals", "mix", line=line)
    (result,) = transcribe_stems([stem])
    assert has_voice(stem) == voice
    assert list(result.notes) == (notes if voice else [])
    assert ("no voice in the stem vocals" in result.warning) != voice
