"""Generation of Songs from a net over notes, as in `muse chords --model PATH/note-lstm`.

The notes are sampled in C major or A minor and transposed; the chords of the Song are the prompted
ones, then those that its notes are heard as.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import msgspec
import numpy as np

from muse.tools.chords.constraints import PlacedChord, check_constraints
from muse.tools.chords.generate_songs import (
    CHORDS,
    check_count,
    chord_codes,
    generate_songs,
    song_params,
)
from muse.tools.chords.model import ChordModel
from muse.tools.chords.note_model import NoteModel
from muse.tools.chords.note_sampler import NoteFrame, PromptedChord, sample_notes
from muse.tools.chords.request import ChordOptions, ChordRequest, resolve
from muse.tools.chords.sampler import SampledChord
from muse.tools.chords.to_song import blank_song
from muse.tools.datasets.forms.notes import decode_notes
from muse.tools.datasets.harmony_columns import COMMON_TONIC
from muse.tools.datasets.melody_events import STEPS
from muse.tools.errors import ParameterError
from muse.tools.generation.seeds import check_seed
from muse.tools.song.document import Chord, MadeBy, Note, Song, Track
from muse.tools.song.meter import bar_beats
from muse.tools.song.provenance import provenance
from muse.tools.theory.annotate import annotated
from muse.tools.theory.chord_finding import find_chords
from muse.tools.theory.chords import write_leadsheet

# options that a net over notes cannot follow, by field of ChordRequest
NOT_FOLLOWED = {
    "style": "--style",
    "like": "--like",
    "vary": "--vary",
    "under": "--under",
    "cadence": "--cadence",
    "fix": "--fix",
    "rhythm": "--harmonic-rhythm",
    "voicing": "--voicing",
}
CELL_BEATS = 0.5  # shortest chord that is named: sampled chords change off the beat too
GUIDES = (3, 7)  # degrees that a voicing of a prompted chord must have, with an altered fifth
FIFTH, PERFECT_FIFTH = 5, 7  # degree, and semitones above the root


def generate_note_songs(
    request: ChordRequest, model: NoteModel, seed: int, count: int = 1
) -> Iterator[tuple[Song, list[int]]]:
    """Generate Songs of whole bars from a net over notes.

    Args:
        request: bars, key, mode, meter, tempo, prompt and sampling are followed.
        model: predicts notes.
        seed: 0 or more.
        count: number of songs.

    Yields:
        Each Song and the ids of its tokens.

    Raises:
        ParameterError: the request has another option, is invalid, or the net has no notes for it.
    """
    check_followed(request)
    check_count(count)
    check_seed(seed)
    params = song_params(request, None)
    for number in range(count):
        rng = np.random.default_rng([seed, number, CHORDS])
        options = resolve(request, np.random.default_rng(seed), rng)
        check_constraints(options.constraints)
        tokens = sample_notes(model, frame_of(options), request.sampling, rng)
        numbered = params | ({"number": number + 1} if count > 1 else {})
        made_by = provenance("chords", numbered, seed, model.name, model.hash)
        yield notes_to_song(model.vocabulary.decode(tokens), options, made_by), tokens


def generate_with(
    request: ChordRequest,
    model: ChordModel | NoteModel,
    seed: int,
    count: int = 1,
    source: str | None = None,
) -> Iterator[tuple[Song, list[SampledChord] | list[int]]]:
    """Generate Songs from a model of chords or of notes, as either function does."""
    if isinstance(model, NoteModel):
        yield from generate_note_songs(request, model, seed, count)
    else:
        yield from generate_songs(request, model, seed, count, source)


def raw_output(song: Song, drawn: Sequence[Any]) -> list[Any]:
    """Return codes of the chords of a song, or the ids of its tokens."""
    is_tokens = bool(drawn) and isinstance(drawn[0], int)
    return list(drawn) if is_tokens else chord_codes(song, list(drawn))


def check_followed(request: ChordRequest) -> None:
    """Raise ParameterError if the request has an option that a net over notes cannot follow."""
    for each in fields(request):
        option = NOT_FOLLOWED.get(each.name)
        if option and getattr(request, each.name) != each.default:
            raise ParameterError(
                f"{option} needs a model of chords; a net over notes follows --bars, --key, "
                "--mode, --meter, --tempo and --prompt"
            )


def frame_of(options: ChordOptions) -> NoteFrame:
    """Return what the notes have to fit, in the common key."""
    constraints, up = options.constraints, semitones_to_common(options)
    return NoteFrame(
        constraints.key.mode,
        constraints.bars,
        round(bar_beats(options.meter) * STEPS),
        [prompted_chord(placed, up) for placed in constraints.prompt],
    )


def semitones_to_common(options: ChordOptions) -> int:
    """Return the transposition from the key to C major or A minor, -6 to 5 semitones."""
    key = options.constraints.key
    return (COMMON_TONIC[key.mode] - key.tonic_pc + 6) % 12 - 6


def prompted_chord(placed: PlacedChord, up: int) -> PromptedChord:
    """Convert a chord of the prompt to pitch classes `up` semitones higher."""
    symbol = placed.symbol
    root = symbol.root_pc or 0
    guides = {
        root + each.semitones
        for each in symbol.intervals
        if each.number in GUIDES or (each.number == FIFTH and each.semitones != PERFECT_FIFTH)
    }
    return PromptedChord(
        round(placed.start_beats * STEPS),
        round(placed.end_beats * STEPS),
        write_leadsheet(symbol),
        frozenset((pc + up) % 12 for pc in symbol.pitch_classes),
        frozenset((pc + up) % 12 for pc in guides),
    )


def notes_to_song(tokens: Sequence[str], options: ChordOptions, made_by: MadeBy) -> Song:
    """Return the Song of tokens in the key of the options, with its chords."""
    up = semitones_to_common(options)
    notes = [msgspec.structs.replace(note, pitch=note.pitch - up) for note in decode_notes(tokens)]
    track = Track("Keys", "keys", options.playing.keys_program, notes=notes)
    song = msgspec.structs.replace(blank_song(options), tracks=[track], made_by=made_by)
    chords = with_prompt(find_chords(song, CELL_BEATS), options.constraints.prompt)
    return annotated(msgspec.structs.replace(song, chords=with_pitches(chords, notes)))


def with_prompt(found: Sequence[Chord], prompt: Sequence[PlacedChord]) -> list[Chord]:
    """Return the chords of the prompt, then those that were found after its end."""
    end = prompt[-1].end_beats if prompt else 0.0
    given = [
        Chord(placed.start_beats, placed.duration_beats, write_leadsheet(placed.symbol))
        for placed in prompt
    ]
    later = [chord for chord in found if chord.start_beats + chord.duration_beats > end]
    return [*given, *(begun_at(chord, max(chord.start_beats, end)) for chord in later)]


def begun_at(chord: Chord, start: float) -> Chord:
    """Return the chord from a beat on, with the same end."""
    end = chord.start_beats + chord.duration_beats
    return msgspec.structs.replace(chord, start_beats=start, duration_beats=end - start)


def with_pitches(chords: Sequence[Chord], notes: Sequence[Note]) -> list[Chord]:
    """Return the chords with the pitches that begin in each, if any do."""
    return [
        msgspec.structs.replace(
            chord,
            pitches=sorted(
                {
                    note.pitch
                    for note in notes
                    if 0 <= note.start_beats - chord.start_beats < chord.duration_beats
                }
            )
            or None,
        )
        for chord in chords
    ]
