"""Soundfonts found by name, so that the same recipe renders the same sounds everywhere."""

from pathlib import Path

from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.errors import MissingPartError

PACKAGES = {"FluidR3_GM": "fluid-soundfont-gm", "TimGM6mb": "timgm6mb-soundfont"}  # of Debian
LICENCES = {"FluidR3_GM": "MIT", "TimGM6mb": "GPL-2.0"}
SOUNDFONTS = ("FluidR3_GM", "TimGM6mb")  # of mixes and takes, which use them in turn


def named_soundfont(name: str) -> Path:
    """Return the soundfont whose file is called `name`.sf2; raises MissingPartError."""
    found = next((path for path in find_soundfonts() if path.stem == name), None)
    if found is None:
        package = PACKAGES.get(name, f"a package that holds {name}.sf2")
        raise MissingPartError(f"no soundfont {name}.sf2 found; run: apt-get install {package}")
    return found


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a setting that holds names separated by commas, all of them installed.

    Raises:
        MissingPartError: one of the soundfonts is missing.
    """
    names = tuple(filter(None, text.split(",")))
    for name in names:
        named_soundfont(name)
    return names


def source_records(names: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the soundfonts as sources for a card."""
    return [
        {"name": name, "licence": LICENCES.get(name, "unknown"), "used": "as sounds"}
        for name in names
    ]
