"""The melody net in numpy predicts the same as in torch, note by note."""

import dataclasses
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from muse.models.melody_xl.attention import MelodyBatch
from muse.models.melody_xl.config import MelodyConfig, read_melody_config
from muse.models.melody_xl.inference import MelodyInference, NextNote
from muse.models.melody_xl.inference_state import MelodyState, match_runs
from muse.models.melody_xl.inference_weights import weight_shapes
from muse.models.melody_xl.net import MelodyXL
from muse.models.weight_files import pack_weights
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.melody_songs import melody_song
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.melody.columns import ADVANCES, DURATIONS, song_columns
from muse.tools.melody.net_model import NotePrediction, load_melody_model, start_prediction
from muse.tools.training.recipes.melody_xl import MelodySettings, MelodyXLRecipe
from tests.test_datasets_melody_data import tune
from tests.test_melody_recipe import place_of
from tests.test_melody_xl import ADVANCES as ADVANCE_CLASSES
from tests.test_melody_xl import CONFIGS, build, config, melodies

CLOSE = 1e-4  # probability
ROWS = 40
SIZES = {
    **CONFIGS,
    "short memory": config(memory=8),
    "memory of one": config(memory=1),
    "no memory": config(memory=0),
    "short memory, no copying": config(memory=8, copying=False),
    "longest match beyond memory": config(memory=3, longest_match=6),
    "nothing": dataclasses.replace(
        CONFIGS["no chords"], memory=0, copying=False, contexts={}, layers=1
    ),
}


def numpy_net(net: MelodyXL) -> MelodyInference:
    return MelodyInference(net.config, tensors_of(net))


def tensors_of(net: MelodyXL) -> dict[str, NDArray[np.float32]]:
    return {name: weight.numpy().copy() for name, weight in net.state_dict().items()}


@torch.no_grad()
def with_small_weights(net: MelodyXL) -> MelodyXL:
    """Return the net with smaller weights, so that probabilities of a wide net are not 0 or 1."""
    for parameter in net.parameters():
        parameter.mul_(0.3)
    return net


def song_of(sizes: MelodyConfig, rows: int, seed: int = 1) -> MelodyBatch:
    """Return a song with the last id of each column somewhere, and a second start row."""
    batch = melodies(sizes, rows, songs=1, seed=seed)
    for number, (name, count) in enumerate(sizes.columns.items()):
        batch.columns[name][0, number + 2 :: 11] = count - 1
    for name in ("pitch", "interval", "advance", "duration"):
        batch.columns[name][0, rows // 2] = sizes.columns[name] - 1
    return dataclasses.replace(
        batch, contexts={name: batch.contexts[name] for name in sizes.contexts}
    )


def start(reader: MelodyInference, batch: MelodyBatch) -> MelodyState:
    return reader.start({name: int(ids[0]) for name, ids in batch.contexts.items()})


def step(reader: MelodyInference, state: MelodyState, batch: MelodyBatch, row: int) -> NextNote:
    ids = {name: int(column[0, row]) for name, column in batch.columns.items()}
    return reader.step(state, ids, int(batch.bars[0, row]))


def predicted_in_numpy(
    reader: MelodyInference, read: NextNote, given_ids: tuple[int, int]
) -> Iterator[NDArray[np.float32]]:
    yield read.pitches
    yield reader.advances(read, given_ids[0])
    yield reader.durations(read, *given_ids)


@torch.no_grad()
def predicted_in_torch(
    net: MelodyXL, batch: MelodyBatch, given_ids: tuple[int, int]
) -> Iterator[list[NDArray[np.float32]]]:
    """Yield predictions row by row, with the memory that generation has."""
    memory = None
    for row in range(batch.rows):
        predicted, memory = net(batch.part(row, row + 1), memory)
        details = net.details(predicted, *(torch.tensor([[number]]) for number in given_ids))
        yield [logs[0, 0].exp().numpy() for logs in (predicted.pitches, *details)]


def assert_close(
    predicted: Iterator[NDArray[np.float32]], expected: list[NDArray[np.float32]]
) -> None:
    for part, other in zip(predicted, expected, strict=True):
        assert np.abs(part - other).max() < CLOSE
        assert part.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_numpy_equals_torch(name: str, seed: int) -> None:
    sizes = SIZES[name]
    net, batch, rng = build(sizes, seed), song_of(sizes, ROWS, seed), np.random.default_rng(seed)
    reader = numpy_net(net)
    state, given_ids = start(reader, batch), (int(rng.integers(8, 12)), int(rng.integers(2)))
    for row, expected in enumerate(predicted_in_torch(net, batch, given_ids)):
        read = step(reader, state, batch, row)
        assert_close(predicted_in_numpy(reader, read, given_ids), expected)
        state = read.state


def test_numpy_equals_torch_for_a_long_song_and_a_wide_net() -> None:
    """The song is longer than the first capacity, and longer than the memory."""
    sizes = config(width=64, heads=4, layers=3, memory=70, longest_match=16, phrase=16)
    net, batch = with_small_weights(build(sizes)), song_of(sizes, 200)
    reader = numpy_net(net)
    state = start(reader, batch)
    for row, expected in enumerate(predicted_in_torch(net, batch, (9, 1))):
        read = step(reader, state, batch, row)
        assert_close(predicted_in_numpy(reader, read, (9, 1)), expected)
        state = read.state


@pytest.mark.parametrize("name", ["all", "short memory"])
def test_continuations_of_one_state_are_independent(name: str) -> None:
    """They are stepped in turn, and earlier states are stepped again."""
    sizes = SIZES[name]
    net = build(sizes)
    reader, whole = numpy_net(net), song_of(sizes, ROWS)
    songs = [whole, *(joined(whole, song_of(sizes, ROWS, seed), 15) for seed in (5, 6))]
    expected = [list(predicted_in_torch(net, song, (9, 1))) for song in songs]
    states, reads = [start(reader, whole)], []
    for row in range(15):
        reads.append(step(reader, states[-1], whole, row))
        states.append(reads[-1].state)
    current = [states[-1]] * len(songs)
    for row in range(15, ROWS):
        for number, song in enumerate(songs):
            read = step(reader, current[number], song, row)
            assert_close(predicted_in_numpy(reader, read, (9, 1)), expected[number][row])
            current[number] = read.state
    for row, read in enumerate(reads):
        assert_close(predicted_in_numpy(reader, read, (9, 1)), expected[0][row])
        again = step(reader, states[row], whole, row)
        assert_close(predicted_in_numpy(reader, again, (9, 1)), expected[0][row])


def joined(one: MelodyBatch, other: MelodyBatch, row: int) -> MelodyBatch:
    """Return one song up to a row, and another from there on."""
    columns = {
        name: torch.cat([ids[:, :row], other.columns[name][:, row:]], 1)
        for name, ids in one.columns.items()
    }
    return MelodyBatch(columns, one.contexts, torch.cat([one.bars[:, :row], one.bars[:, row:]], 1))


@pytest.mark.parametrize("position", [20_000, 10_000_000])
def test_predictions_do_not_depend_on_the_position_in_a_long_song(position: int) -> None:
    """Angles of RoPE are counted from the start of the song."""
    sizes = config(width=128, heads=4, memory=16)
    net, batch = with_small_weights(build(sizes)), song_of(sizes, ROWS)
    reader = numpy_net(net)
    state = start(reader, batch)
    far = dataclasses.replace(
        state, rows=position, cache=dataclasses.replace(state.cache, first=position)
    )
    for one, other in zip(
        read_all(reader, state, batch), read_all(reader, far, batch), strict=True
    ):
        assert_close(
            predicted_in_numpy(reader, other, (9, 1)), list(predicted_in_numpy(reader, one, (9, 1)))
        )


def read_all(reader: MelodyInference, state: MelodyState, batch: MelodyBatch) -> list[NextNote]:
    reads: list[NextNote] = []
    for row in range(batch.rows):
        reads.append(step(reader, reads[-1].state if reads else state, batch, row))
    return reads


def test_memory_use_does_not_grow_with_the_song() -> None:
    """3000 notes need the arrays of 200 rows, and twice that while they are moved."""
    sizes = config(memory=100, layers=1)
    reader, batch = numpy_net(build(sizes)), song_of(sizes, 200)
    state, bytes_held = start(reader, batch), []
    tracemalloc.start()
    for row in range(3000):
        state = step(reader, state, batch, row % 200).state
        if row % 500 == 499:
            bytes_held.append(tracemalloc.get_traced_memory()[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    past = state.cache
    whole = sum(array.nbytes for array in (past.keys, past.values, past.pointer_keys, past.ids))
    assert past.capacity == 2 * sizes.memory
    assert max(bytes_held) < 1.5 * whole
    assert peak < 3 * whole


@given(st.lists(st.integers(0, 2), max_size=30), st.integers(0, 8), st.integers(1, 6))
@settings(deadline=None)
def test_match_runs_equal_direct_counts(ids: list[int], memory: int, longest: int) -> None:
    limits = np.minimum(np.arange(memory + 1) + 1, longest)
    run = np.zeros(0, np.int64)
    for i in range(len(ids)):
        window = np.array(ids[max(i - memory, 0) : i + 1], np.int64)
        run = match_runs(run, window == window[-1], limits)
        assert run.tolist() == [counted(window.tolist(), j, longest) for j in range(len(window))]


def counted(window: list[int], j: int, longest: int) -> int:
    """Return the number of ids up to the last that equal those up to j."""
    length = 0
    while length < min(longest, j + 1) and window[j - length] == window[-1 - length]:
        length += 1
    return length


def test_invalid_ids_are_errors_and_change_no_state() -> None:
    sizes = config()
    reader, batch = numpy_net(build(sizes)), song_of(sizes, 4)
    state = step(reader, start(reader, batch), batch, 0).state
    before = step(reader, state, batch, 1)
    for name, number in (("pitch", -1), ("chord", sizes.columns["chord"]), ("place", 10**9)):
        with pytest.raises(ValueError, match=f"{number} is not an id of {name}"):
            reader.step(state, {**dict.fromkeys(sizes.columns, 0), name: number}, 0)
    with pytest.raises(ValueError, match="-1 is not an id of pitch"):
        reader.advances(before, -1)
    with pytest.raises(ValueError, match="not an id of advance"):
        reader.durations(before, 9, ADVANCE_CLASSES + 1)
    with pytest.raises(ValueError, match="not an id of mode"):
        reader.start({"mode": 2})
    assert np.array_equal(step(reader, state, batch, 1).pitches, before.pitches)


@pytest.mark.parametrize("name", SIZES)
def test_weight_shapes_are_those_of_the_torch_net(name: str) -> None:
    expected = {key: tuple(value.shape) for key, value in build(SIZES[name]).state_dict().items()}
    assert dict(weight_shapes(SIZES[name])) == expected


def test_weights_of_another_net_are_errors() -> None:
    tensors = tensors_of(build(config()))
    incomplete = {name: array for name, array in tensors.items() if name != "ways.bias"}
    with pytest.raises(ValueError, match=r"lack ways\.bias"):
        MelodyInference(config(), incomplete)
    with pytest.raises(ValueError, match="the config does not need"):
        MelodyInference(config(copying=False), tensors)
    with pytest.raises(ValueError, match="the config says"):
        MelodyInference(config(), {**tensors, "norm.bias": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="infinite or undefined"):
        MelodyInference(config(), {**tensors, "norm.bias": tensors["norm.bias"] * np.nan})


def small_net(**changed: bool | int) -> MelodyXL:
    torch.manual_seed(0)
    settings = MelodySettings(width=16, heads=2, layers=2, segment=16, **changed)  # type: ignore[arg-type]
    recipe = MelodyXLRecipe()
    net = recipe.build(recipe.config(None, settings))  # type: ignore[arg-type]
    assert isinstance(net, MelodyXL)
    return net.eval()


def write(folder: Path, net: MelodyXL, **changed: object) -> str:
    content = {
        "name": "melody-xl",
        "config": dataclasses.asdict(net.config),
        "vocabulary_hash": CHORD_VOCABULARY.hash,
        "advances": list(ADVANCES),
        "durations": list(DURATIONS),
    }
    data, card = pack_weights(tensors_of(net), content | changed)
    (folder / "net.safetensors").write_bytes(data)
    (folder / "net.json").write_bytes(card)
    return str(folder / "net.safetensors")


def notes_of(count: int) -> tuple[Mapping[str, list[int]], list[int]]:
    columns = song_columns(melody_song("a", tune()))
    ids = {name: column[:count].tolist() for name, column in columns.ids.items()}
    return ids, columns.bars[:count].tolist()


@pytest.mark.parametrize("changed", [{}, {"chords": False}, {"memory": 0, "copying": False}])
def test_model_from_files(tmp_path: Path, changed: dict[str, int]) -> None:
    net = small_net(**changed)
    model = load_melody_model(write(tmp_path, net))
    digest = json.loads((tmp_path / "net.json").read_text())["sha256"]
    assert (model.name, model.hash, model.card["sha256"]) == ("melody-xl", digest, digest)
    context, (ids, bars) = melody_song("a", tune()).context, notes_of(20)
    predictions = [model.start(context, place_of(dict(ids), 0))]
    for row in range(1, 20):
        note = {name: ids[name][row] for name in ("pitch", "interval", "advance", "duration")}
        predictions.append(predictions[-1].after(note, place_of(dict(ids), row), bars[row]))
    again = start_prediction(numpy_net(net), context, place_of(dict(ids), 0))
    assert np.array_equal(again.pitches(), predictions[0].pitches())
    for prediction in predictions:
        check_prediction(prediction)


def check_prediction(prediction: NotePrediction) -> None:
    for p, size in (
        (prediction.pitches(), 128),
        (prediction.advances(60), len(ADVANCES)),
        (prediction.durations(60, 5), len(DURATIONS)),
    ):
        assert p.shape == (size,)
        assert p.dtype == np.float64
        assert p.min() > 0
        assert p.sum() == pytest.approx(1, abs=1e-12)


def test_files_of_other_nets_are_errors(tmp_path: Path) -> None:
    net = small_net()
    values = dataclasses.asdict(net.config)
    wrong: dict[str, dict[str, object]] = {
        "another vocabulary": {"vocabulary_hash": "x"},
        "of a melody model": {"config": {"width": 16}},
        "other ids": {"config": values | {"columns": values["columns"] | {"place": 7}}},
        "other advances": {"advances": [1, 2]},
        "width": {"config": values | {"width": 18}},
        "the config says": {"config": values | {"width": 24}},
        "not an integer": {"config": values | {"layers": "many"}},
        "config needs": {"config": values | {"layers": 3}},
    }
    for reason, changed in wrong.items():
        path = write(tmp_path, net, **changed)
        with pytest.raises(BadInputError, match=reason) as error:
            load_melody_model(path)
        assert "net" in str(error.value)
        assert "\n" not in str(error.value)
    path = write(tmp_path, net)
    Path(path).write_bytes(Path(path).read_bytes()[:-9])
    with pytest.raises(BadInputError, match="damaged"):
        load_melody_model(path)
    with pytest.raises(BadInputError, match="no such weights"):
        load_melody_model(tmp_path / "none.json")
    with pytest.raises(ParameterError, match="--model must be melody-xl or a path to weights"):
        load_melody_model("oracle")


@pytest.mark.parametrize(
    "changed",
    [{"heads": 0}, {"layers": -1}, {"width": 16.0}, {"copying": 1}, {"columns": {"pitch": "a"}}],
    ids=str,
)
def test_invalid_configs_are_errors(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"heads|layers|width|copying|columns"):
        read_melody_config(dataclasses.asdict(config()) | changed)


def test_model_imports_no_torch() -> None:
    program = "import muse.tools.melody.net_model, sys; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
