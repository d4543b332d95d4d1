"""A Song as a picture: systems of bars below each other, as in a score.

Conventions: time is in quarter notes within a system; a system holds as many bars as fit into
SYSTEM_BEATS, with its chords above the roll and its drums below. Sizes are in inches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muse.tools.errors import ParameterError
from muse.tools.notation.drum_kit import CYMBAL, DrumPiece, lanes, piece_of
from muse.tools.song.document import Note, Song, Track
from muse.tools.song.meter import Bar, signature_text
from muse.tools.theory.pitch import midi_name
from muse.tools.view.colors import track_colors
from muse.tools.view.drawing import literal, save_figure
from muse.tools.view.symbols import leadsheet_symbol, sounding
from muse.tools.view.text_roll import notes_within, range_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SYSTEM_BEATS = 64.0  # quarter notes side by side
WIDTH, LEFT, RIGHT = 15.0, 0.75, 0.2
TOP, BOTTOM, BETWEEN = 0.85, 0.15, 0.62  # margins; the chords are between the systems
SEMITONE, LANE = 0.055, 0.15  # heights
SHORTEST_ROLL, TALLEST_ROLL = 1.1, 3.2
DOTS_PER_INCH = 110
MOST_DOTS = 60_000  # of height; matplotlib's limit is 65 536
NOTE_HEIGHT = 0.82  # semitones
GRID_COLOR, BAR_COLOR, SECTION_COLOR = "#ececec", "#9a9a9a", "#b8860b"
LETTER = 0.085  # width of a character of a chord symbol


@dataclass(frozen=True)
class Layout:
    """The sizes that all systems of a picture share."""

    rows: list[list[Bar]]
    pitches: tuple[int, int] | None
    kit: list[DrumPiece]

    @property
    def roll_height(self) -> float:
        """Height of a roll."""
        if self.pitches is None:
            return 0.0 if self.kit else SHORTEST_ROLL
        low, high = self.pitches
        return min(max((high - low + 1) * SEMITONE, SHORTEST_ROLL), TALLEST_ROLL)

    @property
    def kit_height(self) -> float:
        """Height of the drum lanes."""
        return (len(self.kit) + 0.5) * LANE if self.kit else 0.0

    @property
    def system_height(self) -> float:
        """Height of a system with the space above it."""
        return self.roll_height + self.kit_height + BETWEEN

    @property
    def height(self) -> float:
        """Height of the picture."""
        return TOP + len(self.rows) * self.system_height + BOTTOM

    @property
    def beats(self) -> float:
        """Quarter notes of the longest system."""
        return max(row[-1].end - row[0].start for row in self.rows)


def save_song_picture(song: Song, path: Path, *, title: str = "", bars: Sequence[Bar]) -> None:
    """Draw some bars of a song to a PNG, PDF or SVG.

    Args:
        song: its notes, chords and sections.
        path: the suffix chooses the format.
        title: written at the top.
        bars: to draw, in order; none gives a picture that says so.

    Raises:
        ParameterError: too many bars for one picture.
    """
    from matplotlib.figure import Figure

    if not bars:
        figure = Figure(figsize=(WIDTH / 2, 1.0), dpi=DOTS_PER_INCH)
        figure.text(0.5, 0.5, f"{literal(title)}: no notes and no chords", ha="center", va="center")
    else:
        layout = layout_of(song, bars)
        figure = Figure(figsize=(WIDTH, layout.height), dpi=DOTS_PER_INCH)
        draw(figure, song, layout, title)
    save_figure(figure, path)


def layout_of(song: Song, bars: Sequence[Bar]) -> Layout:
    """Lay out the systems of some bars, with the pitches and drums that sound in them."""
    sounding_notes = [(track, notes_within(track.notes, bars)) for track in song.tracks]
    pitches = {note.pitch for track, notes in sounding_notes if not track.is_drum for note in notes}
    hits = {note.pitch for track, notes in sounding_notes if track.is_drum for note in notes}
    layout = Layout(rows_of(bars), range_of(pitches) if pitches else None, lanes(hits))
    if layout.height * DOTS_PER_INCH > MOST_DOTS:
        most = int(MOST_DOTS / DOTS_PER_INCH / layout.system_height * len(layout.rows[0]))
        raise ParameterError(f"{len(bars)} bars are too many for one picture; try --bars 1-{most}")
    return layout


def rows_of(bars: Sequence[Bar]) -> list[list[Bar]]:
    """Return the bars of each system."""
    rows: list[list[Bar]] = []
    for bar in bars:
        if rows and bar.end - rows[-1][0].start <= SYSTEM_BEATS + 1e-6:
            rows[-1].append(bar)
        else:
            rows.append([bar])
    return rows


def draw(figure: "Figure", song: Song, layout: Layout, title: str) -> None:
    """Draw title, legend and all systems."""
    figure.text(LEFT / WIDTH, 1 - 0.3 / layout.height, literal(title), fontsize=13, weight="bold")
    add_legend(figure, song.tracks, layout)
    for index, bars in enumerate(layout.rows):
        top = layout.height - TOP - index * layout.system_height - BETWEEN + 0.3
        if layout.roll_height:
            axes = add_axes(figure, layout, top, layout.roll_height, bars)
            draw_roll(axes, song, layout, bars)
        if layout.kit:
            axes = add_axes(figure, layout, top - layout.roll_height, layout.kit_height, bars)
            draw_kit(axes, song, layout, bars)
        draw_labels(figure, song, layout, bars, top)


def add_axes(
    figure: "Figure", layout: Layout, top: float, height: float, bars: Sequence[Bar]
) -> "Axes":
    """Add axes below `top`, with bar lines; shorter systems have the same scale."""
    length = bars[-1].end - bars[0].start
    width = (WIDTH - LEFT - RIGHT) * length / layout.beats
    bottom = (top - height) / layout.height
    axes = figure.add_axes((LEFT / WIDTH, bottom, width / WIDTH, height / layout.height))
    axes.set_xlim(bars[0].start, bars[-1].end)
    axes.set_xticks([])
    for bar in bars:
        axes.axvline(bar.start, color=BAR_COLOR, linewidth=0.8, zorder=1)
        for beat in range(1, bar.pulses):
            place = bar.start + beat * bar.length / bar.pulses
            axes.axvline(place, color=GRID_COLOR, linewidth=0.6, zorder=0)
    return axes


def draw_roll(axes: "Axes", song: Song, layout: Layout, bars: Sequence[Bar]) -> None:
    """Draw the pitched notes of one system, the first track on top, louder notes darker."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    low, high = layout.pitches or (60, 72)
    axes.set_ylim(low - 0.5, high + 0.5)
    named = [pitch for pitch in range(low, high + 1) if pitch % 12 == 0]
    axes.set_yticks(named, [midi_name(pitch) for pitch in named], fontsize=7)
    for pitch in named:
        axes.axhline(pitch - 0.5, color=GRID_COLOR, linewidth=0.8, zorder=0)
    colors = track_colors(song.tracks)
    for index, track in enumerate(song.tracks):
        notes = notes_within(track.notes, bars)
        if track.is_drum or not notes:
            continue
        faces = [(*to_rgb(colors[index]), 0.45 + 0.55 * note.velocity / 127) for note in notes]
        boxes = PolyCollection(
            [box(note) for note in notes], facecolors=faces, edgecolors="white",
            linewidths=0.4, zorder=3 + len(song.tracks) - index,
        )  # fmt: skip
        axes.add_collection(boxes, autolim=False)


def box(note: Note) -> list[tuple[float, float]]:
    """Return the corners of a note."""
    start, end = note.start_beats, note.start_beats + note.duration_beats
    low, high = note.pitch - NOTE_HEIGHT / 2, note.pitch + NOTE_HEIGHT / 2
    return [(start, low), (start, high), (end, high), (end, low)]


def draw_kit(axes: "Axes", song: Song, layout: Layout, bars: Sequence[Bar]) -> None:
    """Draw the drum hits of one system: dots for drums, crosses for cymbals, louder ones larger."""
    axes.set_ylim(-0.75, len(layout.kit) - 0.25)
    axes.set_yticks(range(len(layout.kit)), [piece.name for piece in layout.kit], fontsize=6)
    hits = [n for t in song.tracks if t.is_drum for n in t.notes]
    for lane, piece in enumerate(layout.kit):
        own = [n for n in hits if piece_of(n.pitch) == piece]
        own = [n for n in own if bars[0].start <= n.start_beats < bars[-1].end]
        axes.scatter(
            [note.start_beats for note in own],
            [lane] * len(own),
            s=[3 + 13 * note.velocity / 127 for note in own],
            marker="x" if piece.head == CYMBAL else "o",
            c="#444444",
            linewidths=0.8,
            zorder=3,
            clip_on=False,
        )


def draw_labels(
    figure: "Figure", song: Song, layout: Layout, bars: Sequence[Bar], top: float
) -> None:
    """Write bar numbers, new meters, sections and chords above one system."""
    inch = (WIDTH - LEFT - RIGHT) / layout.beats

    def text(beat: float, up: float, words: str, **style: Any) -> None:
        x = LEFT + (max(beat, bars[0].start) - bars[0].start) * inch
        figure.text(x / WIDTH, (top + up) / layout.height, literal(words), **style)

    for bar in bars:
        words = f"{bar.number}" + f"  {signature_text(bar)}" * bar.new_meter
        text(bar.start, 0.03, words, fontsize=6, color="#777777")
    for section in song.sections:
        if bars[0].start <= section.beat < bars[-1].end:
            text(
                section.beat,
                0.33,
                section.label,
                fontsize=9,
                weight="bold",
                color=SECTION_COLOR,
            )
    reached = [float("-inf")] * 2  # right end of each line of symbols
    for chord in sounding(song.chords, bars):
        words, place = leadsheet_symbol(chord.symbol), (chord.start_beats - bars[0].start) * inch
        line = 0 if place >= reached[0] else 1
        reached[line] = place + LETTER * (len(words) + 1)
        text(chord.start_beats, 0.14 + 0.12 * line, words, fontsize=8, weight="bold")


def add_legend(figure: "Figure", tracks: Sequence[Track], layout: Layout) -> None:
    """Add the colors of the pitched tracks."""
    from matplotlib.patches import Patch

    patches = [
        Patch(color=color, label=" " + literal(track.name or track.role))  # a first "_" hides it
        for track, color in zip(tracks, track_colors(tracks), strict=True)
        if track.notes and not track.is_drum
    ]
    if patches:
        place = (1 - RIGHT / WIDTH, 1 - 0.1 / layout.height)
        figure.legend(
            handles=patches, loc="upper right", bbox_to_anchor=place, ncols=8, fontsize=8,
            frameon=False, borderaxespad=0.0,
        )  # fmt: skip
