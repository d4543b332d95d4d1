"""Where results go: lines in one file, or a file for each input in a folder."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from muse.tools.errors import ParameterError
from muse.tools.files import PIPE, replacing

LINE_SUFFIX = ".jsonl"
FILE_SUFFIXES = frozenset({".json", ".jsonl", ".mid", ".midi"})


def is_folder(out: str) -> bool:
    """Whether a result's name is one of a folder."""
    return Path(out).is_dir() or Path(out).suffix.lower() not in FILE_SUFFIXES


def places_in(folder: str, inputs: dict[str, str], suffix: str) -> dict[str, Path]:
    """A path in a folder for each input, by its place below the folder it came from.

    Inputs that differ in their suffix only keep it: `a.mid` and `a.json` give `a.mid.json` too.

    Raises:
        ParameterError: two inputs would get one path, or an input would be written over.
    """
    stems = {name: str(Path(place).with_suffix("")) for name, place in inputs.items()}
    shared = Counter(stems.values())
    places = {
        name: Path(folder) / ((place if shared[stems[name]] > 1 else stems[name]) + suffix)
        for name, place in inputs.items()
    }
    counts = Counter(places.values())
    for name, path in places.items():
        if counts[path] > 1:
            raise ParameterError(f"two inputs would be written to {path}; name them one by one")
        if name != PIPE and path.resolve() == Path(name).resolve():
            raise ParameterError(f"{path} is an input; name another folder")
    return places


def refuse_input(out: str, inputs: dict[str, str]) -> None:
    """Raise ParameterError where a result would be written over an input."""
    if any(name != PIPE and Path(name).resolve() == Path(out).resolve() for name in inputs):
        raise ParameterError(f"{out} is an input; name another file")


class LineFile:
    """A file of lines that appears when whole, and not at all if no line was written."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        """Take the path, and what closes the file."""
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
    """A file of lines, renamed to its name at the end; see `LineFile`."""
    with ExitStack() as stack:
        yield LineFile(path, stack)
