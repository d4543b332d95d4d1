"""Charts as text: what `charts.py` reads, written."""

from collections.abc import Sequence

from muse.tools.datasets.charts import HOLD, PUSH, PUSH_BEATS, Chart, sign_counts
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song
from muse.tools.song.meter import Bar, bar_beats, pulse_beats, signature_text, song_bars
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
    for bar in song_bars(chart.song):
        changes, new_label = changes_at(chart.song, bar), label_at(chart.song, bar.start)
        if cells and (changes or new_label or len(cells) == BARS_PER_LINE):
            lines.append(f"{label} | {' | '.join(cells)} |".lstrip())
            label, cells = "", []
        lines += changes
        label = new_label or label
        cells.append(write_bar(signs, bar))
    return "\n".join([*lines, f"{label} | {' | '.join(cells)} |".lstrip(), ""])


def changes_at(song: Song, bar: Bar) -> list[str]:
    """Return the fields that come into force with a bar."""
    meters = [f"meter: {signature_text(m)}" for m in song.meters if m.beat == bar.start]
    pulse = pulse_beats(bar)
    tempos = [f"tempo: {t.bpm / pulse:g}" for t in song.tempos if t.beat == bar.start]
    keys = [f"key: {tonality_of(key).name}" for key in song.keys if key.beat == bar.start]
    return meters + tempos + keys


def label_at(song: Song, beat: float) -> str:
    """The name of the section that begins at a beat, or nothing."""
    return next((section.label for section in song.sections if section.beat == beat), "")


def signs_of(song: Song) -> dict[float, str]:
    """The sign at each beat where there is one, pushes where they are read as such by a player."""
    signs = {chord.start_beats: chord.symbol for chord in song.chords}
    for bar in song_bars(song):
        quarters = range(int(bar.length) if bar.denominator <= QUARTER else 0)
        for beat in (bar.start + number for number in quarters):
            if beat not in signs and beat - PUSH_BEATS in signs:
                signs[beat] = PUSH + signs.pop(beat - PUSH_BEATS)
    return signs


def write_bar(signs: dict[float, str], bar: Bar) -> str:
    """Return the fewest signs that write one bar.

    Raises:
        BadInputError: the next meter begins inside the bar, or a chord is off the grid of signs.
    """
    if bar.length != bar_beats(bar):
        raise BadInputError(f"the meter changes inside the bar at beat {bar.start:g}")
    inside = {beat - bar.start for beat in signs if bar.start <= beat < bar.end}
    for count in sign_counts(bar):
        places = [bar.length * index / count for index in range(count)]
        if inside <= set(places):
            return " ".join(signs.get(bar.start + place, HOLD) for place in places)
    raise BadInputError(f"the chords at beat {bar.start:g} are not on the grid of a chart")
