"""Convert standard MIDI files to Songs and back.

MIDI -> Song -> MIDI preserves every note, tempo, time and key signature, program, name, pitch bend,
controller, lyric and marker, at the resolution of the file, and the encoding of its texts. A key is
preserved by its sound and written with its usual spelling: six flats become six sharps. SysEx,
aftertouch and free text are lost. Chords and sections are written as markers, see midi_markers.py.

symusic reads the files that it reads right (`midi_checks.py`), `midi_careful.py` the others.

Every file may be damaged: reading gives a Song that `validation.first_problem` accepts, or raises
BadInputError. Impossible signatures and tempos, and notes without an end, are ignored with a
notice, since the rest of the file is usable.
"""

import logging
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
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
    Lyric,
    Meter,
    Note,
    Program,
    Song,
    Tempo,
    Track,
    song_from_json,
    song_to_json,
)
from muse.tools.song.hanging_notes import MIDI_ERRORS, score_of
from muse.tools.song.midi_careful import careful_songs
from muse.tools.song.midi_checks import is_plain
from muse.tools.song.midi_container import looks_like_midi, midi_bytes
from muse.tools.song.midi_markers import (
    CHORDS_MARK,
    cleaned,
    cleaned_lyric,
    markers_of,
    read_markers,
)
from muse.tools.song.midi_writer import song_to_midi
from muse.tools.song.roles import plays_drums, role_of
from muse.tools.song.signatures import key_of
from muse.tools.song.validation import (
    DENOMINATORS,
    MAX_BEATS,
    MAX_SHARPS,
    MAX_TICKS,
    MICROSECONDS_PER_MINUTE,
    length_problem,
)
from muse.tools.theory.key_spelling import spelled_keys

log = logging.getLogger("muse")

MIDI_SUFFIXES = (".mid", ".midi")  # that muse writes
NOT_UTF_8 = re.compile("[\ufffd\0]")  # what symusic puts for wrong bytes, and bytes of UTF-16


def load_song(source: str | Path) -> Song:
    """Read a Song from a MIDI file or a Song document; the content decides which it is.

    Raises:
        BadInputError: the file cannot be read or is neither.
    """
    data = read_bytes(source)
    name = input_name(source)
    if looks_like_midi(data):
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
    songs = songs_from_midi(data, name)
    if len(songs) > 1:
        log.info("%s: %d songs; using the first", name, len(songs))
    return songs[0]


def songs_from_midi(data: bytes, name: str = "input") -> list[Song]:
    """Read all songs of a MIDI file: one, or those of a file of type 2; as `song_from_midi`."""
    data = midi_bytes(data, name)
    score = plain_score(data, name)
    if score is None:
        return careful_songs(data, name)
    return [song_from_score(score, name, own=CHORDS_MARK in data)]


def read_score(data: bytes, name: str = "input") -> ScoreTick:
    """Read the bytes of a MIDI file as a symusic score in ticks, and check its events and times.

    Raises:
        BadInputError: as `song_from_midi`.
    """
    data = midi_bytes(data, name)
    score = plain_score(data, name)
    return score_from_song(song_from_midi(data, name)) if score is None else score


def plain_score(data: bytes, name: str) -> ScoreTick | None:
    """Parse a MIDI file with symusic; None if symusic refuses or misreads it.

    Raises:
        BadInputError: impossible times.
    """
    if not is_plain(data):
        return None
    try:
        score, hanging = score_of(data)
    except MIDI_ERRORS:
        return None
    if hanging or has_other_text(score):
        return None
    if removed := remove_impossible(score):
        log.info("%s: ignored %d impossible tempos or signatures", name, removed)
    first, last = time_span(score)
    if first < 0 or last > min(MAX_TICKS, MAX_BEATS * score.ticks_per_quarter):
        raise BadInputError(f"{name}: has events at impossible times; the file is damaged")
    return score


def has_other_text(score: ScoreTick) -> bool:
    """Return whether a text of a score is not in UTF-8: symusic then puts other characters."""
    texts = [track.name for track in score.tracks]
    texts += [lyric.text for track in score.tracks for lyric in track.lyrics]
    texts += [marker.text for marker in score.markers]
    return any(NOT_UTF_8.search(text) for text in texts)


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


def song_from_score(score: ScoreTick, name: str = "input", own: bool = False) -> Song:
    """Convert a symusic score in ticks to a Song.

    Args:
        score: in ticks.
        name: of the file, for messages.
        own: whether the file says that its markers `A` to `G` are chords.

    Raises:
        BadInputError: it is too long for a piece of music.
    """
    ticks = score.ticks_per_quarter
    last_note = max((track.end() for track in score.tracks if len(track.notes)), default=0)
    markers = [(marker.time / ticks, marker.text) for marker in score.markers]
    sections, chords = read_markers(markers, last_note / ticks, own)
    song = Song(
        ticks_per_beat=ticks,
        tempos=[Tempo(t.time / ticks, MICROSECONDS_PER_MINUTE / t.mspq) for t in score.tempos],
        meters=[Meter(m.time / ticks, m.numerator, m.denominator) for m in score.time_signatures],
        keys=[key_of(k.time / ticks, k.key, k.tonality == 1) for k in score.key_signatures],
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
    pitches = notes["pitch"].tolist()
    is_drum = track.is_drum or plays_drums(name, track.program, pitches)
    return Track(
        name=name,
        role=role_of(name, track.program, is_drum),
        program=track.program,
        is_drum=is_drum,
        notes=list(map(Note, starts, lengths, pitches, notes["velocity"].tolist())),
        bends=list(map(Bend, beats_of(bends["time"], ticks), bends["value"].tolist())),
        controls=list(
            map(
                Control,
                beats_of(controls["time"], ticks),
                controls["number"].tolist(),
                controls["value"].tolist(),
            )
        ),
        lyrics=[
            Lyric(lyric.time / ticks, text)
            for lyric in track.lyrics
            if (text := cleaned_lyric(lyric.text)).strip()
        ],
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


def score_from_song(song: Song) -> ScoreTick:
    """Convert a Song to a symusic score in ticks; a track for each program of a track."""
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
    parts = [part for track in song.tracks for part in by_program(track)]
    for track in parts or [Track()]:
        score.tracks.append(write_track(track, song.ticks_per_beat))
    return score


def by_program(track: Track) -> list[Track]:
    """Split a track where its program changes; controllers and bends belong to each part."""
    if not track.programs:
        return [track]
    changes = [Program(0.0, track.program), *track.programs]
    ends = [*(change.beat for change in track.programs), math.inf]
    return [
        msgspec.structs.replace(
            track,
            program=change.program,
            notes=[note for note in track.notes if change.beat <= note.start_beats < end],
            confidence=None,
            lyrics=track.lyrics if change is changes[0] else [],
            programs=[],
        )
        for change, end in zip(changes, ends, strict=True)
    ]


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
