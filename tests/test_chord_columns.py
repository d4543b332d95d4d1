"""What the nets see of a song, and that reading step by step is the same as in one pass."""

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
    """The charts that are written for muse."""
    found = read_songs(ROOT / "examples" / "neo_soul.txt")
    return [chord_song(name, song, "neo-soul") for name, song in found]


@pytest.fixture(scope="module")
def net() -> ChordTransformer:
    """A net that knows nothing, but whose tables are not empty."""
    torch.manual_seed(0)
    net = ChordTransformer(CONFIG, torch.from_numpy(distance_table())).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return net


def steps_of(song: ChordSong, count: int) -> list[Step]:
    """The first chords of a song."""
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


def test_a_row_knows_nothing_of_later_chords(songs: list[ChordSong]) -> None:
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


def test_the_same_progression_in_another_key_is_the_same_to_a_net() -> None:
    read = {}
    for key, chart in (
        ("C major", "| Cmaj7 | A7 | Dm9 | G13 |"),
        ("E major", "| Emaj7 | C#7 | F#m9 | B13 |"),
    ):
        text = f"title: One\nkey: {key}\ntempo: 90\nmeter: 4/4\nverse {chart}\n"
        path = Path("chart.txt")
        from muse.tools.datasets.charts import read_charts

        [(_, song)] = read_charts(text, str(path))
        read[key] = song_columns(chord_song("one", song, "jazz"))
    for name in COLUMN_SIZES:
        assert (read["C major"].ids[name] == read["E major"].ids[name]).all()


def test_step_by_step_is_the_same_as_in_one_pass(
    songs: list[ChordSong], net: ChordTransformer
) -> None:
    tensors = {name: value.numpy() for name, value in net.state_dict().items()}
    model = NetModel(ChordInference(CONFIG, tensors), "random", None)
    for song in songs[::29]:
        logs = TorchPredictor(net).song_log_probs(song)
        for count in (0, 1, 5, 3, 9):  # also back, as sampling does
            wanted = np.exp(logs[count])
            wanted[:4] = 0.0
            told = model.predict(steps_of(song, count), song.context)
            np.testing.assert_allclose(told.chords, wanted / wanted.sum(), atol=1e-5)
            assert told.durations(int(song.chord_id[0])).sum() == pytest.approx(1.0, abs=1e-4)
            assert told.basses(int(song.chord_id[0])).shape == (12,)


def test_a_repeated_chord_is_one_longer_chord(
    songs: list[ChordSong], net: ChordTransformer
) -> None:
    tensors = {name: value.numpy() for name, value in net.state_dict().items()}
    model = NetModel(ChordInference(CONFIG, tensors), "random", None)
    chord = int(songs[0].chord_id[0])
    twice = model.predict([Step(chord, 0, 4.0), Step(chord, 0, 4.0)], songs[0].context)
    once = model.predict([Step(chord, 0, 8.0)], songs[0].context)
    np.testing.assert_array_equal(twice.chords, once.chords)


def test_no_such_net(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such weights"):
        load_net(str(tmp_path / "nothing"))
