"""The Song: the one document that muse's commands hand to each other, as JSON.

Conventions:
    `*_beats` and `beat` are quarter notes from the start, `*_s` seconds of the audio it came from;
    pitches are MIDI numbers, pitch classes 0 to 11 from C, velocities 1 to 127.
    A beat is a MIDI tick divided by `ticks_per_beat`, so MIDI -> Song -> MIDI changes no note.
    What is in range is told once, in `song_ranges`.
"""

from typing import Any, Final, Literal

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.song.tempo_map import TempoMap
from muse.tools.song.validation import first_problem

FORMAT: Final = "muse.song/1"
MARK, MARK_WITHIN = (
    b'"muse.song/',
    256,
)  # what a Song document of any version has in its first bytes
DEFAULT_TICKS_PER_BEAT = 480

Role = Literal["lead", "vocals", "keys", "guitar", "bass", "drums", "pad", "other"]


class Tempo(msgspec.Struct, frozen=True):
    """Tempo from a beat on, in quarter notes a minute."""

    beat: float
    bpm: float


class Meter(msgspec.Struct, frozen=True):
    """Time signature from a beat on."""

    beat: float
    numerator: int
    denominator: int


class Key(msgspec.Struct, frozen=True):
    """Key from a beat on; confidence in [0, 1], 1 when it was written down and not heard."""

    beat: float
    tonic_pc: int
    mode: Literal["major", "minor"]
    confidence: float = 1.0


class Section(msgspec.Struct, frozen=True):
    """A named part of the form, from a beat to the next section."""

    beat: float
    label: str


class Alternative(msgspec.Struct, frozen=True):
    """A chord that could have stood in another one's place, and how likely it was."""

    symbol: str
    probability: float


class Chord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A chord symbol over a stretch of beats; what is not known is left out."""

    start_beats: float
    duration_beats: float
    symbol: str
    root_pc: int | None = None
    quality: str | None = None
    quality_code: int | None = None
    function_code: int | None = None
    roman: str | None = None
    bass_pc: int | None = None
    pitches: list[int] | None = None
    probability: float | None = None
    alternatives: list[Alternative] | None = None


class Note(msgspec.Struct, frozen=True, array_like=True):
    """One note: [start_beats, duration_beats, pitch, velocity]."""

    start_beats: float
    duration_beats: float
    pitch: int
    velocity: int


class Bend(msgspec.Struct, frozen=True, array_like=True):
    """Pitch wheel: [beat, value], value -8192 to 8191, by custom two semitones down to up."""

    beat: float
    value: int


class Control(msgspec.Struct, frozen=True, array_like=True):
    """Controller: [beat, number, value], 0 to 127 each; number 64 is the sustain pedal."""

    beat: float
    number: int
    value: int


class Lyric(msgspec.Struct, frozen=True, array_like=True):
    """A syllable sung at a beat: [beat, text]."""

    beat: float
    text: str


class Track(msgspec.Struct, omit_defaults=True):
    """One instrument. `confidence`, where given, has one number in [0, 1] for each note."""

    name: str = ""
    role: Role = "other"
    program: int = 0
    is_drum: bool = False
    notes: list[Note] = msgspec.field(default_factory=list)
    bends: list[Bend] = msgspec.field(default_factory=list)
    controls: list[Control] = msgspec.field(default_factory=list)
    confidence: list[float] | None = None
    lyrics: list[Lyric] = msgspec.field(default_factory=list)


class SourceStem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One stem: what it was made with, what heard it, and how many notes; silent ones have none."""

    name: str
    role: Role
    origin: str
    engine: str = ""
    notes: int = 0
    silent: bool = False


class Source(msgspec.Struct, omit_defaults=True):
    """The audio a song was heard in.

    `tuning_cents` is its distance from A440; `drift_ms` how far the song, when played, lies from
    the audio; `separation` the model that made the stems.
    """

    path: str
    sha256: str
    duration_s: float
    sample_rate: int
    tuning_cents: float = 0.0
    beat_times_s: list[float] | None = None
    drift_ms: float | None = None
    separation: str | None = None
    residual_dbfs: float | None = None
    stems: list[SourceStem] = msgspec.field(default_factory=list)


class MadeBy(msgspec.Struct, omit_defaults=True):
    """What made a result, so that it can be made again."""

    command: str
    version: str
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    seed: int | None = None
    model: str | None = None
    model_hash: str | None = None


class Song(msgspec.Struct, kw_only=True):
    """A whole song; see the module for units."""

    format: Literal["muse.song/1"] = FORMAT
    ticks_per_beat: int = DEFAULT_TICKS_PER_BEAT
    tempos: list[Tempo] = msgspec.field(default_factory=list)
    meters: list[Meter] = msgspec.field(default_factory=list)
    keys: list[Key] = msgspec.field(default_factory=list)
    sections: list[Section] = msgspec.field(default_factory=list)
    chords: list[Chord] = msgspec.field(default_factory=list)
    tracks: list[Track] = msgspec.field(default_factory=list)
    source: Source | None = None
    made_by: MadeBy | None = None

    def tempo_map(self) -> TempoMap:
        """The song's tempos as a map between beats and seconds; 120 bpm where there are none."""
        return TempoMap([(tempo.beat, tempo.bpm) for tempo in self.tempos])

    def end_beats(self) -> float:
        """Where the last note or chord ends; 0 for an empty song."""
        ends = [n.start_beats + n.duration_beats for track in self.tracks for n in track.notes]
        ends += [chord.start_beats + chord.duration_beats for chord in self.chords]
        return max(ends, default=0.0)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Song)


def is_document(head: bytes) -> bool:
    """Whether data that begins with these bytes says of itself that it is a Song document."""
    return MARK in head[:MARK_WITHIN]


def song_to_json(song: Song) -> bytes:
    """The Song as one line of UTF-8 JSON, with a line break at its end."""
    return _encoder.encode(song) + b"\n"


def song_from_json(data: bytes, name: str = "input") -> Song:
    """Read a Song document.

    Args:
        data: UTF-8 JSON.
        name: what to call the input in a message.

    Raises:
        BadInputError: not JSON, not a Song, or a value out of its range; the message says where.
    """
    try:
        song = _decoder.decode(data)
        _encoder.encode(song.made_by)  # its free fields can hold numbers that no one can write
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{name}: not a Song document ({error})") from error
    except (OverflowError, RecursionError) as error:
        raise BadInputError(f"{name}: its numbers are too big or its lists too deep") from error
    if song == Song() and b'"format"' not in data:  # any JSON object would pass for an empty song
        raise BadInputError(f"{name}: not a Song document (it has nothing of a Song in it)")
    problem = first_problem(song)
    if problem:
        raise BadInputError(f"{name}: {problem}")
    return song


def song_schema() -> dict[str, Any]:
    """The JSON Schema of a Song."""
    return msgspec.json.schema(Song)
