"""One colour for each track: its role's, or another one where that is taken."""

from collections.abc import Sequence

from muse.tools.song.document import Track
from muse.tools.view.piano_roll import COLOURS

# for tracks whose role has its colour taken, told apart by people of any colour vision
SPARE_COLOURS = ("#e0a030", "#17a2a2", "#c06ab0", "#6b8e23", "#b5651d", "#5b7db1", "#a0a0a0")
FADED = 0.6  # of a colour, where a note only goes on


def track_colours(tracks: Sequence[Track]) -> list[str]:
    """A colour '#rrggbb' for each track, in order."""
    taken: list[str] = []
    for track in tracks:
        own = COLOURS[track.role]
        spare = [colour for colour in SPARE_COLOURS if colour not in taken]
        again = SPARE_COLOURS[len(taken) % len(SPARE_COLOURS)]
        taken.append(own if own not in taken else next(iter(spare), again))
    return taken


def faded(colour: str) -> str:
    """The colour of what goes on, darker than that of what begins."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * FADED):02x}" for part in parts)
