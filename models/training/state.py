"""The whole state of a training run between two batches, as tensors, numbers, lists and dicts.

It is read with torch.load(weights_only=True), so no class is pickled.
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
# raised by torch.load for bytes that are damaged or of another format
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
    """State of a run.

    Attributes:
        epoch: number of the current epoch, from 0; equal to len(history).
        batch: batches of the epoch that are done.
        step: batches that are done in all epochs.
        history: one entry for each finished epoch.
        seconds: duration of the training so far.
        weights: of the net after the last step; empty before the first.
        optimizer: its state_dict; empty before the first step.
        processes: random states and sums of the epoch so far, of each process.
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
        """Serialize the state."""
        buffer = BytesIO()
        torch.save({"format": FORMAT, **vars(self)}, buffer)
        return buffer.getvalue()


def state_from_bytes(data: bytes) -> State:
    """Read a state that State.to_bytes wrote.

    Raises:
        ValueError: the bytes are damaged or of another format.
    """
    try:
        values = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise ValueError(f"is damaged ({type(error).__name__})") from error
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"is not a file of format {FORMAT}")
    return State(**values)


def random_states() -> dict[str, Any]:
    """Return the states of the random generators of torch, its GPUs, numpy and Python."""
    kind, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002 (the global generator is saved)
    version, words, next_gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [str(kind), torch.from_numpy(np.asarray(keys, np.int64)), place, has_gauss, gauss],
        "python": [version, list(words), next_gauss],
    }


def set_random_states(states: dict[str, Any]) -> None:
    """Restore the random generators from `random_states`."""
    torch.set_rng_state(states["torch"])
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, words, next_gauss = states["python"]
    random.setstate((version, tuple(words), next_gauss))


def seed_everything(seed: int) -> None:
    """Seed the random generators of torch, numpy and Python."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (for nets that use the global generator)
    random.seed(seed)


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """Copy the net's tensors to the processor; tied tensors appear once."""
    first_names: dict[tuple[int, int, tuple[int, ...]], str] = {}
    named = net.state_dict()
    for name, tensor in named.items():
        memory = (tensor.data_ptr(), tensor.storage_offset(), tuple(tensor.shape))
        first_names.setdefault(memory, name)
    empty = {name for name, tensor in named.items() if not tensor.numel()}
    names = set(first_names.values()) | empty
    return {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in named.items()
        if name in names
    }


def set_weights(net: nn.Module, weights: dict[str, Tensor]) -> None:
    """Set the net's tensors in place.

    Raises:
        ValueError: names or shapes are not those of the net.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in weights_of(net).items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != given:
        different = sorted(
            name for name in expected | given if expected.get(name) != given.get(name)
        )
        raise ValueError(
            f"the weights are of another net: {different[0]} and {len(different) - 1} more differ"
        )
    net.load_state_dict(weights, strict=False)
