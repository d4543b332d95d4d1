"""The soundfonts on this machine, and which of them is played with."""

import os
from importlib.util import find_spec
from pathlib import Path

from muse.tools.errors import BadInputError, MissingPartError

# where soundfonts are kept, best first; TimGM6mb inside pretty_midi is always there
SOUNDFONT_FOLDERS = (
    "~/.local/share/soundfonts",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "/usr/local/share/soundfonts",
    "C:/soundfonts",
)
PREFERRED_SOUNDFONTS = ("FluidR3_GM.sf2", "MuseScore_General.sf2", "GeneralUser*.sf2", "*.sf2")


def find_soundfonts() -> list[Path]:
    """Soundfonts on this machine, best first; $MUSE_SOUNDFONT leads where it is set."""
    found: list[Path] = []
    if named := os.environ.get("MUSE_SOUNDFONT"):
        found.append(Path(named))
    folders = [Path(folder).expanduser() for folder in SOUNDFONT_FOLDERS]
    for pattern in PREFERRED_SOUNDFONTS:
        found += [path for folder in folders for path in sorted(folder.glob(pattern))]
    spec = find_spec("pretty_midi")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent / "TimGM6mb.sf2")
    unique: dict[Path, Path] = {}
    for path in found:
        if path.is_file():
            unique.setdefault(path.resolve(), path)
    return list(unique.values())


def choose_soundfont(named: Path | None = None) -> Path:
    """The soundfont to play with: the one named, else the best one found.

    Raises:
        BadInputError: the one named is not there or is no soundfont.
        MissingPartError: there is none at all.
    """
    found = [named] if named else find_soundfonts()
    if not found:
        raise MissingPartError("no soundfont found; run: pip install pretty_midi")
    check_soundfont(found[0])
    return found[0]


def check_soundfont(path: Path) -> None:
    """Raise BadInputError unless the file is a whole soundfont by its head (RIFF, size, sfbk)."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise BadInputError(f"{path}: not a soundfont (.sf2 or .sf3)")
    if path.stat().st_size < int.from_bytes(head[4:8], "little"):
        raise BadInputError(f"{path}: a soundfont that is cut off")
