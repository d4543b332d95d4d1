"""Inputs of the tokenizer: files, folders (in order of names) and standard input."""

import os
from collections import Counter
from pathlib import Path

from symusic.core import ScoreTick

from muse.tools.datasets.musicxml_score.file import looks_like_musicxml
from muse.tools.datasets.readers import read_head, song_in
from muse.tools.errors import BadInputError
from muse.tools.files import PIPE, STDIN_NAME, input_name, read_bytes
from muse.tools.song.document import MARK_WITHIN, is_document
from muse.tools.song.midi import read_score, score_from_song
from muse.tools.song.midi_container import looks_like_midi

# of the files of a folder that are read; Song documents are recognized by content
SUFFIXES = frozenset({".mid", ".midi", ".kar", ".mxl", ".musicxml", ".abc"})


def find_inputs(paths: list[str]) -> dict[str, str]:
    """Return the files to work on, each with its path relative to the given folder.

    Folders contribute their MIDI files, scores and Song documents; other files are skipped.

    Raises:
        BadInputError: a folder contains none of them.
    """
    found: dict[str, str] = {}
    for name in paths:
        if name == PIPE or not Path(name).is_dir():
            found[name] = STDIN_NAME if name == PIPE else Path(name).name
            continue
        below = walk(Path(name))
        if not below:
            raise BadInputError(f"{name}: no MIDI file, score or Song document in this folder")
        found |= {str(path): str(path.relative_to(name)) for path in below}
    return found


def song_names(inputs: dict[str, str]) -> dict[str, str]:
    """Return a name for each input: its relative path, or its full path if two are equal."""
    counts = Counter(inputs.values())
    return {name: below if counts[below] == 1 else name for name, below in inputs.items()}


def walk(folder: Path) -> list[Path]:
    """Return MIDI files, scores and Song documents in a folder and its subfolders, by name."""
    paths = (Path(root, file) for root, _, files in os.walk(folder) for file in files)
    return sorted(path for path in paths if is_music(path))


def is_music(path: Path) -> bool:
    """Return whether a file of a folder should be read."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return looks_like_musicxml(read_head(path))
    if suffix != ".json":
        return suffix in SUFFIXES
    with path.open("rb") as file:
        return is_document(file.read(MARK_WITHIN))


def load_score(source: str) -> ScoreTick:
    """Read a song in any format that `datasets.readers` knows as a symusic score.

    Raises:
        BadInputError: unreadable, or of another kind.
    """
    data = read_bytes(source)
    name = input_name(source)
    if looks_like_midi(data):
        return read_score(data, name)
    return score_from_song(song_in(data, name))
