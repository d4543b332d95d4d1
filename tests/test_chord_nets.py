"""The nets over chords: causality, normalized probabilities, numpy inference, and copying."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_lstm.net import ChordLstm
from muse.models.chord_nets.batch import ChordBatch
from muse.models.chord_nets.config import ChordConfig, read_config
from muse.models.chord_nets.heads import Predicted
from muse.models.chord_nets.inference import (
    ChordInference,
    ChordState,
    NextChord,
    load_chord_inference,
)
from muse.models.chord_transformer.attention import match_lengths
from muse.models.chord_transformer.config import ChordTransformerConfig
from muse.models.chord_transformer.net import ChordTransformer
from muse.models.weight_files import pack_weights

CHORDS, LENGTHS = 30, 7
COLUMNS = {
    "chord": CHORDS,
    "root": 13,
    "quality": 6,
    "function": 9,
    "bass": 13,
    "length": LENGTHS + 1,  # the start has its own id
    "place": 16,
}
CONTEXTS = {"style": 5, "mode": 2}
SMALL = {"width": 16, "heads": 2, "layers": 2, "longest_match": 4, "phrase": 8}
PARTS = ("rope", "harmony", "copying")
Net = ChordTransformer | ChordLstm


def transformer_config(**changed: object) -> ChordTransformerConfig:
    return ChordTransformerConfig(CHORDS, LENGTHS, COLUMNS, CONTEXTS, **{**SMALL, **changed})  # type: ignore[arg-type]


CONFIGS: dict[str, ChordConfig] = {
    "lstm": ChordLstmConfig(CHORDS, LENGTHS, COLUMNS, CONTEXTS, width=16),
    "lstm without contexts": ChordLstmConfig(CHORDS, LENGTHS, COLUMNS, width=16, layers=1),
    "all": transformer_config(),
    "none": transformer_config(**dict.fromkeys(PARTS, False)),
    **{f"no {part}": transformer_config(**{part: False}) for part in PARTS},
    **{
        f"only {part}": transformer_config(**{**dict.fromkeys(PARTS, False), part: True})
        for part in PARTS
    },
}


def build(config: ChordConfig, seed: int = 0) -> Net:
    """Return a net whose weights are not zero, and small enough that probabilities vary."""
    torch.manual_seed(seed)
    if isinstance(config, ChordLstmConfig):
        net: Net = ChordLstm(config)
    else:
        qualities = config.columns["quality"]
        net = ChordTransformer(config, torch.randint(0, 5, (qualities, qualities, 12)))
    with torch.no_grad():
        for weight in net.parameters():
            weight += 0.3 * torch.randn_like(weight)
    return net.eval()


def songs(config: ChordConfig, steps: int = 40, count: int = 3, seed: int = 1) -> ChordBatch:
    """Return random songs with repetitions."""
    rng = torch.Generator().manual_seed(seed)
    phrase = steps // 3 + 1
    columns = {
        name: torch.randint(0, ids, (count, phrase), generator=rng).repeat(1, 3)[:, :steps]
        for name, ids in config.columns.items()
    }
    columns["chord"] = torch.where(
        torch.rand(count, steps, generator=rng) < 0.2,
        torch.randint(0, config.chords, (count, steps), generator=rng),
        columns["chord"],
    )
    if "length" in columns:
        columns["length"] = columns["length"].clamp(max=LENGTHS - 1)
        columns["length"][:, 0] = LENGTHS
    contexts = {
        name: torch.randint(0, ids, (count,), generator=rng)
        for name, ids in config.contexts.items()
    }
    onsets = torch.randint(1, 5, (count, steps), generator=rng).cumsum(1)
    return ChordBatch(columns, contexts, onsets, torch.ones(count, steps, dtype=torch.bool))


def cut(batch: ChordBatch, steps: int) -> ChordBatch:
    """Return the first steps of a batch."""
    columns = {name: ids[:, :steps] for name, ids in batch.columns.items()}
    return ChordBatch(columns, batch.contexts, batch.onsets[:, :steps], batch.real[:, :steps])


def everything(net: Net, batch: ChordBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Return log probabilities of chords, and of lengths and basses given chord 4."""
    predicted = net(batch)
    chosen = batch.columns["chord"].roll(3, 1)
    return (predicted.chords, *net.details(predicted, batch, chosen))


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> ChordConfig:
    return CONFIGS[request.param]


def test_shapes_and_sums(config: ChordConfig) -> None:
    net, batch = build(config), songs(config)
    with torch.no_grad():
        found = everything(net, batch)
    for logs, size in zip(found, (CHORDS, LENGTHS, 13), strict=True):
        assert logs.shape == (3, 40, size)
        torch.testing.assert_close(logs.exp().sum(-1), torch.ones(3, 40))


def test_predictions_do_not_depend_on_later_steps(config: ChordConfig) -> None:
    net, batch = build(config), songs(config)
    other = songs(config, seed=2)
    mixed = ChordBatch(
        {
            name: torch.cat([ids[:, :25], other.columns[name][:, 25:]], 1)
            for name, ids in batch.columns.items()
        },
        batch.contexts,
        torch.cat([batch.onsets[:, :25], other.onsets[:, 25:]], 1),
        batch.real,
    )
    with torch.no_grad():
        for logs, mixed_logs in zip(everything(net, batch), everything(net, mixed), strict=True):
            torch.testing.assert_close(logs[:, 3:25], mixed_logs[:, 3:25])
            assert (logs[:, 25:] - mixed_logs[:, 25:]).abs().max() > 1e-3


def test_padding_changes_nothing(config: ChordConfig) -> None:
    net, batch = build(config), songs(config)
    with torch.no_grad():
        predicted, shorter = net(batch), net(cut(batch, 17))
        torch.testing.assert_close(predicted.chords[:, :17], shorter.chords)
        chosen = batch.columns["chord"].roll(-1, 1)
        details = net.details(predicted, batch, chosen)
        short_details = net.details(shorter, cut(batch, 17), chosen[:, :17])
    for longer, short in zip(details, short_details, strict=True):
        torch.testing.assert_close(longer[:, :17], short)


def test_songs_of_a_batch_are_independent(config: ChordConfig) -> None:
    net, batch = build(config), songs(config)
    alone = ChordBatch(
        {name: ids[1:2] for name, ids in batch.columns.items()},
        {name: ids[1:2] for name, ids in batch.contexts.items()},
        batch.onsets[1:2],
        batch.real[1:2],
    )
    with torch.no_grad():
        torch.testing.assert_close(net(batch).chords[1:2], net(alone).chords)


def test_a_song_of_one_step(config: ChordConfig) -> None:
    net, batch = build(config), songs(config)
    with torch.no_grad():
        for logs in everything(net, cut(batch, 1)):
            torch.testing.assert_close(logs.exp().sum(-1), torch.ones(3, 1))


def test_gradients_reach_every_weight(config: ChordConfig) -> None:
    net, batch = build(config).train(), songs(config)
    torch.stack([logs.square().mean() for logs in everything(net, batch)]).sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_match_lengths_equal_brute_force() -> None:
    chords = torch.randint(0, 2, (2, 30), generator=torch.Generator().manual_seed(3))
    longest = 5
    found = match_lengths(chords, longest)
    for song, row in enumerate(chords.tolist()):
        for i in range(30):
            for j in range(30):
                count = 0
                while count < min(longest, i + 1, j + 1) and row[i - count] == row[j - count]:
                    count += 1
                assert found[song, i, j] == count


# -- numpy


def reader_of(net: Net) -> ChordInference:
    return ChordInference(net.config, {name: w.numpy() for name, w in net.state_dict().items()})


def start_state(reader: ChordInference, batch: ChordBatch, song: int) -> ChordState:
    return reader.start({name: int(ids[song]) for name, ids in batch.contexts.items()})


def run_steps(
    reader: ChordInference, state: ChordState, batch: ChordBatch, song: int, i: int
) -> NextChord:
    ids = {name: int(rows[song, i]) for name, rows in batch.columns.items()}
    return reader.step(state, ids, int(batch.onsets[song, i]))


@pytest.mark.parametrize("seed", range(3))
def test_numpy_equals_torch(config: ChordConfig, seed: int) -> None:
    net, batch = build(config, seed), songs(config, 140, 2, seed + 5)
    reader = reader_of(net)
    with torch.no_grad():
        chords, lengths, basses = (logs.exp().numpy() for logs in everything(net, batch))
    chosen = batch.columns["chord"].roll(3, 1)
    for song in range(2):
        state = start_state(reader, batch, song)
        for i in range(140):
            read, chord = run_steps(reader, state, batch, song, i), int(chosen[song, i])
            np.testing.assert_allclose(read.chords, chords[song, i], atol=1e-5)
            np.testing.assert_allclose(read.lengths(chord), lengths[song, i], atol=1e-5)
            np.testing.assert_allclose(read.basses(chord), basses[song, i], atol=1e-5)


def test_numpy_equals_torch_on_a_long_song_at_full_size() -> None:
    columns = COLUMNS | {"chord": 557, "quality": 49, "function": 96}
    config = ChordTransformerConfig(557, LENGTHS, columns, CONTEXTS)
    net, batch = build(config), songs(config, 300, 1)
    reader = reader_of(net)
    with torch.no_grad():
        expected = net(batch).chords[0].exp().numpy()
    state = start_state(reader, batch, 0)
    for i in range(300):
        read = run_steps(reader, state, batch, 0, i)
        np.testing.assert_allclose(read.chords, expected[i], atol=1e-4)


def test_inference_imports_no_torch() -> None:
    names = [f"{net}.inference" for net in ("chord_nets", "chord_lstm", "chord_transformer")]
    program = f"import sys, {', '.join(f'muse.models.{name}' for name in names)}"
    done = subprocess.run(
        [sys.executable, "-c", program + "; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_forks_are_independent(config: ChordConfig) -> None:
    net, batch, other = build(config), songs(config), songs(config, seed=8)
    reader = reader_of(net)
    ways = [batch, other, batch]
    states = [start_state(reader, batch, 0)]
    for i in range(20):
        run_steps(reader, states[0], batch, 0, i)
    states += [reader.fork(states[0]), reader.fork(states[0])]
    for i in range(20, 40):  # all three advance in turn and must not affect each other
        reads = [
            run_steps(reader, state, way, 0, i) for state, way in zip(states, ways, strict=True)
        ]
        np.testing.assert_array_equal(reads[0].chords, reads[2].chords)
    with torch.no_grad():
        expected = net(batch).chords[0, 39].exp().numpy()
    np.testing.assert_allclose(reads[0].chords, expected, atol=1e-5)
    assert np.abs(reads[1].chords - reads[0].chords).max() > 1e-4


def test_predictions_do_not_change_with_later_steps(config: ChordConfig) -> None:
    reader, batch = reader_of(build(config)), songs(config)
    state = start_state(reader, batch, 0)
    reads = [run_steps(reader, state, batch, 0, i) for i in range(10)]
    before = [reads[-1].chords.copy(), reads[-1].lengths(3), reads[-1].basses(3)]
    for i in range(10, 40):
        run_steps(reader, state, batch, 0, i)
    for array, array_after in zip(
        before, (reads[-1].chords, reads[-1].lengths(3), reads[-1].basses(3)), strict=True
    ):
        np.testing.assert_array_equal(array, array_after)


def test_a_net_over_tokens() -> None:
    config = ChordLstmConfig(chords=50, lengths=0, columns={"note": 50}, width=12)
    torch.manual_seed(0)
    net = ChordLstm(config).eval()
    notes = torch.randint(0, 50, (1, 20))
    batch = ChordBatch({"note": notes}, {}, torch.zeros_like(notes), notes >= 0)
    with torch.no_grad():
        predicted: Predicted = net(batch)
    reader, state = reader_of(net), None
    state = reader.start()
    for i in range(20):
        read = reader.step(state, {"note": int(notes[0, i])})
        np.testing.assert_allclose(read.chords, predicted.chords[0, i].exp(), atol=1e-5)
    with pytest.raises(ValueError, match="no length"):
        net.details(predicted, batch, notes)


# -- files


def test_weights_are_loaded_from_files(config: ChordConfig, tmp_path: Path) -> None:
    net = build(config)
    tensors = {name: w.numpy() for name, w in net.state_dict().items()}
    data, card = pack_weights(
        tensors, {"config": dataclasses.asdict(config), "vocabulary_hash": "abc"}
    )
    (tmp_path / "net.safetensors").write_bytes(data)
    (tmp_path / "net.json").write_bytes(card)
    reader, loaded_card = load_chord_inference(tmp_path / "net", "abc")
    assert reader.config == read_config(loaded_card["config"]) == config
    batch = songs(config)
    read = run_steps(reader, start_state(reader, batch, 0), batch, 0, 0)
    with torch.no_grad():
        expected = net(batch).chords[0, 0].exp().numpy()
    np.testing.assert_allclose(read.chords, expected, atol=1e-5)
    with pytest.raises(ValueError, match="another vocabulary"):
        load_chord_inference(tmp_path / "net", "def")


def test_weights_of_another_config_are_refused() -> None:
    net = build(CONFIGS["no copying"])
    tensors = {name: w.numpy() for name, w in net.state_dict().items()}
    with pytest.raises(ValueError, match=r"biases\.copying"):
        ChordInference(CONFIGS["all"], tensors)
    wider = dataclasses.replace(CONFIGS["no copying"], chords=CHORDS + 1)
    with pytest.raises(ValueError, match=r"chords\.weight"):
        ChordInference(wider, tensors)


@pytest.mark.parametrize("number", [-1, COLUMNS["bass"]])
def test_invalid_ids_are_refused(config: ChordConfig, number: int) -> None:
    reader, batch = reader_of(build(config)), songs(config)
    state = start_state(reader, batch, 0)
    with pytest.raises(ValueError, match="not an id of bass"):
        reader.step(state, dict.fromkeys(config.columns, 0) | {"bass": number})
    read = run_steps(reader, state, batch, 0, 0)
    again = run_steps(reader, start_state(reader, batch, 0), batch, 0, 0)
    np.testing.assert_array_equal(read.chords, again.chords)


def test_invalid_configs_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        transformer_config(width=18)
    with pytest.raises(ValueError, match="columns"):
        ChordTransformerConfig(CHORDS, LENGTHS, {"chord": CHORDS})
    with pytest.raises(ValueError, match="columns"):
        ChordLstmConfig(CHORDS, 0, {"note": 4}, {"note": 4})
    with pytest.raises(ValueError, match="not that of a chord model"):
        read_config({"sizes": 3})


# -- copying


def repeated_songs(rng: torch.Generator, config: ChordTransformerConfig) -> ChordBatch:
    """Return eight random chords, repeated four times; only the first eight are unpredictable."""
    ids = torch.randint(1, CHORDS, (16, 8), generator=rng).repeat(1, 4)
    columns = {name: torch.zeros_like(ids) for name in config.columns} | {"chord": ids}
    contexts = dict.fromkeys(config.contexts, ids[:, 0] * 0)
    onsets = (torch.arange(32) * 2).expand(16, -1)
    return ChordBatch(columns, contexts, onsets, torch.ones_like(ids, dtype=torch.bool))


def loss_on_repeats(net: ChordTransformer, batch: ChordBatch) -> Tensor:
    """Return the mean NLL of the repeated chords."""
    chords = net(batch).chords[:, 8:-1]
    return -chords.gather(-1, batch.columns["chord"][:, 9:, None]).mean()


def test_copying_learns_to_repeat() -> None:
    losses = {}
    for copying in (True, False):
        torch.manual_seed(0)
        rng = torch.Generator().manual_seed(0)
        config = transformer_config(copying=copying, width=32, dropout=0.0)
        net = ChordTransformer(config, torch.zeros(6, 6, 12))
        optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
        for _ in range(60):
            optimizer.zero_grad()
            loss_on_repeats(net, repeated_songs(rng, config)).backward()
            optimizer.step()
        with torch.no_grad():
            losses[copying] = float(loss_on_repeats(net, repeated_songs(rng, config)))
    assert losses[False] > 2.5  # chance is log 29 = 3.4
    assert losses[True] < 1.0
