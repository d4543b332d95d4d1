"""Open ONNX models in onnxruntime, with the cores that this process may use, or on a GPU."""

import os
from pathlib import Path
from typing import Any

# providers of onnxruntime by device; its usual package has the one for Nvidia's GPUs left out
PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "mps": "CoreMLExecutionProvider",
}


def open_session(weights: Path, threads: int = 0, device: str = "cpu") -> Any:
    """Open an onnxruntime session.

    Args:
        weights: the ONNX file.
        threads: processor threads; 0 uses every core that this process may use.
        device: auto, cpu, cuda or mps; auto takes cuda where onnxruntime was built with it.

    Raises:
        ValueError: the device is unknown, or does not work here.
    """
    import onnxruntime

    providers = choose_providers(device, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3  # errors only
    # idle threads sleep, because spinning would take cores from other processes
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(weights), options, providers=providers)
    if device != "auto" and session.get_providers()[0] != providers[0]:
        raise ValueError(f"no {device} device works on this machine; try --device cpu")
    return session


def choose_providers(device: str, available: list[str]) -> list[str]:
    """Return the providers of a device, preferred first, of those that are available.

    Raises:
        ValueError: the device is unknown, or has no provider.
    """
    if device == "auto":
        device = "cuda" if PROVIDERS["cuda"] in available else "cpu"
    if device not in PROVIDERS:
        raise ValueError(f"device is {device}; it must be one of auto, {', '.join(PROVIDERS)}")
    if PROVIDERS[device] not in available:
        raise ValueError(f"onnxruntime has no {device} device on this machine; try --device cpu")
    return list(dict.fromkeys([PROVIDERS[device], PROVIDERS["cpu"]]))


def usable_cores() -> int:
    """Count the cores this process may run on, in a container often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
