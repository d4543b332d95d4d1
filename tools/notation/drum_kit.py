"""The drum kit: what each key of General MIDI's percussion is, and where it is written.

Positions and note heads follow Weinberg, "Guidelines for Drumset Notation" (Percussive Notes,
1994): a five-line staff, drums as plain heads, cymbals as crosses, feet below hands.
"""

from dataclasses import dataclass

DRUM, CYMBAL = "normal", "x"  # MusicXML's note heads


@dataclass(frozen=True)
class Piece:
    """One instrument: a name of up to six letters, its place as in the treble clef, its head."""

    name: str
    step: str
    octave: int
    head: str


# General MIDI keys of each instrument, from the floor up
INSTRUMENTS: tuple[tuple[tuple[int, ...], Piece], ...] = (
    ((35, 36), Piece("kick", "F", 4, DRUM)),
    ((44,), Piece("pedal", "D", 4, CYMBAL)),
    ((41, 43), Piece("floor", "A", 4, DRUM)),
    ((45, 47), Piece("tom 2", "D", 5, DRUM)),
    ((48, 50), Piece("tom 1", "E", 5, DRUM)),
    ((37,), Piece("rim", "C", 5, CYMBAL)),
    ((38, 40), Piece("snare", "C", 5, DRUM)),
    ((39,), Piece("clap", "C", 5, CYMBAL)),
    ((42,), Piece("hi-hat", "G", 5, CYMBAL)),
    ((46,), Piece("open", "G", 5, CYMBAL)),
    ((51, 59), Piece("ride", "F", 5, CYMBAL)),
    ((53,), Piece("bell", "F", 5, CYMBAL)),
    ((49, 57), Piece("crash", "A", 5, CYMBAL)),
    ((52,), Piece("china", "B", 5, CYMBAL)),
    ((55,), Piece("splash", "B", 5, CYMBAL)),
    ((54,), Piece("tamb", "B", 4, CYMBAL)),
    ((56,), Piece("cow", "E", 5, CYMBAL)),
    ((69, 70, 82), Piece("shaker", "B", 5, CYMBAL)),
    ((60, 61, 62, 63, 64), Piece("conga", "B", 4, DRUM)),
)
OTHER = Piece("other", "E", 4, DRUM)
PIECE_OF_KEY = {key: piece for keys, piece in INSTRUMENTS for key in keys}
FEET = frozenset({35, 36, 44})  # keys played with the feet


def piece_of(key: int) -> Piece:
    """The instrument of a General MIDI percussion key, 0 to 127."""
    return PIECE_OF_KEY.get(key, OTHER)


def lanes(keys: set[int]) -> list[Piece]:
    """The instruments among these keys, from the floor up."""
    used = {piece_of(key) for key in keys}
    return [piece for _, piece in INSTRUMENTS if piece in used] + [OTHER] * (OTHER in used)
