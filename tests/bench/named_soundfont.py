"""Find the soundfonts of the benchmarks by name, so that figures are comparable."""

import sys
from pathlib import Path

from muse.tools.audio.soundfonts import find_soundfonts

PACKAGES = {
    "FluidR3_GM": "fluid-soundfont-gm",
    "TimGM6mb": "timgm6mb-soundfont",
}  # names of Debian packages


def named_soundfont(name: str) -> Path:
    """Return the soundfont with file name `name`.sf2; exit if it is missing."""
    found = next((path for path in find_soundfonts() if path.stem == name), None)
    if found is None:
        sys.exit(f"needs the soundfont {name}.sf2; run: apt-get install {PACKAGES[name]}")
    return found
