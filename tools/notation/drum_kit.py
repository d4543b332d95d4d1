"""The drum kit: the instrument of each General MIDI percussion key, and how it is notated.

Positions and note heads follow Weinberg, "Guidelines for Drumset Notation" (Percussive Notes,
1994): a five-line staff, drums as plain heads, cymbals as crosses, feet below hands.
"""

from dataclasses import dataclass

DRUM, CYMBAL = "normal", "x"  # MusicXML's note heads


@dataclass(frozen=True)
class DrumPiece:
    """One instrument: a name of up to six letters, its position in treble clef, its note head."""

    name: str
    step: str
    octave: int
    head: str


# General MIDI keys of each instrument, lowest on the staff first
INSTRUMENTS: tuple[tuple[tuple[int, ...], DrumPiece], ...] = (
    ((35, 36), DrumPiece("kick", "F", 4, DRUM)),
    ((44,), DrumPiece("pedal", "D", 4, CYMBAL)),
    ((41, 43), DrumPiece("floor", "A", 4, DRUM)),
    ((45, 47), DrumPiece("tom 2", "D", 5, DRUM)),
    ((48, 50), DrumPiece("tom 1", "E", 5, DRUM)),
    ((37,), DrumPiece("rim", "C", 5, CYMBAL)),
    ((38, 40), DrumPiece("snare", "C", 5, DRUM)),
    ((39,), DrumPiece("clap", "C", 5, CYMBAL)),
    ((42,), DrumPiece("hi-hat", "G", 5, CYMBAL)),
    ((46,), DrumPiece("open", "G", 5, CYMBAL)),
    ((51, 59), DrumPiece("ride", "F", 5, CYMBAL)),
    ((53,), DrumPiece("bell", "F", 5, CYMBAL)),
    ((49, 57), DrumPiece("crash", "A", 5, CYMBAL)),
    ((52,), DrumPiece("china", "B", 5, CYMBAL)),
    ((55,), DrumPiece("splash", "B", 5, CYMBAL)),
    ((54,), DrumPiece("tamb", "B", 4, CYMBAL)),
    ((56,), DrumPiece("cow", "E", 5, CYMBAL)),
    ((69, 70, 82), DrumPiece("shaker", "B", 5, CYMBAL)),
    ((60, 61, 62, 63, 64), DrumPiece("conga", "B", 4, DRUM)),
)
OTHER = DrumPiece("other", "E", 4, DRUM)
PIECE_OF_KEY = {key: piece for keys, piece in INSTRUMENTS for key in keys}
SNARE = 38
FEET = frozenset({35, 36, 44})  # keys played with the feet


def piece_of(key: int) -> DrumPiece:
    """Return the instrument of a General MIDI percussion key, 0 to 127."""
    return PIECE_OF_KEY.get(key, OTHER)


def lanes(keys: set[int]) -> list[DrumPiece]:
    """Return the instruments of a set of keys, lowest on the staff first."""
    used = {piece_of(key) for key in keys}
    return [piece for _, piece in INSTRUMENTS if piece in used] + [OTHER] * (OTHER in used)


def key_at(step: str, octave: int, head: str) -> int:
    """Return the General MIDI key of a place on the staff and its note head; a snare if unknown."""
    is_cymbal = head not in ("", DRUM)
    near = [
        (keys[0], piece)
        for keys, piece in INSTRUMENTS
        if (piece.step, piece.octave) == (step, octave)
    ]
    same = [key for key, piece in near if (piece.head == CYMBAL) == is_cymbal]
    return (same or [key for key, _ in near] or [SNARE])[0]
