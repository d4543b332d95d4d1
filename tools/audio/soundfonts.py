"""Find the soundfonts on this machine and choose one."""

import logging
import os
from importlib.util import find_spec
from pathlib import Path

from muse.tools.errors import BadInputError, MissingPartError
from muse.tools.files import real_path

log = logging.getLogger("muse")

# folders searched where $MUSE_SOUNDFONT_PATH is not set, best first
SOUNDFONT_FOLDERS = (
    "~/.local/share/soundfonts",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "/usr/local/share/soundfonts",
    "C:/soundfonts",
)
PREFERRED_SOUNDFONTS = ("FluidR3_GM.sf2", "MuseScore_General.sf2", "GeneralUser*.sf2", "*.sf2")


def soundfont_folders() -> list[Path]:
    """Return the folders that are searched for soundfonts, best first."""
    named = os.environ.get("MUSE_SOUNDFONT_PATH")
    folders = SOUNDFONT_FOLDERS if named is None else filter(None, named.split(os.pathsep))
    return [Path(folder).expanduser() for folder in folders]


def find_soundfonts() -> list[Path]:
    """Return the soundfonts on this machine, best first; $MUSE_SOUNDFONT comes first if set."""
    found: list[Path] = []
    if named := os.environ.get("MUSE_SOUNDFONT"):
        found.append(Path(named))
    folders = soundfont_folders()
    for pattern in PREFERRED_SOUNDFONTS:
        found += [path for folder in folders for path in sorted(folder.glob(pattern))]
    spec = find_spec("pretty_midi")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent / "TimGM6mb.sf2")
    unique: dict[Path, Path] = {}
    for path in found:
        if path.is_file():
            unique.setdefault(real_path(path), path)
    return list(unique.values())


def choose_soundfont(named: Path | None = None) -> Path:
    """Return the given soundfont, or else the best one found.

    Raises:
        BadInputError: the given file, or that in $MUSE_SOUNDFONT, is missing or no soundfont.
        MissingPartError: no soundfont was found.
    """
    preferred = os.environ.get("MUSE_SOUNDFONT")
    if named is None and preferred and not Path(preferred).is_file():
        raise BadInputError(f"{preferred}: no such file; it is set as MUSE_SOUNDFONT")
    found = [named] if named else find_soundfonts()
    if not found:
        raise MissingPartError("no soundfont found; run: pip install pretty_midi")
    check_soundfont(found[0])
    return found[0]


def usable_soundfonts() -> list[Path]:
    """Return the soundfonts on this machine that are complete, best first; report the others."""
    preferred = os.environ.get("MUSE_SOUNDFONT")
    if preferred and not Path(preferred).is_file():
        log.info("%s: no such file; it is set as MUSE_SOUNDFONT and not used", preferred)
    usable = []
    for path in find_soundfonts():
        try:
            check_soundfont(path)
        except BadInputError as error:
            log.info("%s; not used", error)
        else:
            usable.append(path)
    return usable


def check_soundfont(path: Path) -> None:
    """Check the header and the size of a soundfont; raises BadInputError."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise BadInputError(f"{path}: not a soundfont (.sf2 or .sf3)")
    if path.stat().st_size < int.from_bytes(head[4:8], "little"):
        raise BadInputError(f"{path}: the soundfont is incomplete")
