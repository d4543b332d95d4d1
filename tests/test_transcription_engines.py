"""The table of transcription engines."""

import pytest

from muse.tools.errors import ParameterError
from muse.tools.transcription.engines import (
    ENGINES,
    engine_names,
    engines_to_try,
    load_engine,
)


def test_every_row_names_a_module_with_an_estimate() -> None:
    for entry in ENGINES:
        assert callable(load_engine(entry.name))
        assert entry.description
    assert load_engine("auto") is load_engine(ENGINES[0].name)


def test_auto_tries_every_engine_and_a_name_only_one() -> None:
    assert engines_to_try("auto") == engine_names()[1:]
    assert engines_to_try("basic-pitch") == ("basic-pitch",)
    with pytest.raises(ParameterError, match="no engine 'ears'; engines are auto, note-net"):
        engines_to_try("ears")
