"""The rows of WEIGHTS that separate, their engines, and the choice of `auto`."""

from importlib import import_module
from pathlib import Path

import pytest

from muse.models.registry import HTDEMUCS, SPLEETER, WEIGHTS
from muse.tools.errors import ParameterError
from muse.tools.separation import engines
from muse.tools.separation.engine import EngineOptions
from muse.tools.separation.engines import auto_models, choose_model, engine_of


def test_every_separation_model_names_an_engine() -> None:
    for weights in WEIGHTS.values():
        assert (weights.task == "separation") == bool(weights.engine)
        module = import_module(f"muse.tools.separation.{weights.engine}")
        assert callable(module.load)
        assert set(weights.rough_stems) <= set(weights.stems)


def test_auto_ends_with_a_model_that_comes_with_muse() -> None:
    assert auto_models() == [HTDEMUCS, SPLEETER]
    assert not auto_models()[-1].url
    assert not auto_models()[-1].requires


@pytest.mark.parametrize(
    ("here", "installed", "model", "reason"),
    [
        (False, True, "spleeter", "weights of htdemucs are not on this machine"),
        (True, False, "spleeter", "demucs is not installed"),
        (True, True, "htdemucs", "its weights are on this machine"),
    ],
)
def test_auto_takes_the_best_model_that_can_be_used(
    here: bool, installed: bool, model: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "locate", lambda _weights: (Path("x"),) if here else ())
    monkeypatch.setattr(engines, "find_spec", lambda _name: object() if installed else None)
    chosen, explanation = choose_model("auto", None)
    assert chosen == model
    assert reason in explanation
    assert choose_model("htdemucs_6s", None) == ("htdemucs_6s", "")


def test_the_engine_of_a_model() -> None:
    assert engine_of(EngineOptions("spleeter")) == "spleeter"
    assert engine_of(EngineOptions("anything", model_dir=Path())) == "demucs"
    with pytest.raises(ParameterError, match="does not separate"):
        engine_of(EngineOptions("note-net"))
