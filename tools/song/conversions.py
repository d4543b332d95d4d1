"""Songs to and from the objects of pretty_midi, symusic and music21.

`Song` has these functions as methods, for example `song.to_pretty_midi()`. pretty_midi and symusic
objects hold what a MIDI file holds; a music21 score is the one that `muse view -o song.musicxml`
writes. The packages are imported inside the functions, and so are the modules that read and write
scores, since those import this one.
"""

import io
from typing import TYPE_CHECKING, Any

from muse.tools.errors import MissingPartError
from muse.tools.song.document import Key, Meter, Note, Song, Tempo, Track
from muse.tools.song.midi import score_from_song, song_from_midi, song_from_score
from muse.tools.song.midi_writer import song_to_midi

if TYPE_CHECKING:
    from symusic.core import ScoreTick

    from muse.tools.theory.symbol import ChordSymbol

DEFAULT_VELOCITY = 80  # for notes that carry none
ONE_PART = "Melody"  # name of a music21 part without one


def to_pretty_midi(song: Song) -> Any:
    """Convert a song to a `pretty_midi.PrettyMIDI`."""
    from pretty_midi import PrettyMIDI

    return PrettyMIDI(io.BytesIO(song_to_midi(song)))


def from_pretty_midi(midi: Any) -> Song:
    """Convert a `pretty_midi.PrettyMIDI` to a song.

    Raises:
        BadInputError: it holds something that no MIDI file can.
    """
    data = io.BytesIO()
    midi.write(data)
    return song_from_midi(data.getvalue(), "the PrettyMIDI object")


def to_symusic(song: Song) -> "ScoreTick":
    """Convert a song to a `symusic.Score` in ticks."""
    return score_from_song(song)


def from_symusic(score: Any) -> Song:
    """Convert a `symusic.Score`, in ticks, quarters or seconds, to a song."""
    return song_from_score(score.to("tick"), "the symusic score")


def to_music21(song: Song) -> Any:
    """Convert a song to a `music21.stream.Score`, its notes on a grid as in the MusicXML output.

    Raises:
        MissingPartError: the package music21 is not installed.
    """
    from muse.tools.notation.musicxml import musicxml
    from muse.tools.notation.score import score_of

    return load_converter().parseData(musicxml(score_of(song, "")).decode(), format="musicxml")


def from_music21(stream: Any) -> Song:
    """Convert a music21 score, part or other stream to a song: a track for each part.

    Grace notes, which have no length, are left out.

    Raises:
        BadInputError: a chord symbol whose root, bass or degrees make no sense.
    """
    from muse.tools.datasets.lead_sheets import chords_from_symbols

    whole = stream.flatten()
    parts = list(getattr(stream, "parts", ())) or [stream]
    first = parts[0].flatten()
    return Song(
        tempos=read_tempos(whole),
        meters=[
            Meter(float(sign.offset), sign.numerator, sign.denominator)
            for sign in first.getElementsByClass("TimeSignature")
        ],
        keys=[key_from_music21(sign) for sign in first.getElementsByClass("KeySignature")],
        chords=chords_from_symbols(read_chord_symbols(whole), float(whole.highestTime)),
        tracks=[track_from_music21(part) for part in parts],
    )


def key_from_music21(signature: Any) -> Key:
    """Convert a music21 key or key signature; a signature without mode is taken for major."""
    from muse.tools.theory.keys import Tonality, song_key
    from muse.tools.theory.pitch import parse_note_name

    key = signature if hasattr(signature, "tonic") else signature.asKey("major")
    tonic = parse_note_name(key.tonic.name.replace("-", "b"))
    key_found = Tonality(tonic, "minor" if key.mode == "minor" else "major")
    return song_key(float(signature.offset), key_found)


def track_from_music21(part: Any) -> Track:
    """Convert one music21 part, tied notes joined."""
    instrument = part.getInstrument()
    program = getattr(instrument, "midiProgram", None) or 0
    notes = [
        Note(
            float(element.offset),
            float(element.quarterLength),
            int(pitch.midi),
            int(element.volume.velocity or DEFAULT_VELOCITY),
        )
        for element in part.stripTies().flatten().notes
        if "Harmony" not in element.classSet and element.quarterLength > 0
        for pitch in element.pitches
    ]
    name = getattr(part, "partName", None) or ONE_PART
    return Track(name=name, program=program, is_drum=is_percussion(instrument), notes=notes)


def is_percussion(instrument: Any) -> bool:
    """Return whether a music21 instrument is unpitched percussion."""
    return "UnpitchedPercussion" in getattr(instrument, "classSet", ())


def read_chord_symbols(flat: Any) -> "dict[float, ChordSymbol]":
    """Return the chord symbols of a flat music21 stream by beat, from harmonies and texts."""
    from muse.tools.datasets.harmony_symbols import symbol_from_music21, symbol_from_text

    symbols: dict[float, ChordSymbol] = {}
    for text in flat.getElementsByClass("TextExpression"):
        symbol = symbol_from_text(text.content)
        if symbol is not None:
            symbols[float(text.offset)] = symbol
    for harmony in flat.getElementsByClass("Harmony"):
        symbols[float(harmony.offset)] = symbol_from_music21(harmony)
    return symbols


def read_tempos(flat: Any) -> list[Tempo]:
    """Return the tempos of a flat music21 stream, in quarter notes per minute."""
    tempos: list[Tempo] = []
    for mark in flat.getElementsByClass("MetronomeMark"):
        bpm = mark.getQuarterBPM()
        if bpm and bpm > 0:
            tempos.append(Tempo(float(mark.offset) if tempos else 0.0, float(bpm)))
    return tempos


def load_converter() -> Any:
    """Return music21's converter; raises MissingPartError without music21."""
    try:
        from music21 import converter
    except ImportError as error:
        raise MissingPartError("music21 is not installed; run: pip install music21") from error
    return converter
