"""The form `notes`: a song as integers, each the pitches that start together and their length.

A token is "C4.E4.G4_1.5": pitches from the lowest up, then the length in beats (quarter notes),
"1/3" where there is no short decimal; "R_1" is a rest. Notes start and end on the nearest quarter
or third of a beat, without which the vocabulary of played music has no end. A chord lasts as long
as its longest note, but not past the next start, so that tokens one after another give the times
back. All pitched tracks count as one. The vocabulary holds the tokens of the training songs; others
become <unknown>. Written beside the rows are note_to_int.json and int_to_note.json.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import floor

from muse.tools.datasets.forms.options import WHOLE, FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.vocabulary import SPECIALS, Vocabulary
from muse.tools.errors import BadInputError
from muse.tools.song.document import Note, Song
from muse.tools.theory.pitch import midi_name, parse_midi_name

REST = "R"
PLACES = (0, 3, 4, 6, 8, 9, 12)  # steps of a beat where notes start and end
SHORTEST = 3  # steps; what is snapped to nothing lasts as long
LONGEST = 16 * STEPS  # steps of a token: longer rests are several, longer notes are cut
VOCABULARY_NAME = "muse.notes/1"
DECODED_VELOCITY = 80


def tokens_of(song: Song) -> list[str]:
    """The song's tokens from its first note on, drums left out; empty without notes."""
    starts: dict[int, dict[int, int]] = defaultdict(dict)  # step -> pitch -> end
    for track in song.tracks:
        for note in () if track.is_drum else track.notes:
            step = snapped(note.start_beats)
            end = max(snapped(note.start_beats + note.duration_beats), step + SHORTEST)
            starts[step][note.pitch] = max(end, starts[step].get(note.pitch, 0))
    steps = sorted(starts)
    tokens: list[str] = []
    for step, following in zip(steps, [*steps[1:], None], strict=False):
        longest = min(max(starts[step].values()), step + LONGEST)
        end = longest if following is None else min(longest, following)
        tokens.append(token_of(starts[step], end - step))
        tokens += [] if following is None else rests(following - end)
    return tokens


def snapped(beat: float) -> int:
    """The step of the nearest quarter or third of a beat."""
    whole = floor(beat)
    return whole * STEPS + min(PLACES, key=lambda place: abs(place - (beat - whole) * STEPS))


def token_of(pitches: Iterable[int], steps: int) -> str:
    """One token."""
    return f"{'.'.join(midi_name(pitch) for pitch in sorted(pitches))}_{length_name(steps)}"


def rests(steps: int) -> list[str]:
    """Rests that last so many steps together."""
    whole, left = divmod(steps, LONGEST)
    return [f"{REST}_{length_name(s)}" for s in [*[LONGEST] * whole, left] if s]


def length_name(steps: int) -> str:
    """A length in beats: "1.5", or "1/3" where it is no multiple of a quarter of a beat."""
    beats = Fraction(steps, STEPS)
    return f"{float(beats):g}" if beats.denominator in {1, 2, 4} else str(beats)


def decode_notes(tokens: Iterable[str]) -> list[Note]:
    """The notes of tokens, one after another, times in beats; specials are passed over.

    Raises:
        BadInputError: a token is not one of this form.
    """
    notes, beat = [], Fraction(0)
    for token in tokens:
        if token in SPECIALS:
            continue
        pitches, length = parse_token(token)
        notes += [Note(float(beat), float(length), p, DECODED_VELOCITY) for p in pitches]
        beat += length
    return notes


def parse_token(token: str) -> tuple[list[int], Fraction]:
    """Pitches (MIDI numbers, none for a rest) and length in beats; raises BadInputError."""
    names, _, length = token.rpartition("_")
    try:
        beats = Fraction(length)
        pitches = [] if names == REST else [parse_midi_name(name) for name in names.split(".")]
    except (ValueError, ZeroDivisionError) as error:
        raise BadInputError(f"'{token}' is not a note token such as C4.E4.G4_1.5") from error
    if beats <= 0:
        raise BadInputError(f"'{token}' has no length")
    return pitches, beats


def vocabulary_of(sequences: Iterable[Sequence[str]]) -> Vocabulary:
    """The vocabulary of token sequences, in alphabetical order."""
    return Vocabulary.of(
        VOCABULARY_NAME, sorted({token for tokens in sequences for token in tokens})
    )


def note_rows(
    entry: Entry, tokens: Sequence[str], vocabulary: Vocabulary, options: FormOptions
) -> Iterator[Row]:
    """The rows of one song: {input_ids, target_id}, or {ids} of all where the window is 0."""
    ids = vocabulary.encode(tokens)
    about = {"song": entry.id, "split": entry.split}
    if options.window == WHOLE:
        yield {"ids": ids, **about}
        return
    size = options.window
    for target in range(size, len(ids), options.stride):
        yield {"input_ids": ids[target - size : target], "target_id": ids[target], **about}


def count_note_windows(count: int, options: FormOptions) -> int:
    """How many rows a sequence of that many tokens gives."""
    if options.window == WHOLE:
        return 1
    return max(-(-(count - options.window) // options.stride), 0)
