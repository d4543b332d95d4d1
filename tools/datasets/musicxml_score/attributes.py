"""Attributes of a bar: divisions, signatures, transposition, clefs, slashes and percent signs."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from muse.tools.datasets.musicxml_score.content import PartState
from muse.tools.datasets.musicxml_score.numbers import read_fraction, read_whole, read_word
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter
from muse.tools.song.meter import parse_meter

NO_STAFF = 0  # in place of the number of a staff: all staves


def read_attributes(element: Element, state: PartState) -> None:
    """Read divisions, signatures, transposition, clefs and styles; raises ValueError."""
    if read_word(element, "divisions"):
        state.divisions = read_fraction(element, "divisions")
        if state.divisions <= 0:
            raise BadInputError(f"{float(state.divisions):g} divisions per quarter note")
    for transpose in element.findall("transpose"):
        read_transposition(transpose, state)
    for key in element.findall("key"):
        read_key(key, state)
    for time in element.findall("time"):
        read_time(time, state)
    for clef in element.findall("clef"):
        if read_word(clef, "sign").upper() == "TAB":
            state.tablatures.add(staff_of(clef))
    for style in element.findall("measure-style"):
        read_style(style, state)


def staff_of(element: Element) -> int:
    """Return the staff that an attribute is for, 1 if it does not say."""
    number = element.get("number", "1")
    return int(number) if number.isdecimal() else 1


def read_transposition(element: Element, state: PartState) -> None:
    """Read the interval from written to sounding pitch; raises BadInputError."""
    if staff_of(element) != 1:
        return
    chromatic = read_whole(element, "chromatic", 0)
    state.semitones = chromatic + 12 * read_whole(element, "octave-change", 0)
    if read_word(element, "diatonic"):
        state.fifths = 7 * chromatic - 12 * read_whole(element, "diatonic", 0)
    else:
        state.fifths = (7 * chromatic + 5) % 12 - 5


def read_key(element: Element, state: PartState) -> None:
    """Read a key signature of the first staff; raises BadInputError."""
    if staff_of(element) == 1 and read_word(element, "fifths"):
        state.key = (read_whole(element, "fifths", 0), read_word(element, "mode") or None)
        signature = (state.key[0] + state.fifths, state.key[1])
        state.bar.keys.append((state.position, signature))


def read_time(element: Element, state: PartState) -> None:
    """Read a time signature, which may be a sum such as 2/4 + 3/8; raises BadInputError."""
    if staff_of(element) != 1:
        return
    above = [each.text or "" for each in element.findall("beats")]
    below = [each.text or "" for each in element.findall("beat-type")]
    if above and len(above) == len(below):
        state.meter = sum_of_meters(above, below)
        state.bar.new_meter = True
    elif element.find("senza-misura") is not None:
        state.meter = None


def sum_of_meters(above: Sequence[str], below: Sequence[str]) -> Meter:
    """Return the meter of a sum of signatures; raises BadInputError."""
    meters = [
        parse_meter(f"{count.strip()}/{unit.strip()}")
        for counts, unit in zip(above, below, strict=True)
        for count in counts.split("+")
    ]
    denominator = max(meter.denominator for meter in meters)
    numerator = sum(meter.numerator * denominator // meter.denominator for meter in meters)
    return parse_meter(f"{numerator}/{denominator}")


def read_style(element: Element, state: PartState) -> None:
    """Read where slashes stand for notes, and where percent signs repeat bars."""
    staff = staff_of(element) if element.get("number") else NO_STAFF
    slash, repeated = element.find("slash"), element.find("measure-repeat")
    if slash is not None:
        change = state.slashed.add if slash.get("type") == "start" else state.slashed.discard
        change(staff)
    if repeated is not None and repeated.get("type") == "start":
        state.repeats[staff] = max(read_whole(element, "measure-repeat", 1), 1)
    elif repeated is not None:
        state.repeats.pop(staff, None)
