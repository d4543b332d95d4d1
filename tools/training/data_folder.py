"""Finds the collections that recipes learn from inside one data folder.

The data folder holds one sub-folder or file for each collection, named as in `SOURCES`:
pop909/, billboard/, openewld/, groove/ and progressions.json. The charts written for muse
(neo_soul.txt, jazz.txt) are taken from the folder if it has them, else from the examples of the
checkout.
"""

from collections.abc import Sequence
from pathlib import Path

from muse.tools.errors import BadInputError

CHARTS = ("neo_soul.txt", "jazz.txt")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"  # beside tools/ in a checkout

# collection: name, licence and attribution for the card
SOURCES = {
    "pop909": ("POP909", "MIT", "Wang et al., ISMIR 2020"),
    "billboard": ("McGill Billboard", "CC0", "Burgoyne, Wild and Fujinaga, ISMIR 2011"),
    "openewld": ("OpenEWLD", "MIT, tunes in the public domain", "Simonetta et al., 2018"),
    "progressions": ("free-midi-chords", "MIT", "Ludovic Drolez"),
    "neo_soul": ("examples/neo_soul.txt", "MIT", "written for muse"),
    "jazz": ("examples/jazz.txt", "MIT", "written for muse"),
}
CHORD_COLLECTIONS = ("pop909", "billboard", "openewld", "progressions.json", *CHARTS)
MELODY_COLLECTIONS = ("pop909", "openewld")


def find_collection(data: Path, name: str) -> Path:
    """Return the path of a collection in the data folder.

    Args:
        data: the data folder, or the collection itself.
        name: of the collection's folder or file.

    Raises:
        BadInputError: it is not there.
    """
    places = [data / name, *([data] if data.name == name else [])]
    if name in CHARTS:
        places.append(EXAMPLES / name)
    for place in places:
        if place.exists():
            return place
    raise BadInputError(f"{data}: no {name} in it; --data names the folder of the collections")


def collections_in(data: Path, names: Sequence[str]) -> list[Path]:
    """Return the paths that a recipe over songs reads for --data.

    Args:
        data: a data folder, or any other folder or file of songs.
        names: collections that the shipped weights are trained on, in the order they are read.

    Returns:
        The collections, if `data` has a sub-folder of one of these names; else `data` itself.
    """
    if not any((data / name).is_dir() for name in names):
        return [data]
    found = [data / name for name in names if (data / name).exists()]
    missing = [name for name in CHARTS if name in names and data / name not in found]
    return found + [EXAMPLES / name for name in missing if (EXAMPLES / name).is_file()]
