"""ONNX models on the processor, run by onnxruntime with the cores this process may use."""

import os
from pathlib import Path
from typing import Any


def open_session(weights: Path, threads: int = 0) -> Any:
    """An onnxruntime session.

    Args:
        weights: the ONNX file.
        threads: of the processor; 0 takes one for each core this process may use.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3  # errors only
    # idle threads sleep: their spinning takes the cores from everything else that runs
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def usable_cores() -> int:
    """Cores this process may run on, which in a container can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
