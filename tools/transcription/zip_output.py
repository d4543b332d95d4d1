"""Packs folders of results into a zip file, or into a stream of zip data."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from muse.tools.files import replacing

STORED_SUFFIXES = frozenset({".flac", ".ogg", ".mp3", ".wav"})  # audio is hardly compressible


def write_zip(files: Iterable[Path], folder: Path, target: IO[bytes] | Path) -> None:
    """Pack files under their paths relative to `folder`; a file is written whole or not at all.

    Args:
        files: to pack, all inside `folder`.
        folder: to which the names in the archive are relative.
        target: path of the zip file, or a binary stream, which need not be seekable.
    """
    if isinstance(target, Path):
        with replacing(target) as temporary, temporary.open("wb") as stream:
            write_entries(files, folder, stream)
    else:
        write_entries(files, folder, target)


def write_entries(files: Iterable[Path], folder: Path, stream: IO[bytes]) -> None:
    """Write the archive to a stream."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            stored = path.suffix.lower() in STORED_SUFFIXES
            method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.write(path, str(path.relative_to(folder)), method)
