"""Chord symbols as MusicXML's <harmony>: a kind, and the degrees that differ from it.

Kinds and degrees are those of the MusicXML 4.0 reference, "kind-value" and "degree".
"""

from xml.etree.ElementTree import Element, SubElement

from muse.tools.notation.pitches import step_of
from muse.tools.theory.intervals import Interval, parse_interval
from muse.tools.theory.leadsheet import write_leadsheet
from muse.tools.theory.qualities import NO_CHORD
from muse.tools.theory.symbol import ChordSymbol

# MusicXML's kinds and their degrees, the simpler first
KIND_DEGREES = (
    ("major", "1 3 5"),
    ("minor", "1 b3 5"),
    ("augmented", "1 3 #5"),
    ("diminished", "1 b3 b5"),
    ("dominant", "1 3 5 b7"),
    ("major-seventh", "1 3 5 7"),
    ("minor-seventh", "1 b3 5 b7"),
    ("diminished-seventh", "1 b3 b5 bb7"),
    ("augmented-seventh", "1 3 #5 b7"),
    ("half-diminished", "1 b3 b5 b7"),
    ("major-minor", "1 b3 5 7"),
    ("major-sixth", "1 3 5 6"),
    ("minor-sixth", "1 b3 5 6"),
    ("dominant-ninth", "1 3 5 b7 9"),
    ("major-ninth", "1 3 5 7 9"),
    ("minor-ninth", "1 b3 5 b7 9"),
    ("dominant-11th", "1 3 5 b7 9 11"),
    ("minor-11th", "1 b3 5 b7 9 11"),
    ("dominant-13th", "1 3 5 b7 9 11 13"),
    ("major-13th", "1 3 5 7 9 11 13"),
    ("minor-13th", "1 b3 5 b7 9 11 13"),
    ("suspended-second", "1 2 5"),
    ("suspended-fourth", "1 4 5"),
    ("power", "1 5"),
)
KINDS = tuple(
    (kind, frozenset(map(parse_interval, degrees.split()))) for kind, degrees in KIND_DEGREES
)
# cost of a changed degree; an omitted one reads worse than an added one
ADD, ALTER, SUBTRACT = 2, 2, 3
Degree = tuple[int, int, str]  # number, alteration, "add" | "alter" | "subtract"


def harmony_element(symbol: ChordSymbol, offset: int) -> Element:
    """Return the element of a chord symbol at an offset in divisions."""
    element = Element("harmony", {"print-frame": "no"})
    text = write_leadsheet(symbol)
    if symbol.root is None:
        return no_chord(element, text if symbol.quality == NO_CHORD else "?", offset)
    root = SubElement(element, "root")
    add_step(root, "root", symbol.root)
    kind, degrees = kind_and_degrees(frozenset(symbol.intervals))
    SubElement(element, "kind", {"text": quality_text(symbol)}).text = kind
    if symbol.bass is not None:
        add_step(SubElement(element, "bass"), "bass", symbol.bass)
    for number, alteration, change in degrees:
        add_degree(element, number, alteration, change)
    if offset:
        SubElement(element, "offset").text = str(offset)
    return element


def no_chord(element: Element, text: str, offset: int) -> Element:
    """Complete the element of 'no chord'; MusicXML requires a root, which is hidden."""
    SubElement(SubElement(element, "root"), "root-step", {"text": ""}).text = "C"
    SubElement(element, "kind", {"text": text}).text = "none"
    if offset:
        SubElement(element, "offset").text = str(offset)
    return element


def add_step(parent: Element, name: str, fifths: int) -> None:
    """Add a root or bass: its letter and its alteration."""
    step, alteration = step_of(fifths)
    SubElement(parent, f"{name}-step").text = step
    if alteration:
        SubElement(parent, f"{name}-alter").text = str(alteration)


def add_degree(parent: Element, number: int, alteration: int, change: str) -> None:
    """Add a degree that differs from the kind; it is not printed, as the kind's text shows it."""
    degree = SubElement(parent, "degree", {"print-object": "no"})
    SubElement(degree, "degree-value").text = str(number)
    SubElement(degree, "degree-alter").text = str(alteration)
    SubElement(degree, "degree-type").text = change


def quality_text(symbol: ChordSymbol) -> str:
    """Return the lead-sheet symbol without root and bass: m7, maj9."""
    return write_leadsheet(ChordSymbol(0, symbol.quality, symbol.added, symbol.omitted))[1:]


def kind_and_degrees(degrees: frozenset[Interval]) -> tuple[str, list[Degree]]:
    """Return the kind that needs the fewest changes, and the changes."""
    changes = {kind: degree_changes(own, degrees) for kind, own in KINDS}
    kind = min(changes, key=lambda name: sum(cost(change) for _, _, change in changes[name]))
    return kind, changes[kind]


def cost(change: str) -> int:
    """Return the cost of a change."""
    return {"add": ADD, "alter": ALTER, "subtract": SUBTRACT}[change]


def degree_changes(own: frozenset[Interval], degrees: frozenset[Interval]) -> list[Degree]:
    """Return the changes that turn the degrees of a kind into the degrees of a chord."""
    added, missing = sorted(degrees - own), sorted(own - degrees)
    changes: list[Degree] = []
    for interval in added:
        old = next((other for other in missing if other.number == interval.number), None)
        if old is None:
            changes.append((interval.number, added_alteration(interval), "add"))
        else:
            missing.remove(old)
            changes.append((interval.number, interval.alteration - old.alteration, "alter"))
    return changes + [(old.number, 0, "subtract") for old in missing]


def added_alteration(interval: Interval) -> int:
    """Return the alteration of an added degree; MusicXML counts a seventh from the minor one."""
    return interval.alteration + (interval.number == 7)
