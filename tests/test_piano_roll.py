"""The picture of a transcription: drawn by the example script, and not empty."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from muse.tools.song.document import Note, Song, Track
from muse.tools.song.roles import ROLES
from muse.tools.view.piano_roll import COLORS, save_piano_roll

EXAMPLES = Path(__file__).parent.parent / "examples"


def pixels(path: Path) -> np.ndarray:
    """Return the picture as (height, width, channels) of values from 0 to 1."""
    from matplotlib.image import imread

    return imread(path)


def near(image: np.ndarray, color: str) -> int:
    """Count the pixels that have a color, as '#rrggbb'."""
    wanted = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return int((np.abs(image[..., :3] - wanted).max(axis=-1) < 0.02).sum())


def test_every_role_has_a_color() -> None:
    assert set(COLORS) == set(ROLES)


def test_a_loud_bass_note_is_drawn_in_its_color(tmp_path: Path) -> None:
    bass = Track("bass", "bass", 33, notes=[Note(0.0, 8.0, 40, 127)])
    for name, tracks in (("with", [bass]), ("without", [])):
        other = Track("keys", "keys", 4, notes=[Note(0.0, 8.0, 60, 100)])
        save_piano_roll([("a", Song(tracks=[other, *tracks]))], tmp_path / f"{name}.png")
    drawn = [near(pixels(tmp_path / f"{n}.png"), COLORS["bass"]) for n in ("with", "without")]
    assert drawn[0] > 1000
    assert drawn[1] == 0


def test_the_example_script_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song = str(EXAMPLES / "paper_lanterns.mid")
    picture = tmp_path / "roll.png"
    script = EXAMPLES / "draw_transcription.py"
    monkeypatch.setattr(sys, "argv", [str(script), song, song, str(picture)])
    runpy.run_path(str(script), run_name="__main__")
    assert near(pixels(picture), COLORS["lead"]) > 100
