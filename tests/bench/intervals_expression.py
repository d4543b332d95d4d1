"""Accuracy of `muse intervals FILE` on melodies played with vibrato, tremolo, bends and portamento.

    OMP_NUM_THREADS=1 python tests/bench/intervals_expression.py [--side held-out] [--melodies 24]

A melody has five notes, legato or with short gaps. Timbres are computed (partials below a fixed
spectral envelope, as of a vowel or a violin's body) or General MIDI instruments of FluidR3, whose
steady notes are bent. Development timbres and held-out timbres are different ones. Shown are the
share of intervals that are found, in order, with their size and direction; the share of melodies
in which nothing else is found; and the highest confidence of a wrong "together". Two notes
together, steady and with the vibrato of two players, and kick drums, in which there is no
interval, guard against the opposite mistake. The table goes to stderr, JSON to stdout.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import fmean
from typing import Any

import numpy as np
from named_soundfont import named_soundfont
from numpy.typing import NDArray

from muse.tools.intervals.clip_settings import frequency_of
from muse.tools.intervals.expression import Expression, level_curve, pitch_curve, play
from muse.tools.intervals.recordings import DetectedInterval, find_intervals
from muse.tools.intervals.sampled_notes import Sampler
from muse.tools.intervals.timbres import ramps

Sound = NDArray[np.float64]
Envelope = Callable[[Sound], Sound]  # amplitude of a partial by its frequency in Hz
Answer = tuple[int, str]  # size in semitones, direction

RATE = 22_050  # Hz
SEEDS = {"development": 1, "held-out": 2}
NOTES = 5
NOTE_S, GAP_S, PAD_S = (0.5, 0.9), (0.0, 0.12), 0.15
STEPS = (1, 2, 3, 4, 5, 7, 8, 9, 12)  # semitones between successive notes
SIZES = tuple(range(1, 13))  # semitones between two notes together
HIGHEST_PARTIAL_HZ = 9000.0
FALL = 1.3  # amplitude of the nth partial of a voice is n ** -FALL before the formants
BANDWIDTH_HZ = 120.0  # of a formant
VOWELS = {
    "ah": (700.0, 1200.0, 2600.0),
    "eh": (530.0, 1850.0, 2500.0),
    "ee": (300.0, 2300.0, 3000.0),
    "oh": (450.0, 800.0, 2800.0),
}
BODIES = {"violin": (280.0, 460.0, 1000.0, 2900.0), "viola": (220.0, 380.0, 800.0, 2200.0)}
KICKS = (36, 35)  # General MIDI percussion


def formants(centers_hz: Sequence[float], floor: float) -> Envelope:
    """Return a spectral envelope with peaks at some frequencies, and a floor between them."""

    def envelope(hertz: Sound) -> Sound:
        peaks = [1 / (1 + ((hertz - center) / BANDWIDTH_HZ) ** 2) for center in centers_hz]
        found: Sound = floor + np.sum(peaks, axis=0)
        return found

    return envelope


def flat(hertz: Sound) -> Sound:
    """Return an envelope that is the same everywhere."""
    return np.ones_like(hertz)


def flute_partials(hertz: Sound) -> Sound:
    """Return an envelope that falls fast, as of a flute."""
    found: Sound = np.exp(-hertz / 700.0)
    return found


# name: spectral envelope and range of MIDI pitches
COMPUTED: dict[str, dict[str, tuple[Envelope, int, int]]] = {
    "development": {
        "saw": (flat, 48, 79),
        "voice ah": (formants(VOWELS["ah"], 0.03), 48, 77),
        "voice ee": (formants(VOWELS["ee"], 0.03), 53, 77),
        "violin body": (formants(BODIES["violin"], 0.15), 55, 88),
    },
    "held-out": {
        "voice eh": (formants(VOWELS["eh"], 0.03), 45, 74),
        "voice oh": (formants(VOWELS["oh"], 0.03), 52, 79),
        "viola body": (formants(BODIES["viola"], 0.15), 48, 81),
        "flute-like": (flute_partials, 60, 91),
    },
}
# General MIDI program: range of MIDI pitches
SAMPLED: dict[str, dict[int, tuple[int, int]]] = {
    "development": {73: (60, 88), 40: (55, 84), 52: (48, 74), 71: (50, 79), 66: (48, 74)},
    "held-out": {
        68: (60, 72),
        41: (48, 77),
        53: (50, 76),
        56: (55, 79),
        75: (60, 84),
        42: (40, 70),
    },
}
# played without expression; octave errors of these were known
STRUCK = {"development": (13, 71, 0, 32), "held-out": (12, 11, 24, 71, 13)}
STRUCK_RANGE = {
    13: (65, 93),
    12: (55, 88),
    11: (55, 84),
    71: (50, 86),
    0: (36, 90),
    24: (42, 76),
    32: (30, 50),
}


@dataclass(frozen=True)
class Melody:
    """A clip and the intervals in it."""

    clip: NDArray[np.float32]
    answers: list[Answer]


class Player:
    """Plays notes of one timbre."""

    def __init__(self, timbre: str | int, side: str, sampler: Sampler) -> None:
        """Choose the timbre: a computed one by name, or a program."""
        self.timbre, self._sampler = timbre, sampler
        if isinstance(timbre, str):
            self._envelope, self.lowest, self.highest = COMPUTED[side][timbre]
        else:
            self.lowest, self.highest = (SAMPLED[side] | STRUCK_RANGE).get(timbre, (48, 72))

    def note(
        self, pitch: int, length_s: float, played: Expression, rng: np.random.Generator, before: int
    ) -> Sound:
        """Return a note of a pitch, after a note of another."""
        frames = round(length_s * RATE)
        phases = (float(rng.uniform()), float(rng.uniform()))
        from_cents = 100.0 * (before - pitch)
        if isinstance(self.timbre, str):
            times = np.arange(frames) / RATE
            cents = pitch_curve(played, times, phases, from_cents)
            sound = self._partials(frequency_of(pitch) * 2 ** (cents / 1200))
            return sound * level_curve(played, times, phases) * ramps(frames, RATE, 0.03)
        font = named_soundfont("FluidR3_GM")
        note = self._sampler.note(font, self.timbre, pitch, frames)
        if played == Expression():
            return note.astype(np.float64)
        return play(note[:frames], played, RATE, phases, from_cents) * ramps(frames, RATE)

    def _partials(self, hertz: Sound) -> Sound:
        """Return the sum of the partials of a changing fundamental."""
        turns = 2 * np.pi * np.cumsum(hertz) / RATE
        count = int(HIGHEST_PARTIAL_HZ / hertz.max())
        orders = range(1, count + 1)
        sound: Sound = np.sum(
            [n**-FALL * self._envelope(n * hertz) * np.sin(n * turns) for n in orders], axis=0
        )
        return sound


def sample_melody(player: Player, played: Expression, rng: np.random.Generator) -> Melody:
    """Sample a melody and play it."""
    pitches = [int(rng.integers(player.lowest + 4, player.highest - 4))]
    while len(pitches) < NOTES:
        step = int(rng.choice(STEPS)) * int(rng.choice((-1, 1)))
        if player.lowest <= pitches[-1] + step <= player.highest:
            pitches.append(pitches[-1] + step)
    gap = float(rng.uniform(*GAP_S)) * int(rng.integers(2))
    sound, place = np.zeros(round((NOTES * (NOTE_S[1] + gap) + 1) * RATE)), 0
    for before, pitch in zip([pitches[0], *pitches], pitches, strict=False):
        length = float(rng.uniform(*NOTE_S))
        note = player.note(pitch, length, played, rng, before)
        sound[place : place + len(note)] += note / max(np.abs(note).max(), 1e-9)
        place += round((length + gap) * RATE)
    sizes = np.diff(pitches).tolist()
    answers = [(abs(s), "ascending" if s > 0 else "descending") for s in sizes]
    return Melody(finish(sound[: place + RATE // 3]), answers)


def sample_pair(player: Player, played: Expression, rng: np.random.Generator) -> Melody:
    """Sample two notes together, each with its own vibrato."""
    size = int(rng.choice(SIZES))
    low = int(rng.integers(player.lowest, player.highest - size + 1))
    length = float(rng.uniform(*NOTE_S))
    notes = [player.note(pitch, length, played, rng, pitch) for pitch in (low, low + size)]
    return Melody(
        finish(np.sum([n / np.abs(n).max() for n in notes], axis=0)), [(size, "together")]
    )


def sample_kicks(program: int, sampler: Sampler, rng: np.random.Generator) -> Melody:
    """Sample a row of beats on a kick drum: no interval."""
    times = np.arange(round(0.35 * RATE)) / RATE
    top, bottom = rng.uniform(90, 220), rng.uniform(42, 65)
    hertz = bottom + (top - bottom) * np.exp(-times / rng.uniform(0.015, 0.05))
    beat = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.exp(-times / rng.uniform(0.05, 0.2))
    return Melody(finish(np.tile(np.pad(beat, (0, round(rng.uniform(0.05, 0.25) * RATE))), 4)), [])


def finish(sound: Sound) -> NDArray[np.float32]:
    """Return a clip at half of full scale, with silence on both sides."""
    level = sound / max(float(np.abs(sound).max()), 1e-9) / 2
    return np.pad(level, round(PAD_S * RATE)).astype(np.float32)


def expressions(rng: np.random.Generator) -> dict[str, Expression]:
    """Return the expressions of one melody, by name of the row."""
    rate = float(rng.uniform(4, 7))
    return {
        "steady": Expression(),
        "vibrato 40": Expression(vibrato_cents=40, rate_hz=rate),
        "vibrato 70": Expression(vibrato_cents=70, rate_hz=rate),
        "vibrato 100": Expression(vibrato_cents=100, rate_hz=rate),
        "tremolo 4 dB": Expression(tremolo_db=4, rate_hz=rate),
        "bends": Expression(bend_cents=float(rng.choice((-150, 100))), rate_hz=rate),
        "portamento": Expression(portamento_s=float(rng.uniform(0.05, 0.15)), rate_hz=rate),
        "all": Expression(
            vibrato_cents=50, rate_hz=rate, tremolo_db=2, bend_cents=-80, portamento_s=0.06
        ),
    }


def melodies(side: str, count: int, sampler: Sampler) -> dict[str, list[tuple[str, Melody]]]:
    """Return the clips of each row, with the names of their timbres."""
    players = [Player(name, side, sampler) for name in (*COMPUTED[side], *SAMPLED[side])]
    struck = [Player(program, side, sampler) for program in STRUCK[side]]
    rows: dict[str, list[tuple[str, Melody]]] = {}
    for number in range(count):
        rng = np.random.default_rng((SEEDS[side], number))
        player = players[number % len(players)]
        for name, played in expressions(rng).items():
            rows.setdefault(name, []).append(
                (str(player.timbre), sample_melody(player, played, rng))
            )
        beaten = struck[number % len(struck)]
        for name, made, who in (
            ("struck, clarinet", sample_melody(beaten, Expression(), rng), beaten),
            ("pairs, steady", sample_pair(player, Expression(), rng), player),
            ("pairs, vibrato 20", sample_pair(player, Expression(vibrato_cents=20), rng), player),
            ("kicks", sample_kicks(36, sampler, rng), player),
        ):
            rows.setdefault(name, []).append((str(who.timbre), made))
    return rows


def score(melody: Melody) -> dict[str, float]:
    """Return the share of the intervals found, whether nothing else is, and the worst mistake."""
    found: list[DetectedInterval] = find_intervals(melody.clip, RATE)
    answers = [(each.semitones, each.direction) for each in found]
    matcher = SequenceMatcher(None, melody.answers, answers, autojunk=False)
    hits = sum(block.size for block in matcher.get_matching_blocks())
    false = [
        e.confidence
        for e in found
        if e.direction == "together" and ("together" not in {a[1] for a in melody.answers})
    ]
    return {
        "found": hits / len(melody.answers) if melody.answers else float(not answers),
        "exact": float(answers == melody.answers),
        "false together": max(false, default=0.0),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--side", default="held-out", choices=list(SEEDS))
    parser.add_argument("--melodies", type=int, default=24)
    parser.add_argument("--rows", default="", help="beginning of the names of the rows")
    parser.add_argument("--verbose", action="store_true", help="each clip that is not exact")
    options = parser.parse_args()
    table: dict[str, Any] = {}
    with Sampler(RATE) as sampler:
        for name, clips in melodies(options.side, options.melodies, sampler).items():
            if not name.startswith(options.rows):
                continue
            rows = []
            for timbre, melody in clips:
                rows.append(score(melody))
                if options.verbose and not rows[-1]["exact"]:
                    found = [
                        (e.semitones, e.direction[:3], e.confidence, e.first.name)
                        for e in find_intervals(melody.clip, RATE)
                    ]
                    print("   ", timbre, melody.answers, found, file=sys.stderr)
            table[name] = {
                "found": fmean(row["found"] for row in rows),
                "exact": fmean(row["exact"] for row in rows),
                "false together": max(row["false together"] for row in rows),
            }
            cells = "  ".join(f"{key} {value:.3f}" for key, value in table[name].items())
            print(f"{name:20} {cells}", file=sys.stderr, flush=True)
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
