"""The whole state of a run between two batches, as plain tensors, numbers, lists and dicts.

It is read back with torch.load(weights_only=True): no class is ever pickled.
"""

import random
from dataclasses import dataclass, field
from io import BytesIO
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from muse.models.training.task import Entry

FORMAT = "muse.training-state/1"
# what torch.load answers to bytes that are damaged or are something else
DAMAGE = (
    RuntimeError,
    UnpicklingError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)


@dataclass
class State:
    """Where a run stands.

    Attributes:
        epoch: that is being trained, from 0; equal to len(history).
        batch: batches of it that are done, in [0, batches of an epoch).
        step: batches done in all epochs.
        history: one entry for each whole epoch.
        seconds: spent on training.
        weights: of the net as after the last step; empty before the first.
        optimizer: its state_dict; empty before the first step.
        processes: for each process its random states and its sums of the epoch so far.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    history: list[Entry] = field(default_factory=list)
    seconds: float = 0.0
    weights: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    processes: list[dict[str, Any]] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """The state as a file's bytes."""
        buffer = BytesIO()
        torch.save({"format": FORMAT, **vars(self)}, buffer)
        return buffer.getvalue()


def state_from_bytes(data: bytes) -> State:
    """The state that State.to_bytes wrote.

    Raises:
        ValueError: these are other bytes, or damaged ones.
    """
    try:
        values = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise ValueError(f"is damaged ({type(error).__name__})") from error
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"is not a {FORMAT}")
    return State(**values)


def random_states() -> dict[str, Any]:
    """The states of the random numbers of torch, its GPUs, numpy and Python."""
    kind, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002 (it is the global one that is kept)
    version, words, next_gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [str(kind), torch.from_numpy(np.asarray(keys, np.int64)), place, has_gauss, gauss],
        "python": [version, list(words), next_gauss],
    }


def set_random_states(states: dict[str, Any]) -> None:
    """Go on with the random numbers where random_states was called."""
    torch.set_rng_state(states["torch"])
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, words, next_gauss = states["python"]
    random.setstate((version, tuple(words), next_gauss))


def seed_everything(seed: int) -> None:
    """Begin the random numbers of torch, numpy and Python anew."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (for nets that draw from the global one)
    random.seed(seed)


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """Copies of the net's tensors on the processor, one for those that are tied together."""
    kept: dict[tuple[int, int, tuple[int, ...]], str] = {}
    named = net.state_dict()
    for name, tensor in named.items():
        kept.setdefault((tensor.data_ptr(), tensor.storage_offset(), tuple(tensor.shape)), name)
    names = set(kept.values()) | {name for name, tensor in named.items() if not tensor.numel()}
    return {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in named.items()
        if name in names
    }


def put_weights(net: nn.Module, weights: dict[str, Tensor]) -> None:
    """Set the net's tensors, in place.

    Raises:
        ValueError: other names or shapes than the net has.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in weights_of(net).items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if wanted != given:
        odd = sorted(name for name in wanted | given if wanted.get(name) != given.get(name))
        raise ValueError(f"the weights are of another net: {odd[0]} and {len(odd) - 1} more differ")
    net.load_state_dict(weights, strict=False)
