"""The table of harmonic functions in a key, and the default function of each chord.

Conventions:
    a place is semitones above the tonic, 0 to 11; degrees are counted in the major scale, so that
    III of C minor has the degree bIII. Roles are T tonic, S subdominant (all that prepares the
    dominant), D dominant, and - for none.
    The code of a function is its index in FUNCTIONS. Codes are stored in training data: append new
    rows, never reorder.

Kinds:
    diatonic     in the key; V and vii° of the harmonic scale count as diatonic in a minor key
    borrowed     from the parallel key: iv, bVI, bVII ... in major, I, ii, IV in minor
    blues        I7 and IV7 that do not resolve
    secondary    a dominant (V, vii°) of a degree other than the tonic, or the ii before it
    tritone      a dominant seventh a semitone above its target
    neapolitan   the major chord on bII
    sixth        augmented sixth: sounds as a plain seventh on bVI
    cadential    the tonic over the fifth degree, before V
    mediant      a chord a third from the tonic that is in no scale of the key
    chromatic    anything else, named by the degree of its root

Sources: Aldwell, Schachter and Cadwallader, "Harmony and Voice Leading" (mixture, applied chords,
augmented sixths); Nettles and Graf, "The Chord Scale Theory and Jazz Harmony" (substitutes, related
ii, backdoor dominant). VI of a minor key and vi of a major key are tonics here, as in a deceptive
cadence; bVI borrowed into major is a subdominant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from muse.tools.theory.keys import Mode

Role = Literal["T", "S", "D", "-"]
Kind = Literal[
    "none",
    "diatonic",
    "borrowed",
    "blues",
    "secondary",
    "tritone",
    "neapolitan",
    "sixth",
    "cadential",
    "mediant",
    "chromatic",
]
Color = Literal["major", "minor", "dominant", "augmented", "dim", "hdim", "dim7", "open"]
Label = tuple[Kind, str]

# by semitones above the tonic
DEGREES = ("I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII")
DOMINANT = 7  # semitones above the tonic
DIMINISHED_STEP = 3  # semitones between the tones of a diminished seventh chord


@dataclass(frozen=True)
class Function:
    """One row of the table.

    Attributes:
        code: number in training data.
        name: for example "ii" or "V/VI"; the target after the slash is a degree in capitals.
        degree: of the root, counted in the major scale; "-" for no chord.
        role: T, S, D or -.
        kind: see the module; name and kind together are unique.
        target: place of the chord that it leads to, for the kinds secondary and tritone.
    """

    code: int
    name: str
    degree: str
    role: Role
    kind: Kind
    target: int | None = None


# place of the root, role and name of the functions without a target
DIATONIC = """
    0 T I, 2 S ii, 4 T iii, 5 S IV, 7 D V, 9 T vi, 11 D vii°,
    0 T i, 2 S ii°, 3 T III, 5 S iv, 7 D v, 8 T VI, 10 D VII"""
BORROWED = """
    0 T i, 2 S ii°, 3 T bIII, 5 S iv, 7 D v, 8 S bVI, 10 S bVII, 10 D bVII7, 11 D vii°7,
    0 T I, 2 S ii, 5 S IV, 9 S vi°"""
BLUES = "0 T I7, 5 S IV7"
SINGLE: tuple[tuple[Kind, str], ...] = (
    ("neapolitan", "1 S bII"),
    ("sixth", "8 S +6"),
    ("cadential", "0 D Cad64"),
    ("mediant", "3 T bIII, 4 T III, 8 T bVI, 9 T VI"),
)
# kind, name, role, and semitones of the root above the target, of the functions with a target
LEADING: tuple[tuple[Kind, str, Role, int], ...] = (
    ("secondary", "V", "D", DOMINANT),
    ("secondary", "vii°", "D", 11),
    ("secondary", "ii", "S", 2),
)
TRITONE_NAME = "subV"

Row = tuple[Kind, str, str, Role, int | None]  # kind, name, degree, role, target


def rows_of(kind: Kind, text: str) -> Iterator[Row]:
    """Yield rows from text "place role name", separated by commas."""
    for entry in text.split(","):
        place, role, name = entry.split()
        yield kind, name, DEGREES[int(place)], role, None  # type: ignore[misc]


def all_rows() -> Iterator[Row]:
    """Yield the rows of the table in order, without codes."""
    yield "none", "N", "-", "-", None
    yield "none", "X", "-", "-", None
    yield from rows_of("diatonic", DIATONIC)
    yield from rows_of("borrowed", BORROWED)
    yield from rows_of("blues", BLUES)
    for kind, name, role, above in LEADING:
        for target in range(1, 12):
            degree = DEGREES[(target + above) % 12]
            yield kind, f"{name}/{DEGREES[target]}", degree, role, target
    for target in range(12):
        name = f"{TRITONE_NAME}/{DEGREES[target]}" if target else TRITONE_NAME
        yield "tritone", name, DEGREES[(target + 1) % 12], "D", target
    for kind, text in SINGLE:
        yield from rows_of(kind, text)
    for degree in DEGREES:
        yield "chromatic", degree, degree, "-", None


FUNCTIONS = tuple(
    Function(code, name, degree, role, kind, target)
    for code, (kind, name, degree, role, target) in enumerate(all_rows())
)
ROWS: dict[Label, Function] = {(row.kind, row.name): row for row in FUNCTIONS}

# function by color and place, without the next chord: kind, colors, "place name"
DEFAULTS_TEXT: dict[Mode, tuple[tuple[Kind, str, str], ...]] = {
    "major": (
        ("diatonic", "major open", "0 I, 5 IV, 7 V"),
        ("diatonic", "dominant", "7 V"),
        ("diatonic", "augmented", "0 I, 7 V"),
        ("diatonic", "minor open", "2 ii, 4 iii, 9 vi"),
        ("diatonic", "dim hdim", "11 vii°"),
        ("borrowed", "major open", "3 bIII, 8 bVI, 10 bVII"),
        ("borrowed", "dominant", "10 bVII7"),
        ("borrowed", "minor", "0 i, 5 iv, 7 v"),
        ("borrowed", "dim hdim", "2 ii°"),
        ("borrowed", "dim7", "11 vii°7, 2 vii°7, 5 vii°7"),
        ("blues", "dominant", "5 IV7"),
        ("neapolitan", "major", "1 bII"),
        ("secondary", "major", "2 V/V, 4 V/VI, 9 V/II, 11 V/III"),
        ("secondary", "hdim", "4 ii/II, 9 ii/V"),
    ),
    "minor": (
        ("diatonic", "minor", "0 i, 5 iv, 7 v"),
        ("diatonic", "major open", "3 III, 7 V, 8 VI, 10 VII"),
        ("diatonic", "dominant", "7 V, 10 VII"),
        ("diatonic", "augmented", "3 III, 7 V"),
        ("diatonic", "open", "0 i, 5 iv"),
        ("diatonic", "dim hdim", "2 ii°, 11 vii°"),
        ("diatonic", "dim7", "11 vii°, 2 vii°, 5 vii°, 8 vii°"),
        ("borrowed", "major", "0 I"),
        ("borrowed", "major dominant", "5 IV"),
        ("borrowed", "minor open", "2 ii"),
        ("borrowed", "dim hdim", "9 vi°"),
        ("neapolitan", "major", "1 bII"),
        ("secondary", "major", "2 V/V"),
        ("secondary", "hdim", "7 ii/IV, 0 ii/bVII"),
    ),
}
DEFAULTS: dict[tuple[Mode, str, int], Label] = {
    (mode, color, int(entry.split()[0])): (kind, entry.split()[1])
    for mode, groups in DEFAULTS_TEXT.items()
    for kind, colors, entries in groups
    for color in colors.split()
    for entry in entries.split(",")
}
# degrees that can be tonicized, and so have secondary dominants
TONICIZED: dict[Mode, tuple[int, ...]] = {"major": (2, 4, 5, 7, 9), "minor": (2, 3, 5, 7, 8, 10)}
MEDIANTS = (3, 4, 8, 9)
DIMINISHED: tuple[Color, ...] = ("dim", "hdim", "dim7")
IN_KEY: tuple[Kind, ...] = ("diatonic", "borrowed", "neapolitan")
