"""Chooses the output folder of each input: DIR, or DIR/<track> for several; packs the zip file."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from muse.tools.files import PIPE, check_folder, track_name
from muse.tools.temporary import temporary_folder
from muse.tools.transcription.zip_output import write_zip


@dataclass(frozen=True)
class OutputPaths:
    """The output folder of each input, and the zip file that they are packed into.

    Attributes:
        folders: by name of the input; empty if nothing is written.
        root: the folder above them.
        archive: path of the zip file, '-' for stdout, or None.
    """

    folders: dict[str, Path]
    root: Path
    archive: str | None

    def pack(self) -> None:
        """Write the zip file, if there is one and it would not be empty."""
        files = sorted(
            path for folder in self.folders.values() for path in folder.glob("*") if path.is_file()
        )
        if self.archive is not None and files:
            target = sys.stdout.buffer if self.archive == PIPE else Path(self.archive)
            write_zip(files, self.root, target)


@contextmanager
def choose_output_paths(
    inputs: Sequence[str], out: Path | None, archive: str | None
) -> Iterator[OutputPaths]:
    """Choose the output folder of each input.

    Args:
        inputs: file names, or '-'.
        out: the folder for results; None writes none.
        archive: path of a zip file, '-' for stdout, or None. Without `out`, it is packed from a
            temporary folder.

    Raises:
        MuseError: `out` is a file.
    """
    if out is not None:
        check_folder(out)
        yield OutputPaths(folders_in(out, inputs), out, archive)
    elif archive is not None:
        with temporary_folder() as temporary:
            yield OutputPaths(folders_in(temporary, inputs), temporary, archive)
    else:
        yield OutputPaths({}, Path(), None)


def folders_in(root: Path, inputs: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each input: the root for one input, <root>/<track> for several.

    Tracks of the same name get numbers, so that no two inputs share a folder.
    """
    if len(inputs) == 1:
        return {inputs[0]: root}
    folders: dict[str, Path] = {}
    for name in inputs:
        track = track_name(name)
        taken = set(folders.values())
        tries = (root / (track if n == 1 else f"{track}-{n}") for n in range(1, len(inputs) + 1))
        folders[name] = next(folder for folder in tries if folder not in taken)
    return folders
