"""The heading of a song: duration, tempo, meter, key and tracks."""

from collections.abc import Iterable, Sequence

from muse.tools.song.document import Song
from muse.tools.song.meter import Bar, signature_text
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.view.text import DIM, STRONG, Line, Span, line

MOST_CHANGES = 4  # keys or meters that are listed


def clock(seconds: float) -> str:
    """Format seconds as minutes and seconds, 3:07."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def heading(song: Song, bars: Sequence[Bar], title: str, width: int) -> list[Line]:
    """Return title, facts and tracks of a song in lines of `width` characters."""
    facts = [
        clock(song.tempo_map().seconds_at(song.end_beats())),
        f"{len(bars)} bar{'s' * (len(bars) != 1)}",
        tempo_text(song),
        meters_text(bars),
        keys_text(song),
    ]
    lines = [line(title[:width], STRONG), *folded([fact for fact in facts if fact], width)]
    tracks = [track_text(number, song) for number in range(1, len(song.tracks) + 1)]
    return lines + folded(tracks, width, DIM)


def folded(parts: Iterable[str], width: int, style: str = "") -> list[Line]:
    """Join parts with dots, in as many lines as needed; parts longer than a line are cut."""
    rows: list[str] = []
    for part in (part[:width] for part in parts):
        if rows and len(rows[-1]) + 3 + len(part) <= width:
            rows[-1] += f" · {part}"
        else:
            rows.append(part)
    return [[Span(row, style)] for row in rows]


def tempo_text(song: Song) -> str:
    """Return the tempo, or the slowest and the fastest."""
    bpms = [round(tempo.bpm) for tempo in song.tempos] or [round(song.tempo_map().bpm_at(0.0))]
    low, high = min(bpms), max(bpms)
    return f"{low} bpm" if low == high else f"{low}-{high} bpm"


def meters_text(bars: Sequence[Bar]) -> str:
    """Return the time signatures in order."""
    return listed([signature_text(bar) for bar in bars if bar.new_meter])


def keys_text(song: Song) -> str:
    """Return the keys in order; detected ones with a question mark."""
    pairs = zip(spelled_keys(song), song.keys, strict=True)
    return listed([name.name + "?" * (key.confidence < 1) for name, key in pairs])


def listed(names: Sequence[str]) -> str:
    """Join names with arrows, without repeating one."""
    changes = [name for before, name in zip(["", *names], names, strict=False) if name != before]
    more = " …" * (len(changes) > MOST_CHANGES)
    return " → ".join(changes[:MOST_CHANGES]) + more


def track_text(number: int, song: Song) -> str:
    """Return number, name and number of notes of a track."""
    track = song.tracks[number - 1]
    return f"{number} {track.name or track.role} ({len(track.notes)})"
