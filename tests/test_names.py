"""The names in cli/names.py are those of the tables they repeat."""

from typing import get_args

from muse.cli import names
from muse.models.device import DEVICES, PRECISIONS
from muse.models.registry import WEIGHTS
from muse.models.training.fit import PRECISIONS as TRAINING_PRECISIONS
from muse.tools.audio.encodings import ENCODINGS
from muse.tools.chords.cadences import CADENCES
from muse.tools.chords.load_model import AUTO, SHIPPED
from muse.tools.datasets.chord_events import MODES, STYLES
from muse.tools.datasets.forms.options import FORMS, TRANSPOSITIONS
from muse.tools.intervals.clip_settings import DIRECTIONS, NOISES, SYNTHS
from muse.tools.intervals.instruments import programs
from muse.tools.intervals.training_spectra import TIMBRES as SIDES
from muse.tools.song.meter import parse_meter
from muse.tools.song.roles import ROLES
from muse.tools.theory.keys import parse_key
from muse.tools.theory.voicing import STYLES as VOICINGS
from muse.tools.tokens.schemes import SCHEME_NAMES
from muse.tools.tokens.shards import SUFFIXES
from muse.tools.training.options import Options
from muse.tools.training.registry import RECIPES
from muse.tools.transcription.engines import engine_names
from muse.tools.transcription.options import parse_grid


def test_names_of_chords_and_melodies() -> None:
    assert names.STYLES == STYLES
    assert names.MODES == MODES
    assert tuple(CADENCES) == names.CADENCES
    assert tuple(VOICINGS) == names.VOICINGS
    assert (AUTO, *SHIPPED) == names.CHORD_MODELS


def test_names_of_audio() -> None:
    assert tuple(WEIGHTS) == names.SEPARATION_MODELS
    assert set(names.STEMS) == {stem for weights in WEIGHTS.values() for stem in weights.stems}
    assert engine_names() == names.TRANSCRIPTION_ENGINES
    assert names.ROLES == ROLES
    assert set(names.AUDIO_FORMATS) == set(ENCODINGS)
    formats = {bits for encoding in ENCODINGS.values() for bits in encoding.subtypes}
    assert set(names.SAMPLE_FORMATS) == formats


def test_names_of_nets_and_training() -> None:
    assert names.DEVICES == DEVICES
    assert names.NET_PRECISIONS == PRECISIONS
    assert tuple(RECIPES) == names.RECIPES
    assert get_args(Options.__annotations__["schedule"]) == names.SCHEDULES
    assert tuple(TRAINING_PRECISIONS) == names.TRAINING_PRECISIONS


def test_names_of_tokens() -> None:
    assert SCHEME_NAMES == names.TOKEN_SCHEMES
    assert names.TRAINING_FORMS == FORMS
    assert names.TRANSPOSITIONS == TRANSPOSITIONS
    assert names.SHARD_FORMATS == SUFFIXES


def test_names_of_intervals() -> None:
    assert names.DIRECTIONS == DIRECTIONS
    assert names.NOISES == NOISES
    assert names.SYNTH_TIMBRES == SYNTHS
    assert (*SYNTHS, "gm", *(f"gm:{side}" for side in SIDES)) == names.TIMBRES
    assert all(programs(name) for name in names.TIMBRES if name.startswith("gm"))


def test_common_values_are_accepted() -> None:
    assert [parse_key(key) for key in names.KEYS]
    assert [parse_meter(meter) for meter in names.METERS]
    assert [parse_grid(grid) for grid in names.GRIDS]


def test_a_phrase_of_names() -> None:
    assert names.one_of(("a",)) == "a"
    assert names.one_of(("a", "b")) == "a or b"
    assert names.one_of(("a", "b", "c")) == "a, b or c"
