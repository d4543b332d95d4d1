"""The words of a command line are checked before anything is read."""

import pytest

from muse.tools.errors import ParameterError
from muse.tools.transcription.options import TranscribeOptions


def test_words_become_values() -> None:
    options = TranscribeOptions.parse(only="bass, drums", tempo="97.5", quantize="1/16")
    assert options.only == ("bass", "drums")
    assert options.bpm == 97.5
    assert options.grid_beats == 0.25
    assert options.asked["only"] == "bass, drums"


@pytest.mark.parametrize(
    "words",
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
def test_words_that_mean_nothing_are_refused(words: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        TranscribeOptions.parse(**words)
