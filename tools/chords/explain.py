"""Explanations of a progression: one line of text for each chord, for musicians.

Functions are those of theory.functions, each derived from the chord and the one that follows.
"""

from collections.abc import Iterator, Sequence

from muse.tools.chords.to_song import FLATTEST_ROOT, SHARPEST_ROOT
from muse.tools.song.document import Song
from muse.tools.song.meter import nearest_bar, song_bars
from muse.tools.theory.annotate import next_chords
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
    "vi": "the submediant, a substitute for the tonic",
    "VI": "the submediant of minor",
    "VII": "the subtonic, below the tonic by a whole step",
    "vii°": "the chord on the leading tone, a dominant without its root",
}
KIND_WORDS = {
    "borrowed": "borrowed from {parallel}",
    "blues": "a stable seventh chord, as in the blues",
    "neapolitan": "the Neapolitan, the major chord on the flat second degree",
    "sixth": "an augmented sixth, which expands to the dominant",
    "cadential": "the tonic over its fifth, which delays the dominant",
    "mediant": "a chromatic mediant, a third from the tonic",
    "chromatic": "a chromatic color on {root}",
    "none": "silence",
}


def explain_progression(song: Song) -> list[str]:
    """Explain a progression in words.

    Args:
        song: with chords and a key, as `muse chords` makes it.

    Returns:
        The key; a line for each chord with bar, symbol, numeral and function; then the ending.
    """
    symbols = [parse_chord(chord.symbol) for chord in song.chords]
    key = spelled_keys(song)[0]
    bars = song_bars(song)
    width = max(len(chord.symbol) for chord in song.chords)
    numerals = max(len(chord.roman or "") for chord in song.chords)
    lines = [f"in {key.name}"]
    descriptions = describe_chords(symbols, key)
    for index, (chord, words) in enumerate(zip(song.chords, descriptions, strict=True)):
        bar = bars[nearest_bar(bars, chord.start_beats)].number
        head = f"{bar:>4}  {chord.symbol:<{width}}  {chord.roman or '':<{numerals}}"
        lines.append(f"{head}  {'; '.join([words, *describe_motion(symbols, index, key)])}")
    return [*lines, describe_ending(symbols, key)]


def describe_chords(symbols: Sequence[ChordSymbol], key: Tonality) -> Iterator[str]:
    """Yield a description of each chord."""
    for symbol, following in zip(symbols, next_chords(symbols), strict=True):
        function = function_of(symbol, key, following)
        yield describe_chord(function, symbol, following, key)


def describe_chord(
    function: Function, symbol: ChordSymbol, following: ChordSymbol | None, key: Tonality
) -> str:
    """Describe a chord by its function."""
    if function.target is not None:
        return describe_applied(function, symbol, following, key)
    if function.kind == "diatonic":
        is_suspended = quality(symbol.quality).family == "suspended" and function.role == "D"
        return NAMES[function.name] + ", suspended" * is_suspended
    if function.name == "bVII7":
        return "the backdoor dominant, a whole step below the tonic"
    parallel = f"{note_name(key.tonic)} {'minor' if key.mode == 'major' else 'major'}"
    root = note_name(symbol.root) if symbol.root is not None else ""
    words = KIND_WORDS[function.kind].format(parallel=parallel, root=root)
    role = ROLES.get(function.role)
    return f"{function.name}, {words}" + (f"; a {role}" if role else "")


def describe_applied(
    function: Function, symbol: ChordSymbol, following: ChordSymbol | None, key: Tonality
) -> str:
    """Describe an applied chord, and whether the degree that it leads to follows."""
    target = function.target or 0
    goal = note_name(readable_note(spell(key.tonic_pc + target, key.tonic)))
    if function.kind == "tritone":
        what = f"a tritone substitute for the dominant of {goal}"
    else:
        kinds = {"V": "the dominant", "vii°": "the leading-tone chord", "ii": "the ii"}
        what = f"{kinds[function.name.partition('/')[0]]} of {goal}"
    if following is None or following.root_pc is None:
        return what
    arrives = (following.root_pc - key.tonic_pc - target) % 12 == 0
    if function.name.startswith("ii/"):
        return what + ", before its dominant"
    return what + (", to which it resolves" if arrives else ", without resolution")


def readable_note(fifths: int) -> int:
    """Respell a note as chord roots are written: E rather than Fb, but Cb in Gb major."""
    return fifths if FLATTEST_ROOT <= fifths <= SHARPEST_ROOT else respell(fifths)


def describe_motion(symbols: Sequence[ChordSymbol], index: int, key: Tonality) -> Iterator[str]:
    """Yield descriptions of the motion of bass and root from the chord before."""
    symbol, before = symbols[index], symbols[index - 1] if index else None
    if symbol.bass is not None and symbol.root != symbol.bass:
        yield f"{note_name(symbol.bass)} in the bass"
    if before is None or before.bass_pc is None or symbol.bass_pc is None:
        return
    if before.root_pc != symbol.root_pc and before.bass_pc == symbol.bass_pc:
        yield "over the same bass"
    elif index > 1 and is_chromatic_line(symbols[index - 2 : index + 1]):
        yield "the bass continues in semitones"
    if index > 1 and is_deceptive(before, symbol, key):
        yield "a deceptive resolution"


def is_chromatic_line(symbols: Sequence[ChordSymbol]) -> bool:
    """Return whether three basses move by semitones in one direction."""
    basses = [symbol.bass_pc for symbol in symbols]
    if None in basses:
        return False
    first, second, third = (pc or 0 for pc in basses)
    return (second - first) % 12 == (third - second) % 12 and (second - first) % 12 in (1, 11)


def is_deceptive(before: ChordSymbol, symbol: ChordSymbol, key: Tonality) -> bool:
    """Return whether vi, or VI in minor, follows the dominant."""
    names = function_of(before, key, symbol).name, function_of(symbol, key).name
    return names == ("V", "vi" if key.mode == "major" else "VI")


def describe_ending(symbols: Sequence[ChordSymbol], key: Tonality) -> str:
    """Describe how the progression ends."""
    last = function_of(symbols[-1], key)
    before = function_of(symbols[-2], key, symbols[-1]) if len(symbols) > 1 else last
    if last.kind == "diatonic" and last.degree == "I":
        cadences = {"V": "a full cadence", "IV": "a plagal cadence"}
        if before.name in ("V", "vii°"):
            return f"ends with {cadences['V']}"
        if before.name == "bVII7":
            return "ends with a backdoor cadence"
        if before.degree == "IV":
            return f"ends with {cadences['IV']}"
        if before.kind == "tritone":
            return "ends with a tritone substitute's cadence"
        return "ends on the tonic"
    if last.name == "V":
        return "ends on the dominant, a half cadence that leads back to the start"
    return f"stays open, on {last.name}"
