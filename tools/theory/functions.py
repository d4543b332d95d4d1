"""Harmonic functions: the role of a chord in a key, from its root, its color and the next chord.

Conventions and kinds are those of function_table.py. Where jazz and classical usage name one sound
differently, the next chord decides; see `function_of`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.function_table import (
    DEFAULTS,
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
    Color,
    Function,
    Kind,
    Label,
)
from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import Mode, Tonality
from muse.tools.theory.qualities import UNKNOWN

__all__ = ["FUNCTIONS", "Function", "color_of", "function_code", "function_of"]


@dataclass(frozen=True)
class Chord:
    """A chord relative to a key: places of root and bass, and its color."""

    place: int
    bass: int
    color: Color
    symbol: ChordSymbol
    mode: Mode

    @property
    def default(self) -> Label | None:
        """The default function, without the next chord."""
        return DEFAULTS.get((self.mode, self.color, self.place))

    @property
    def default_kind(self) -> Kind | None:
        """The kind of the default function."""
        return self.default[0] if self.default else None

    def leads_to(self, other: "Chord", up: int) -> bool:
        """Return whether the root of the other chord is `up` semitones above this one's."""
        return (self.place + up - other.place) % 12 == 0


def function_of(
    symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None = None
) -> Function:
    """Return the function of a chord in a key.

    The next chord distinguishes functions that sound alike. In C, C7 is V of IV before F, else a
    blues tonic; F7 is the blues IV, V of bVII before Bb, and a tritone substitute before Em; Ab7 is
    an augmented sixth before G, and a substitute if it has tensions; a major triad on III is V of
    VI before Am or F, else a mediant; a diminished seventh leads to the chord a semitone above any
    of its tones. Without a next chord the most common function is returned.

    Args:
        symbol: the chord.
        key: the key in force.
        following: the next chord with another root, if known.

    Returns:
        A row of FUNCTIONS; every chord has one in every key.
    """
    return function_at(symbol, key, following if following and following.is_chord else None)


@lru_cache(maxsize=65536)
def function_at(symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None) -> Function:
    """Return the same as `function_of`, cached."""
    if not symbol.is_chord:
        return ROWS["none", "X" if symbol.quality == UNKNOWN else "N"]
    chord = placed(symbol, key)
    after = placed(following, key) if following else None
    found = (rule(chord, after) for rule in RULES)
    label = next((label for label in found if label), ("chromatic", DEGREES[chord.place]))
    return ROWS[label]


def function_code(symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None = None) -> int:
    """Return the code of the function of a chord, 0 to len(FUNCTIONS) - 1; see `function_of`."""
    return function_of(symbol, key, following).code


def placed(symbol: ChordSymbol, key: Tonality) -> Chord:
    """Return a chord with a root relative to a key."""
    root, bass = symbol.root_pc or 0, symbol.bass_pc or 0
    return Chord(
        (root - key.tonic_pc) % 12, (bass - key.tonic_pc) % 12, color_of(symbol), symbol, key.mode
    )


def color_of(symbol: ChordSymbol) -> Color:
    """Classify third, fifth and seventh of a chord in one word; tensions do not count."""
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
    """Return whether the fifth has this alteration and there is no perfect fifth."""
    return Interval(5, alteration) in degrees and Interval(5) not in degrees


def dominant_over_bass(chord: Chord, after: Chord | None) -> Label | None:
    """Label II or IV over the fifth degree, as F/G in C: a suspended dominant."""
    own = [(chord.place + i.semitones) % 12 for i in chord.symbol.intervals]
    is_sub = chord.place in (2, 5) and chord.bass == DOMINANT and DOMINANT not in own
    return ("diatonic", "V") if is_sub else None


def cadential(chord: Chord, after: Chord | None) -> Label | None:
    """Label the tonic over the fifth degree before V."""
    is_tonic = chord.place == 0 and chord.color in ("major", "minor") and chord.bass == DOMINANT
    return ("cadential", "Cad64") if is_tonic and after and after.place == DOMINANT else None


def augmented_sixth(chord: Chord, after: Chord | None) -> Label | None:
    """Label a plain seventh on bVI before V or before the tonic over the fifth degree."""
    is_plain = all(degree.number <= 7 for degree in chord.symbol.intervals)
    if chord.place != 8 or chord.color != "dominant" or not is_plain:
        return None
    resolves = after is None or DOMINANT in (after.place, after.bass)
    return ("sixth", "+6") if resolves else None


def resolving_dominant(chord: Chord, after: Chord | None) -> Label | None:
    """Label a dominant seventh before the chord a fifth or a semitone below it.

    Augmented triads, and the major tonic of a minor key before iv, also count as dominants.
    """
    is_first_degree = chord.mode == "minor" and chord.default == ("borrowed", "I")
    is_dominant = chord.color in ("dominant", "augmented") or is_first_degree
    if not after or chord.place == DOMINANT or not is_dominant:
        return None
    if chord.leads_to(after, 5) and after.place:
        return "secondary", f"V/{DEGREES[after.place]}"
    if chord.leads_to(after, -1) and chord.color == "dominant":
        return tritone(after.place)
    return None


def tritone(target: int) -> Label:
    """Return the label of the tritone substitute that leads to a place."""
    return "tritone", f"{TRITONE_NAME}/{DEGREES[target]}" if target else TRITONE_NAME


def resolving_diminished(chord: Chord, after: Chord | None) -> Label | None:
    """Label a diminished chord before a chord or a bass a semitone above it.

    Any tone of a diminished seventh may be the leading tone; so may any tone of a triad foreign to
    the key, as lead sheets write the triad for the seventh. #iv° before the tonic is read as #iv°
    before the tonic's six-four chord. A diminished chord before the tonic, or before a chord or
    bass a semitone lower, is an embellishment.
    """
    if not after or chord.color not in DIMINISHED:
        return None
    if chord.color == "hdim" or (chord.color == "dim" and chord.default_kind in IN_KEY):
        leads = chord.leads_to(after, 1) and chord.default_kind not in IN_KEY
        return leading(after.place, chord) if leads else None
    is_before_six_four = chord.place == DOMINANT - 1 and after.place == 0
    for target in (after.place, after.bass, *([DOMINANT] if is_before_six_four else ())):
        if (chord.place + 1 - target) % DIMINISHED_STEP == 0:
            return leading(target, chord)
    embellishes = after.place == 0 or (chord.place - 1) % 12 in (after.place, after.bass)
    return ("chromatic", DEGREES[chord.place]) if embellishes else None


def leading(target: int, chord: Chord) -> Label:
    """Return the label of the diminished chord that leads to a place."""
    if target:
        return "secondary", f"vii°/{DEGREES[target]}"
    if chord.color == "dim7" and chord.mode == "major":
        return "borrowed", "vii°7"
    return "diatonic", "vii°"


def related_second(chord: Chord, after: Chord | None) -> Label | None:
    """Label the ii before a dominant that is not the key's own; Fm7 before Bb7 in C stays iv."""
    if not after or chord.color not in ("minor", "hdim") or after.color != "dominant":
        return None
    target = (chord.place - 2) % 12
    is_own = chord.default_kind == "diatonic" and chord.color == "minor"
    is_backdoor = after.default == ("borrowed", "bVII7")
    if not chord.leads_to(after, 5) or target == 0 or is_own or is_backdoor:
        return None
    is_ii = chord.mode == "minor" and chord.default == ("diatonic", "ii°")
    return None if is_ii else ("secondary", f"ii/{DEGREES[target]}")


def blues_tonic(chord: Chord, after: Chord | None) -> Label | None:
    """Label I7 of a major key, without a flat ninth or altered fifth, that does not go to IV."""
    is_tonic = chord.mode == "major" and chord.place == 0 and chord.color == "dominant"
    is_tense = {Interval(9, -1), Interval(5, 1), Interval(5, -1)} & set(chord.symbol.intervals)
    return ("blues", "I7") if is_tonic and after and not is_tense else None


def unresolved_triad(chord: Chord, after: Chord | None) -> Label | None:
    """Label a major chord that could be a secondary dominant but does not act as one.

    It has a major seventh, or it resolves neither to its target nor deceptively to the chord a
    semitone above itself.
    """
    if chord.color != "major" or chord.default_kind != "secondary":
        return None
    stays = after is not None and not any(chord.leads_to(after, up) for up in (0, 1, 5))
    if Interval(7) in chord.symbol.intervals:
        return mediant(chord, after) or ("chromatic", DEGREES[chord.place])
    return mediant(chord, after) if stays else None


def default_label(chord: Chord, after: Chord | None) -> Label | None:
    """Return the default label of the table."""
    return chord.default


def mediant(chord: Chord, after: Chord | None) -> Label | None:
    """Label a major or minor chord a third from the tonic."""
    is_mediant = chord.place in MEDIANTS and chord.color in ("major", "minor")
    return ("mediant", DEGREES[chord.place]) if is_mediant else None


def implied_dominant(chord: Chord, after: Chord | None) -> Label | None:
    """Label a dominant seventh by the target that it implies."""
    if chord.color != "dominant":
        return None
    fifth, semitone = (chord.place + 5) % 12, (chord.place - 1) % 12
    if fifth in TONICIZED[chord.mode]:
        return "secondary", f"V/{DEGREES[fifth]}"
    is_target = semitone == 0 or semitone in TONICIZED[chord.mode]
    return tritone(semitone) if is_target else None


def implied_leading(chord: Chord, after: Chord | None) -> Label | None:
    """Label a diminished chord by the target that it implies."""
    target = (chord.place + 1) % 12
    is_leading = chord.color in DIMINISHED and target in TONICIZED[chord.mode]
    return leading(target, chord) if is_leading else None


# in order of precedence: the first rule that returns a label decides
RULES: tuple[Callable[[Chord, Chord | None], Label | None], ...] = (
    dominant_over_bass,
    cadential,
    augmented_sixth,
    resolving_dominant,
    resolving_diminished,
    related_second,
    blues_tonic,
    unresolved_triad,
    default_label,
    mediant,
    implied_dominant,
    implied_leading,
)
