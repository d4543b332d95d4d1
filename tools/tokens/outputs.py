"""Destinations of results: lines in one file, or one file per input in a folder."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from muse.tools.errors import ParameterError
from muse.tools.files import PIPE, real_path, replacing

LINE_SUFFIX = ".jsonl"
FILE_SUFFIXES = frozenset({".json", ".jsonl", ".mid", ".midi"})
# formats that a user may expect; with any other suffix the output is a folder
OTHER_SUFFIXES = frozenset(
    {".txt", ".csv", ".npz", ".wav", ".ogg", ".flac", ".mp3", ".musicxml", ".xml", ".png", ".zip"}
)


def is_folder(out: str) -> bool:
    """Return whether an output name means a folder: it is one, or ends in / or without a suffix.

    Raises:
        ParameterError: the name has the suffix of a format that is not written here.
    """
    suffix = Path(out).suffix.lower()
    if suffix in OTHER_SUFFIXES and not (Path(out).is_dir() or out.endswith("/")):
        formats = ", ".join(sorted(FILE_SUFFIXES))
        raise ParameterError(f"{out}: cannot write {suffix} files; formats are {formats}")
    return Path(out).is_dir() or Path(out).suffix.lower() not in FILE_SUFFIXES


def output_paths(folder: str, inputs: dict[str, str], suffix: str) -> dict[str, Path]:
    """Return a path in a folder for each input, from its path relative to the input folder.

    Inputs whose names differ only in their suffix keep it: `a.mid` and `a.json` give `a.mid.json`.

    Raises:
        ParameterError: two inputs would get the same path, or an input would be overwritten.
    """
    stems = {name: str(Path(below).with_suffix("")) for name, below in inputs.items()}
    shared = Counter(stems.values())
    paths = {
        name: Path(folder) / ((below if shared[stems[name]] > 1 else stems[name]) + suffix)
        for name, below in inputs.items()
    }
    counts = Counter(paths.values())
    for name, path in paths.items():
        if counts[path] > 1:
            raise ParameterError(
                f"two inputs would be written to {path}; tokenize them in separate runs"
            )
        if name != PIPE and real_path(path) == real_path(name):
            raise ParameterError(f"{path} is an input; choose another output folder")
    return paths


def check_not_input(out: str, inputs: dict[str, str]) -> None:
    """Raise ParameterError if the output is one of the inputs."""
    if any(name != PIPE and real_path(name) == real_path(out) for name in inputs):
        raise ParameterError(f"{out} is an input; choose another output file")


class LineFile:
    """File of lines, renamed into place when complete; not created without lines."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        """Store the path and the stack that closes the file."""
        self.path = path
        self.stack = stack
        self.file: BinaryIO | None = None

    def write(self, line: bytes) -> None:
        """Append a line."""
        if self.file is None:
            temporary = self.stack.enter_context(replacing(self.path))
            self.file = self.stack.enter_context(temporary.open("wb"))
        self.file.write(line)


@contextmanager
def writing_lines(path: Path) -> Iterator[LineFile]:
    """Open a file of lines that is renamed into place at the end; see `LineFile`."""
    with ExitStack() as stack:
        yield LineFile(path, stack)
