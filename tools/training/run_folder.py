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
    """Where everything of a run lies.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Weights and the state to go on from."""
        return self.path / "checkpoints"

    @property
    def plots(self) -> Path:
        """Pictures."""
        return self.path / "plots"

    @property
    def stats(self) -> Path:
        """Figures as JSON and text."""
        return self.path / "stats"

    @property
    def resume_file(self) -> Path:
        """The state to go on from."""
        return self.checkpoints / "resume.pt"

    def can_resume(self) -> bool:
        """Whether there is a state to go on from."""
        return self.resume_file.is_file()

    def has_history(self) -> bool:
        """Whether a whole epoch was trained."""
        return (self.stats / "training_history.json").is_file()

    def keep_state(self, state: State) -> None:
        """Write the state; at the end of an epoch what others read follows it."""
        write_bytes(self.resume_file, state.to_bytes())
        if not state.batch and state.history:
            self.keep_epoch(state)

    def keep_epoch(self, state: State) -> None:
        """Write history and weights of the last whole epoch, of a state between two epochs."""
        self.write_json("training_history.json", state.history)
        self.keep_weights("last", state.weights, state.history[-1])

    def keep_periodic(self, state: State) -> None:
        """Write the weights of an epoch that stays."""
        entry = state.history[-1]
        self.keep_weights(f"epoch_{entry['epoch']:03d}", state.weights, entry)

    def keep_best(self, weights: dict[str, Tensor], entry: Entry) -> None:
        """Write the weights of the best epoch so far."""
        self.keep_weights("best", weights, entry)

    def keep_weights(self, name: str, weights: dict[str, Tensor], entry: Entry) -> None:
        """Write one set of weights, with the epoch's line of the history in the file's header."""
        notes = {"epoch": json.dumps(entry)}  # one key: several would be in random order
        write_bytes(self.checkpoints / f"{name}.safetensors", save_tensors(weights, notes))

    def weights(self, name: str) -> dict[str, Tensor]:
        """One set of weights.

        Raises:
            BadInputError: it is not there or is damaged.
        """
        path = self.checkpoints / f"{name}.safetensors"
        try:
            return load_tensors(read_bytes(path))
        except SafetensorError as error:
            raise BadInputError(f"{path}: is damaged ({error})") from error

    def state(self) -> State:
        """The state to go on from.

        Raises:
            BadInputError: it is damaged.
        """
        try:
            return state_from_bytes(read_bytes(self.resume_file))
        except BadInputError:
            raise
        except ValueError as error:
            raise BadInputError(f"{self.resume_file}: {error}") from error

    def config(self) -> dict[str, Any]:
        """What was written into run_config.json.

        Raises:
            BadInputError: it is not there, or is something else.
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
        """Write one file of figures."""
        write_json(self.stats / name, values)

    def write_text(self, name: str, text: str) -> None:
        """Write one file of text."""
        write_bytes(self.stats / name, text.encode())


def write_json(path: Path, values: Any) -> None:
    """Write plain values, readable."""
    text = json.dumps(finite(values), indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def finite(values: Any) -> Any:
    """The same values with null for what JSON cannot say."""
    if isinstance(values, Mapping):
        return {key: finite(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def new_folder(out: Path, config: Mapping[str, Any], now: datetime | None = None) -> RunFolder:
    """Make the folder of a new run, named after the time; a second in that second is numbered."""
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
    """Take away a run in which nothing was trained yet."""
    shutil.rmtree(folder.path)
