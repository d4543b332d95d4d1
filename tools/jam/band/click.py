"""The metronome's click: E3 E3 D4 E4 over a bar of four, rising to the next bar line.

The click on the bar line is the loudest. Bars of other meters end in the same way: 3/4 is E3 D4 E4,
5/4 is E3 E3 E3 D4 E4; 6/8 and 2/2 are counted in two, E3 E4. Where the counted steps are uneven, as
in 7/8, or there is only one in a bar, the eighths between them are clicked softly. The clicks are
pitched notes of a wood block, so they have a channel of their own.
"""

from muse.tools.jam.band.lines import off_event, on_event, program_event
from muse.tools.jam.events import BandEvent
from muse.tools.jam.grid import Step

WOOD_BLOCK = 115  # General MIDI
LOW, STEP, HIGH = 52, 62, 64  # MIDI pitches E3, D4, E4
FALL = (HIGH, STEP)  # pitches from the bar's last click backwards; the others are low
ACCENT, FIRM, SOFT = 118, 84, 48  # velocities on the bar line, on other steps, between steps
CLICK_BEATS = 0.1


def opening(beat: float) -> list[BandEvent]:
    """Return the events that select the sound, before the first click."""
    return [program_event(beat, "click", WOOD_BLOCK)]


def click(step: Step) -> list[BandEvent]:
    """Return the clicks from the beginning of a step up to the next one."""
    counts = len(step.bar_steps)
    events = click_events(
        step.beat, click_pitch(step.place, counts), FIRM if step.place else ACCENT
    )
    if step.is_uneven or counts == 1:
        unit = 4.0 / step.meter.denominator
        for number in range(1, round(step.length / unit)):
            events += click_events(step.beat + number * unit, LOW, SOFT)
    return events


def click_events(beat: float, pitch: int, velocity: int) -> list[BandEvent]:
    """Return one click."""
    return [
        on_event(beat, "click", pitch, velocity),
        off_event(beat + CLICK_BEATS, "click", pitch),
    ]


def click_pitch(count: int, counts: int) -> int:
    """Return the pitch of a click by its number in the bar, from 0."""
    back = counts - 1 - count
    return FALL[back] if count and back < len(FALL) else LOW
