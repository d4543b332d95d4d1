"""Folders of results as one zip file, whole or not at all, or as bytes down a pipe."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from muse.tools.files import replacing

ALREADY_SMALL = frozenset({".flac", ".ogg", ".mp3", ".wav"})  # deflate gains little and costs much


def write_zip(files: Iterable[Path], folder: Path, target: IO[bytes] | Path) -> None:
    """Pack files under their names relative to `folder`.

    Args:
        files: what to pack, all inside `folder`.
        folder: where the names in the archive begin.
        target: a stream opened for writing, which need not be able to seek, or a file's path.
    """
    if isinstance(target, Path):
        with replacing(target) as temporary, temporary.open("wb") as stream:
            fill(files, folder, stream)
    else:
        fill(files, folder, target)


def fill(files: Iterable[Path], folder: Path, stream: IO[bytes]) -> None:
    """Write the archive into a stream."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            stored = path.suffix.lower() in ALREADY_SMALL
            method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.write(path, str(path.relative_to(folder)), method)
