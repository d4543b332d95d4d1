"""Input columns of the chord nets; step-by-step predictions equal those of one pass."""

from pathlib import Path

import numpy as np
import pytest
import torch

from muse.models.chord_nets.inference import ChordInference
from muse.models.chord_transformer.config import ChordTransformerConfig
from muse.models.chord_transformer.net import ChordTransformer
from muse.tools.chords.columns import COLUMN_SIZES, CONTEXT_SIZES, song_columns, stack_songs
from muse.tools.chords.model import Step
from muse.tools.chords.net_model import NetModel, load_net
from muse.tools.chords.tonnetz import BUCKETS, distance_table
from muse.tools.chords.torch_predictor import TorchPredictor
from muse.tools.datasets.chord_events import DURATIONS, VOCABULARY_SIZE
from muse.tools.datasets.chord_songs import ChordSong, chord_song
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError

ROOT = Path(__file__).parent.parent
CONFIG = ChordTransformerConfig(
    chords=VOCABULARY_SIZE,
    lengths=len(DURATIONS),
    columns=dict(COLUMN_SIZES),
    contexts=dict(CONTEXT_SIZES),
    distances=BUCKETS,
    width=16,
    heads=2,
    layers=2,
)


@pytest.fixture(scope="module")
def songs() -> list[ChordSong]:
    """Songs of the example charts."""
    found = read_songs(ROOT / "examples" / "neo_soul.txt")
    return [chord_song(name, song, "neo-soul") for name, song in found]


@pytest.fixture(scope="module")
def net() -> ChordTransformer:
    """An untrained net without zero weights."""
    torch.manual_seed(0)
    net = ChordTransformer(CONFIG, torch.from_numpy(distance_table())).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return net


def steps_of(song: ChordSong, count: int) -> list[Step]:
    """Return the first chords of a song."""
    rows = zip(song.chord_id, song.bass, song.duration_beats, strict=True)
    return [Step(int(chord), int(bass), float(beats)) for chord, bass, beats in rows][:count]


def test_ids_are_within_their_columns(songs: list[ChordSong]) -> None:
    columns, contexts, onsets, is_row = stack_songs([song_columns(song) for song in songs])
    for name, size in COLUMN_SIZES.items():
        assert columns[name].min() >= 0
        assert columns[name].max() < size, name
    for name, size in CONTEXT_SIZES.items():
        assert contexts[name].max() < size
    assert is_row.sum() == sum(len(song) + 1 for song in songs)
    assert (np.diff(onsets, axis=1)[is_row[:, 1:]] >= 0).all()


def test_rows_do_not_depend_on_later_chords(songs: list[ChordSong]) -> None:
    song, other = songs[0], songs[1]
    half = len(song) // 2
    columns = {
        name: np.concatenate([getattr(song, name)[:half], getattr(other, name)[half:]])
        for name in ("chord_id", "bass", "duration_class", "function_code", "section")
    }
    times = {
        name: getattr(song, name)[: len(columns["bass"])]
        for name in ("start_beats", "duration_beats", "bar_position_beats")
    }
    shortest = min(len(array) for array in (*columns.values(), *times.values()))
    cut = {name: array[:shortest] for name, array in {**columns, **times}.items()}
    changed = song_columns(ChordSong(song.id, song.context, **cut))
    whole = song_columns(song)
    for name in COLUMN_SIZES:
        assert (whole.ids[name][: half + 1] == changed.ids[name][: half + 1]).all(), name


def test_columns_are_invariant_to_transposition() -> None:
    columns = {}
    for key, chart in (
        ("C major", "| Cmaj7 | A7 | Dm9 | G13 |"),
        ("E major", "| Emaj7 | C#7 | F#m9 | B13 |"),
    ):
        text = f"title: One\nkey: {key}\ntempo: 90\nmeter: 4/4\nverse {chart}\n"
        path = Path("chart.txt")
        from muse.tools.datasets.charts import read_charts

        [(_, song)] = read_charts(text, str(path))
        columns[key] = song_columns(chord_song("one", song, "jazz"))
    for name in COLUMN_SIZES:
        assert (columns["C major"].ids[name] == columns["E major"].ids[name]).all()


def test_step_by_step_predictions_equal_one_pass(
    songs: list[ChordSong], net: ChordTransformer
) -> None:
    tensors = {name: value.numpy() for name, value in net.state_dict().items()}
    model = NetModel(ChordInference(CONFIG, tensors), "random", None)
    for song in songs[::29]:
        logs = TorchPredictor(net).song_log_probs(song)
        for count in (0, 1, 5, 3, 9):  # also backwards, as in sampling
            expected = np.exp(logs[count])
            expected[:4] = 0.0
            predicted = model.predict(steps_of(song, count), song.context)
            np.testing.assert_allclose(predicted.chords, expected / expected.sum(), atol=1e-5)
            assert predicted.durations(int(song.chord_id[0])).sum() == pytest.approx(1.0, abs=1e-4)
            assert predicted.basses(int(song.chord_id[0])).shape == (12,)


def test_repeated_chords_are_merged(songs: list[ChordSong], net: ChordTransformer) -> None:
    tensors = {name: value.numpy() for name, value in net.state_dict().items()}
    model = NetModel(ChordInference(CONFIG, tensors), "random", None)
    chord = int(songs[0].chord_id[0])
    twice = model.predict([Step(chord, 0, 4.0), Step(chord, 0, 4.0)], songs[0].context)
    once = model.predict([Step(chord, 0, 8.0)], songs[0].context)
    np.testing.assert_array_equal(twice.chords, once.chords)


def test_missing_net_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such weights"):
        load_net(str(tmp_path / "nothing"))
