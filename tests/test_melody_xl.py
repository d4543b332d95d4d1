"""The net over melodies: recurrence, causality, copying, and normalized probabilities."""

import dataclasses

import pytest
import torch

from muse.models.melody_xl.attention import MelodyBatch, match_lengths
from muse.models.melody_xl.config import MelodyConfig, read_melody_config
from muse.models.melody_xl.net import MelodyXL, Memory, Predicted, predict_segments

PITCHES, INTERVALS, ADVANCES, DURATIONS = 20, 9, 6, 5
COLUMNS = {
    "pitch": PITCHES + 1,
    "interval": INTERVALS + 1,
    "advance": ADVANCES + 1,
    "duration": DURATIONS + 1,
    "place": 8,
    "chord": 7,
    "root": 13,
}
CONTEXTS = {"mode": 2}
SMALL = {"width": 16, "heads": 2, "layers": 2, "longest_match": 4, "phrase": 4, "segment": 64}
LOGIT_TOLERANCE = 1e-4


def config(**changed: object) -> MelodyConfig:
    sizes = (PITCHES, INTERVALS, ADVANCES, DURATIONS)
    return MelodyConfig(*sizes, COLUMNS, CONTEXTS, **{**SMALL, **changed})  # type: ignore[arg-type]


CONFIGS = {
    "all": config(),
    "no copying": config(copying=False),
    "no chords": dataclasses.replace(
        config(), columns={k: v for k, v in COLUMNS.items() if k not in ("chord", "root")}
    ),
}


def build(sizes: MelodyConfig, seed: int = 0) -> MelodyXL:
    """Return a net whose weights are not zero, and small enough that probabilities vary."""
    torch.manual_seed(seed)
    net = MelodyXL(sizes)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    return net.eval()


def melodies(sizes: MelodyConfig, rows: int, songs: int = 2, seed: int = 1) -> MelodyBatch:
    """Return songs with consistent columns, drawn from few notes so that there are matches."""
    rng = torch.Generator().manual_seed(seed)
    columns = {
        name: torch.randint(0, max(count - 1, 1), (songs, rows), generator=rng)
        for name, count in sizes.columns.items()
    }
    columns["pitch"] = torch.randint(8, 11, (songs, rows), generator=rng)
    columns["advance"] = torch.randint(0, 2, (songs, rows), generator=rng)
    columns["interval"][:, 1:] = columns["pitch"].diff(dim=1) + INTERVALS // 2
    for name, count in zip(
        ("pitch", "interval", "advance", "duration"),
        (PITCHES, INTERVALS, ADVANCES, DURATIONS),
        strict=True,
    ):
        columns[name][:, 0] = count
    bars = torch.arange(rows).expand(songs, rows) // 5
    return MelodyBatch(columns, {"mode": torch.randint(0, 2, (songs,), generator=rng)}, bars)


def segment_log_probs(net: MelodyXL, batch: MelodyBatch, length: int) -> torch.Tensor:
    """Return all log probabilities of songs read in segments, the three parts concatenated."""
    parts = []
    for start, predicted in zip(
        range(0, batch.rows, length), predict_segments(net, batch, length), strict=True
    ):
        parts.append(everything(net, predicted, batch.part(start, start + length)))
    return torch.cat(parts, 1)


def everything(net: MelodyXL, predicted: Predicted, rows: MelodyBatch) -> torch.Tensor:
    pitch = torch.full_like(rows.bars, 9)
    advance = torch.ones_like(rows.bars)
    return torch.cat([predicted.pitches, *net.details(predicted, pitch, advance)], -1)


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_segments_of_64_equal_one_pass(name: str) -> None:
    net = build(CONFIGS[name])
    batch = melodies(CONFIGS[name], 200)
    whole, parts = segment_log_probs(net, batch, 200), segment_log_probs(net, batch, 64)
    assert (whole - parts).abs().max() < LOGIT_TOLERANCE


@torch.no_grad()
def test_without_memory_the_past_is_forgotten() -> None:
    sizes = config(memory=0, segment=8)
    net = build(sizes)
    batch = melodies(sizes, 16)
    whole, parts = segment_log_probs(net, batch, 16), segment_log_probs(net, batch, 8)
    assert torch.allclose(whole[:, :8], parts[:, :8], atol=LOGIT_TOLERANCE)
    assert not torch.allclose(whole[:, 8:], parts[:, 8:], atol=LOGIT_TOLERANCE)


@torch.no_grad()
def test_memory_reaches_back_as_configured() -> None:
    sizes = config(memory=24, segment=16)
    net, batch = build(sizes), melodies(sizes, 80)
    memory: Memory | None = None
    for start in range(0, 80, 16):
        _, memory = net(batch.part(start, start + 16), memory)
        assert memory is not None
        assert {h.shape[1] for h in memory.hidden} == {memory.batch.rows} == {min(24, start + 16)}
        assert len(memory.hidden) == sizes.layers + 1


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_cached_inference_equals_full_passes(name: str) -> None:
    """Check that predictions with and without the cache are equal."""
    net = build(CONFIGS[name])
    batch = melodies(CONFIGS[name], 30, songs=1)
    memory = None
    for row in range(batch.rows):
        here = batch.part(row, row + 1)
        predicted, memory = net(here, memory)
        again, _ = net(batch.part(0, row + 1))
        full = everything(net, again, batch.part(0, row + 1))[:, -1:]
        assert (everything(net, predicted, here) - full).abs().max() < LOGIT_TOLERANCE


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("length", [7, 40])
@torch.no_grad()
def test_predictions_do_not_depend_on_later_rows(name: str, length: int) -> None:
    net, batch = build(CONFIGS[name]), melodies(CONFIGS[name], 40)
    other = melodies(CONFIGS[name], 40, seed=2)
    for place in (1, 20, 33):
        columns = {
            key: torch.cat([ids[:, :place], other.columns[key][:, place:]], 1)
            for key, ids in batch.columns.items()
        }
        bars = torch.cat([batch.bars[:, :place], other.bars[:, place:] + 3], 1)
        changed = MelodyBatch(columns, batch.contexts, bars)
        before, after = (
            segment_log_probs(net, batch, length),
            segment_log_probs(net, changed, length),
        )
        assert torch.equal(before[:, :place], after[:, :place])
        assert not torch.equal(before[:, place:], after[:, place:])


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_probabilities_add_up_to_one(name: str) -> None:
    net, batch = build(CONFIGS[name]), melodies(CONFIGS[name], 40)
    limits = [PITCHES, PITCHES + ADVANCES]
    for part in segment_log_probs(net, batch, 16).tensor_split(limits, -1):
        assert torch.allclose(part.exp().sum(-1), torch.ones(2, 40), atol=1e-4)


@torch.no_grad()
def test_transposed_phrases_are_copied_by_intervals() -> None:
    """Check that copied intervals predict the right pitch of a transposed phrase."""
    sizes = config()
    net = build(sizes)
    assert net.pointer is not None
    batch = melodies(sizes, 12, songs=1)
    phrase = torch.tensor([5, 6, 8, 7, 9])
    pitches = torch.cat([torch.tensor([PITCHES]), phrase, phrase + 4])[:-1]
    intervals = torch.cat([torch.tensor([INTERVALS, INTERVALS // 2]), pitches[1:].diff() + 4])
    batch = batch.part(0, 10)
    batch.columns["pitch"][0], batch.columns["interval"][0] = pitches, intervals
    weights = torch.zeros(1, 10, 10)
    weights[0, 9, 4] = 1.0  # the last note of the phrase followed row 4
    only_shifted = torch.tensor([0.0, 0.0, 1.0]).expand(1, 10, 3)
    logs = net.mix_pitches(only_shifted, torch.zeros(1, 10, PITCHES), weights, batch)
    assert int(logs[0, 9].argmax()) == int(phrase[-1]) + 4


@torch.no_grad()
def test_match_lengths_of_known_rows() -> None:
    ids = torch.tensor([[1, 2, 3, 1, 2, 3, 3]])
    whole = match_lengths(ids, 7, 4)
    assert whole[0, 5].tolist() == [0, 0, 3, 0, 0, 4, 1]
    assert torch.equal(match_lengths(ids, 2, 4), whole[:, -2:])


def test_a_net_without_chord_columns_ignores_chords() -> None:
    sizes = CONFIGS["no chords"]
    net, batch = build(sizes), melodies(CONFIGS["all"], 10)
    with pytest.raises(KeyError):
        net(batch)  # the caller passes only the columns of the config
    assert net.fresh.tone is None


def test_the_gradient_stops_at_the_memory() -> None:
    sizes = config(segment=8)
    net, batch = build(sizes), melodies(sizes, 16)
    _, memory = net(batch.part(0, 8))
    assert memory is not None
    assert not any(h.requires_grad for h in memory.hidden)


def test_configs_are_read_and_invalid_ones_refused() -> None:
    sizes = config()
    assert read_melody_config(dataclasses.asdict(sizes)) == sizes
    for wrong in ({"width": 20}, {"memory": -1}, {"columns": {"pitch": 3}}):
        with pytest.raises(ValueError, match=r"width|columns|memory"):
            dataclasses.replace(sizes, **wrong)
    with pytest.raises(ValueError, match="not that of a melody model"):
        read_melody_config({"width": 16})
