"""What a chord does in a key: told from its root, its colour and the chord that follows.

Conventions and kinds are those of function_table.py. Where jazz and classical usage name one sound
differently, the next chord decides; see `function_of`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.function_table import (
    DEGREES,
    DIMINISHED,
    DIMINISHED_STEP,
    DOMINANT,
    FUNCTIONS,
    IN_KEY,
    MEDIANTS,
    ROWS,
    TONICIZED,
    TRITONE_NAME,
    USUAL,
    Colour,
    Function,
    Kind,
    Label,
)
from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import Mode, Tonality
from muse.tools.theory.qualities import UNKNOWN

__all__ = ["FUNCTIONS", "Function", "colour_of", "function_code", "function_of"]


@dataclass(frozen=True)
class Chord:
    """A chord as seen from a key: where its root and bass lie, and of what colour it is."""

    place: int
    bass: int
    colour: Colour
    symbol: ChordSymbol
    mode: Mode

    @property
    def usual(self) -> Label | None:
        """What it is whatever follows."""
        return USUAL.get((self.mode, self.colour, self.place))

    @property
    def usual_kind(self) -> Kind | None:
        """The kind of that."""
        return self.usual[0] if self.usual else None

    def leads_to(self, other: "Chord", up: int) -> bool:
        """Whether the other's root lies so many semitones above this one's."""
        return (self.place + up - other.place) % 12 == 0


def function_of(
    symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None = None
) -> Function:
    """What a chord does in a key.

    What follows tells apart what sounds alike. C7 in C is V of IV before F, else a blues tonic;
    F7 is the blues IV, V of bVII before Bb, and a tritone substitute before Em; Ab7
    is an augmented sixth before G, and a substitute when it has tensions; a major triad on III is V
    of VI before Am or F, else a mediant; a diminished seventh leads to the chord above any of its
    notes. Without a following chord the commonest reading is taken.

    Args:
        symbol: the chord.
        key: the key it is heard in.
        following: the next chord with another root, if it is known.

    Returns:
        A row of FUNCTIONS: every chord in every key has one.
    """
    return function_at(symbol, key, following if following and following.is_chord else None)


@lru_cache(maxsize=65536)
def function_at(symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None) -> Function:
    """As `function_of`, remembered."""
    if not symbol.is_chord:
        return ROWS["none", "X" if symbol.quality == UNKNOWN else "N"]
    chord = placed(symbol, key)
    after = placed(following, key) if following else None
    found = (rule(chord, after) for rule in RULES)
    label = next((label for label in found if label), ("chromatic", DEGREES[chord.place]))
    return ROWS[label]


def function_code(symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None = None) -> int:
    """The code of a chord's function, 0 to len(FUNCTIONS) - 1; see `function_of`."""
    return function_of(symbol, key, following).code


def placed(symbol: ChordSymbol, key: Tonality) -> Chord:
    """A chord with a root, as the key sees it."""
    root, bass = symbol.root_pc or 0, symbol.bass_pc or 0
    return Chord(
        (root - key.tonic_pc) % 12, (bass - key.tonic_pc) % 12, colour_of(symbol), symbol, key.mode
    )


def colour_of(symbol: ChordSymbol) -> Colour:
    """The chord's third, fifth and seventh in one word; tensions do not count."""
    degrees = set(symbol.intervals)
    if Interval(3) in degrees:
        if Interval(7, -1) in degrees:
            return "dominant"
        return "augmented" if is_altered_fifth(degrees, 1) else "major"
    if Interval(3, -1) not in degrees:
        return "open"
    if not is_altered_fifth(degrees, -1):
        return "minor"
    if Interval(7, -2) in degrees:
        return "dim7"
    return "hdim" if Interval(7, -1) in degrees else "dim"


def is_altered_fifth(degrees: set[Interval], alteration: int) -> bool:
    """Whether the fifth is that one and no perfect one is beside it."""
    return Interval(5, alteration) in degrees and Interval(5) not in degrees


def dominant_over_bass(chord: Chord, after: Chord | None) -> Label | None:
    """II or IV over the fifth degree, as F/G in C: a suspended dominant."""
    own = [(chord.place + i.semitones) % 12 for i in chord.symbol.intervals]
    is_sub = chord.place in (2, 5) and chord.bass == DOMINANT and DOMINANT not in own
    return ("diatonic", "V") if is_sub else None


def cadential(chord: Chord, after: Chord | None) -> Label | None:
    """The tonic over the fifth degree, before V."""
    is_tonic = chord.place == 0 and chord.colour in ("major", "minor") and chord.bass == DOMINANT
    return ("cadential", "Cad64") if is_tonic and after and after.place == DOMINANT else None


def augmented_sixth(chord: Chord, after: Chord | None) -> Label | None:
    """A plain seventh on bVI, on its way to V or to the tonic over it."""
    is_plain = all(degree.number <= 7 for degree in chord.symbol.intervals)
    if chord.place != 8 or chord.colour != "dominant" or not is_plain:
        return None
    goes_on = after is None or DOMINANT in (after.place, after.bass)
    return ("sixth", "+6") if goes_on else None


def resolving_dominant(chord: Chord, after: Chord | None) -> Label | None:
    """A dominant seventh before the chord a fifth or a semitone below it.

    Augmented triads, and the major tonic of a minor key before iv, are dominants, too.
    """
    is_first_degree = chord.mode == "minor" and chord.usual == ("borrowed", "I")
    is_dominant = chord.colour in ("dominant", "augmented") or is_first_degree
    if not after or chord.place == DOMINANT or not is_dominant:
        return None
    if chord.leads_to(after, 5) and after.place:
        return "secondary", f"V/{DEGREES[after.place]}"
    if chord.leads_to(after, -1) and chord.colour == "dominant":
        return tritone(after.place)
    return None


def tritone(target: int) -> Label:
    """The substitute of the dominant of a degree."""
    return "tritone", f"{TRITONE_NAME}/{DEGREES[target]}" if target else TRITONE_NAME


def resolving_diminished(chord: Chord, after: Chord | None) -> Label | None:
    """A diminished chord before the chord, or the bass, a semitone above it.

    Any tone of a diminished seventh may be the leading tone, and of a triad foreign to the key, as
    lead sheets write it for the seventh. #iv° before the tonic is taken for one before its
    six-four; one before the tonic, or before what lies a semitone lower, leads nowhere: it is an
    embellishment.
    """
    if not after or chord.colour not in DIMINISHED:
        return None
    if chord.colour == "hdim" or (chord.colour == "dim" and chord.usual_kind in IN_KEY):
        leads = chord.leads_to(after, 1) and chord.usual_kind not in IN_KEY
        return leading(after.place, chord) if leads else None
    is_before_six_four = chord.place == DOMINANT - 1 and after.place == 0
    for target in (after.place, after.bass, *([DOMINANT] if is_before_six_four else ())):
        if (chord.place + 1 - target) % DIMINISHED_STEP == 0:
            return leading(target, chord)
    embellishes = after.place == 0 or (chord.place - 1) % 12 in (after.place, after.bass)
    return ("chromatic", DEGREES[chord.place]) if embellishes else None


def leading(target: int, chord: Chord) -> Label:
    """The diminished chord below a degree."""
    if target:
        return "secondary", f"vii°/{DEGREES[target]}"
    if chord.colour == "dim7" and chord.mode == "major":
        return "borrowed", "vii°7"
    return "diatonic", "vii°"


def related_second(chord: Chord, after: Chord | None) -> Label | None:
    """The ii before a dominant that is not the key's own; Fm7 before Bb7 in C stays iv."""
    if not after or chord.colour not in ("minor", "hdim") or after.colour != "dominant":
        return None
    target = (chord.place - 2) % 12
    is_own = chord.usual_kind == "diatonic" and chord.colour == "minor"
    is_backdoor = after.usual == ("borrowed", "bVII7")
    if not chord.leads_to(after, 5) or target == 0 or is_own or is_backdoor:
        return None
    is_ii = chord.mode == "minor" and chord.usual == ("diatonic", "ii°")
    return None if is_ii else ("secondary", f"ii/{DEGREES[target]}")


def blues_tonic(chord: Chord, after: Chord | None) -> Label | None:
    """I7 of a major key, without a flat ninth or an altered fifth, that does not go to IV."""
    is_tonic = chord.mode == "major" and chord.place == 0 and chord.colour == "dominant"
    is_tense = {Interval(9, -1), Interval(5, 1), Interval(5, -1)} & set(chord.symbol.intervals)
    return ("blues", "I7") if is_tonic and after and not is_tense else None


def unresolved_triad(chord: Chord, after: Chord | None) -> Label | None:
    """A major chord that could be a dominant, and has a major seventh or does not resolve.

    It resolves to its aim, and deceptively to the chord a semitone above itself.
    """
    if chord.colour != "major" or chord.usual_kind != "secondary":
        return None
    stays = after is not None and not any(chord.leads_to(after, up) for up in (0, 1, 5))
    if Interval(7) in chord.symbol.intervals:
        return third_apart(chord, after) or ("chromatic", DEGREES[chord.place])
    return third_apart(chord, after) if stays else None


def usual(chord: Chord, after: Chord | None) -> Label | None:
    """What the table says."""
    return chord.usual


def third_apart(chord: Chord, after: Chord | None) -> Label | None:
    """A major or minor chord a third from the tonic."""
    is_mediant = chord.place in MEDIANTS and chord.colour in ("major", "minor")
    return ("mediant", DEGREES[chord.place]) if is_mediant else None


def implied_dominant(chord: Chord, after: Chord | None) -> Label | None:
    """A dominant seventh that says itself where it would lead."""
    if chord.colour != "dominant":
        return None
    fifth, semitone = (chord.place + 5) % 12, (chord.place - 1) % 12
    if fifth in TONICIZED[chord.mode]:
        return "secondary", f"V/{DEGREES[fifth]}"
    is_aim = semitone == 0 or semitone in TONICIZED[chord.mode]
    return tritone(semitone) if is_aim else None


def implied_leading(chord: Chord, after: Chord | None) -> Label | None:
    """A diminished chord that says itself where it would lead."""
    target = (chord.place + 1) % 12
    is_leading = chord.colour in DIMINISHED and target in TONICIZED[chord.mode]
    return leading(target, chord) if is_leading else None


# asked in this order; the first that knows is right
RULES: tuple[Callable[[Chord, Chord | None], Label | None], ...] = (
    dominant_over_bass,
    cadential,
    augmented_sixth,
    resolving_dominant,
    resolving_diminished,
    related_second,
    blues_tonic,
    unresolved_triad,
    usual,
    third_apart,
    implied_dominant,
    implied_leading,
)
