"""What happens in a progression, in words: a line for each chord, read by musicians.

Functions are those of theory.functions, told with the following chord known.
"""

from collections.abc import Iterator, Sequence

from muse.tools.chords.to_song import FLATTEST_ROOT, SHARPEST_ROOT
from muse.tools.song.document import Song
from muse.tools.song.meter import nearest_bar, song_bars
from muse.tools.theory.annotate import followers
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.functions import Function, function_of
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import note_name, respell, spell
from muse.tools.theory.qualities import quality

ROLES = {"T": "tonic", "S": "subdominant", "D": "dominant"}
NAMES = {
    "I": "the tonic",
    "i": "the tonic",
    "ii": "the supertonic, which prepares the dominant",
    "ii°": "the supertonic of minor, which prepares the dominant",
    "iii": "the mediant, a weaker tonic",
    "III": "the relative major",
    "IV": "the subdominant",
    "iv": "the minor subdominant",
    "V": "the dominant",
    "v": "the minor dominant, without the leading tone",
    "vi": "the submediant, in the tonic's place",
    "VI": "the submediant of minor",
    "VII": "the subtonic, below the tonic by a whole step",
    "vii°": "the chord on the leading tone, a dominant without its root",
}
KIND_WORDS = {
    "borrowed": "borrowed from {parallel}",
    "blues": "a seventh chord at rest, as in the blues",
    "neapolitan": "the Neapolitan, the major chord on the flat second degree",
    "sixth": "an augmented sixth, which opens outwards to the dominant",
    "cadential": "the tonic over its fifth, held back before the dominant",
    "mediant": "a chromatic mediant, a third from the tonic",
    "chromatic": "a chromatic colour on {root}",
    "none": "silence",
}


def explained_lines(song: Song) -> list[str]:
    """The progression in words.

    Args:
        song: with chords and a key, as `muse chords` makes it.

    Returns:
        A line for each chord: bar, symbol, numeral, and what it does; then how it ends.
    """
    symbols = [parse_chord(chord.symbol) for chord in song.chords]
    key = spelled_keys(song)[0]
    bars = song_bars(song)
    width = max(len(chord.symbol) for chord in song.chords)
    numerals = max(len(chord.roman or "") for chord in song.chords)
    lines = [f"in {key.name}"]
    for place, (chord, words) in enumerate(zip(song.chords, described(symbols, key), strict=True)):
        bar = bars[nearest_bar(bars, chord.start_beats)].number
        head = f"{bar:>4}  {chord.symbol:<{width}}  {chord.roman or '':<{numerals}}"
        lines.append(f"{head}  {'; '.join([words, *moves(symbols, place, key)])}")
    return [*lines, ending(symbols, key)]


def described(symbols: Sequence[ChordSymbol], key: Tonality) -> Iterator[str]:
    """What each chord is."""
    for symbol, following in zip(symbols, followers(symbols), strict=True):
        function = function_of(symbol, key, following)
        yield words_of(function, symbol, following, key)


def words_of(
    function: Function, symbol: ChordSymbol, following: ChordSymbol | None, key: Tonality
) -> str:
    """What a chord is, by its function."""
    if function.target is not None:
        return leading_words(function, symbol, following, key)
    if function.kind == "diatonic":
        held_back = quality(symbol.quality).family == "suspended" and function.role == "D"
        return NAMES[function.name] + ", suspended" * held_back
    if function.name == "bVII7":
        return "the backdoor dominant, which slips up to the tonic by a whole step"
    parallel = f"{note_name(key.tonic)} {'minor' if key.mode == 'major' else 'major'}"
    root = note_name(symbol.root) if symbol.root is not None else ""
    words = KIND_WORDS[function.kind].format(parallel=parallel, root=root)
    role = ROLES.get(function.role)
    return f"{function.name}, {words}" + (f"; a {role}" if role else "")


def leading_words(
    function: Function, symbol: ChordSymbol, following: ChordSymbol | None, key: Tonality
) -> str:
    """What a chord is that points at another degree, and whether that one comes."""
    target = function.target or 0
    aim = note_name(plain_spelling(spell(key.tonic_pc + target, key.tonic)))
    if function.kind == "tritone":
        what = f"a tritone substitute for the dominant of {aim}"
    else:
        kinds = {"V": "the dominant", "vii°": "the leading-tone chord", "ii": "the ii"}
        what = f"{kinds[function.name.partition('/')[0]]} of {aim}"
    if following is None or following.root_pc is None:
        return what
    arrives = (following.root_pc - key.tonic_pc - target) % 12 == 0
    if function.name.startswith("ii/"):
        return what + ", before its dominant"
    return what + (", where it goes" if arrives else ", which does not come")


def plain_spelling(fifths: int) -> int:
    """The note by the name that the chord on it is written with: E and not Fb, but Cb in Gb."""
    return fifths if FLATTEST_ROOT <= fifths <= SHARPEST_ROOT else respell(fifths)


def moves(symbols: Sequence[ChordSymbol], place: int, key: Tonality) -> Iterator[str]:
    """What bass and root do as a chord comes."""
    symbol, before = symbols[place], symbols[place - 1] if place else None
    if symbol.bass is not None and symbol.root != symbol.bass:
        yield f"{note_name(symbol.bass)} in the bass"
    if before is None or before.bass_pc is None or symbol.bass_pc is None:
        return
    if before.root_pc != symbol.root_pc and before.bass_pc == symbol.bass_pc:
        yield "over the same bass"
    elif place > 1 and is_line(symbols[place - 2 : place + 1]):
        yield "the bass goes on in semitones"
    if place > 1 and is_deceptive(before, symbol, key):
        yield "a deceptive turn"


def is_line(three: Sequence[ChordSymbol]) -> bool:
    """Whether three basses go one way by semitones."""
    basses = [symbol.bass_pc for symbol in three]
    if None in basses:
        return False
    first, second, third = (pc or 0 for pc in basses)
    return (second - first) % 12 == (third - second) % 12 and (second - first) % 12 in (1, 11)


def is_deceptive(before: ChordSymbol, symbol: ChordSymbol, key: Tonality) -> bool:
    """Whether vi, or VI of minor, comes where the dominant promised the tonic."""
    names = function_of(before, key, symbol).name, function_of(symbol, key).name
    return names == ("V", "vi" if key.mode == "major" else "VI")


def ending(symbols: Sequence[ChordSymbol], key: Tonality) -> str:
    """How the progression ends."""
    last = function_of(symbols[-1], key)
    before = function_of(symbols[-2], key, symbols[-1]) if len(symbols) > 1 else last
    if last.kind == "diatonic" and last.degree == "I":
        cadences = {"V": "a full cadence", "IV": "a plagal cadence"}
        if before.name in ("V", "vii°"):
            return f"ends with {cadences['V']}"
        if before.name == "bVII7":
            return "ends through the backdoor"
        if before.degree == "IV":
            return f"ends with {cadences['IV']}"
        if before.kind == "tritone":
            return "ends with a tritone substitute's cadence"
        return "ends on the tonic"
    if last.name == "V":
        return "ends on the dominant, a half cadence: it turns back to the start"
    return f"stays open, on {last.name}"
