"""Notes and rests of a bar.

Cue notes, grace notes and notes with slashes for heads are left out.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from muse.tools.datasets.musicxml_score.attributes import NO_STAFF
from muse.tools.datasets.musicxml_score.content import PartState, WrittenNote, bar_length
from muse.tools.datasets.musicxml_score.numbers import (
    read_length,
    read_number,
    read_whole,
    read_word,
)
from muse.tools.errors import BadInputError
from muse.tools.notation.drum_kit import key_at

PITCHES = range(128)
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def read_note(element: Element, state: PartState) -> None:
    """Read a note or rest; raises ValueError."""
    if element.find("grace") is not None:
        return
    length = read_length(element, "duration", state.divisions)
    if element.find("rest[@measure='yes']") is not None and state.meter is not None:
        length = min(length, bar_length(state.meter))
    start = state.last_start
    if element.find("chord") is None:
        start = state.last_start = state.position
        state.last_length.setdefault(start, length)
        state.move(length)
    staff = read_whole(element, "staff", 1)
    voice = read_word(element, "voice") or "1"
    if element.find("rest") is not None:
        if element.get("print-object") != "no":
            state.bar.rests.append(WrittenNote(start, length, 0, voice, staff))
        return
    pitch, is_drum = read_sound(element, state)
    if pitch is None or is_silent(element, staff, state):
        return
    state.staves.add(staff)
    ties = {tie.get("type") for tie in tie_elements(element)}
    state.bar.notes.append(
        WrittenNote(
            *(start, length, pitch, voice, staff, is_drum),
            ties="start" in ties,
            is_tied="stop" in ties,
            lyrics=tuple(read_lyrics(element)),
        )
    )


def is_silent(element: Element, staff: int, state: PartState) -> bool:
    """Return whether a note is a cue or a slash, which is not played as written."""
    if {NO_STAFF, staff} & state.slashed or element.find("cue") is not None:
        return True
    return read_word(element, "notehead") == "slash"


def tie_elements(element: Element) -> list[Element]:
    """Return the ties of a note as played; without them those that are printed."""
    return element.findall("tie") or element.findall("notations/tied")


def read_sound(element: Element, state: PartState) -> tuple[int | None, bool]:
    """Return the MIDI number of a note, and whether it is a drum; raises BadInputError."""
    if element.find("pitch") is not None:
        pitch = read_pitch(element) + state.semitones
        if pitch not in PITCHES:
            raise BadInputError(f"a note of MIDI number {pitch} is outside the range of MIDI")
        return pitch, False
    unpitched = element.find("unpitched")
    if unpitched is None:
        return None, False
    instrument = element.find("instrument")
    key = state.drum_keys.get(instrument.get("id", "") if instrument is not None else "")
    if key is None:
        step, octave = (
            read_word(unpitched, "display-step"),
            read_whole(unpitched, "display-octave", 5),
        )
        key = key_at(step, octave, read_word(element, "notehead"))
    return key, True


def read_pitch(element: Element) -> int:
    """Return the MIDI number of a written pitch, rounded to a semitone; raises BadInputError."""
    step = read_word(element, "pitch/step")
    if step not in STEPS:
        raise BadInputError(f"'{step}' is not a pitch step (A to G)")
    alter = read_number(element, "pitch/alter", 0.0)
    octave = read_whole(element, "pitch/octave", 4)
    return 12 * (octave + 1) + STEPS[step] + round(alter)


def read_lyrics(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the verse and the syllable of each lyric; a syllable within a word ends in '-'."""
    for lyric in element.findall("lyric"):
        texts = [each.text or "" for each in lyric if each.tag in {"text", "elision"}]
        text = " ".join("".join(each or " " for each in texts).split())
        parts = [each.text for each in lyric.findall("syllabic")]
        if text:
            goes_on = bool(parts) and parts[-1] in {"begin", "middle"}
            yield lyric.get("number", "1"), text + "-" * goes_on
