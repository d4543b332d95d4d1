"""Where the results of each input go: DIR, DIR/<track> when there are several, and a zip file."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from muse.tools.files import PIPE, track_name
from muse.tools.transcription.zip_output import write_zip


@dataclass(frozen=True)
class Places:
    """A folder for each input, and the zip file all of them are packed into.

    Attributes:
        folders: by the input's name; empty when nothing is to be written.
        root: the folder above them.
        archive: path of the zip file, '-' for stdout, None for none.
    """

    folders: dict[str, Path]
    root: Path
    archive: str | None

    def pack(self) -> None:
        """Write the zip file, where one was asked for and something was made."""
        files = sorted(
            path for folder in self.folders.values() for path in folder.glob("*") if path.is_file()
        )
        if self.archive is not None and files:
            target = sys.stdout.buffer if self.archive == PIPE else Path(self.archive)
            write_zip(files, self.root, target)


@contextmanager
def places_of(inputs: Sequence[str], out: Path | None, archive: str | None) -> Iterator[Places]:
    """Choose the folders; without `out` a zip file is made from a folder that goes away again."""
    if out is not None:
        yield Places(folders_in(out, inputs), out, archive)
    elif archive is not None:
        with tempfile.TemporaryDirectory(prefix="muse-zip-") as temporary:
            yield Places(folders_in(Path(temporary), inputs), Path(temporary), archive)
    else:
        yield Places({}, Path(), None)


def folders_in(root: Path, inputs: Sequence[str]) -> dict[str, Path]:
    """The folder of each input: the root for one, <root>/<track> for several, none shared."""
    if len(inputs) == 1:
        return {inputs[0]: root}
    folders: dict[str, Path] = {}
    for name in inputs:
        track = track_name(name)
        taken = set(folders.values())
        tries = (root / (track if n == 1 else f"{track}-{n}") for n in range(1, len(inputs) + 1))
        folders[name] = next(folder for folder in tries if folder not in taken)
    return folders
