"""What players make of a chord that is written plainly, by style.

The lead sheets that jazz is learned from are of the swing era and write triads where players have
put sixths and sevenths ever since; here they are written out. Other styles mean what they write.

Source: Levine, "The Jazz Piano Book": the major chord as I and IV is a major seventh, as V of
anything a seventh; the minor tonic and iv of a major key have a sixth, other minor chords a
seventh.
"""

from dataclasses import replace

from muse.tools.chords.events import Style
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Mode, Tonality

Places = dict[int | None, str]

DRESSED: tuple[Style, ...] = ("jazz",)
# by places above the tonic; None is any other
MAJOR: Places = {2: "7", 4: "7", 7: "7", 9: "7", 10: "7", 11: "7", None: "maj7"}
MINOR: dict[Mode, Places] = {"major": {5: "min6", None: "min7"}, "minor": {0: "min6", None: "min7"}}


def dressed(symbol: ChordSymbol, key: Tonality, style: Style) -> ChordSymbol:
    """The chord as it is played in a style; one that is more than a triad stays as it is."""
    if style not in DRESSED or symbol.root_pc is None or symbol.added or symbol.omitted:
        return symbol
    place = (symbol.root_pc - key.tonic_pc) % 12
    tables: dict[str, Places] = {"maj": MAJOR, "min": MINOR[key.mode], "dim": {None: "dim7"}}
    table = tables.get(symbol.quality)
    if table is None:
        return symbol
    return replace(symbol, quality=table.get(place) or table[None])
