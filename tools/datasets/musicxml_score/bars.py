"""The bars of one part of a MusicXML score, as written (content.py)."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from muse.tools.datasets.musicxml_score.attributes import NO_STAFF, read_attributes
from muse.tools.datasets.musicxml_score.content import ZERO, BarContent, PartState, position_of
from muse.tools.datasets.musicxml_score.harmony import read_harmony, transposed
from muse.tools.datasets.musicxml_score.notes import read_note
from muse.tools.datasets.musicxml_score.numbers import read_length
from muse.tools.datasets.musicxml_score.order import read_barline, read_jumps, read_sign
from muse.tools.datasets.musicxml_score.tempo import metronome_bpm, sound_bpm
from muse.tools.errors import BadInputError
from muse.tools.theory.chords import ChordSymbol


def read_part(part: Element, drum_keys: Mapping[str, int], name: str) -> list[BarContent]:
    """Read the bars of a part.

    Args:
        part: the element.
        drum_keys: General MIDI keys of the part's drums, by the id of the instrument.
        name: of the file, for messages.

    Raises:
        BadInputError: a value out of range; the message gives the bar.
    """
    state = PartState(drum_keys)
    for number, bar in enumerate(part.findall("measure"), start=1):
        try:
            read_bar(bar, state)
        except ValueError as error:
            raise BadInputError(f"{name}, bar {number}: {error}") from error
    fill_repeated_bars(state.bars)
    if state.tablatures < state.staves:
        for content in state.bars:
            content.notes = [n for n in content.notes if n.staff not in state.tablatures]
    return state.bars


def read_bar(bar: Element, state: PartState) -> None:
    """Read one bar; raises ValueError."""
    state.bars.append(BarContent(bar.get("number", ""), bar.get("implicit") == "yes"))
    state.position = ZERO
    state.last_length.clear()
    for element in bar:
        reader = READERS.get(element.tag)
        if reader:
            reader(element, state)
    state.bar.meter = state.meter
    state.bar.repeats = dict(state.repeats)
    state.bar.harmonies = list(spread(state.bar.harmonies, state.last_length))


def spread(
    harmonies: Sequence[tuple[Fraction, ChordSymbol]], lengths: Mapping[Fraction, Fraction]
) -> Iterator[tuple[Fraction, ChordSymbol]]:
    """Yield the chords of a bar; several written over one note divide its length."""
    places: dict[Fraction, list[ChordSymbol]] = defaultdict(list)
    for place, symbol in harmonies:
        places[place].append(symbol)
    for place, symbols in sorted(places.items(), key=lambda pair: pair[0]):
        step = lengths.get(place, Fraction(1)) / len(symbols)
        yield from ((place + index * step, symbol) for index, symbol in enumerate(symbols))


def fill_repeated_bars(bars: Sequence[BarContent]) -> None:
    """Copy what percent signs repeat into bars that have no notes of their own."""
    for index, bar in enumerate(bars):
        for staff, count in bar.repeats.items():
            if not 0 < count <= index or any(staff in (NO_STAFF, n.staff) for n in bar.notes):
                continue
            model = bars[index - count]
            bar.notes += [
                replace(note, lyrics=()) for note in model.notes if staff in (NO_STAFF, note.staff)
            ]
            bar.rests = [rest for rest in bar.rests if staff not in (NO_STAFF, rest.staff)]
            bar.length = max(bar.length, model.length)
            if not bar.harmonies:
                bar.harmonies = without_same(model.harmonies, bars[:index])


def without_same(
    harmonies: Sequence[tuple[Fraction, ChordSymbol]], before: Sequence[BarContent]
) -> list[tuple[Fraction, ChordSymbol]]:
    """Return chords without the first one if it is the last one of the bars before."""
    last = next((bar.harmonies[-1][1] for bar in reversed(before) if bar.harmonies), None)
    return [pair for i, pair in enumerate(harmonies) if i or pair[1] != last]


def read_chord(element: Element, state: PartState) -> None:
    """Read a chord symbol; raises ValueError."""
    symbol = transposed(read_harmony(element, state.key), state.fifths)
    state.bar.harmonies.append((position_of(element, state), symbol))


def read_direction(element: Element, state: PartState) -> None:
    """Read words, sections, tempos and signs of the order above the staff; raises ValueError."""
    place = position_of(element, state)
    for words in element.iter("words"):
        state.bar.words.append((place, words.text or ""))
        read_jumps(words.text or "", state.bar.marks)
    for rehearsal in element.iter("rehearsal"):
        if label := (rehearsal.text or "").strip():
            state.bar.sections.append((state.position, label))
    for sign in ("segno", "coda"):
        if element.find(f"direction-type/{sign}") is not None:
            read_sign(sign, state.bar.marks)
    sound = element.find("sound")
    mark = element.find("direction-type/metronome")
    bpm = sound_bpm(sound)
    if bpm is None and mark is not None:
        bpm = metronome_bpm(mark, state.bpm)
    played = element.find("offset")
    is_played = played is not None and played.get("sound") == "yes"
    add_tempo(place if is_played else state.position, bpm, state)
    if sound is not None:
        read_sound_marks(sound, state)


def read_sound_element(element: Element, state: PartState) -> None:
    """Read a tempo and signs of the order that are not above the staff; raises BadInputError."""
    add_tempo(position_of(element, state), sound_bpm(element), state)
    read_sound_marks(element, state)


def read_sound_marks(element: Element, state: PartState) -> None:
    """Read the signs of the order of a <sound>."""
    marks = state.bar.marks
    marks.da_capo |= element.get("dacapo") == "yes"
    marks.dal_segno |= bool(element.get("dalsegno"))
    marks.to_coda |= bool(element.get("tocoda"))
    marks.fine |= bool(element.get("fine"))
    marks.segno |= bool(element.get("segno"))
    marks.coda |= bool(element.get("coda"))


def add_tempo(place: Fraction, bpm: float | None, state: PartState) -> None:
    """Add a tempo of the bar, if there is one."""
    if bpm is not None:
        state.bpm = bpm
        state.bar.tempos.append((place, bpm))


def read_backup(element: Element, state: PartState) -> None:
    """Move back, to the start of another voice; raises ValueError."""
    state.move(-read_length(element, "duration", state.divisions))


def read_forward(element: Element, state: PartState) -> None:
    """Move forward without a note; raises ValueError."""
    state.move(read_length(element, "duration", state.divisions))


def read_bar_line(element: Element, state: PartState) -> None:
    """Read repeats and endings."""
    before = state.bars[-2].marks if len(state.bars) > 1 else None
    read_barline(element, state.bar.marks, before)


READERS: dict[str, Callable[[Element, PartState], None]] = {
    "attributes": read_attributes,
    "note": read_note,
    "harmony": read_chord,
    "direction": read_direction,
    "sound": read_sound_element,
    "backup": read_backup,
    "forward": read_forward,
    "barline": read_bar_line,
}
