"""What a run of `muse train` returns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """The outcome of one run.

    Attributes:
        folder: of the run; None in a process that only helps another one to train.
        stopped: whether it was interrupted and can be resumed.
        summary: figures of the run as plain values; None unless it was completed.
        text: the same figures as text for a terminal.
    """

    folder: Path | None
    stopped: bool = False
    summary: dict[str, Any] | None = None
    text: str = ""
