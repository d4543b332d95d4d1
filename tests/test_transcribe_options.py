"""Options are parsed and checked before anything is read."""

import pytest

from muse.tools.errors import ParameterError
from muse.tools.transcription.options import TranscribeOptions, parse_grid


def test_valid_text_is_parsed() -> None:
    options = TranscribeOptions.parse(only="bass, drums", tempo="97.5", quantize="1/16")
    assert options.only == ("bass", "drums")
    assert options.bpm == 97.5
    assert options.grid_beats == 0.25
    assert options.params["only"] == "bass, drums"


@pytest.mark.parametrize(
    "text",
    [
        {"role": "keys"},
        {"role": "tuba", "separate": False},
        {"only": "bass", "separate": False},
        {"engine": "ears"},
        {"tempo": "fast"},
        {"tempo": "0"},
        {"tempo": "nan"},
        {"tempo": "1000"},
        {"quantize": "sixteenth"},
    ],
)
def test_invalid_text_is_refused(text: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        TranscribeOptions.parse(**text)


@pytest.mark.parametrize(("text", "beats"), [("1/4", 1.0), ("1/16", 0.25), ("1/8t", 1 / 3)])
def test_grids_are_note_values(text: str, beats: float) -> None:
    assert parse_grid(text) == pytest.approx(beats)


@pytest.mark.parametrize("text", ["16", "1/3", "0", "1/16x", ""])
def test_other_grids_are_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="note value"):
        parse_grid(text)
