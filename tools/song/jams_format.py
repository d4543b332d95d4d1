"""Songs to and from `jams.JAMS` objects (Humphrey et al., ISMIR 2014), times in seconds.

Needs the package jams, which muse does not install. JAMS has no field for velocities, programs and
roles of notes: they are in the `sandbox` of each note annotation.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise, repeat
from typing import Any

from muse.tools.errors import BadInputError, MissingPartError
from muse.tools.song.document import Chord, Key, Meter, Note, Section, Song, Tempo, Track

DEFAULT_VELOCITY = 80  # for notes that carry none
NO_CHORD = "N"


def to_jams(song: Song) -> Any:
    """Convert a song to a `jams.JAMS`, times in seconds.

    Namespaces: `note_midi` (one annotation for each track), `chord`, `key_mode`, `tempo`,
    `beat_position` and `segment_open`.

    Raises:
        MissingPartError: the package jams is not installed.
    """
    jams = load_jams()
    seconds = song.tempo_map().seconds_at
    end = float(seconds(song.end_beats()))
    found = jams.JAMS()
    found.file_metadata.duration = end
    for track in song.tracks:
        notes = note_rows(track, seconds)
        add(found, jams, "note_midi", notes, track.confidence, sandbox_of(track))
    lists: dict[str, Iterable[tuple[float, float, Any]]] = {
        "chord": chord_rows(song, seconds),
        "key_mode": spans([(key.beat, key_label(key)) for key in song.keys], song, seconds),
        "tempo": spans([(tempo.beat, tempo.bpm) for tempo in song.tempos], song, seconds),
        "beat_position": beat_rows(song, seconds),
        "segment_open": spans([(part.beat, part.label) for part in song.sections], song, seconds),
    }
    for namespace, rows in lists.items():
        add(found, jams, namespace, rows)
    return found


def load_jams() -> Any:
    """Return the module jams.

    Raises:
        MissingPartError: it is not installed.
    """
    try:
        import jams
    except ImportError as error:
        raise MissingPartError("jams is not installed; run: pip install jams") from error
    return jams


def add(
    target: Any,
    jams: Any,
    namespace: str,
    rows: Iterable[tuple[float, float, Any]],
    confidences: Iterable[float] | None = None,
    sandbox: dict[str, Any] | None = None,
) -> None:
    """Add an annotation of (time, duration, value) rows to a JAMS, unless it has no rows.

    A row without a confidence gets 1, as the namespace `tempo` requires.
    """
    annotation = jams.Annotation(
        namespace=namespace, time=0, duration=target.file_metadata.duration
    )
    for (time, duration, value), confidence in zip(rows, confidences or repeat(1.0), strict=False):
        annotation.append(time=time, duration=duration, value=value, confidence=confidence)
    annotation.sandbox.update(**sandbox or {})
    if annotation.data:
        target.annotations.append(annotation)


def note_rows(track: Track, seconds: Any) -> Iterator[tuple[float, float, float]]:
    """Yield onset, duration and pitch of each note, in seconds and MIDI numbers."""
    for note in track.notes:
        start = float(seconds(note.start_beats))
        end = float(seconds(note.start_beats + note.duration_beats))
        yield start, end - start, float(note.pitch)


def sandbox_of(track: Track) -> dict[str, Any]:
    """Return the facts of a track that a note annotation has no field for."""
    return {
        "name": track.name,
        "role": track.role,
        "program": track.program,
        "is_drum": track.is_drum,
        "velocities": [note.velocity for note in track.notes],
    }


def chord_rows(song: Song, seconds: Any) -> Iterator[tuple[float, float, str]]:
    """Yield onset, duration and Harte symbol of each chord."""
    from muse.tools.theory.chords import parse_chord
    from muse.tools.theory.harte import write_harte

    for chord in song.chords:
        start = float(seconds(chord.start_beats))
        end = float(seconds(chord.start_beats + chord.duration_beats))
        yield start, end - start, write_harte(parse_chord(chord.symbol))


def key_label(key: Key) -> str:
    """Return a key as JAMS writes it, for example "Eb:minor"."""
    from muse.tools.theory.keys import tonality_of
    from muse.tools.theory.pitch import note_name

    return f"{note_name(tonality_of(key).tonic)}:{key.mode}"


def spans(
    starts: list[tuple[float, Any]], song: Song, seconds: Any
) -> Iterator[tuple[float, float, Any]]:
    """Yield each value with its time and the time to the next one, the last to the song's end."""
    ends = [*(beat for beat, _ in starts[1:]), song.end_beats()]
    for (beat, value), end in zip(starts, ends, strict=False):  # without starts one end is left
        start = float(seconds(beat))
        yield start, max(float(seconds(end)) - start, 0.0), value


def beat_rows(song: Song, seconds: Any) -> Iterator[tuple[float, float, dict[str, int]]]:
    """Yield each beat of each bar, a beat being a meter's denominator."""
    meters = song.meters or [Meter(0.0, 4, 4)]
    ends = [*(meter.beat for meter in meters[1:]), song.end_beats()]
    measure = 0
    for meter, end in zip(meters, ends, strict=True):
        beat, position = meter.beat, 0
        while beat < end:
            measure += position == 0
            yield (
                float(seconds(beat)),
                0.0,
                {
                    "position": position + 1,
                    "measure": measure,
                    "num_beats": meter.numerator,
                    "beat_units": meter.denominator,
                },
            )
            beat += 4.0 / meter.denominator
            position = (position + 1) % meter.numerator


def from_jams(jam: Any) -> Song:
    """Convert a `jams.JAMS` to a song.

    Beats come from its `beat_position` or `beat` annotation, else from its tempos, else from 120
    beats per minute; notes from every `note_midi` annotation.

    Raises:
        BadInputError: a chord symbol that cannot be read.
    """
    tempos = tempos_of_jams(jam)
    beat_at = Song(tempos=tempos).tempo_map().beat_at
    return Song(
        tempos=tempos,
        meters=meters_of_jams(jam, beat_at),
        keys=[key for row in rows_of(jam, "key_mode") if (key := key_of_row(row, beat_at))],
        sections=[
            Section(float(beat_at(row.time)), str(row.value))
            for row in rows_of(jam, "segment_open")
        ],
        chords=[chord_of_row(row, beat_at) for row in chord_rows_of(jam)],
        tracks=[track_of(each, beat_at) for each in jam.search(namespace="note_midi")],
    )


def rows_of(jam: Any, namespace: str) -> list[Any]:
    """Return the observations of the first annotation of a namespace, in order of time."""
    found = jam.search(namespace=f"^{namespace}$")
    return sorted(found[0].data, key=lambda row: row.time) if found else []


def chord_rows_of(jam: Any) -> list[Any]:
    """Return the observations of the first chord annotation, whichever of the two namespaces."""
    return rows_of(jam, "chord") or rows_of(jam, "chord_harte")


def tempos_of_jams(jam: Any) -> list[Tempo]:
    """Return tempos from tempo marks, else from the times between beats."""
    marks = rows_of(jam, "tempo")
    if marks:
        return tempos_from([(row.time, float(row.value)) for row in marks])
    beats = rows_of(jam, "beat_position") or rows_of(jam, "beat")
    return tempos_from(
        [
            (this.time, 60.0 / (following.time - this.time))
            for this, following in pairwise(beats)
            if following.time > this.time
        ]
    )


def tempos_from(marks: list[tuple[float, float]]) -> list[Tempo]:
    """Return tempos at beats from (time in seconds, beats per minute), repeated ones left out."""
    tempos: list[Tempo] = []
    beat, last_time = 0.0, 0.0
    for time, bpm in marks:
        beat += (time - last_time) * (tempos[-1].bpm if tempos else bpm) / 60.0
        last_time = time
        if not tempos or abs(tempos[-1].bpm - bpm) > 1e-6:
            tempos.append(Tempo(beat if tempos else 0.0, bpm))
    return tempos


def meters_of_jams(jam: Any, beat_at: Any) -> list[Meter]:
    """Return the meters that `beat_position` values name, repeated ones left out."""
    meters: list[Meter] = []
    for row in rows_of(jam, "beat_position"):
        meter = (int(row.value["num_beats"]), int(row.value["beat_units"]))
        if not meters or meter != (meters[-1].numerator, meters[-1].denominator):
            meters.append(Meter(float(beat_at(row.time)) if meters else 0.0, *meter))
    return meters


def key_of_row(row: Any, beat_at: Any) -> Key | None:
    """Return the key of a `key_mode` observation; None unless it is major or minor."""
    from muse.tools.theory.keys import Tonality, song_key
    from muse.tools.theory.pitch import parse_note_name

    tonic, _, mode = str(row.value).partition(":")
    if tonic == NO_CHORD or mode not in ("major", "minor", ""):
        return None
    key = Tonality(parse_note_name(tonic), "minor" if mode == "minor" else "major")
    return song_key(float(beat_at(row.time)), key)


def chord_of_row(row: Any, beat_at: Any) -> Chord:
    """Return the chord of a chord observation, its symbol checked."""
    from muse.tools.theory.chords import parse_chord

    symbol = str(row.value)
    try:
        parse_chord(symbol)
    except ValueError as error:
        raise BadInputError(f"the JAMS object: chord {symbol} cannot be read") from error
    start = float(beat_at(row.time))
    return Chord(start, float(beat_at(row.time + row.duration)) - start, symbol)


def track_of(annotation: Any, beat_at: Any) -> Track:
    """Return the track of a `note_midi` annotation; fractional pitches are rounded."""
    extra = dict(annotation.sandbox)
    rows = list(annotation.data)
    velocities = extra.get("velocities") or [DEFAULT_VELOCITY] * len(rows)
    notes = []
    for row, velocity in zip(rows, velocities, strict=False):
        start = float(beat_at(row.time))
        end = float(beat_at(row.time + row.duration))
        notes.append(Note(start, end - start, round(row.value), int(velocity)))
    return Track(
        name=extra.get("name", ""),
        role=extra.get("role", "other"),
        program=extra.get("program", 0),
        is_drum=extra.get("is_drum", False),
        notes=notes,
    )
