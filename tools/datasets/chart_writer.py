"""Writer of charts as text, in the form that `charts.py` reads."""

from collections.abc import Sequence

from muse.tools.datasets.charts import HOLD, PUSH, PUSH_BEATS, Chart, sign_counts
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song
from muse.tools.song.meter import Bar, bar_beats, pulse_beats, signature_text, song_bars
from muse.tools.theory.key_spelling import spelled_keys

BARS_PER_LINE = 4
QUARTER = 4  # pushes are written in meters with this denominator or a smaller one


def write_charts(charts: Sequence[Chart]) -> str:
    """Return charts as text, which `parse_charts` reads back unchanged.

    Raises:
        BadInputError: a chord does not begin and end on the grid of its bar.
    """
    return "\n".join(write_chart(chart) for chart in charts)


def write_chart(chart: Chart) -> str:
    """Return one chart as text, with at most four bars per line."""
    head = {"title": chart.title, "idea": chart.idea, "tags": ", ".join(chart.tags)}
    feel = {"swing": f"{chart.swing:g}", "behind": f"{chart.behind_ms:g}"}
    lines = [f"{key}: {value}" for key, value in (head | feel).items() if value]
    label, cells, signs = "", list[str](), signs_by_beat(chart.song)
    for bar in song_bars(chart.song):
        changes, new_label = field_lines_at(chart.song, bar), label_at(chart.song, bar.start)
        if cells and (changes or new_label or len(cells) == BARS_PER_LINE):
            lines.append(f"{label} | {' | '.join(cells)} |".lstrip())
            label, cells = "", []
        lines += changes
        label = new_label or label
        cells.append(write_bar(signs, bar))
    return "\n".join([*lines, f"{label} | {' | '.join(cells)} |".lstrip(), ""])


def field_lines_at(song: Song, bar: Bar) -> list[str]:
    """Return field lines for the meter, tempo and key that change at the start of a bar."""
    meters = [f"meter: {signature_text(m)}" for m in song.meters if m.beat == bar.start]
    pulse = pulse_beats(bar)
    tempos = [f"tempo: {t.bpm / pulse:g}" for t in song.tempos if t.beat == bar.start]
    pairs = zip(song.keys, spelled_keys(song), strict=True)
    keys = [f"key: {name.name}" for key, name in pairs if key.beat == bar.start]
    return meters + tempos + keys


def label_at(song: Song, beat: float) -> str:
    """Return the label of the section that begins at a beat, or ""."""
    return next((section.label for section in song.sections if section.beat == beat), "")


def signs_by_beat(song: Song) -> dict[float, str]:
    """Return the sign at each beat; a chord an eighth before a beat is written there as a push."""
    signs = {chord.start_beats: chord.symbol for chord in song.chords}
    for bar in song_bars(song):
        quarters = range(int(bar.length) if bar.denominator <= QUARTER else 0)
        for beat in (bar.start + number for number in quarters):
            if beat not in signs and beat - PUSH_BEATS in signs:
                signs[beat] = PUSH + signs.pop(beat - PUSH_BEATS)
    return signs


def write_bar(signs: dict[float, str], bar: Bar) -> str:
    """Return the signs of one bar, in the smallest number that places every chord."""
    if bar.length != bar_beats(bar):
        raise BadInputError(f"the meter changes inside the bar at beat {bar.start:g}")
    inside = {beat - bar.start for beat in signs if bar.start <= beat < bar.end}
    for count in sign_counts(bar):
        places = [bar.length * index / count for index in range(count)]
        if inside <= set(places):
            return " ".join(signs.get(bar.start + place, HOLD) for place in places)
    raise BadInputError(f"the bar at beat {bar.start:g} has chords that are not on a chart's grid")
