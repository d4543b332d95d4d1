"""Notes of chords sampled from note-lstm: whole bars, prompts, seeds and refusals."""

from pathlib import Path

import numpy as np
import pytest

from muse.cli.exit_codes import ExitCode
from muse.tools.chords.load_model import load_generator, load_model
from muse.tools.chords.note_model import NoteModel
from muse.tools.chords.note_sampler import NoteFrame, fillable_steps, sample_notes
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.vocabulary import Vocabulary
from muse.tools.errors import ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.song.document import Song, song_from_json
from muse.tools.song.midi import load_song
from muse.tools.theory.chords import parse_chord
from muse.tools.weights import SHIPPED_FOLDER

WEIGHTS = SHIPPED_FOLDER / "note-lstm"
CLOSE = 1e-6  # beats


def bars_crossed(song: Song, bar: float) -> int:
    """Return how many notes sound over a bar line in their midst."""
    return sum(
        note.start_beats // bar != (note.start_beats + note.duration_beats - CLOSE) // bar
        and (note.start_beats % bar > CLOSE or note.duration_beats % bar > CLOSE)
        for track in song.tracks
        for note in track.notes
    )


@pytest.mark.parametrize(("meter", "bar"), [("4/4", 4.0), ("3/4", 3.0), ("5/4", 5.0)])
def test_notes_fill_whole_bars(muse, meter: str, bar: float) -> None:
    for seed in range(3):
        made = muse(
            *("chords", "--model", "note-lstm", "--meter", meter, "--bars", 6, "--seed", seed)
        )
        song = song_from_json(made.out)
        assert bars_crossed(song, bar) == 0
        assert 5.5 * bar < song.end_beats() <= 6 * bar
        assert song.made_by is not None
        assert song.made_by.model == "note-lstm"
        assert all(chord.roman for chord in song.chords if chord.symbol != "N.C.")


def test_a_path_a_file_and_a_seed(muse, tmp_path: Path) -> None:
    for name in ("x.mid", "y.mid"):
        made = muse(
            *("chords", "--model", WEIGHTS, "--bars", 8, "--seed", 3, "-o", tmp_path / name)
        )
        assert made.code == 0, made.err
    assert (tmp_path / "x.mid").read_bytes() == (tmp_path / "y.mid").read_bytes()
    song = load_song(tmp_path / "x.mid")
    assert len(song.tracks) == 1
    assert len(song.chords) > 2


def test_a_prompt_begins_the_song(muse) -> None:
    made = muse(
        *("chords", "--model", "note-lstm", "--prompt", "Ebmaj9 Fm9", "--key", "Eb"),
        *("--bars", 4, "--seed", 3),
    )
    song = song_from_json(made.out)
    assert [chord.symbol for chord in song.chords[:2]] == ["Ebmaj9", "Fm9"]
    for start, symbol in ((0.0, "Ebmaj9"), (4.0, "Fm9")):
        tones = set(parse_chord(symbol).pitch_classes)
        bar = {n.pitch % 12 for n in song.tracks[0].notes if start <= n.start_beats < start + 4}
        assert bar
        assert bar <= tones


def test_raw_output_is_tokens(muse) -> None:
    made = muse("chords", "--model", "note-lstm", "--bars", 1, "--seed", 3, "--raw")
    assert made.code == 0
    assert b"generated" in made.out


@pytest.mark.parametrize(
    "options",
    [
        ("--fix", "2:V7"),
        ("--cadence", "full"),
        ("--style", "jazz"),
        ("--voicing", "open"),
        ("--prompt", "C D E F", "--bars", 2),
        ("--prompt", "F#m(maj7)", "--key", "C"),  # the takes have no such chord
    ],
)
def test_what_notes_cannot_follow_is_refused(muse, options: tuple[object, ...]) -> None:
    refused = muse("chords", "--model", "note-lstm", "--seed", 1, *options)
    assert refused.code == ExitCode.USAGE
    assert len(refused.err.splitlines()) == 1


def test_other_commands_refuse_a_net_over_notes() -> None:
    with pytest.raises(ParameterError, match="only `muse chords`"):
        load_model(str(WEIGHTS))


def test_a_bar_that_no_notes_fill_is_refused() -> None:
    model = load_generator("note-lstm")
    assert isinstance(model, NoteModel)
    halves = NoteModel(model.net, Vocabulary.of("x", ["C4_2"]), "halves", None)
    assert list(np.flatnonzero(fillable_steps(halves, 4 * STEPS))) == [0, 2 * STEPS, 4 * STEPS]
    with pytest.raises(ParameterError, match="halves fill a bar of 3 quarter notes"):
        sample_notes(halves, NoteFrame("major", 2, 3 * STEPS), Sampling(), np.random.default_rng(0))
