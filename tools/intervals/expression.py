"""Expression of a player: vibrato, tremolo, bends at the beginning of a note, and portamento.

Conventions: notes are mono arrays (frames,); depths in cents and dB are the largest deviation to
either side; times in s from the beginning of a note.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.time_warp import positions_at_speeds, sound_at
from muse.tools.intervals.effects import Sound

Curve = NDArray[np.float64]

BEND_S = 0.15  # in which a bent note reaches its pitch
VIBRATO_RISE_S = 0.15  # in which a vibrato reaches its depth
CENTS_PER_OCTAVE = 1200


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """How the notes of a clip are played.

    Attributes:
        vibrato_cents: depth of the vibrato.
        rate_hz: of the vibrato and of the tremolo.
        tremolo_db: depth of the tremolo.
        bend_cents: deviation at the beginning of each note, which falls to 0 in BEND_S.
        portamento_s: time in which the second note glides from the pitch of the first to its own.
    """

    vibrato_cents: float = 0.0
    rate_hz: float = 5.5
    tremolo_db: float = 0.0
    bend_cents: float = 0.0
    portamento_s: float = 0.0


def pitch_curve(
    played: Expression, times: Curve, phases: tuple[float, float], from_cents: float
) -> Curve:
    """Return the deviation from a note's pitch in cents at each time.

    Args:
        played: the expression.
        times: from the beginning of the note, s.
        phases: of the vibrato and of the tremolo, in periods.
        from_cents: pitch that a portamento comes from, relative to the note's.
    """
    rise = np.minimum(times / VIBRATO_RISE_S, 1.0)
    wave = np.sin(2 * np.pi * (played.rate_hz * times + phases[0]))
    bend = played.bend_cents * np.maximum(1 - times / BEND_S, 0.0)
    glide = np.zeros(len(times))
    if played.portamento_s:
        glide = from_cents * np.maximum(1 - times / played.portamento_s, 0.0)
    curve: Curve = played.vibrato_cents * rise * wave + bend + glide
    return curve


def level_curve(played: Expression, times: Curve, phases: tuple[float, float]) -> Curve:
    """Return the factor of the amplitude at each time; its extremes differ by twice the depth."""
    wave = np.sin(2 * np.pi * (played.rate_hz * times + phases[1])) - 1.0
    curve: Curve = 10 ** (played.tremolo_db * wave / 20)
    return curve


def play(
    note: Sound | NDArray[np.float32],
    played: Expression,
    rate: int,
    phases: tuple[float, float],
    from_cents: float = 0.0,
) -> Sound:
    """Play a steady note with expression.

    Args:
        note: of a steady pitch, (frames,).
        played: the expression.
        rate: sample rate, Hz.
        phases: of the vibrato and of the tremolo, in periods.
        from_cents: pitch that a portamento comes from, relative to the note's.

    Returns:
        As many frames; where the note is read faster than it was made, its last ones repeat.
    """
    times = np.arange(len(note)) / rate
    cents = pitch_curve(played, times, phases, from_cents)
    positions = positions_at_speeds(2 ** (cents / CENTS_PER_OCTAVE))
    moved = sound_at(note, positions) * level_curve(played, times, phases)
    return np.where(positions < len(note), moved, 0.0)
