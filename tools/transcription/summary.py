"""A transcription in a few words, for people."""

from muse.tools.song.document import Song
from muse.tools.song.meter import signature_text

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def headline(song: Song) -> str:
    """Length, key, metre, tempo, tuning and drift, as far as they are known."""
    words = []
    if song.source is not None:
        words.append(f"{song.source.duration_s:.1f} s")
    words += [f"{PITCH_NAMES[key.tonic_pc]} {key.mode}" for key in song.keys[:1]]
    words += [signature_text(meter) for meter in song.meters[-1:]]
    if song.tempos:
        words.append(tempo_words(song))
    if song.source is not None and song.source.tuning_cents:
        words.append(f"tuned {song.source.tuning_cents:+.0f} cents")
    if song.source is not None and song.source.drift_ms is not None:
        words.append(f"drift {song.source.drift_ms:.0f} ms")
    return ", ".join(words)


def tempo_words(song: Song) -> str:
    """One tempo, or the range of several."""
    bpms = [tempo.bpm for tempo in song.tempos]
    low, high = round(min(bpms)), round(max(bpms))
    return f"{low} bpm" if low == high else f"{low} to {high} bpm"


def stem_rows(song: Song) -> list[tuple[str, ...]]:
    """A row for each stem: name, role, notes, what it was made with, what heard it."""
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
