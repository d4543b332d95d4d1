"""The drum net: its weights match its card, and it can be trained again."""

import hashlib
import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from muse.models.drum_hits.config import NAME
from muse.models.drum_hits.inference import load_drum_hits
from muse.tools.audio import onsets
from muse.tools.transcription import drums

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = Path(str(files("muse.models") / "weights"))


def test_the_shipped_net_is_the_one_described() -> None:
    card = json.loads((WEIGHTS / f"{NAME}.json").read_text())
    data = (WEIGHTS / f"{NAME}.safetensors").read_bytes()
    assert hashlib.sha256(data).hexdigest() == card["sha256"]
    assert load_drum_hits().config.outputs == len(card["outputs"]) == len(drums.DRUMS)


def test_the_net_takes_the_inputs_of_the_drum_transcriber() -> None:
    silence = onsets.mono_blocks(np.zeros(4410, np.float32))
    bands, _ = drums.drum_bands(silence, onsets.framing(drums.TRAINED_RATE))
    rows = drums.net_inputs(drums.pad_edges(bands))
    assert rows.shape[1] == load_drum_hits().config.inputs


def test_activations_are_a_logistic_layer_on_a_rectified_one() -> None:
    net = load_drum_hits()
    rows = np.random.default_rng(0).normal(size=(5, net.config.inputs)).astype(np.float32)
    hidden = (rows @ net.into_hidden + net.hidden_bias).clip(min=0)
    logits = (hidden @ net.into_outputs + net.output_bias).astype(np.float64)
    np.testing.assert_allclose(net(rows), 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_weights_that_do_not_match_the_card_are_refused(tmp_path: Path) -> None:
    shutil.copy(WEIGHTS / f"{NAME}.safetensors", tmp_path)
    card = json.loads((WEIGHTS / f"{NAME}.json").read_text())
    card["config"]["hidden"] = 32
    (tmp_path / f"{NAME}.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match="other sizes"):
        load_drum_hits(tmp_path)
