"""Piano rolls as pictures: pitch over seconds, one color for each role, drums below.

Used by benches and examples to compare transcriptions; `muse view` draws picture.py.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from muse.tools.files import write_bytes
from muse.tools.song.document import Role, Song, Track

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS: dict[Role, str] = {
    "lead": "#d1495b",
    "vocals": "#d1495b",
    "keys": "#2e86ab",
    "guitar": "#3c896d",
    "bass": "#7d5ba6",
    "drums": "#444444",
    "pad": "#8fb8de",
    "other": "#2e86ab",
}
TRUTH_COLOR = "#c8c8c8"
WIDTH_IN, ROLL_HEIGHT_IN, DRUMS_HEIGHT_IN = 12.0, 3.6, 1.1  # inches of each part of the picture
DOTS_PER_INCH = 110
DRUM_LANES = ((36, "kick"), (38, "snare"), (42, "hi-hat"))
LANE_OF_KEY = {35: 0, 36: 0, 37: 1, 38: 1, 39: 1, 40: 1, 42: 2, 44: 2, 46: 2}


def save_piano_roll(
    songs: Sequence[tuple[str, Song]],
    path: Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    truth: Song | None = None,
) -> None:
    """Draw songs below each other to a PNG, PDF or SVG.

    Args:
        songs: (title, song) pairs.
        path: the suffix chooses the format.
        start_s: first second drawn.
        end_s: last second drawn; None draws to the end.
        truth: reference song, drawn in gray behind every song.
    """
    from matplotlib.figure import Figure

    end = end_s or max(song.tempo_map().seconds_at(song.end_beats()) for _, song in songs)
    height = len(songs) * (ROLL_HEIGHT_IN + DRUMS_HEIGHT_IN)
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots(
        2 * len(songs), 1, sharex=True, height_ratios=[ROLL_HEIGHT_IN, DRUMS_HEIGHT_IN] * len(songs)
    )
    for (title, song), roll, drums in zip(songs, axes[::2], axes[1::2], strict=True):
        roll.set_title(title, loc="left", fontsize=10)
        if truth is not None:
            draw_tracks(roll, drums, truth, truth=True)
        draw_tracks(roll, drums, song)
        finish_axes(roll, drums)
    axes[-1].set_xlim(start_s, end)
    axes[-1].set_xlabel("seconds")
    picture = BytesIO()
    figure.savefig(picture, format=path.suffix.lower().lstrip("."))
    write_bytes(path, picture.getvalue())


def draw_tracks(roll: "Axes", drums: "Axes", song: Song, *, truth: bool = False) -> None:
    """Draw all tracks of a song, pitched ones above and drums below."""
    time = song.tempo_map()
    for track in song.tracks:
        color = TRUTH_COLOR if truth else COLORS[track.role]
        starts = [time.seconds_at(n.start_beats) for n in track.notes]
        ends = [time.seconds_at(n.start_beats + n.duration_beats) for n in track.notes]
        if track.is_drum:
            lanes = [LANE_OF_KEY.get(note.pitch) for note in track.notes]
            hits = [(s, lane) for s, lane in zip(starts, lanes, strict=True) if lane is not None]
            x, y = zip(*hits, strict=True) if hits else ((), ())
            drums.scatter(x, y, s=60 if truth else 14, c=color, marker="|" if truth else "o")
        else:
            draw_notes(roll, track, starts, ends, color, truth=truth)


def draw_notes(
    roll: "Axes", track: Track, starts: list[float], ends: list[float], color: str, *, truth: bool
) -> None:
    """Draw the notes of one pitched track as bars, louder ones darker."""
    height = 0.9 if truth else 0.6  # semitones
    roll.broken_barh([], (0, 0), label=None if truth else track.name, color=color)
    for note, start, end in zip(track.notes, starts, ends, strict=True):
        opacity = 1.0 if truth else 0.45 + 0.55 * note.velocity / 127
        span = (note.pitch - height / 2, height)
        roll.broken_barh([(start, end - start)], span, color=color, alpha=opacity)


def finish_axes(roll: "Axes", drums: "Axes") -> None:
    """Add labels and the legend of one song."""
    roll.set_ylabel("MIDI pitch")
    roll.grid(alpha=0.25)
    roll.legend(loc="upper right", fontsize=8, ncols=5)
    drums.set_yticks(range(len(DRUM_LANES)), [name for _, name in DRUM_LANES], fontsize=8)
    drums.set_ylim(-0.6, len(DRUM_LANES) - 0.4)
    drums.grid(alpha=0.25, axis="x")
