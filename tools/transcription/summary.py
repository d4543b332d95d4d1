"""Text for people: the headline and the stem table of a transcription."""

from muse.tools.song.document import Song
from muse.tools.song.meter import signature_text
from muse.tools.theory.keys import TONIC_NAMES


def headline(song: Song) -> str:
    """Return length, key, meter, tempo, tuning and drift in one line, as far as they are known."""
    parts = []
    if song.source is not None:
        parts.append(f"{song.source.duration_s:.1f} s")
    parts += [f"{TONIC_NAMES[key.tonic_pc]} {key.mode}" for key in song.keys[:1]]
    parts += [signature_text(meter) for meter in song.meters[-1:]]
    if song.tempos:
        parts.append(tempo_text(song))
    if song.source is not None and song.source.tuning_cents:
        parts.append(f"tuned {song.source.tuning_cents:+.0f} cents")
    if song.source is not None and song.source.drift_ms is not None:
        parts.append(f"drift {song.source.drift_ms:.0f} ms")
    return ", ".join(parts)


def tempo_text(song: Song) -> str:
    """Return the tempo, or the range of several tempos, with its unit."""
    bpms = [tempo.bpm for tempo in song.tempos]
    low, high = round(min(bpms)), round(max(bpms))
    return f"{low} bpm" if low == high else f"{low} to {high} bpm"


def stem_rows(song: Song) -> list[tuple[str, ...]]:
    """Return a row for each stem: name, role, number of notes, origin, engine."""
    stems = song.source.stems if song.source is not None else []
    return [
        (
            stem.name,
            stem.role,
            "silent" if stem.silent else str(stem.notes),
            stem.origin,
            stem.engine,
        )
        for stem in stems
    ]
