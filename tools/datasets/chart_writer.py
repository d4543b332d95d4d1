"""Charts as text: what `charts.py` reads, written."""

from collections.abc import Iterator, Sequence

from muse.tools.datasets.charts import (
    COMMON_TIME,
    HOLD,
    PUSH,
    PUSH_BEATS,
    Chart,
    counted_beats,
    sign_counts,
)
from muse.tools.datasets.text_lines import bar_beats
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Song
from muse.tools.theory.keys import tonality_of

BARS_PER_LINE = 4
QUARTER = 4  # the denominator of metres up to which an eighth early is a push


def write_charts(charts: Sequence[Chart]) -> str:
    """Charts as text that `parse_charts` reads back as the same charts.

    Raises:
        BadInputError: chords that do not begin and end on the grid of their bars.
    """
    return "\n".join(write_chart(chart) for chart in charts)


def write_chart(chart: Chart) -> str:
    """One chart as text; every line of bars has four of them or fewer."""
    head = {"title": chart.title, "idea": chart.idea, "tags": ", ".join(chart.tags)}
    feel = {"swing": f"{chart.swing:g}", "behind": f"{chart.behind_ms:g}"}
    lines = [f"{key}: {value}" for key, value in (head | feel).items() if value]
    label, cells, signs = "", list[str](), signs_of(chart.song)
    for beat, meter in bars_of(chart.song):
        changes, new_label = changes_at(chart.song, beat, meter), label_at(chart.song, beat)
        if cells and (changes or new_label or len(cells) == BARS_PER_LINE):
            lines.append(f"{label} | {' | '.join(cells)} |".lstrip())
            label, cells = "", []
        lines += changes
        label = new_label or label
        cells.append(write_bar(signs, beat, meter))
    return "\n".join([*lines, f"{label} | {' | '.join(cells)} |".lstrip(), ""])


def bars_of(song: Song) -> Iterator[tuple[float, Meter]]:
    """Start in beats and metre of each bar up to the last chord's end."""
    beat, meter = 0.0, COMMON_TIME
    while beat < song.end_beats():
        meter = next((m for m in reversed(song.meters) if m.beat <= beat), meter)
        yield beat, meter
        beat += bar_beats(meter)


def changes_at(song: Song, beat: float, meter: Meter) -> list[str]:
    """The fields that come into force at a beat."""
    meters = [f"meter: {m.numerator}/{m.denominator}" for m in song.meters if m.beat == beat]
    counted = counted_beats(meter)
    tempos = [f"tempo: {t.bpm / counted:g}" for t in song.tempos if t.beat == beat]
    keys = [f"key: {tonality_of(key).name}" for key in song.keys if key.beat == beat]
    return meters + tempos + keys


def label_at(song: Song, beat: float) -> str:
    """The name of the section that begins at a beat, or nothing."""
    return next((section.label for section in song.sections if section.beat == beat), "")


def signs_of(song: Song) -> dict[float, str]:
    """The sign at each beat where there is one, pushes where they are read as such by a player."""
    signs = {chord.start_beats: chord.symbol for chord in song.chords}
    for bar, meter in bars_of(song):
        quarters = range(int(bar_beats(meter)) if meter.denominator <= QUARTER else 0)
        for beat in (bar + number for number in quarters):
            if beat not in signs and beat - PUSH_BEATS in signs:
                signs[beat] = PUSH + signs.pop(beat - PUSH_BEATS)
    return signs


def write_bar(signs: dict[float, str], bar: float, meter: Meter) -> str:
    """The signs of one bar, as few as will do."""
    length = bar_beats(meter)
    inside = {beat - bar for beat in signs if bar <= beat < bar + length}
    for count in sign_counts(meter):
        places = [length * index / count for index in range(count)]
        if inside <= set(places):
            return " ".join(signs.get(bar + place, HOLD) for place in places)
    raise BadInputError(f"the chords at beat {bar:g} are not on the grid of a chart")
