"""The net over melodies read in numpy says what it says in torch, note by note."""

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
from muse.tools.errors import BadInputError
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


def reader_of(net: MelodyXL) -> MelodyInference:
    return MelodyInference(net.config, tensors_of(net))


def tensors_of(net: MelodyXL) -> dict[str, NDArray[np.float32]]:
    return {name: weight.numpy().copy() for name, weight in net.state_dict().items()}


@torch.no_grad()
def calm(net: MelodyXL) -> MelodyXL:
    """With weights so small that a wide net does not decide everything."""
    for parameter in net.parameters():
        parameter.mul_(0.3)
    return net


def song_of(sizes: MelodyConfig, rows: int, seed: int = 1) -> MelodyBatch:
    """One in which each column has the id of nothing somewhere, and the start comes again."""
    batch = melodies(sizes, rows, songs=1, seed=seed)
    for number, (name, count) in enumerate(sizes.columns.items()):
        batch.columns[name][0, number + 2 :: 11] = count - 1
    for name in ("pitch", "interval", "advance", "duration"):
        batch.columns[name][0, rows // 2] = sizes.columns[name] - 1
    return dataclasses.replace(
        batch, contexts={name: batch.contexts[name] for name in sizes.contexts}
    )


def begun(reader: MelodyInference, batch: MelodyBatch) -> MelodyState:
    return reader.start({name: int(ids[0]) for name, ids in batch.contexts.items()})


def stepped(reader: MelodyInference, state: MelodyState, batch: MelodyBatch, row: int) -> NextNote:
    ids = {name: int(column[0, row]) for name, column in batch.columns.items()}
    return reader.step(state, ids, int(batch.bars[0, row]))


def told_in_numpy(
    reader: MelodyInference, read: NextNote, asked: tuple[int, int]
) -> Iterator[NDArray[np.float32]]:
    yield read.pitches
    yield reader.advances(read, asked[0])
    yield reader.durations(read, *asked)


@torch.no_grad()
def told_in_torch(
    net: MelodyXL, batch: MelodyBatch, asked: tuple[int, int]
) -> Iterator[list[NDArray[np.float32]]]:
    """Row by row, so that what is remembered is what one who generates remembers."""
    memory = None
    for row in range(batch.rows):
        predicted, memory = net(batch.part(row, row + 1), memory)
        details = net.details(predicted, *(torch.tensor([[number]]) for number in asked))
        yield [logs[0, 0].exp().numpy() for logs in (predicted.pitches, *details)]


def assert_close(told: Iterator[NDArray[np.float32]], wanted: list[NDArray[np.float32]]) -> None:
    for part, other in zip(told, wanted, strict=True):
        assert np.abs(part - other).max() < CLOSE
        assert part.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_numpy_reads_what_torch_does(name: str, seed: int) -> None:
    sizes = SIZES[name]
    net, batch, dice = build(sizes, seed), song_of(sizes, ROWS, seed), np.random.default_rng(seed)
    reader = reader_of(net)
    state, asked = begun(reader, batch), (int(dice.integers(8, 12)), int(dice.integers(2)))
    for row, wanted in enumerate(told_in_torch(net, batch, asked)):
        read = stepped(reader, state, batch, row)
        assert_close(told_in_numpy(reader, read, asked), wanted)
        state = read.state


def test_numpy_reads_a_long_song_at_the_usual_size() -> None:
    """More rows than there is room for at first, and then than are remembered."""
    sizes = config(width=64, heads=4, layers=3, memory=70, longest_match=16, phrase=16)
    net, batch = calm(build(sizes)), song_of(sizes, 200)
    reader = reader_of(net)
    state = begun(reader, batch)
    for row, wanted in enumerate(told_in_torch(net, batch, (9, 1))):
        read = stepped(reader, state, batch, row)
        assert_close(told_in_numpy(reader, read, (9, 1)), wanted)
        state = read.state


@pytest.mark.parametrize("name", ["all", "short memory"])
def test_songs_that_go_on_from_one_moment_do_not_meet(name: str) -> None:
    """Whichever goes on first, and back and forth, and from a prediction in the past again."""
    sizes = SIZES[name]
    net = build(sizes)
    reader, whole = reader_of(net), song_of(sizes, ROWS)
    ways = [whole, *(parted(whole, song_of(sizes, ROWS, seed), 15) for seed in (5, 6))]
    wanted = [list(told_in_torch(net, way, (9, 1))) for way in ways]
    states, reads = [begun(reader, whole)], []
    for row in range(15):
        reads.append(stepped(reader, states[-1], whole, row))
        states.append(reads[-1].state)
    heads = [states[-1]] * len(ways)
    for row in range(15, ROWS):
        for number, way in enumerate(ways):
            read = stepped(reader, heads[number], way, row)
            assert_close(told_in_numpy(reader, read, (9, 1)), wanted[number][row])
            heads[number] = read.state
    for row, read in enumerate(reads):
        assert_close(told_in_numpy(reader, read, (9, 1)), wanted[0][row])
        again = stepped(reader, states[row], whole, row)
        assert_close(told_in_numpy(reader, again, (9, 1)), wanted[0][row])


def parted(one: MelodyBatch, other: MelodyBatch, row: int) -> MelodyBatch:
    """One song up to a row, and another from there."""
    columns = {
        name: torch.cat([ids[:, :row], other.columns[name][:, row:]], 1)
        for name, ids in one.columns.items()
    }
    return MelodyBatch(columns, one.contexts, torch.cat([one.bars[:, :row], one.bars[:, row:]], 1))


@pytest.mark.parametrize("position", [20_000, 10_000_000])
def test_far_on_in_a_song_it_says_the_same(position: int) -> None:
    """Angles of RoPE are counted from the start of the song, however long it is."""
    sizes = config(width=128, heads=4, memory=16)
    net, batch = calm(build(sizes)), song_of(sizes, ROWS)
    reader = reader_of(net)
    state = begun(reader, batch)
    far = dataclasses.replace(
        state, rows=position, cache=dataclasses.replace(state.cache, first=position)
    )
    for one, other in zip(
        read_all(reader, state, batch), read_all(reader, far, batch), strict=True
    ):
        assert_close(told_in_numpy(reader, other, (9, 1)), list(told_in_numpy(reader, one, (9, 1))))


def read_all(reader: MelodyInference, state: MelodyState, batch: MelodyBatch) -> list[NextNote]:
    reads: list[NextNote] = []
    for row in range(batch.rows):
        reads.append(stepped(reader, reads[-1].state if reads else state, batch, row))
    return reads


def test_memory_does_not_grow_with_the_song() -> None:
    """3000 notes; bytes are those of the arrays of 200 rows, or of twice as many as they move."""
    sizes = config(memory=100, layers=1)
    reader, batch = reader_of(build(sizes)), song_of(sizes, 200)
    state, bytes_held = begun(reader, batch), []
    tracemalloc.start()
    for row in range(3000):
        state = stepped(reader, state, batch, row % 200).state
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
def test_runs_are_those_counted_one_by_one(ids: list[int], memory: int, longest: int) -> None:
    limits = np.minimum(np.arange(memory + 1) + 1, longest)
    run = np.zeros(0, np.int64)
    for i in range(len(ids)):
        window = np.array(ids[max(i - memory, 0) : i + 1], np.int64)
        run = match_runs(run, window == window[-1], limits)
        assert run.tolist() == [counted(window.tolist(), j, longest) for j in range(len(window))]


def counted(window: list[int], j: int, longest: int) -> int:
    """How many ids up to the last equal those up to j."""
    length = 0
    while length < min(longest, j + 1) and window[j - length] == window[-1 - length]:
        length += 1
    return length


def test_ids_that_are_none_are_refused_and_leave_the_song_as_it_was() -> None:
    sizes = config()
    reader, batch = reader_of(build(sizes)), song_of(sizes, 4)
    state = stepped(reader, begun(reader, batch), batch, 0).state
    before = stepped(reader, state, batch, 1)
    for name, number in (("pitch", -1), ("chord", sizes.columns["chord"]), ("place", 10**9)):
        with pytest.raises(ValueError, match=f"{number} is not an id of {name}"):
            reader.step(state, {**dict.fromkeys(sizes.columns, 0), name: number}, 0)
    with pytest.raises(ValueError, match="-1 is not an id of pitch"):
        reader.advances(before, -1)
    with pytest.raises(ValueError, match="not an id of advance"):
        reader.durations(before, 9, ADVANCE_CLASSES + 1)
    with pytest.raises(ValueError, match="not an id of mode"):
        reader.start({"mode": 2})
    assert np.array_equal(stepped(reader, state, batch, 1).pitches, before.pitches)


@pytest.mark.parametrize("name", SIZES)
def test_all_weights_are_asked_for_by_name_and_size(name: str) -> None:
    wanted = {key: tuple(value.shape) for key, value in build(SIZES[name]).state_dict().items()}
    assert dict(weight_shapes(SIZES[name])) == wanted


def test_weights_of_another_net_are_refused() -> None:
    tensors = tensors_of(build(config()))
    less = {name: array for name, array in tensors.items() if name != "ways.bias"}
    with pytest.raises(ValueError, match=r"lack ways\.bias"):
        MelodyInference(config(), less)
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
    told = {
        "name": "melody-xl",
        "config": dataclasses.asdict(net.config),
        "vocabulary_hash": CHORD_VOCABULARY.hash,
        "advances": list(ADVANCES),
        "durations": list(DURATIONS),
    }
    data, card = pack_weights(tensors_of(net), told | changed)
    (folder / "net.safetensors").write_bytes(data)
    (folder / "net.json").write_bytes(card)
    return str(folder / "net.safetensors")


def notes_of(count: int) -> tuple[Mapping[str, list[int]], list[int]]:
    columns = song_columns(melody_song("a", tune()))
    ids = {name: column[:count].tolist() for name, column in columns.ids.items()}
    return ids, columns.bars[:count].tolist()


@pytest.mark.parametrize("changed", [{}, {"chords": False}, {"memory": 0, "copying": False}])
def test_a_song_is_told_from_weights_in_files(tmp_path: Path, changed: dict[str, int]) -> None:
    net = small_net(**changed)
    model = load_melody_model(write(tmp_path, net))
    digest = json.loads((tmp_path / "net.json").read_text())["sha256"]
    assert (model.name, model.hash, model.card["sha256"]) == ("melody-xl", digest, digest)
    context, (ids, bars) = melody_song("a", tune()).context, notes_of(20)
    moments = [model.start(context, place_of(dict(ids), 0))]
    for row in range(1, 20):
        note = {name: ids[name][row] for name in ("pitch", "interval", "advance", "duration")}
        moments.append(moments[-1].after(note, place_of(dict(ids), row), bars[row]))
    again = start_prediction(reader_of(net), context, place_of(dict(ids), 0))
    assert np.array_equal(again.pitches(), moments[0].pitches())
    for prediction in moments:
        check_moment(prediction)


def check_moment(prediction: NotePrediction) -> None:
    for told, size in (
        (prediction.pitches(), 128),
        (prediction.advances(60), len(ADVANCES)),
        (prediction.durations(60, 5), len(DURATIONS)),
    ):
        assert told.shape == (size,)
        assert told.dtype == np.float64
        assert told.min() > 0
        assert told.sum() == pytest.approx(1, abs=1e-12)


def test_files_of_other_nets_are_refused(tmp_path: Path) -> None:
    net = small_net()
    values = dataclasses.asdict(net.config)
    wrong: dict[str, dict[str, object]] = {
        "another vocabulary": {"vocabulary_hash": "x"},
        "net over melodies": {"config": {"width": 16}},
        "other ids": {"config": values | {"columns": values["columns"] | {"place": 7}}},
        "other advances": {"advances": [1, 2]},
        "width": {"config": values | {"width": 18}},
        "the config says": {"config": values | {"width": 24}},
        "not an integer": {"config": values | {"layers": "many"}},
        "config needs": {"config": values | {"layers": 3}},
    }
    for reason, changed in wrong.items():
        path = write(tmp_path, net, **changed)
        with pytest.raises(BadInputError, match=reason) as refused:
            load_melody_model(path)
        assert "net" in str(refused.value)
        assert "\n" not in str(refused.value)
    path = write(tmp_path, net)
    Path(path).write_bytes(Path(path).read_bytes()[:-9])
    with pytest.raises(BadInputError, match="damaged"):
        load_melody_model(path)
    with pytest.raises(BadInputError, match="no such weights"):
        load_melody_model(tmp_path / "none.json")


@pytest.mark.parametrize(
    "changed",
    [{"heads": 0}, {"layers": -1}, {"width": 16.0}, {"copying": 1}, {"columns": {"pitch": "a"}}],
    ids=str,
)
def test_configs_that_cannot_be(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"heads|layers|width|copying|columns"):
        read_melody_config(dataclasses.asdict(config()) | changed)


def test_reading_imports_no_torch() -> None:
    program = "import muse.tools.melody.net_model, sys; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
