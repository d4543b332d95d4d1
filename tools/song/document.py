"""The Song document: the JSON that muse's commands read and write.

Conventions:
    `*_beats` and `beat` are quarter notes from the start of the song, `*_s` seconds of the audio
    that the song was transcribed from; pitches are MIDI numbers, pitch classes 0 to 11 from C,
    velocities 1 to 127.
    A beat is a MIDI tick divided by `ticks_per_beat`, so MIDI -> Song -> MIDI changes no note.
    `validation.py` holds the ranges of all values.

Writing and reading: every key is written, also where its value is the default or null, so that a
reader of the JSON needs no defaults. When a document is read, keys that have a default here may be
missing, and unknown keys are ignored.
"""

from typing import Any, Final, Literal

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.files import json_bytes
from muse.tools.song.tempo_map import TempoMap
from muse.tools.song.validation import first_problem

FORMAT: Final = "muse.song/1"
MARK: Final = b'"muse.song/'  # found in the first MARK_WITHIN bytes of a Song of any version
MARK_WITHIN: Final = 256
SCHEMA_NOTE: Final = (
    "A Song document as muse writes it: every key is there. "
    "muse also reads documents in which keys with a default are missing."
)
DEFAULT_TICKS_PER_BEAT = 480

TextEncoding = Literal["utf-8", "latin-1", "shift_jis", "utf-16-le", "utf-16-be"]
Role = Literal["lead", "vocals", "keys", "guitar", "bass", "drums", "pad", "other"]


class Tempo(msgspec.Struct, frozen=True):
    """Tempo in quarter notes per minute, from a beat to the next tempo."""

    beat: float
    bpm: float


class Meter(msgspec.Struct, frozen=True):
    """Time signature, from a beat to the next one."""

    beat: float
    numerator: int
    denominator: int


class Key(msgspec.Struct, frozen=True):
    """Key, from a beat to the next one.

    `confidence` is in [0, 1]: 1 for a key that was given, less for one that was detected. `sharps`,
    -7 to 7, flats negative, is set where a key was written in another spelling than the usual one
    (Db to F# major, Eb to G# minor): -6 for Gb major.
    """

    beat: float
    tonic_pc: int
    mode: Literal["major", "minor"]
    confidence: float = 1.0
    sharps: int | None = None


class Section(msgspec.Struct, frozen=True):
    """Section of the form, such as a verse, from a beat to the next section."""

    beat: float
    label: str


class Alternative(msgspec.Struct, frozen=True):
    """Chord that the model could have chosen instead, with its probability in [0, 1]."""

    symbol: str
    probability: float


class Chord(msgspec.Struct, frozen=True):
    """Chord symbol that holds for a stretch of beats; what is not known is null."""

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
    """Pitch wheel: [beat, value]; value -8192 to 8191, by default two semitones down to up."""

    beat: float
    value: int


class Control(msgspec.Struct, frozen=True, array_like=True):
    """MIDI controller: [beat, number, value], the last two 0 to 127; 64 is the sustain pedal."""

    beat: float
    number: int
    value: int


class Program(msgspec.Struct, frozen=True, array_like=True):
    """Change of the instrument: [beat, program], a General MIDI program from 0 to 127."""

    beat: float
    program: int


class Lyric(msgspec.Struct, frozen=True, array_like=True):
    """Syllable sung at a beat: [beat, text]."""

    beat: float
    text: str


class Track(msgspec.Struct):
    """One instrument. `confidence` is null, or has one number in [0, 1] for each note.

    `program` is that of the first note, `programs` the later changes in order of time.
    """

    name: str = ""
    role: Role = "other"
    program: int = 0
    is_drum: bool = False
    notes: list[Note] = msgspec.field(default_factory=list)
    bends: list[Bend] = msgspec.field(default_factory=list)
    controls: list[Control] = msgspec.field(default_factory=list)
    confidence: list[float] | None = None
    lyrics: list[Lyric] = msgspec.field(default_factory=list)
    programs: list[Program] = msgspec.field(default_factory=list)


class SourceStem(msgspec.Struct, frozen=True):
    """One stem of a separated recording.

    `origin` is the model or method that made it, `engine` the transcription engine (empty for a
    silent stem), `notes` the number of notes transcribed from it.
    """

    name: str
    role: Role
    origin: str
    engine: str = ""
    notes: int = 0
    silent: bool = False


class Source(msgspec.Struct):
    """The audio that a song was transcribed from.

    `tuning_cents` is the tuning relative to A4 = 440 Hz; `drift_ms` the largest distance in time
    between the audio and the song as it plays; `separation` the model that made the stems;
    `residual_dbfs` the peak of the mix minus its stems; `warnings` a sentence for each reason why
    the transcription may be wrong or is empty, as `muse transcribe` prints them.
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
    warnings: list[str] = msgspec.field(default_factory=list)


class MadeBy(msgspec.Struct):
    """Provenance of a result: all that is needed to make it again."""

    command: str
    version: str
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    seed: int | None = None
    model: str | None = None
    model_hash: str | None = None


class Song(msgspec.Struct, kw_only=True):
    """A song; the units are in the docstring of the module.

    `text_encoding` is that of the texts in the MIDI file that the song was read from, or that it
    is written with.
    """

    format: Literal["muse.song/1"] = FORMAT
    ticks_per_beat: int = DEFAULT_TICKS_PER_BEAT
    tempos: list[Tempo] = msgspec.field(default_factory=list)
    meters: list[Meter] = msgspec.field(default_factory=list)
    keys: list[Key] = msgspec.field(default_factory=list)
    sections: list[Section] = msgspec.field(default_factory=list)
    chords: list[Chord] = msgspec.field(default_factory=list)
    tracks: list[Track] = msgspec.field(default_factory=list)
    text_encoding: TextEncoding = "utf-8"
    source: Source | None = None
    made_by: MadeBy | None = None

    def tempo_map(self) -> TempoMap:
        """Return the map between beats and seconds; 120 bpm for a song without tempos."""
        return TempoMap([(tempo.beat, tempo.bpm) for tempo in self.tempos])

    def end_beats(self) -> float:
        """Return the end of the last note or chord in beats; 0 for an empty song."""
        ends = [n.start_beats + n.duration_beats for track in self.tracks for n in track.notes]
        ends += [chord.start_beats + chord.duration_beats for chord in self.chords]
        return max(ends, default=0.0)

    def to_json(self) -> bytes:
        """Encode as one line of UTF-8 JSON, with a line break at its end."""
        return song_to_json(self)

    @staticmethod
    def from_json(data: bytes) -> "Song":
        """Decode a Song document; raises BadInputError for anything else."""
        return song_from_json(data)

    def to_pretty_midi(self) -> Any:
        """Convert to a `pretty_midi.PrettyMIDI`."""
        from muse.tools.song.conversions import to_pretty_midi

        return to_pretty_midi(self)

    def to_symusic(self) -> Any:
        """Convert to a `symusic.Score` in ticks."""
        from muse.tools.song.conversions import to_symusic

        return to_symusic(self)

    def to_music21(self) -> Any:
        """Convert to a `music21.stream.Score`, notes on a grid; needs the package music21."""
        from muse.tools.song.conversions import to_music21

        return to_music21(self)

    def to_jams(self) -> Any:
        """Convert to a `jams.JAMS`, times in seconds; needs the package jams."""
        from muse.tools.song.jams_format import to_jams

        return to_jams(self)

    @staticmethod
    def from_pretty_midi(midi: Any) -> "Song":
        """Convert from a `pretty_midi.PrettyMIDI`."""
        from muse.tools.song.conversions import from_pretty_midi

        return from_pretty_midi(midi)

    @staticmethod
    def from_symusic(score: Any) -> "Song":
        """Convert from a `symusic.Score` in any unit of time."""
        from muse.tools.song.conversions import from_symusic

        return from_symusic(score)

    @staticmethod
    def from_music21(stream: Any) -> "Song":
        """Convert from a music21 score, part or other stream."""
        from muse.tools.song.conversions import from_music21

        return from_music21(stream)

    @staticmethod
    def from_jams(jam: Any) -> "Song":
        """Convert from a `jams.JAMS`."""
        from muse.tools.song.jams_format import from_jams

        return from_jams(jam)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Song)


def is_document(head: bytes) -> bool:
    """Return whether the first bytes of a file mark it as a Song document, of any version."""
    return MARK in head[:MARK_WITHIN]


def song_to_json(song: Song) -> bytes:
    """Write a Song as one line of UTF-8 JSON with a line break at its end."""
    return json_bytes(song) + b"\n"


def song_from_json(data: bytes, name: str = "input") -> Song:
    """Read a Song document.

    Args:
        data: UTF-8 JSON.
        name: of the input, for messages.

    Raises:
        BadInputError: not JSON, not a Song, or a value out of its range; the message says which.
    """
    try:
        song = _decoder.decode(data)
        _encoder.encode(song.made_by)  # params may hold numbers that cannot be written
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{name}: not a Song document ({error})") from error
    except (OverflowError, RecursionError) as error:
        raise BadInputError(f"{name}: its numbers are too big or its lists too deep") from error
    if song == Song() and b'"format"' not in data:  # else any JSON object is read as an empty song
        raise BadInputError(f"{name}: not a Song document (it has none of a Song's keys)")
    problem = first_problem(song)
    if problem:
        raise BadInputError(f"{name}: {problem}")
    return song


def song_schema() -> dict[str, Any]:
    """Return the JSON Schema of a Song as muse writes it: every key is required.

    Documents with missing keys can be read, too; see the module.
    """
    schema = msgspec.json.schema(Song)
    for definition in schema["$defs"].values():
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
    return {"description": SCHEMA_NOTE, **schema}
