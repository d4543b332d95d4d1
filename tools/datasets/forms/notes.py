"""The form `notes`: a song as integers, one per group of simultaneous notes and its duration.

A token is "C4.E4.G4_1.5": pitches in ascending order, then the duration in beats (quarter notes),
as a fraction such as "1/3" where it has no short decimal; "R_1" is a rest. Onsets and offsets are
rounded to the nearest quarter or third of a beat, which keeps the vocabulary of played music
finite. A group lasts as long as its longest note, but not beyond the next onset, so that
consecutive tokens restore the times. All pitched tracks are merged. The vocabulary holds the tokens
of the training songs; others become <unknown>. note_to_int.json and int_to_note.json are written
beside the rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import Final

from muse.tools.datasets.forms.options import WHOLE, FormOptions
from muse.tools.datasets.forms.result import Row
from muse.tools.datasets.forms.song_entries import Entry
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.vocabulary import SPECIALS, Vocabulary
from muse.tools.errors import BadInputError
from muse.tools.song.document import Note, Song
from muse.tools.theory.keys import Mode
from muse.tools.theory.pitch import midi_name, parse_midi_name

REST = "R"
GRID = (0, 3, 4, 6, 8, 9, 12)  # steps within a beat to which times are rounded
SHORTEST = 3  # steps; shortest duration
LONGEST = 16 * STEPS  # steps of a token; longer rests are split, longer notes are cut
VOCABULARY_NAME = "muse.notes/1"
NOTE_COLUMN, MODE_CONTEXT = "chord", "mode"  # names of token and mode in nets over notes
MODES: Final[tuple[Mode, ...]] = ("major", "minor")  # by id
DECODED_VELOCITY = 80


def encode_notes(song: Song) -> list[str]:
    """Return the tokens of a song from its first note on, without drums; empty without notes."""
    starts: dict[int, dict[int, int]] = defaultdict(dict)  # step -> pitch -> end
    for track in song.tracks:
        for note in () if track.is_drum else track.notes:
            step = quantize(note.start_beats)
            end = max(quantize(note.start_beats + note.duration_beats), step + SHORTEST)
            starts[step][note.pitch] = max(end, starts[step].get(note.pitch, 0))
    steps = sorted(starts)
    tokens: list[str] = []
    for step, following in zip(steps, [*steps[1:], None], strict=False):
        longest = min(max(starts[step].values()), step + LONGEST)
        end = longest if following is None else min(longest, following)
        tokens.append(make_token(starts[step], end - step))
        tokens += [] if following is None else rest_tokens(following - end)
    return tokens


def quantize(beat: float) -> int:
    """Return the step of the nearest quarter or third of a beat."""
    whole = floor(beat)
    return whole * STEPS + min(GRID, key=lambda place: abs(place - (beat - whole) * STEPS))


def make_token(pitches: Iterable[int], steps: int) -> str:
    """Return the token of pitches and a duration."""
    return f"{'.'.join(midi_name(pitch) for pitch in sorted(pitches))}_{format_duration(steps)}"


def rest_tokens(steps: int) -> list[str]:
    """Return rests with a total duration."""
    whole, left = divmod(steps, LONGEST)
    return [f"{REST}_{format_duration(s)}" for s in [*[LONGEST] * whole, left] if s]


def format_duration(steps: int) -> str:
    """Return a duration in beats: "1.5", or "1/3" if it is not a multiple of a quarter beat."""
    beats = Fraction(steps, STEPS)
    return f"{float(beats):g}" if beats.denominator in {1, 2, 4} else str(beats)


def decode_notes(tokens: Iterable[str]) -> list[Note]:
    """Return the notes of consecutive tokens, times in beats; special tokens are skipped.

    Raises:
        BadInputError: a token of another form.
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
    """Return pitches (MIDI numbers; none for a rest) and beats of a token; raises BadInputError."""
    names, _, length = token.rpartition("_")
    try:
        beats = Fraction(length)
        pitches = [] if names == REST else [parse_midi_name(name) for name in names.split(".")]
    except (ValueError, ZeroDivisionError) as error:
        raise BadInputError(f"'{token}' is not a note token such as C4.E4.G4_1.5") from error
    if beats <= 0:
        raise BadInputError(f"'{token}' has no duration above 0")
    return pitches, beats


def build_vocabulary(sequences: Iterable[Sequence[str]]) -> Vocabulary:
    """Return the vocabulary of token sequences, in alphabetical order."""
    return Vocabulary.of(
        VOCABULARY_NAME, sorted({token for tokens in sequences for token in tokens})
    )


def note_rows(
    entry: Entry, tokens: Sequence[str], vocabulary: Vocabulary, options: FormOptions
) -> Iterator[Row]:
    """Yield the rows of one song: {input_ids, target_id}, or {ids} of the whole if window is 0.

    In the common key a row has the song's mode too.
    """
    ids = vocabulary.encode(tokens)
    about = {"song": entry.id, "split": entry.split}
    if options.transpose == "common":
        about["mode"] = entry.song.keys[0].mode
    if options.window == WHOLE:
        yield {"ids": ids, **about}
        return
    size = options.window
    for target in range(size, len(ids), options.stride):
        yield {"input_ids": ids[target - size : target], "target_id": ids[target], **about}


def count_note_windows(count: int, options: FormOptions) -> int:
    """Return the number of rows that `count` tokens give."""
    if options.window == WHOLE:
        return 1
    return max(-(-(count - options.window) // options.stride), 0)
