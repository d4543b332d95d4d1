"""Keys of a Song as its chords spell them: Gb major where the chords stand in flats, else F#.

A Song's key is a pitch class and a mode. Of the keys that sound alike on either side of the circle
of fifths (Db and C#, Gb and F#, Cb and B, and their relatives), the chords' symbols tell which one
is meant.
"""

from bisect import bisect_right
from collections.abc import Sequence

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Song
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import Tonality, tonality_of

OCTAVE_OF_FIFTHS = 12  # places on the line of fifths that sound alike
MOST_SIGNS = 7  # of a key signature
MIDDLE = 2  # sharps of a signature to the middle of its scale on the line of fifths


def spelled_keys(song: Song) -> list[Tonality]:
    """The keys of a song, each as the chords in it are spelled.

    Args:
        song: its keys in any order; a key's chords are those up to the next key, and the first
            key's those before it, too.

    Returns:
        A tonality for each of `song.keys`, in their order; as usual (Db to F# major, Eb to G#
        minor) where no chord speaks for the other spelling.
    """
    keys = [tonality_of(key) for key in song.keys]
    if all(twin(key) is None for key in keys):
        return keys
    beats = sorted(key.beat for key in song.keys)
    chords: dict[float, list[Chord]] = {beat: [] for beat in beats}
    for chord in song.chords:
        chords[beats[max(bisect_right(beats, chord.start_beats) - 1, 0)]].append(chord)
    pairs = zip(keys, song.keys, strict=True)
    return [as_spelled(usual, chords[key.beat]) for usual, key in pairs]


def twin(key: Tonality) -> Tonality | None:
    """The key that sounds alike with at most seven signs; None where there is none."""
    step = -OCTAVE_OF_FIFTHS if key.sharps > 0 else OCTAVE_OF_FIFTHS
    other = Tonality(key.tonic + step, key.mode)
    return other if abs(other.sharps) <= MOST_SIGNS else None


def as_spelled(usual: Tonality, chords: Sequence[Chord]) -> Tonality:
    """The key or its twin, whichever more of the chords' roots are spelled for."""
    other = twin(usual)
    if other is None:
        return usual
    roots = [root for chord in chords if (root := root_of(chord)) is not None]
    return other if distance(roots, other) < distance(roots, usual) else usual


def distance(roots: Sequence[int], key: Tonality) -> int:
    """How far roots lie from the middle of a key's scale, in fifths, all added up."""
    return sum(abs(root - key.sharps - MIDDLE) for root in roots)


def root_of(chord: Chord) -> int | None:
    """The root as its symbol spells it; None where it cannot be read."""
    try:
        return parse_chord(chord.symbol).root
    except BadInputError:
        return None
