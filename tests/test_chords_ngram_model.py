"""The n-gram chord model: normalization, transposition, counts and imports."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from muse.tools.chords.constraints import symbol_id
from muse.tools.chords.load_model import load_model
from muse.tools.chords.model import Step
from muse.tools.chords.ngram_model import NgramModel
from muse.tools.datasets.chord_events import (
    DURATIONS,
    STYLES,
    Context,
    duration_class,
    transposition,
)
from muse.tools.datasets.chord_songs import chord_song
from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Key, Meter, Song
from muse.tools.theory.chords import parse_chord
from muse.tools.training.recipes.chord_ngram import count_chords

PAST = [Step(symbol_id(parse_chord(s)), 0, 4.0) for s in ("C", "Am7", "Dm7")]


@pytest.fixture(scope="module")
def ngram():
    return load_model("ngram")


def looping_song() -> Song:
    """Return a loop of two bars of I, one of IV over its third and one of V."""
    bars = (("C", 8.0), ("F/A", 4.0), ("G7", 4.0)) * 4
    starts = np.cumsum([0.0, *(length for _, length in bars)]).tolist()
    return Song(
        meters=[Meter(0.0, 4, 4)],
        keys=[Key(0.0, 0, "major")],
        chords=[Chord(s, d, name) for s, (name, d) in zip(starts, bars, strict=False)],
    )


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_probabilities_sum_to_1(ngram, style: str, mode: str) -> None:
    predicted = ngram.predict(PAST, Context(0, mode, style, 4, 4))
    assert predicted.chords.sum() == pytest.approx(1)
    for step in PAST:
        assert predicted.durations(step.chord_id).sum() == pytest.approx(1)
        assert predicted.basses(step.chord_id).sum() == pytest.approx(1)


@pytest.mark.parametrize("up", range(1, 12))
def test_predictions_are_invariant_to_transposition(ngram, up: int) -> None:
    here = ngram.predict(PAST, Context(0, "major", "pop", 4, 4))
    raised = [Step(int(transposition(up)[s.chord_id]), s.bass, s.duration_beats) for s in PAST]
    there = ngram.predict(raised, Context(up, "major", "pop", 4, 4))
    np.testing.assert_allclose(there.chords[transposition(up)], here.chords)
    assert there.durations(raised[0].chord_id).tolist() == here.durations(PAST[0].chord_id).tolist()


def test_counted_chords_are_predicted() -> None:
    model = NgramModel(count_chords([chord_song("pop/loop", looping_song(), "pop")]))
    ids = {name: symbol_id(parse_chord(name)) for name in ("C", "F", "G7")}
    context = Context(0, "major", "pop", 4, 4)
    predicted = model.predict([Step(ids["C"], 0, 8.0)], context)
    assert predicted.chords.argmax() == ids["F"]
    assert DURATIONS[predicted.durations(ids["F"]).argmax()] == 4.0
    assert predicted.basses(ids["F"]).argmax() == 4
    assert DURATIONS[model.predict([], context).durations(ids["C"]).argmax()] == 8.0
    assert duration_class(8.0) == model.predict([], context).durations(ids["C"]).argmax()


def test_repeated_chords_are_merged(ngram) -> None:
    context = Context(0, "major", "soul", 4, 4)
    once = ngram.predict([Step(PAST[0].chord_id, 0, 8.0)], context)
    twice = ngram.predict([PAST[0], PAST[0]], context)
    assert once.chords.tolist() == twice.chords.tolist()
    assert once.chords[PAST[0].chord_id] == 0


def test_song_log_probs_equal_step_by_step_predictions(ngram) -> None:
    song = chord_song("pop/loop", looping_song(), "pop")
    rows = np.exp(ngram.song_log_probs(song))
    steps = [Step(e.chord_id, e.bass, e.duration_beats) for e in song.events()]
    for index in range(len(song)):
        predicted = ngram.predict(steps[:index], song.context).chords
        np.testing.assert_allclose(rows[index], predicted, atol=1e-12)


def test_generating_imports_no_heavy_module() -> None:
    program = (
        "import sys\nfrom muse.tools.chords.generate_songs import generate_songs\n"
        "from muse.tools.chords.load_model import load_model\n"
        "from muse.tools.chords.request import ChordRequest\n"
        "next(generate_songs(ChordRequest(), load_model('ngram'), 1))\n"
        "print(*{'torch', 'librosa', 'scipy', 'miditok', 'music21'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_files_that_are_no_chord_model_are_errors(tmp_path) -> None:
    with pytest.raises(BadInputError, match="no such weights"):
        load_model(str(tmp_path / "none.json"))
    with pytest.raises(BadInputError, match="vocabulary"):
        load_model(str(Path(__file__).parent.parent / "models" / "weights" / "chord-finder.json"))
