"""Choose the device that runs a net, and the precision it computes in."""

import platform
from contextlib import AbstractContextManager
from pathlib import Path

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
FAST_BFLOAT16 = ("avx512_bf16", "amx_bf16")  # instructions without which bfloat16 is emulated


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name; auto takes a GPU that works, otherwise the processor.

    Raises:
        ValueError: the name is unknown, or no such device works.
    """
    if name not in DEVICES:
        raise ValueError(f"device is {name}; it must be one of {', '.join(DEVICES)}")
    if name == "auto":
        return torch.device(next((gpu for gpu in ("cuda", "mps") if works(gpu)), "cpu"))
    if not works(name):
        raise ValueError(f"no {name} device works on this machine; try --device cpu")
    return torch.device(name)


def works(name: str) -> bool:
    """Return whether a small sum on the device gives the right result."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if not available[name]:
        return False
    try:
        return torch.ones(8, device=name).sum().item() == 8
    except (RuntimeError, AssertionError):  # a driver too old, a GPU torch was not built for
        return False


def has_fast_bfloat16(device: torch.device) -> bool:
    """Return whether the device computes in bfloat16 faster than in float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or platform.machine() not in ("x86_64", "AMD64"):
        return False
    flags = processor_flags()
    return any(flag in flags for flag in FAST_BFLOAT16)


def processor_flags() -> set[str]:
    """Return the instruction sets of an x86 processor, by their names in Linux."""
    if hasattr(torch.cpu, "get_capabilities"):
        return {name for name, has in torch.cpu.get_capabilities().items() if has is True}
    information = Path("/proc/cpuinfo")
    return set(information.read_text().split()) if information.is_file() else set()


def choose_precision(device: torch.device, precision: str = "auto") -> torch.dtype:
    """Return the precision of a name; auto takes bfloat16 where that is faster.

    Raises:
        ValueError: the precision is unknown.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision}; it must be one of {', '.join(PRECISIONS)}")
    use_bfloat16 = precision == "bfloat16" or (precision == "auto" and has_fast_bfloat16(device))
    return torch.bfloat16 if use_bfloat16 else torch.float32


def computing_in(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Return a context in which nets compute in a precision; some operations stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)
