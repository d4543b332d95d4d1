"""Spell the keys of a Song as its chords are spelled, for example Gb major instead of F#.

A key of a Song is a pitch class and a mode, and keeps the spelling that it was written in. Where it
was not, the chord symbols decide between two keys that sound alike (Db and C#, Gb and F#, Cb and B,
and their relatives).
"""

from bisect import bisect_right
from collections.abc import Sequence

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Song
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import MOST_SIGNS, Tonality, tonality_of

OCTAVE_OF_FIFTHS = 12  # places on the line of fifths that sound alike
MIDDLE = 2  # places on the line of fifths from the signature to the middle of its scale


def spelled_keys(song: Song) -> list[Tonality]:
    """Return the keys of a song, each spelled as the chords in it.

    Args:
        song: its keys in any order; the chords of a key are those up to the next key, and for the
            first key also those before it.

    Returns:
        A tonality for each of `song.keys`, in their order; as written, else the usual one (Db to F#
        major, Eb to G# minor) unless the chords favor the other spelling.
    """
    keys = [tonality_of(key) for key in song.keys]
    if all(twin(key) is None for key in keys):
        return keys
    beats = sorted(key.beat for key in song.keys)
    chords: dict[float, list[Chord]] = {beat: [] for beat in beats}
    for chord in song.chords:
        chords[beats[max(bisect_right(beats, chord.start_beats) - 1, 0)]].append(chord)
    pairs = zip(keys, song.keys, strict=True)
    return [
        usual if key.sharps is not None else as_spelled(usual, chords[key.beat])
        for usual, key in pairs
    ]


def twin(key: Tonality) -> Tonality | None:
    """Return the key that sounds alike with at most seven accidentals; None if there is none."""
    step = -OCTAVE_OF_FIFTHS if key.sharps > 0 else OCTAVE_OF_FIFTHS
    other = Tonality(key.tonic + step, key.mode)
    return other if abs(other.sharps) <= MOST_SIGNS else None


def as_spelled(usual: Tonality, chords: Sequence[Chord]) -> Tonality:
    """Return the key or its twin, whichever fits the spelling of the chords' roots better."""
    other = twin(usual)
    if other is None:
        return usual
    roots = [root for chord in chords if (root := root_of(chord)) is not None]
    return other if distance(roots, other) < distance(roots, usual) else usual


def distance(roots: Sequence[int], key: Tonality) -> int:
    """Return the sum of the distances of roots from the middle of a key's scale, in fifths."""
    return sum(abs(root - key.sharps - MIDDLE) for root in roots)


def root_of(chord: Chord) -> int | None:
    """Return the root as spelled in the chord symbol; None if the symbol cannot be read."""
    try:
        return parse_chord(chord.symbol).root
    except BadInputError:
        return None
