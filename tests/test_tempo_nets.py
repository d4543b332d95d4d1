"""The tempo nets: numpy gives the same as torch."""

import numpy as np
import torch

from muse.models.numpy_layers import Floats
from muse.models.tempo_nets.config import BEAT_OUTPUTS, BEAT_UNITS, PHASES, TEMPO_UNITS
from muse.models.tempo_nets.inference import phase_log_odds, tempo_log_probabilities
from muse.models.tempo_nets.net import BeatNet, tempo_net

TEMPOS, ONSETS, FEATURES = 5, 7, 11
LAYERS = ("beat.0", "beat.1", "beat.2")


def beat_net(seed: int) -> BeatNet:
    """Make a net with random weights and a random scale of the tempos; no dropout."""
    torch.manual_seed(seed)
    net = BeatNet(FEATURES, dropout=0.0)
    with torch.no_grad():
        net.last.weight.copy_(torch.randn_like(net.last.weight))
        net.scale.fill_(0.5 + seed)
    return net


def arrays_of(nets: list[BeatNet]) -> dict[str, Floats]:
    """Return the weights of an ensemble under the names of the weight file."""
    arrays: dict[str, Floats] = {}
    for layer, name in enumerate(LAYERS):
        weights, biases = zip(*(net.arrays()[layer] for net in nets), strict=True)
        arrays |= {name: np.stack(weights), f"{name}.bias": np.stack(biases)}
    return arrays


def random_onsets(seed: int) -> tuple[Floats, Floats]:
    """Return features (tempos, onsets, features) and beats after the last onset."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(TEMPOS, ONSETS, FEATURES)).astype(np.float32)
    back = -np.sort(rng.uniform(0, 8, (TEMPOS, ONSETS)))[:, ::-1].astype(np.float32)
    back[:, -1] = 0.0
    return features, back


def test_tempo_scores_match_torch() -> None:
    torch.manual_seed(0)
    net = tempo_net(FEATURES)
    features = torch.randn(TEMPOS, FEATURES)
    hidden, out = net[0], net[2]
    arrays = {
        "hidden": hidden.weight.detach().numpy(),
        "bias": hidden.bias.detach().numpy(),
        "out": out.weight.detach().numpy()[0],
    }
    assert arrays["hidden"].shape == (TEMPO_UNITS, FEATURES)
    with torch.no_grad():
        expected = torch.log_softmax(net(features)[:, 0], 0).numpy()
    actual = tempo_log_probabilities(features.numpy(), arrays)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_beat_phases_of_an_ensemble_match_torch() -> None:
    nets = [beat_net(seed) for seed in range(3)]
    arrays = arrays_of(nets)
    assert arrays["beat.0"].shape == (3, BEAT_UNITS[0], FEATURES)
    assert arrays["beat.2"].shape == (3, BEAT_OUTPUTS, BEAT_UNITS[1])
    features, back = random_onsets(1)
    tempo_log_odds = torch.randn(1, TEMPOS)
    with torch.no_grad():
        each = [
            net(torch.from_numpy(features)[None], torch.from_numpy(back)[None], tempo_log_odds)[0]
            / net.scale
            for net in nets
        ]
    expected = torch.stack(each).mean(0).numpy() - tempo_log_odds[0, :, None].numpy()
    actual = phase_log_odds(features, back.astype(np.float64), arrays)
    assert actual.shape == (TEMPOS, len(PHASES))
    np.testing.assert_allclose(actual, expected, atol=1e-3)


def test_missing_onsets_have_no_effect() -> None:
    net = beat_net(0)
    features, back = random_onsets(2)
    padded = np.concatenate([np.full((TEMPOS, 2), np.nan, np.float32), back], axis=1)
    more = np.concatenate([np.ones((TEMPOS, 2, FEATURES), np.float32), features], axis=1)
    with torch.no_grad():
        alone, with_padding = (
            net(torch.from_numpy(x)[None], torch.from_numpy(b)[None], torch.zeros(1, TEMPOS))
            for x, b in ((features, back), (more, padded))
        )
    torch.testing.assert_close(alone, with_padding, atol=1e-4, rtol=1e-5)
