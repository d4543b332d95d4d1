"""Tempos of MusicXML: of <sound>, and of metronome marks that have none."""

import re
from math import isfinite
from xml.etree.ElementTree import Element

# quarter notes of each written value
VALUES = {
    "long": 16.0,
    "breve": 8.0,
    "whole": 4.0,
    "half": 2.0,
    "quarter": 1.0,
    "eighth": 0.5,
    "16th": 0.25,
    "32nd": 0.125,
    "64th": 0.0625,
}
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
DEFAULT_BPM = 120.0


def sound_bpm(sound: Element | None) -> float | None:
    """Return the tempo of a <sound> in quarter notes per minute; None without a usable one."""
    try:
        bpm = float(sound.get("tempo") or 0) if sound is not None else 0.0
    except ValueError:
        return None
    return bpm if isfinite(bpm) and bpm > 0 else None


def metronome_bpm(mark: Element, bpm: float | None) -> float | None:
    """Return the tempo of a metronome mark in quarter notes per minute.

    Args:
        mark: a number for a note value, or two note values that last equally long.
        bpm: tempo before it; None takes DEFAULT_BPM.

    Returns:
        None for a mark without a tempo, such as one of swing.
    """
    units = beat_units(mark)
    found = NUMBER.search(mark.findtext("per-minute") or "")
    if units and found:
        number = float(found[0].replace(",", "."))
        return number * units[0] if number > 0 else None
    if len(units) == 2:  # the first value before lasts as long as the second one from here
        return (bpm or DEFAULT_BPM) * units[1] / units[0]
    return None


def beat_units(mark: Element) -> list[float]:
    """Return the note values of a metronome mark in quarter notes."""
    units: list[float] = []
    dot = 0.0
    for element in mark:
        if element.tag == "beat-unit":
            dot = VALUES.get((element.text or "").strip(), 0.0)
            units.append(dot)
        elif element.tag == "beat-unit-dot" and units:
            dot /= 2
            units[-1] += dot
    return [unit for unit in units if unit > 0]
