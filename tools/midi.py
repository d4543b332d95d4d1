"""Standard MIDI files and Songs, both ways.

MIDI -> Song -> MIDI keeps every note, tempo, time and key signature, program, name, pitch bend,
controller and marker, at the file's own resolution. Chords travel as markers that hold the chord
symbol, sections as markers in brackets: `[chorus]`.
"""

import re
from collections.abc import Callable
from pathlib import Path

from symusic.core import (
    ControlChangeTick,
    KeySignatureTick,
    NoteTick,
    PitchBendTick,
    ScoreTick,
    TempoTick,
    TextMetaTick,
    TimeSignatureTick,
    TrackTick,
)

from muse.tools.errors import BadInputError
from muse.tools.files import read_bytes, write_bytes
from muse.tools.roles import role_of
from muse.tools.song import (
    Bend,
    Chord,
    Control,
    Key,
    Meter,
    Note,
    Section,
    Song,
    Tempo,
    Track,
    song_from_json,
    song_to_json,
)

MIDI_MAGIC = b"MThd"
MICROSECONDS_PER_MINUTE = 60_000_000
SECTION_MARKER = re.compile(r"^\[(.+)\]$")
CHORD_WORDS = (
    "(?i:maj|min|hdim|dim|aug|sus|add|alt|dom|omit|no|ma|mi|m)"  # else 'Chorus' is a chord
)
CHORD_MARKER = re.compile(
    rf"^(N\.?C\.?|[A-G](?:{CHORD_WORDS}|[0-9#b♯♭øØ°oΔ^+\-:,()/]|(?<=/)[A-G])*)$"
)
FIFTHS_PER_SHARP = 7  # semitones of a fifth: each sharp moves the tonic by one fifth
MINOR_TONIC = 9  # semitones from the tonic of a major key up to that of its relative minor


def load_song(source: str | Path) -> Song:
    """Read a Song from a MIDI file or a Song document, told apart by content.

    Raises:
        BadInputError: the file cannot be read or is neither.
    """
    data = read_bytes(source)
    name = "standard input" if str(source) == "-" else str(source)
    if data.startswith(MIDI_MAGIC):
        return song_from_midi(data, name)
    if data.lstrip()[:1] == b"{":
        return song_from_json(data, name)
    raise BadInputError(f"{name}: neither a MIDI file nor a Song document")


def save_song(song: Song, path: Path) -> None:
    """Write MIDI for `.mid`/`.midi`, else a Song document; whole or not at all."""
    is_midi = path.suffix.lower() in {".mid", ".midi"}
    write_bytes(path, song_to_midi(song) if is_midi else song_to_json(song))


def song_from_midi(data: bytes, name: str = "input") -> Song:
    """Read the bytes of a standard MIDI file.

    Raises:
        BadInputError: the bytes are not a readable MIDI file.
    """
    try:
        score = ScoreTick.from_midi(data)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise BadInputError(f"{name}: not a readable MIDI file ({error})") from error
    if score.ticks_per_quarter <= 0:
        raise BadInputError(
            f"{name}: MIDI with SMPTE time or no resolution, which muse does not read"
        )
    return song_from_score(score)


def song_from_score(score: ScoreTick) -> Song:
    """A symusic score in ticks as a Song."""
    ticks = score.ticks_per_quarter
    sections, chords = read_markers(score, ticks)
    return Song(
        ticks_per_beat=ticks,
        tempos=[Tempo(t.time / ticks, MICROSECONDS_PER_MINUTE / t.mspq) for t in score.tempos],
        meters=[Meter(m.time / ticks, m.numerator, m.denominator) for m in score.time_signatures],
        keys=[read_key(k, ticks) for k in score.key_signatures],
        sections=sections,
        chords=chords,
        tracks=[read_track(track, ticks) for track in score.tracks],
    )


def read_track(track: TrackTick, ticks: int) -> Track:
    """A symusic track as a Song's track."""
    return Track(
        name=track.name,
        role=role_of(track.name, track.program, track.is_drum),
        program=track.program,
        is_drum=track.is_drum,
        notes=[
            Note(n.time / ticks, n.duration / ticks, n.pitch, n.velocity)
            for n in track.notes
            if n.velocity > 0
        ],
        bends=[Bend(b.time / ticks, b.value) for b in track.pitch_bends],
        controls=[Control(c.time / ticks, c.number, c.value) for c in track.controls],
    )


def read_key(key: KeySignatureTick, ticks: int) -> Key:
    """A key signature (sharps -7 to 7, tonality 1 for minor) as a Key."""
    is_minor = key.tonality == 1
    tonic = (key.key * FIFTHS_PER_SHARP + (MINOR_TONIC if is_minor else 0)) % 12
    return Key(key.time / ticks, tonic, "minor" if is_minor else "major")


def key_sharps(key: Key) -> int:
    """Sharps of the key's signature, flats negative, the spelling with the fewer signs: -5 to 6."""
    major_tonic = (key.tonic_pc - (MINOR_TONIC if key.mode == "minor" else 0)) % 12
    return (major_tonic * FIFTHS_PER_SHARP + 5) % 12 - 5


def read_markers(score: ScoreTick, ticks: int) -> tuple[list[Section], list[Chord]]:
    """Sections and chords of a score's markers; a chord lasts until the next one."""
    sections, symbols = [], []
    for marker in score.markers:
        beat, text = marker.time / ticks, marker.text.strip()
        if label := SECTION_MARKER.match(text):
            sections.append(Section(beat, label[1]))
        elif CHORD_MARKER.match(text):
            symbols.append((beat, text))
        elif text:
            sections.append(Section(beat, text))
    end = max(score.end() / ticks, symbols[-1][0] if symbols else 0.0)
    ends = [*(beat for beat, _ in symbols[1:]), end]
    return sections, [Chord(b, e - b, text) for (b, text), e in zip(symbols, ends, strict=False)]


def song_to_midi(song: Song) -> bytes:
    """The Song as a type 1 MIDI file at the Song's own resolution."""
    return bytes(score_from_song(song).dumps_midi())


def score_from_song(song: Song) -> ScoreTick:
    """The Song as a symusic score in ticks, for what works on scores."""
    score = ScoreTick(song.ticks_per_beat)

    def ticks(beats: float) -> int:
        return round(beats * song.ticks_per_beat)

    for t in song.tempos:
        score.tempos.append(TempoTick(ticks(t.beat), mspq=round(MICROSECONDS_PER_MINUTE / t.bpm)))
    for m in song.meters:
        score.time_signatures.append(TimeSignatureTick(ticks(m.beat), m.numerator, m.denominator))
    for k in song.keys:
        is_minor = int(k.mode == "minor")
        score.key_signatures.append(KeySignatureTick(ticks(k.beat), key_sharps(k), is_minor))
    markers = [(s.beat, f"[{s.label}]") for s in song.sections]
    markers += [(c.start_beats, c.symbol) for c in song.chords]
    for beat, text in sorted(markers):
        score.markers.append(TextMetaTick(ticks(beat), text))
    for track in song.tracks:
        score.tracks.append(write_track(track, ticks))
    return score


def write_track(track: Track, ticks: Callable[[float], int]) -> TrackTick:
    """A Song's track as a symusic track; ends are rounded, not lengths, so that legato stays."""
    midi = TrackTick(track.name, track.program, track.is_drum)
    for note in track.notes:
        start = ticks(note.start_beats)
        length = ticks(note.start_beats + note.duration_beats) - start
        midi.notes.append(NoteTick(start, length, note.pitch, note.velocity))
    for bend in track.bends:
        midi.pitch_bends.append(PitchBendTick(ticks(bend.beat), bend.value))
    for control in track.controls:
        midi.controls.append(ControlChangeTick(ticks(control.beat), control.number, control.value))
    return midi
