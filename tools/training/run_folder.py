"""The folder of a training run.

run_YYYYMMDD_HHMMSS/
  checkpoints/  best.safetensors  last.safetensors  epoch_NNN.safetensors  resume.pt
  plots/        training_history.png  confusion_matrix.png  the recipe's own
  stats/        run_config.json  split.json  training_history.json
                evaluation_results.json  metrics_summary.txt  training_summary.txt
"""

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from muse.models.training.state import State, state_from_bytes
from muse.models.training.task import Entry
from muse.tools.errors import BadInputError
from muse.tools.files import read_bytes, write_bytes

CONFIG_FORMAT = "muse.training-run/1"


@dataclass(frozen=True)
class RunFolder:
    """The files of one run.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Folder of weights and of the state for resuming."""
        return self.path / "checkpoints"

    @property
    def plots(self) -> Path:
        """Folder of plots."""
        return self.path / "plots"

    @property
    def stats(self) -> Path:
        """Folder of figures, as JSON and text."""
        return self.path / "stats"

    @property
    def resume_file(self) -> Path:
        """File of the state for resuming."""
        return self.checkpoints / "resume.pt"

    def can_resume(self) -> bool:
        """Return whether there is a state to resume from."""
        return self.resume_file.is_file()

    def has_history(self) -> bool:
        """Return whether at least one epoch was completed."""
        return (self.stats / "training_history.json").is_file()

    def write_state(self, state: State) -> None:
        """Write the state, and after each epoch the history and the last weights."""
        write_bytes(self.resume_file, state.to_bytes())
        if not state.batch and state.history:
            self.write_epoch(state)

    def write_epoch(self, state: State) -> None:
        """Write history and last weights of a state at the end of an epoch."""
        self.write_json("training_history.json", state.history)
        self.write_weights("last", state.weights, state.history[-1])

    def write_periodic(self, state: State) -> None:
        """Write the weights of an epoch under its number."""
        entry = state.history[-1]
        self.write_weights(f"epoch_{entry['epoch']:03d}", state.weights, entry)

    def write_best(self, weights: dict[str, Tensor], entry: Entry) -> None:
        """Write the weights of the best epoch so far."""
        self.write_weights("best", weights, entry)

    def write_weights(self, name: str, weights: dict[str, Tensor], entry: Entry) -> None:
        """Write weights, with the history entry of their epoch in the file's header."""
        notes = {"epoch": json.dumps(entry)}  # one key, as the order of several is random
        write_bytes(self.checkpoints / f"{name}.safetensors", save_tensors(weights, notes))

    def weights(self, name: str) -> dict[str, Tensor]:
        """Return one set of weights.

        Raises:
            BadInputError: the file is missing or damaged.
        """
        path = self.checkpoints / f"{name}.safetensors"
        try:
            return load_tensors(read_bytes(path))
        except SafetensorError as error:
            raise BadInputError(f"{path}: is damaged ({error})") from error

    def state(self) -> State:
        """Return the state to resume from.

        Raises:
            BadInputError: its file is missing or damaged.
        """
        try:
            return state_from_bytes(read_bytes(self.resume_file))
        except BadInputError:
            raise
        except ValueError as error:
            raise BadInputError(f"{self.resume_file}: {error}") from error

    def config(self) -> dict[str, Any]:
        """Return the contents of run_config.json.

        Raises:
            BadInputError: the file is missing, damaged or of another format.
        """
        path = self.stats / "run_config.json"
        if not path.is_file():
            raise BadInputError(f"{self.path}: is not the folder of a training run")
        try:
            values = json.loads(read_bytes(path))
            if values["format"] == CONFIG_FORMAT:
                return dict(values)
        except (ValueError, LookupError, TypeError) as error:
            raise BadInputError(f"{path}: is damaged ({error})") from error
        raise BadInputError(f"{path}: is not a {CONFIG_FORMAT}")

    def write_json(self, name: str, values: Any) -> None:
        """Write values as JSON into the folder of figures."""
        write_json(self.stats / name, values)

    def write_text(self, name: str, text: str) -> None:
        """Write text into the folder of figures."""
        write_bytes(self.stats / name, text.encode())


def write_json(path: Path, values: Any) -> None:
    """Write plain values as indented JSON; values that are not finite become null."""
    text = json.dumps(finite(values), indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def finite(values: Any) -> Any:
    """Return the values with None for numbers that are not finite."""
    if isinstance(values, Mapping):
        return {key: finite(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def new_folder(out: Path, config: Mapping[str, Any], now: datetime | None = None) -> RunFolder:
    """Make the folder of a new run, named by time, and by number within the same second."""
    stem = f"run_{now or datetime.now():%Y%m%d_%H%M%S}"
    for number in count(1):
        path = out / (stem if number == 1 else f"{stem}_{number}")
        try:
            path.mkdir(parents=True)
            break
        except FileExistsError:
            continue
    folder = RunFolder(path)
    for inner in (folder.checkpoints, folder.plots, folder.stats):
        inner.mkdir()
    folder.write_json("run_config.json", {"format": CONFIG_FORMAT, **config})
    return folder


def discard(folder: RunFolder) -> None:
    """Delete the folder of a run in which nothing was trained."""
    shutil.rmtree(folder.path)
