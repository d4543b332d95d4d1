"""Load the Demucs nets of the demucs package, with weights from untrusted files.

S. Rouard, F. Massa, A. Defossez, "Hybrid Transformers for Music Source Separation", ICASSP 2023.

Audio is (batch, channels, samples) at the net's rate; stems are (batch, stems, channels, samples).
"""

import json
import pickle
import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

# raised by torch for files that are not checkpoints, or that it does not trust
PICKLE_ERRORS = (
    RuntimeError,
    OSError,
    ValueError,
    EOFError,
    LookupError,
    AttributeError,
    pickle.UnpicklingError,
)
QUERIES = 672  # attended to in one product
NETS = {net.__name__: net for net in (Demucs, HDemucs, HTDemucs)}


class Attention(nn.Module):
    """Multi-head attention with the weights of torch's, up to three times as fast.

    On processors torch's kernels are no faster in bfloat16 than in float32. Matrix products of one
    head and few queries at a time are faster, because their scores fit in the processor's cache.
    """

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        """Take the weights of torch's module."""
        super().__init__()
        self.heads = attention.num_heads
        self.batch_first = attention.batch_first
        self.in_proj_weight = attention.in_proj_weight
        self.in_proj_bias = attention.in_proj_bias
        self.out_proj = attention.out_proj

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, **options: Any
    ) -> tuple[Tensor, None]:
        """Attend; as in torch, but without support for masks.

        Raises:
            ValueError: a mask is given.
        """
        if options.get("attn_mask") is not None or options.get("key_padding_mask") is not None:
            raise ValueError("a Demucs net with sparse attention is not supported")
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        inputs = (query, key, value)
        parts = [F.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True)]
        if not self.batch_first:
            parts = [part.transpose(0, 1) for part in parts]
        q, k, v = (part.reshape(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in parts)
        if q.device.type == "cpu" and q.dtype == torch.bfloat16:
            attended = attend_in_pieces(q, k, v)
        else:
            attended = F.scaled_dot_product_attention(q, k, v)
        joined = attended.transpose(1, 2).flatten(2)
        return self.out_proj(joined if self.batch_first else joined.transpose(0, 1)), None


def attend_in_pieces(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Compute scaled dot-product attention, (batch, heads, length, width), head by head."""
    result = torch.empty_like(query)
    scale = query.shape[-1] ** -0.5
    with torch.autocast("cpu", enabled=False):  # it would make the scores float32
        for one, head in product(range(query.shape[0]), range(query.shape[1])):
            keys, values = key[one, head].T, value[one, head]
            for start in range(0, query.shape[2], QUERIES):
                piece = query[one, head, start : start + QUERIES] * scale
                result[one, head, start : start + QUERIES] = (piece @ keys).softmax(-1) @ values
    return result


def replace_attention(net: nn.Module) -> None:
    """Replace torch's attention modules in a net, except those with options not supported here."""
    for module in list(net.modules()):
        for name, child in module.named_children():
            plain = isinstance(child, nn.MultiheadAttention) and child.in_proj_weight is not None
            if plain and child.in_proj_bias is not None and child.bias_k is None:
                setattr(module, name, Attention(child))


class DemucsBag(nn.Module):
    """Nets whose outputs are averaged, with a weight for each net and stem."""

    shares: Tensor

    def __init__(self, nets: Sequence[nn.Module], shares: Sequence[Sequence[float]] | None) -> None:
        """Join nets of one kind.

        Args:
            nets: one or more.
            shares: weight of each net for each stem; None for equal weights.

        Raises:
            ValueError: the nets have different stems, or the weights have another shape.
        """
        super().__init__()
        typed: list[Any] = list(nets)
        first = typed[0]
        self.stems: tuple[str, ...] = tuple(str(stem) for stem in first.sources)
        self.sample_rate = int(first.samplerate)
        if any(tuple(net.sources) != self.stems for net in typed):
            raise ValueError("the nets of this model have different stems")
        table = torch.tensor(shares or [[1.0] * len(self.stems)] * len(nets))
        if table.shape != (len(nets), len(self.stems)):
            raise ValueError("the shares do not fit the nets and stems of this model")
        self.nets = nn.ModuleList(nets)
        self.register_buffer("shares", table / table.sum(0), persistent=False)

    @property
    def longest_segment_s(self) -> float:
        """Longest audio that the nets can read, seconds; the length they were trained on."""
        nets: list[Any] = list(self.nets)
        return min(float(net.segment) for net in nets)

    def forward(self, audio: Tensor, needed: Sequence[int] | None = None) -> Tensor:
        """Return the stems of the audio; nets that only contribute to other stems are not run.

        Args:
            audio: (batch, channels, samples).
            needed: numbers of the stems that are needed; None needs all.
        """
        total = audio.new_zeros(len(audio), len(self.stems), *audio.shape[1:])
        for net, shares in zip(self.nets, self.shares, strict=True):
            if needed is None or any(shares[stem] > 0 for stem in needed):
                total += net(audio).float() * shares[:, None, None]
        return total


def load_net(path: Path) -> nn.Module:
    """Load a net with its weights from .th (demucs' pickles) or .safetensors.

    Raises:
        ValueError: the file is not a Demucs net, or its pickle would call anything else.
    """
    package = read_safetensors(path) if path.suffix == ".safetensors" else read_pickle(path)
    try:
        kind = package["klass"]
        make = NETS[kind if isinstance(kind, str) else kind.__name__]
        net = make(*package["args"], **package["kwargs"])
        net.load_state_dict(package["state"])
    except (KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise ValueError(f"{path}: not a Demucs net ({error})") from error
    result: nn.Module = net.float().eval()
    replace_attention(result)
    return result


def read_pickle(path: Path) -> Mapping[str, Any]:
    """Read a .th file; only tensors, plain values, fractions and the nets' classes are allowed."""
    try:
        with (
            torch.serialization.safe_globals([*NETS.values(), Fraction]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # about storage classes that old files name
            package = torch.load(path, map_location="cpu", weights_only=True)
    except PICKLE_ERRORS as error:
        # torch's message advises to trust the file
        raise ValueError(f"{path}: not a Demucs net, or one that calls other code") from error
    return package if isinstance(package, dict) else {}


def read_safetensors(path: Path) -> Mapping[str, Any]:
    """Read a .safetensors file: the state, and from its metadata the net's arguments."""
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return {
            "klass": metadata["klass"].rpartition(".")[2],
            "args": json.loads(metadata["args"], object_hook=decode_fraction),
            "kwargs": json.loads(metadata["kwargs"], object_hook=decode_fraction),
            "state": state,
        }
    except (KeyError, ValueError, OSError, SafetensorError) as error:
        raise ValueError(f"{path}: not a Demucs net ({error})") from error


def decode_fraction(value: dict[str, Any]) -> Any:
    """Decode a JSON object, which may be a fraction."""
    if value.get("_type") == "fraction":
        return Fraction(value["numerator"], value["denominator"])
    return value
