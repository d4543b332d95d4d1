"""A folder of rendered examples with a budget: the oldest ones make room for new ones."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from muse.tools.files import replacing
from muse.tools.training.studio.stream import Example
from muse.tools.transcription.note_event import NoteEvent

PEAK_16_BIT = 32_767.0
MEGABYTE = 1_000_000


class ExampleCache:
    """Examples on disk, by key."""

    def __init__(self, folder: Path, budget_mb: float) -> None:
        """Use a folder, which is created; it holds at most `budget_mb` megabytes of examples."""
        self._folder, self._budget = folder, budget_mb * MEGABYTE
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str, make: Callable[[], Example]) -> Example:
        """Return the example stored under a key, made and stored if there is none.

        What is returned is the same in both cases: audio in steps of 16 bits.
        """
        path = self._folder / f"{key}.npz"
        if not path.is_file():
            save_example(path, make())
            self._trim()
        return load_example(path)

    def _trim(self) -> None:
        """Delete the oldest examples but the last one until the rest fit the budget."""
        paths = sorted(self._folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
        size = sum(path.stat().st_size for path in paths)
        for path in paths[:-1]:
            if size <= self._budget:
                return
            size -= path.stat().st_size
            path.unlink()


def save_example(path: Path, example: Example) -> None:
    """Write an example as .npz, its audio in 16 bits at full scale."""
    scale = max(float(np.abs(example.audio).max(initial=0.0)), 1e-9)
    about = {key: getattr(example, key) for key in ("rate", "name", "bank", "role")}
    notes = [(n.onset_s, n.offset_s, n.pitch, n.velocity) for n in example.notes]
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            audio=np.round(example.audio / scale * PEAK_16_BIT).astype(np.int16),
            scale=scale,
            notes=np.array(notes, np.float64).reshape(-1, 4),
            about=json.dumps(about),
        )


def load_example(path: Path) -> Example:
    """Read what `save_example` wrote."""
    with np.load(path) as stored:
        audio = stored["audio"].astype(np.float32) * np.float32(stored["scale"] / PEAK_16_BIT)
        notes = [
            NoteEvent(float(a), float(b), int(p), int(v), 1.0) for a, b, p, v in stored["notes"]
        ]
        return Example(audio, notes=notes, **json.loads(str(stored["about"])))
