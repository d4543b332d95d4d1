"""Colors of tracks: the color of the role, or an unused one if another track has it."""

from collections.abc import Sequence

from muse.tools.song.document import Track
from muse.tools.view.piano_roll import COLORS

# for tracks of a role whose color is in use; distinguishable with any color vision
SPARE_COLORS = ("#e0a030", "#17a2a2", "#c06ab0", "#6b8e23", "#b5651d", "#5b7db1", "#a0a0a0")
FADED = 0.6  # brightness of a note after its onset


def track_colors(tracks: Sequence[Track]) -> list[str]:
    """Return a color '#rrggbb' for each track, in order."""
    taken: list[str] = []
    for track in tracks:
        own = COLORS[track.role]
        spare = [color for color in SPARE_COLORS if color not in taken]
        again = SPARE_COLORS[len(taken) % len(SPARE_COLORS)]
        taken.append(own if own not in taken else next(iter(spare), again))
    return taken


def faded(color: str) -> str:
    """Return a darker color, for a note after its onset."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * FADED):02x}" for part in parts)
