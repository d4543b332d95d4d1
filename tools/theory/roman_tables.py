"""Tables of Roman numerals: accidentals, figures, and chords with names."""

import re

from muse.tools.theory.keys import Mode
from muse.tools.theory.pitch import SIGNS

NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
# semitones from the degree of the major scale to the root of a bare numeral in a minor key
NATURAL = {3: -1, 6: -1, 7: -1}
NATURAL_SMALL = {3: -1}
# places of degrees with a minor chord, whose numerals are small when they are targets
SMALL_TARGETS: dict[Mode, tuple[int, ...]] = {"major": (2, 4, 9), "minor": (2, 5)}

# suffix of a quality where it differs from a lead sheet's
SUFFIXES = {
    "dim": "°",
    "dim7": "°7",
    "hdim7": "ø7",
    "aug": "+",
    "7#5": "+7",
    "maj7#5": "+maj7",
    "maj6": "add6",
    "min6": "add6",
    "6/9": "69",
    "min6/9": "69",
    "minmaj7": "maj7",
    "minmaj9": "maj9",
}
# qualities whose inversions are written with figures
TRIADS = ("maj", "min", "dim", "aug")
SEVENTHS = ("7", "maj7", "min7", "hdim7", "dim7", "minmaj7", "7#5", "maj7#5")
TRIAD_FIGURES = ("", "6", "64")  # by the chord tone in the bass
SEVENTH_FIGURES = ("7", "65", "43", "42")
# (has a seventh, index of the chord tone in the bass) of each figure
FIGURES = {
    **{figure: (False, bass) for bass, figure in enumerate(TRIAD_FIGURES)},
    **{figure: (True, bass) for bass, figure in enumerate(SEVENTH_FIGURES)},
    "53": (False, 0),
    "63": (False, 1),
    "2": (True, 3),
}
# complete figures, whose accidentals repeat what the numeral says: V#643 is V43
FULL_FIGURES = {
    "63": "6",
    "863": "6",
    "64": "64",
    "753": "7",
    "653": "65",
    "8653": "65",
    "643": "43",
    "642": "42",
}
# chords with names: the numeral that sounds the same, and the degree that it lacks
NAMED = {
    "N6": ("bII6", None),
    "It6": ("bVI7", 5),
    "It": ("bVI7", 5),
    "Ger65": ("bVI7", None),
    "Ger6": ("bVI7", None),
    "Ger": ("bVI7", None),
    "Fr43": ("bVI7b5", None),
    "Fr6": ("bVI7b5", None),
    "Fr": ("bVI7b5", None),
}
CADENTIAL: dict[str, dict[Mode, str]] = {"Cad64": {"major": "I64", "minor": "i64"}}
NO_CHORD_WORDS = ("N", "N.C.", "NC")

SIGN = f"[{''.join(SIGNS)}]"
COLORS = r"(°|o|ø|\+)?(maj|M)?"
NUMERAL = re.compile(
    rf"({SIGN}*)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)(?![IViv])(.*)", re.DOTALL
)
# the longest figure first: 65 is not 6
FIGURED = re.compile(rf"{COLORS}({'|'.join(sorted(FIGURES, key=len, reverse=True))})")
SLASHED_FIGURE = re.compile(rf"^({COLORS})([64])/([9543210])(?!\d)")
SIGNED_FIGURE = re.compile(rf"(?:{SIGN}?\d)+$")
DEGREE = re.compile(rf"{SIGN}*\d+")
