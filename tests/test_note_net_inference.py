"""The note net in numpy: its heads, its card, and independence of the level."""

import hashlib
import json

import numpy as np
import pytest

from muse.models.note_net.config import HEADS
from muse.models.note_net.inference import WEIGHTS, NoteInference
from muse.tools.transcription.engine_input import EngineInput
from muse.tools.transcription.engine_note_net import estimate, note_net
from muse.tools.transcription.engines import ANY
from muse.tools.transcription.role_rules import ROLES
from muse.tools.transcription.salient_line import SALIENT
from tests.test_basic_pitch import golden_audio


def test_roles_use_heads_of_the_net() -> None:
    assert {rules.head for rules in ROLES.values()} <= {*HEADS, SALIENT, ANY}


def test_card_names_the_weights() -> None:
    card = json.loads(WEIGHTS.with_suffix(".json").read_text())
    assert card["sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert tuple(card["heads"]) == HEADS


@pytest.mark.parametrize("head", ["bass", "chords", "other"])  # too low for a melody
def test_two_simultaneous_tones_are_found(head: str) -> None:
    audio = golden_audio()
    evidence = estimate(EngineInput(audio))[head]
    frames = -(-len(audio) // 256)
    assert evidence.frame_posterior.shape == evidence.onset.shape == (frames, 88)
    assert evidence.frame_posterior.min() >= 0.0
    assert evidence.frame_posterior.max() <= 1.0
    sounding = np.flatnonzero(evidence.frame_posterior[int(1.6 * 86)] > 0.6) + 21
    assert sounding.tolist() == [45, 60]


def test_level_does_not_matter() -> None:
    audio = golden_audio()
    pair = [
        estimate(EngineInput(each))["chords"].frame_posterior
        for each in (audio, audio * np.float32(0.25))
    ]
    assert np.abs(pair[0] - pair[1]).mean() < 0.02


def test_loaded_once() -> None:
    assert note_net() is note_net()
    assert isinstance(note_net(), NoteInference)
