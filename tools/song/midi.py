"""Convert standard MIDI files to Songs and back.

MIDI -> Song -> MIDI preserves every note, tempo, time and key signature, program, name, pitch bend,
controller, lyric and marker, at the resolution of the file. A key is preserved by its sound and
written with its usual spelling: six flats become six sharps. SysEx, aftertouch and free text are
lost; in text that is not UTF-8 each wrong byte becomes a replacement character.
Chords and sections are written as markers, see midi_markers.py.

Every file may be damaged: reading gives a Song that `validation.first_problem` accepts, or raises
BadInputError. Impossible signatures and tempos, and notes without an end, are ignored with a
notice, since the rest of the file is usable.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from symusic.core import (
    ControlChangeTick,
    KeySignatureTick,
    NoteTickList,
    PitchBendTick,
    ScoreTick,
    TempoTick,
    TextMetaTick,
    TimeSignatureTick,
    TrackTick,
)

from muse.tools.errors import BadInputError
from muse.tools.files import input_name, legible, read_bytes, write_bytes
from muse.tools.song.document import (
    Bend,
    Control,
    Key,
    Lyric,
    Meter,
    Note,
    Song,
    Tempo,
    Track,
    song_from_json,
    song_to_json,
)
from muse.tools.song.hanging_notes import MIDI_ERRORS, score_of
from muse.tools.song.midi_markers import cleaned, markers_of, read_markers
from muse.tools.song.roles import role_of
from muse.tools.song.validation import (
    DENOMINATORS,
    MAX_BEATS,
    MAX_TICKS,
    MICROSECONDS_PER_MINUTE,
    length_problem,
)
from muse.tools.theory.key_spelling import spelled_keys

log = logging.getLogger("muse")

MIDI_MAGIC = b"MThd"
MIDI_SUFFIXES = (".mid", ".midi")  # that muse writes
FIFTHS_PER_SHARP = 7  # semitones of a fifth: each sharp moves the tonic by one fifth
MINOR_TONIC = 9  # semitones from the tonic of a major key up to that of its relative minor
MAX_SHARPS = 7


def load_song(source: str | Path) -> Song:
    """Read a Song from a MIDI file or a Song document; the content decides which it is.

    Raises:
        BadInputError: the file cannot be read or is neither.
    """
    data = read_bytes(source)
    name = input_name(source)
    if data.startswith(MIDI_MAGIC):
        return song_from_midi(data, name)
    if data.lstrip()[:1] == b"{":
        return song_from_json(data, name)
    raise no_song_error(data, name)


def no_song_error(data: bytes, name: str) -> BadInputError:
    """Return the error for data that is neither MIDI nor a Song document."""
    what = "neither a MIDI file nor a Song document" if data.strip() else "is empty"
    return BadInputError(f"{name}: {what}")


def save_song(song: Song, path: Path) -> None:
    """Write MIDI for `.mid` and `.midi`, else a Song document; whole or not at all."""
    is_midi = path.suffix.lower() in MIDI_SUFFIXES
    write_bytes(path, song_to_midi(song) if is_midi else song_to_json(song))


def song_from_midi(data: bytes, name: str = "input") -> Song:
    """Read the bytes of a standard MIDI file.

    Args:
        data: of the file.
        name: of the file, for messages.

    Raises:
        BadInputError: not a readable MIDI file, or no piece of music (too long, impossible times).
    """
    return song_from_score(read_score(data, name), name)


def read_score(data: bytes, name: str = "input") -> ScoreTick:
    """Parse the bytes of a MIDI file as a symusic score in ticks, and check its events and times.

    Raises:
        BadInputError: as `song_from_midi`.
    """
    try:
        score, hanging = score_of(data)
    except MIDI_ERRORS as error:
        raise BadInputError(f"{name}: not a readable MIDI file ({error})") from error
    if score.ticks_per_quarter <= 0:
        raise BadInputError(f"{name}: has {score.ticks_per_quarter} ticks per quarter note")
    if removed := remove_impossible(score):
        log.info("%s: ignored %d impossible tempos or signatures", name, removed)
    first, last = time_span(score)
    if first < 0 or last > min(MAX_TICKS, MAX_BEATS * score.ticks_per_quarter):
        raise BadInputError(f"{name}: has events at impossible times; the file is damaged")
    if hanging:
        log.warning("%s: ignored notes without an end (keys: %d)", name, hanging)
    return score


def remove_impossible(score: ScoreTick) -> int:
    """Remove tempos and signatures with impossible values from a score; return how many."""
    lanes: tuple[tuple[Any, Callable[[Any], bool]], ...] = (
        (score.tempos, lambda t: t.mspq > 0),
        (score.time_signatures, lambda m: m.numerator > 0 and m.denominator in DENOMINATORS),
        (score.key_signatures, lambda k: abs(k.key) <= MAX_SHARPS and k.tonality in (0, 1)),
    )
    removed = 0
    for lane, is_possible in lanes:
        wrong = [index for index, event in enumerate(lane) if not is_possible(event)]
        for index in reversed(wrong):
            del lane[index]
        removed += len(wrong)
    return removed


def time_span(score: ScoreTick) -> tuple[int, int]:
    """Return the first and the last tick of all events of a score, note ends included."""
    texts = [score.markers, *(track.lyrics for track in score.tracks)]
    times = [np.array([0, *(event.time for lane in texts for event in lane)], np.int64)]
    for lane in numeric_lanes(score):
        if len(lane):
            columns = lane.numpy()
            starts = columns["time"].astype(np.int64)
            times += [starts, starts + columns.get("duration", 0)]
    return min(int(t.min()) for t in times), max(int(t.max()) for t in times)


def numeric_lanes(score: ScoreTick) -> Iterator[Any]:
    """Yield each list of timed events of a score that symusic can give as arrays."""
    yield from (score.tempos, score.time_signatures, score.key_signatures)
    for track in score.tracks:
        yield from (track.notes, track.pitch_bends, track.controls)


def song_from_score(score: ScoreTick, name: str = "input") -> Song:
    """Convert a symusic score in ticks to a Song.

    Raises:
        BadInputError: it is too long for a piece of music.
    """
    ticks = score.ticks_per_quarter
    sections, chords = read_markers(score, ticks)
    song = Song(
        ticks_per_beat=ticks,
        tempos=[Tempo(t.time / ticks, MICROSECONDS_PER_MINUTE / t.mspq) for t in score.tempos],
        meters=[Meter(m.time / ticks, m.numerator, m.denominator) for m in score.time_signatures],
        keys=[read_key(k, ticks) for k in score.key_signatures],
        sections=sections,
        chords=chords,
        tracks=with_own_lyrics([read_track(track, ticks) for track in score.tracks]),
    )
    if problem := length_problem(song):
        raise BadInputError(f"{name}: {problem}")
    return song


def read_track(track: TrackTick, ticks: int) -> Track:
    """Convert a symusic track to a track of a Song."""
    name = cleaned(track.name)
    notes, bends, controls = (
        lane.numpy() for lane in (track.notes, track.pitch_bends, track.controls)
    )
    starts, lengths = beats_of(notes["time"], ticks), beats_of(notes["duration"], ticks)
    return Track(
        name=name,
        role=role_of(name, track.program, track.is_drum),
        program=track.program,
        is_drum=track.is_drum,
        notes=list(map(Note, starts, lengths, notes["pitch"].tolist(), notes["velocity"].tolist())),
        bends=list(map(Bend, beats_of(bends["time"], ticks), bends["value"].tolist())),
        controls=list(
            map(
                Control,
                beats_of(controls["time"], ticks),
                controls["number"].tolist(),
                controls["value"].tolist(),
            )
        ),
        lyrics=[Lyric(lyric.time / ticks, cleaned(lyric.text)) for lyric in track.lyrics],
    )


def with_own_lyrics(tracks: list[Track]) -> list[Track]:
    """Merge lyrics with their tracks: symusic returns them as an extra track of the same name."""
    merged: list[Track] = []
    for track in tracks:
        has_words_only = track.lyrics and not (track.notes or track.bends or track.controls)
        if has_words_only and merged and merged[-1].name == track.name and not merged[-1].lyrics:
            merged[-1].lyrics = track.lyrics
        else:
            merged.append(track)
    return merged


def beats_of(times: NDArray[np.int32], ticks: int) -> list[float]:
    """Convert ticks to beats."""
    beats: list[float] = (times / ticks).tolist()
    return beats


def read_key(key: KeySignatureTick, ticks: int) -> Key:
    """Convert a key signature (sharps -7 to 7, tonality 1 for minor) to a Key."""
    is_minor = key.tonality == 1
    tonic = (key.key * FIFTHS_PER_SHARP + (MINOR_TONIC if is_minor else 0)) % 12
    return Key(key.time / ticks, tonic, "minor" if is_minor else "major")


def song_to_midi(song: Song) -> bytes:
    """Write a Song as a type 1 MIDI file at the resolution of the Song."""
    return bytes(score_from_song(song).dumps_midi())


def score_from_song(song: Song) -> ScoreTick:
    """Convert a Song to a symusic score in ticks."""
    score = ScoreTick(song.ticks_per_beat)

    def ticks(beats: float) -> int:
        return round(beats * song.ticks_per_beat)

    for t in song.tempos:
        score.tempos.append(TempoTick(ticks(t.beat), mspq=round(MICROSECONDS_PER_MINUTE / t.bpm)))
    for m in song.meters:
        score.time_signatures.append(TimeSignatureTick(ticks(m.beat), m.numerator, m.denominator))
    for k, tonality in zip(song.keys, spelled_keys(song), strict=True):
        is_minor = int(k.mode == "minor")
        score.key_signatures.append(KeySignatureTick(ticks(k.beat), tonality.sharps, is_minor))
    for beat, text in markers_of(song):
        score.markers.append(TextMetaTick(ticks(beat), text))
    # symusic misorders the markers of a score without tracks; an empty track is not read back
    for track in song.tracks or [Track()]:
        score.tracks.append(write_track(track, song.ticks_per_beat))
    return score


def write_track(track: Track, ticks_per_beat: int) -> TrackTick:
    """Convert a track of a Song to a symusic track.

    Ends are rounded to ticks instead of durations, so that legato notes still touch.
    """
    midi = TrackTick(legible(track.name), track.program, track.is_drum)
    starts = np.array([note.start_beats for note in track.notes])
    lengths = np.array([note.duration_beats for note in track.notes])
    first, last = (
        nearest_ticks(starts, ticks_per_beat),
        nearest_ticks(starts + lengths, ticks_per_beat),
    )
    midi.notes = NoteTickList.from_numpy(
        first,
        last - first,
        np.array([note.pitch for note in track.notes], np.int8),
        np.array([note.velocity for note in track.notes], np.int8),
    )
    for bend in track.bends:
        midi.pitch_bends.append(PitchBendTick(round(bend.beat * ticks_per_beat), bend.value))
    for control in track.controls:
        time = round(control.beat * ticks_per_beat)
        midi.controls.append(ControlChangeTick(time, control.number, control.value))
    for lyric in track.lyrics:
        midi.lyrics.append(TextMetaTick(round(lyric.beat * ticks_per_beat), lyric.text))
    return midi


def nearest_ticks(beats: NDArray[np.float64], ticks_per_beat: int) -> NDArray[np.int32]:
    """Round beats to ticks.

    Raises:
        BadInputError: a time that a MIDI file cannot hold.
    """
    ticks = np.rint(beats * ticks_per_beat)
    if not np.all((ticks >= 0) & (ticks <= MAX_TICKS)):
        raise BadInputError(f"a note lies outside the {MAX_TICKS} ticks that MIDI can hold")
    return ticks.astype(np.int32)
