"""Features of a beat, and the harmony parameters."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from muse.models.phrase_gru.inference import PhraseGru
from muse.models.phrase_gru.net import PhraseNet
from muse.tools.errors import BadInputError
from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import (
    BAR_LINE,
    HALF_BAR,
    HELD,
    KINDS,
    OFF_BEAT,
    OTHER,
    TRIADS,
    extract_beat_features,
    metrical_position,
    shift_home,
    symbol_of_triad,
    triad_of_symbol,
)
from muse.tools.jam.harmony.parameters import HarmonyParameters, load_harmony_parameters
from muse.tools.jam.harmony.phrase_gru import CONFIG
from muse.tools.song.document import Meter
from muse.tools.theory.chords import parse_chord
from muse.tools.training.jam.phrase_gru import stack_nets

FOUR = Meter(0.0, 4, 4)


def test_metrical_positions() -> None:
    def positions(meter: Meter) -> list[int]:
        return [metrical_position(beat, meter) for beat in range(8)]

    assert positions(FOUR) == [BAR_LINE, OTHER, HALF_BAR, OTHER] * 2
    assert positions(Meter(0.0, 3, 4)) == [BAR_LINE, OTHER, OTHER] * 2 + [BAR_LINE, OTHER]
    assert positions(Meter(0.0, 7, 8)) == [BAR_LINE, *[OTHER] * 3, BAR_LINE, *[OTHER] * 2, BAR_LINE]
    assert metrical_position(-4, FOUR) == BAR_LINE


def test_features_of_a_beat() -> None:
    notes = [
        SoloNote(60, 90, 3.5, 4.8),  # held into the beat
        SoloNote(64, 90, 3.99, 4.4),  # a little early: on the beat
        SoloNote(67, 90, 4.5),  # sounds on
        SoloNote(69, 90, 5.0, 5.5),  # after it
        SoloNote(71, 90, 3.0, 4.01),  # as good as over
    ]
    sound = extract_beat_features(notes, 4, BAR_LINE)
    assert sound.segments.sum() == 3 and sound.on_beat.sum() == 2
    assert sound.segments[HELD + 6, 0] == 1  # long
    assert sound.segments[BAR_LINE, 4] == 1 and sound.on_beat[BAR_LINE, 4] == 1
    assert sound.segments[OFF_BEAT, 7] == 1
    assert sound.slots.tolist() == [64, -1, 67, -1]


@given(st.integers(0, TRIADS - 1), st.integers(0, 11))
def test_triads_and_symbols(triad: int, home: int) -> None:
    symbol = symbol_of_triad(triad, home, 0)
    assert triad_of_symbol(symbol, home) == triad
    figures = np.zeros(TRIADS)
    figures[triad_of_symbol(symbol) or 0] = 1.0
    assert shift_home(figures, home).argmax() == triad


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Cmaj7", "maj"), ("Cm7b5", "dim"), ("C7sus4", "sus4"), ("Csus2", "sus4"), ("C+", "aug")],
)
def test_kinds_of_chords(name: str, kind: str) -> None:
    assert triad_of_symbol(parse_chord(name)) == KINDS.index(kind)


def test_power_chords_have_no_triad() -> None:
    assert triad_of_symbol(parse_chord("C5")) is None


def test_phrase_nets_agree_in_numpy_and_torch() -> None:
    torch.manual_seed(0)
    nets = [PhraseNet(CONFIG).eval() for _ in range(CONFIG.nets)]
    rng = np.random.default_rng(0)
    figures, base = rng.normal(size=(5, 1, CONFIG.features)), rng.normal(size=(5, 1, TRIADS))
    inputs = (torch.tensor(figures).float(), torch.tensor(base).float())
    with torch.no_grad():
        for net in nets:
            torch.nn.init.normal_(net.out.weight, std=0.1)
        every = torch.stack([net(*inputs)[:, 0] for net in nets])
        wanted = torch.log_softmax(every.mean(0), -1).numpy()
    phrase = PhraseGru(CONFIG, stack_nets([net.arrays() for net in nets]))
    memory = phrase.start()
    assert memory.shape == (CONFIG.nets, CONFIG.hidden)
    for beat in range(5):
        memory, predicted = phrase.step(memory, figures[beat, 0].astype(np.float32), base[beat, 0])
        np.testing.assert_allclose(predicted, wanted[beat], atol=1e-5)


def test_missing_tensors_are_an_error() -> None:
    with pytest.raises(BadInputError, match="jam-mix have no moves"):
        HarmonyParameters.from_tensors({})


def test_transitions_are_probabilities() -> None:
    np.testing.assert_allclose(load_harmony_parameters().transitions.sum(axis=2), 1.0, atol=1e-4)
