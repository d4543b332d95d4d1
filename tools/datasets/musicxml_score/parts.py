"""The parts of a MusicXML score: names, programs and bars."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from muse.tools.datasets.musicxml_score.bars import read_part
from muse.tools.datasets.musicxml_score.content import BarContent
from muse.tools.datasets.musicxml_score.numbers import read_whole, read_word
from muse.tools.song.meter import COMMON_TIME

PROGRAMS = range(128)


@dataclass(frozen=True)
class Part:
    """One part of a score: its name, program (None if not written) and bars."""

    name: str
    program: int | None
    bars: Sequence[BarContent]

    @property
    def staff(self) -> int | None:
        """The first staff with pitched notes; None without such notes."""
        return min((n.staff for bar in self.bars for n in bar.notes if not n.is_drum), default=None)


def read_parts(root: Element, name: str) -> list[Part]:
    """Return the parts in the order of the part list, all with as many bars as the longest."""
    listed = {part.get("id", ""): part for part in root.iterfind("part-list/score-part")}
    order = {part_id: index for index, part_id in enumerate(listed)}
    found = sorted(root.findall("part"), key=lambda part: order.get(part.get("id", ""), len(order)))
    parts = [read_listed(part, listed.get(part.get("id", "")), name) for part in found]
    count = max((len(part.bars) for part in parts), default=0)
    return [replace(part, bars=padded(part.bars, count)) for part in parts]


def padded(bars: Sequence[BarContent], count: int) -> list[BarContent]:
    """Return bars with empty ones behind them, up to a number."""
    meter = bars[-1].meter if bars else COMMON_TIME
    return [*bars, *(BarContent(meter=meter) for _ in range(count - len(bars)))]


def read_listed(part: Element, listed: Element | None, name: str) -> Part:
    """Read a part with its entry in the part list; raises BadInputError."""
    entry = Element("score-part") if listed is None else listed
    sounds = entry.findall("midi-instrument")
    drum_keys = {
        sound.get("id", ""): read_whole(sound, "midi-unpitched", 1) - 1
        for sound in sounds
        if read_word(sound, "midi-unpitched")
    }
    programs = [
        read_whole(s, "midi-program", 1) - 1 for s in sounds if read_word(s, "midi-program")
    ]
    usable = [program for program in programs if program in PROGRAMS]
    title = " ".join(read_word(entry, "part-name").split())
    return Part(title, usable[0] if usable else None, read_part(part, drum_keys, name))
