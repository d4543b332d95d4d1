"""Stems as a tar archive that is written as a stream, for pipes."""

import io
import tarfile
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import IO

from muse.tools.files import json_bytes
from muse.tools.separation.separate import Separation

DOCUMENT = "separation.json"  # the result of a track, beside its first stem


class StemArchive(AbstractContextManager["StemArchive"]):
    """Moves stems from a folder into a tar archive, which gets its end mark only without errors."""

    def __init__(self, stream: IO[bytes], folder: Path) -> None:
        """Write files of `folder` to `stream`."""
        self._tar = tarfile.open(fileobj=stream, mode="w|")  # noqa: SIM115, __exit__ closes it
        self._folder = folder

    def add(self, result: Separation) -> None:
        """Append the result and the stems of one track, and remove the stems from the folder."""
        paths = [Path(stem.path) for stem in result.stems]
        for stem, path in zip(result.stems, paths, strict=True):
            stem.path = path.relative_to(self._folder).as_posix()
        data = json_bytes(result) + b"\n"
        entry = tarfile.TarInfo((Path(result.stems[0].path).parent / DOCUMENT).as_posix())
        entry.size = len(data)
        self._tar.addfile(entry, io.BytesIO(data))
        for stem, path in zip(result.stems, paths, strict=True):
            self._tar.add(path, stem.path)
            path.unlink()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the end mark, unless an error ended the archive early."""
        if kind is None:
            self._tar.close()
