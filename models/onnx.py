"""Open ONNX models in onnxruntime, on the processor, with the cores that this process may use."""

import os
from pathlib import Path
from typing import Any


def open_session(weights: Path, threads: int = 0) -> Any:
    """Open an onnxruntime session.

    Args:
        weights: the ONNX file.
        threads: processor threads; 0 uses every core that this process may use.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3  # errors only
    # idle threads sleep, because spinning would take cores from other processes
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def usable_cores() -> int:
    """Count the cores this process may run on, in a container often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
