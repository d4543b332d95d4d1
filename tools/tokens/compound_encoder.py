"""Shared parts of encoders whose steps are words of several ids."""

from muse.tools.tokens.grid import Grid
from muse.tools.tokens.stream_encoder import program_index

WordIds = list[int]  # an id of each vocabulary
PAST_LAST_BAR = "note past the last bar"  # kind of loss


def note_values(grid: Grid) -> list[tuple[int, int, int, int, int]]:
    """Return tick, pitch, and indices of velocity, duration and program of each note."""
    keys = ("start", "pitch", "velocity", "duration", "program")
    columns = [grid.notes[key].tolist() for key in keys]
    return [
        (tick, pitch, velocity, duration, program_index(program))
        for tick, pitch, velocity, duration, program in zip(*columns, strict=True)
    ]
