"""Valid ranges of the values in a Song: what MIDI can hold, and how long a piece of music can be.

The JSON Schema checks shapes; the tables here check values. A Song without a problem can be
written as MIDI, rendered, tokenized and drawn. document.py imports this module, so the structs are
typed as Any here.
"""

from collections.abc import Callable, Iterable
from typing import Any

MAX_TICKS = (1 << 28) - 1  # the longest time between two events that a MIDI file can hold
MAX_BEATS = 100_000  # quarter notes; 13 hours at 120 a minute
MAX_HOURS = 12  # of a song; a longer one is taken for damaged
MAX_TICKS_PER_BEAT = 32_767  # 15 bits of the file's header
MIN_MSPQ, MAX_MSPQ = 1, (1 << 24) - 1  # microseconds per quarter note, three bytes
MICROSECONDS_PER_MINUTE = 60_000_000
MAX_BPM = MICROSECONDS_PER_MINUTE / MIN_MSPQ
MIN_BPM = MICROSECONDS_PER_MINUTE / MAX_MSPQ  # 3.58
MAX_NUMERATOR = 255  # one byte
MAX_SHARPS = 7  # of a key signature
DENOMINATORS = (1, 2, 4, 8, 16, 32, 64)  # of time signatures; note values in use
MAX_BEND = 8192  # the wheel's values are -8192 to 8191
SECONDS_PER_HOUR = 3600
MAX_SHOWN = 80  # characters of a value in a message

Check = Callable[[Any], bool]


def within(value: float | None, low: float, high: float) -> bool:
    """Return whether a value is given and in [low, high]; NaN is not."""
    return value is not None and low <= value <= high


def unknown_or_within(value: float | None, low: float, high: float) -> bool:
    """Return whether a value is None, or in [low, high]."""
    return value is None or low <= value <= high


def is_position(beat: float) -> bool:
    """Return whether a beat is a valid position."""
    return 0 <= beat <= MAX_BEATS


def is_time_span(start: float, duration: float) -> bool:
    """Return whether a start and a duration in beats are a valid span of time."""
    return start >= 0 and duration >= 0 and start + duration <= MAX_BEATS


def note_in_range(note: Any) -> bool:
    """Return whether MIDI can hold a note."""
    return (
        0 <= note.pitch <= 127
        and 1 <= note.velocity <= 127
        and is_time_span(note.start_beats, note.duration_beats)
    )


def chord_in_range(chord: Any) -> bool:
    """Return whether the times, pitches, codes and probabilities of a chord are valid."""
    return (
        is_time_span(chord.start_beats, chord.duration_beats)
        and unknown_or_within(chord.root_pc, 0, 11)
        and unknown_or_within(chord.bass_pc, 0, 11)
        and unknown_or_within(chord.quality_code, 0, MAX_TICKS)
        and unknown_or_within(chord.function_code, 0, MAX_TICKS)
        and unknown_or_within(chord.probability, 0, 1)
        and all(0 <= pitch <= 127 for pitch in chord.pitches or ())
        and all(within(each.probability, 0, 1) for each in chord.alternatives or ())
    )


def key_in_range(key: Any) -> bool:
    """Return whether a key is one of the 24 keys, with a confidence in [0, 1]."""
    return (
        is_position(key.beat)
        and within(key.tonic_pc, 0, 11)
        and within(key.confidence, 0, 1)
        and (key.sharps is None or within(key.sharps, -MAX_SHARPS, MAX_SHARPS))
    )


def meter_in_range(meter: Any) -> bool:
    """Return whether a time signature can be written in MIDI."""
    return (
        is_position(meter.beat)
        and within(meter.numerator, 1, MAX_NUMERATOR)
        and meter.denominator in DENOMINATORS
    )


# (field of a Song, name of one item, its check)
SONG_CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("tempos", "tempo", lambda t: is_position(t.beat) and within(t.bpm, MIN_BPM, MAX_BPM)),
    ("meters", "meter", meter_in_range),
    ("keys", "key", key_in_range),
    ("sections", "section", lambda section: is_position(section.beat)),
    ("chords", "chord", chord_in_range),
)
TRACK_CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("notes", "note", note_in_range),
    ("bends", "bend", lambda b: is_position(b.beat) and within(b.value, -MAX_BEND, MAX_BEND - 1)),
    (
        "controls",
        "control",
        lambda c: is_position(c.beat) and within(c.number, 0, 127) and within(c.value, 0, 127),
    ),
    ("lyrics", "lyric", lambda lyric: is_position(lyric.beat)),
    ("programs", "program", lambda p: is_position(p.beat) and within(p.program, 0, 127)),
)
SOURCE_NUMBERS = ("duration_s", "sample_rate", "tuning_cents", "drift_ms", "residual_dbfs")
MAX_NUMBER = 1e9  # of a source, in seconds, Hz, cents, ms or dB


def first_problem(song: Any) -> str | None:
    """Describe the first value out of range in a Song of the right shape; None if all are valid."""
    if not within(song.ticks_per_beat, 1, MAX_TICKS_PER_BEAT):
        return f"ticks_per_beat is {shorten(song.ticks_per_beat)}, not 1 to {MAX_TICKS_PER_BEAT}"
    return (
        first_misfit("the song", song, SONG_CHECKS)
        or next(filter(None, map(track_problem, song.tracks)), None)
        or source_problem(song.source)
        or length_problem(song)
    )


def first_misfit(owner: str, holder: Any, checks: Iterable[tuple[str, str, Check]]) -> str | None:
    """Describe the first value in the lists of `holder` that fails its check; None if none does."""
    for field, name, check in checks:
        for value in getattr(holder, field):
            if not check(value):
                return f"{owner} has a {name} out of range: {shorten(value)}"
    return None


def track_problem(track: Any) -> str | None:
    """Describe the first value out of range in a track; None if all are valid."""
    owner = f"track '{shorten(track.name)}'"
    if not within(track.program, 0, 127):
        return f"{owner} has program {shorten(track.program)}, not 0 to 127"
    confidence = track.confidence
    if confidence is not None and (
        len(confidence) != len(track.notes) or not all(within(c, 0, 1) for c in confidence)
    ):
        return f"{owner} does not have one confidence in [0, 1] for each of its notes"
    return first_misfit(owner, track, TRACK_CHECKS)


def source_problem(source: Any) -> str | None:
    """Describe the first value out of range in the source of a song; None if all are valid."""
    if source is None:
        return None
    for field in SOURCE_NUMBERS:
        if not unknown_or_within(getattr(source, field), -MAX_NUMBER, MAX_NUMBER):
            return f"its source has {field} {shorten(getattr(source, field))}"
    if source.sample_rate <= 0 or source.duration_s < 0:
        return "its source has an impossible sample rate or duration"
    if not all(within(time, -MAX_NUMBER, MAX_NUMBER) for time in source.beat_times_s or ()):
        return "its source has beat times out of range"
    return None


def length_problem(song: Any) -> str | None:
    """Describe a song that is too long for MIDI or for music; None if it is neither."""
    end = last_beat(song)
    if end * song.ticks_per_beat > MAX_TICKS:
        return f"it lasts {end:.0f} beats of {song.ticks_per_beat} ticks, too long for MIDI"
    hours = song.tempo_map().seconds_at(end) / SECONDS_PER_HOUR
    if hours > MAX_HOURS:
        return f"it lasts {hours:.0f} hours; muse takes songs of up to {MAX_HOURS}"
    return None


def last_beat(song: Any) -> float:
    """Return the beat of the last event of a song."""
    marks: list[Any] = [song.tempos, song.meters, song.keys, song.sections]
    marks += [lane for t in song.tracks for lane in (t.bends, t.controls, t.lyrics, t.programs)]
    latest: float = max((mark.beat for lane in marks for mark in lane), default=0.0)
    return max(latest, float(song.end_beats()))


def shorten(value: object) -> str:
    """Return a value as text, cut to the length of a line."""
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
