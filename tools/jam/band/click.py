"""The metronome's click: E3 E3 D4 E4 over a bar of four, rising to the next bar line.

The click on the bar line is the loudest. Bars of other meters end in the same way: 3/4 is E3 D4 E4,
5/4 is E3 E3 E3 D4 E4; 6/8 is counted in two, E3 E4. The clicks are pitched notes of a wood block,
so they have a channel of their own.
"""

from muse.tools.jam.band.lines import off_event, on_event, program_event
from muse.tools.jam.events import BandEvent
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, pulse_beats

WOOD_BLOCK = 115  # General MIDI
LOW, STEP, HIGH = 52, 62, 64  # MIDI pitches E3, D4, E4
FALL = (HIGH, STEP)  # pitches from the bar's last click backwards; the others are low
ACCENT, FIRM = 118, 84  # velocities on the bar line and elsewhere
CLICK_BEATS = 0.1
CLOSE = 1e-6  # beats


def opening(beat: float) -> list[BandEvent]:
    """Return the events that select the sound, before the first click."""
    return [program_event(beat, "click", WOOD_BLOCK)]


def click(beat_number: int, meter: Meter) -> list[BandEvent]:
    """Return the clicks from a beat up to the next one.

    Args:
        beat_number: in quarter notes from the first bar line; negative in a count-in.
        meter: of all bars, whole quarter notes.
    """
    bar, unit = bar_beats(meter), pulse_beats(meter)
    first = beat_number - beat_number % bar
    counts = round(bar / unit)
    events = []
    for count in range(counts):
        beat = first + count * unit
        if beat_number - CLOSE <= beat < beat_number + 1 - CLOSE:
            pitch, loud = click_pitch(count, counts), FIRM if count else ACCENT
            events.append(on_event(beat, "click", pitch, loud))
            events.append(off_event(beat + CLICK_BEATS, "click", pitch))
    return events


def click_pitch(count: int, counts: int) -> int:
    """Return the pitch of a click by its number in the bar, from 0."""
    back = counts - 1 - count
    return FALL[back] if count and back < len(FALL) else LOW
