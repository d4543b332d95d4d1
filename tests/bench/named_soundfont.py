"""The soundfonts that benchmarks render with, by name, so that figures mean the same everywhere."""

import sys
from pathlib import Path

from muse.tools.audio.soundfonts import find_soundfonts

PACKAGES = {"FluidR3_GM": "fluid-soundfont-gm", "TimGM6mb": "timgm6mb-soundfont"}  # of Debian


def named_soundfont(name: str) -> Path:
    """Return the soundfont whose file is called `name`.sf2; end the program where it is missing."""
    found = next((path for path in find_soundfonts() if path.stem == name), None)
    if found is None:
        sys.exit(f"needs the soundfont {name}.sf2; run: apt-get install {PACKAGES[name]}")
    return found
