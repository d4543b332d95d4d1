"""Scores of the studio: small seeded generators, one for each way of playing.

A style is a function from a `Setting` to notes. STYLES names all of them; an instrument lists those
that suit it. Real melodies and accompaniments are in song_scores.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from muse.tools.transcription.note_event import NoteEvent

Chord = tuple[int, tuple[int, ...]]  # pitch class of the root, intervals in semitones

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "blues": (0, 3, 5, 6, 7, 10),
}
PROGRESSIONS = (  # scale steps of the roots, one bar each
    (0, 4, 5, 3),
    (0, 5, 3, 4),
    (5, 3, 0, 4),
    (0, 3, 4, 4),
    (1, 4, 0, 0),
    (0, 6, 5, 4),
    (0, 0, 3, 0),
    (0, 2, 3, 4),
)
# rhythms of a bar of four beats: onsets in beats
LINE_RHYTHMS = (
    (0, 1, 2, 3),
    (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5),
    (0, 1.5, 2, 3.5),
    (0, 0.75, 1.5, 2, 2.75, 3.5),
    (0, 0.5, 1.5, 2, 3, 3.25, 3.5, 3.75),
    (0, 2, 3),
    (0.5, 1, 2, 2.5, 3),
    (0, 0.667, 1, 1.667, 2, 2.667, 3, 3.667),
)
CHORD_RHYTHMS = (
    (0, 2),
    (0, 1, 2, 3),
    (0, 1.5, 2.5),
    (0, 0.75, 2, 2.75),
    (0.5, 1.5, 2.5, 3.5),
    (0, 1.5, 3),
    (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5),
    (1, 3),
)
STRUMS = (  # (beat, direction: 1 down, -1 up)
    ((0, 1), (1, 1), (1.5, -1), (2.5, -1), (3, 1), (3.5, -1)),
    ((0, 1), (0.5, -1), (1, 1), (1.5, -1), (2, 1), (2.5, -1), (3, 1), (3.5, -1)),
    ((0, 1), (1, 1), (2, 1), (3, 1), (3.5, -1)),
    ((1, 1), (3, 1)),
    ((0.5, -1), (1.5, -1), (2.5, -1), (3.5, -1)),
)
BASS_STEPS = ((0, 0, 0, 0), (0, 0, 7, 12), (0, 7, 12, 7), (0, 12, 0, 12), (0, 0, 10, 12))
GUITAR_STRINGS = (40, 45, 50, 55, 59, 64)  # E2 A2 D3 G3 B3 E4
SWING = 0.16  # of a beat, by which off-beats come late at most


@dataclass(frozen=True)
class Setting:
    """What a style plays in.

    Attributes:
        rng: of all choices.
        length_s: of the score.
        lowest, highest: pitches that the instrument plays.
        bpm: beats a minute.
        tonic: pitch class.
        scale: steps of the scale in semitones.
        progression: scale steps of the roots, one bar each.
        gate: length of notes relative to the time to the next one.
        jitter_s: standard deviation of the onsets.
        velocity: mean velocity.
    """

    rng: Generator
    length_s: float
    lowest: int
    highest: int
    bpm: float
    tonic: int
    scale: tuple[int, ...]
    progression: tuple[int, ...]
    gate: float
    jitter_s: float
    velocity: int

    @property
    def beat_s(self) -> float:
        """Length of a beat."""
        return 60.0 / self.bpm

    @property
    def bars(self) -> int:
        """Number of bars that begin within the score."""
        return max(1, int(np.ceil(self.length_s / (4 * self.beat_s))))

    def chord(self, bar: int) -> Chord:
        """Return the chord of a bar, a triad or seventh chord of the scale."""
        step = self.progression[bar % len(self.progression)] % len(self.scale)
        size = 4 if self.rng.random() < 0.3 else 3
        root = self.scale[step]
        tones = [self.scale[(step + 2 * i) % len(self.scale)] for i in range(size)]
        return (self.tonic + root) % 12, tuple(sorted({(tone - root) % 12 for tone in tones}))

    def root_near(self, pitch_class: int, pitch: int) -> int:
        """Return the pitch with this pitch class that is nearest to `pitch` and in range."""
        near = pitch + (pitch_class - pitch + 6) % 12 - 6
        return self.in_range(near)

    def in_range(self, pitch: int) -> int:
        """Return the pitch, moved by octaves into the range of the instrument."""
        while pitch < self.lowest:
            pitch += 12
        while pitch > self.highest:
            pitch -= 12
        return max(pitch, self.lowest)


Notes = list[NoteEvent]
Style = Callable[[Setting], Notes]


def draw_setting(rng: Generator, length_s: float, lowest: int, highest: int) -> Setting:
    """Draw tempo, key, harmony and articulation of a score."""
    return Setting(
        rng,
        length_s,
        lowest,
        highest,
        bpm=float(rng.uniform(60.0, 180.0)),
        tonic=int(rng.integers(12)),
        scale=SCALES[str(rng.choice(list(SCALES)))],
        progression=PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))],
        gate=float(rng.uniform(0.35, 1.05)),
        jitter_s=float(rng.uniform(0.0, 0.012)),
        velocity=int(rng.integers(50, 115)),
    )


def played(setting: Setting, events: Sequence[tuple[float, float, int]]) -> Notes:
    """Return notes of (beat, length in beats, pitch), played with human timing and velocity.

    Notes that start after the end of the score, or out of range, are left out.
    """
    rng, swing = setting.rng, setting.rng.uniform(0.0, SWING) * (setting.rng.random() < 0.3)
    notes = []
    for beat, length, pitch in events:
        late = swing if beat % 1.0 == 0.5 else 0.0
        onset = max(0.0, (beat + late) * setting.beat_s + rng.normal(0.0, setting.jitter_s))
        if onset > setting.length_s - 0.05 or not setting.lowest <= pitch <= setting.highest:
            continue
        sounding = max(length * setting.gate * setting.beat_s, 0.04)
        velocity = int(np.clip(rng.normal(setting.velocity, 9.0), 15, 127))
        offset = min(onset + sounding, setting.length_s + 0.5)
        notes.append(NoteEvent(onset, offset, int(pitch), velocity, 1.0))
    return sorted(notes)


def with_lengths(
    onsets: Sequence[float], pitches: Sequence[int], end: float
) -> list[tuple[float, float, int]]:
    """Return events that each last until the next onset."""
    ends = [*onsets[1:], end]
    return [(a, b - a, p) for a, b, p in zip(onsets, ends, pitches, strict=True)]


def bar_onsets(setting: Setting, rhythms: Sequence[Sequence[float]]) -> list[float]:
    """Return onsets in beats: one rhythm for all bars, another now and then."""
    rng = setting.rng
    usual = rhythms[int(rng.integers(len(rhythms)))]
    onsets = []
    for bar in range(setting.bars):
        rhythm = usual if rng.random() < 0.8 else rhythms[int(rng.integers(len(rhythms)))]
        onsets += [4 * bar + beat for beat in rhythm]
    return onsets


def melody(setting: Setting) -> Notes:
    """Return a line that walks on the scale, with leaps and rests."""
    rng, onsets = setting.rng, bar_onsets(setting, LINE_RHYTHMS)
    step = int(rng.integers(len(setting.scale)))
    middle = float(rng.uniform(setting.lowest, setting.highest))
    pitches = []
    for _ in onsets:
        step += int(rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 4]))
        octave, degree = divmod(step, len(setting.scale))
        pitch = setting.root_near(setting.tonic, round(middle)) + 12 * octave
        pitch += setting.scale[degree]
        if abs(pitch - middle) > 14:
            step -= int(np.sign(pitch - middle)) * len(setting.scale)
        pitches.append(setting.in_range(pitch))
    events = with_lengths(onsets, pitches, 4.0 * setting.bars)
    return played(setting, [event for event in events if rng.random() > 0.12])


def riff(setting: Setting) -> Notes:
    """Return a short figure of the scale that repeats in every bar or two."""
    rng = setting.rng
    rhythm = LINE_RHYTHMS[int(rng.integers(len(LINE_RHYTHMS)))]
    base = setting.root_near(setting.tonic, int(rng.integers(setting.lowest, setting.highest + 1)))
    steps = rng.integers(-2, 5, len(rhythm))
    figure = [
        base + setting.scale[s % len(setting.scale)] + 12 * (s // len(setting.scale)) for s in steps
    ]
    events = []
    for bar in range(setting.bars):
        onsets = [4 * bar + beat for beat in rhythm]
        events += with_lengths(onsets, [setting.in_range(int(p)) for p in figure], 4.0 * bar + 4)
    return played(setting, events)


def bass_pattern(setting: Setting) -> Notes:
    """Return roots, fifths and octaves of the chords."""
    rng = setting.rng
    steps = BASS_STEPS[int(rng.integers(len(BASS_STEPS)))]
    rhythm = LINE_RHYTHMS[int(rng.integers(len(LINE_RHYTHMS)))]
    low = setting.lowest + min(10, (setting.highest - setting.lowest) // 2)
    events = []
    for bar in range(setting.bars):
        root = setting.root_near(setting.chord(bar)[0], low)
        onsets = [4 * bar + beat for beat in rhythm]
        pitches = [setting.in_range(root + steps[i % len(steps)]) for i in range(len(onsets))]
        events += with_lengths(onsets, pitches, 4.0 * bar + 4)
    return played(setting, events)


def walking_bass(setting: Setting) -> Notes:
    """Return quarter notes on chord tones that approach the next root by a semitone or a tone."""
    rng, low = setting.rng, setting.lowest + min(14, (setting.highest - setting.lowest) // 2)
    events = []
    for bar in range(setting.bars):
        root, intervals = setting.chord(bar)
        following = setting.root_near(setting.chord(bar + 1)[0], low)
        start = setting.root_near(root, low)
        inner = [start + int(rng.choice(intervals)) for _ in range(2)]
        approach = following + int(rng.choice([-2, -1, 1, 2]))
        for beat, pitch in enumerate((start, *inner, approach)):
            events.append((4.0 * bar + beat, 1.0, setting.in_range(pitch)))
    return played(setting, events)


def voicing(setting: Setting, bar: int, center: int) -> list[int]:
    """Return the chord of a bar around a pitch, close or open, sometimes with a low root."""
    rng = setting.rng
    root, intervals = setting.chord(bar)
    base = setting.root_near(root, center)
    pitches = [base + interval for interval in intervals]
    for _ in range(int(rng.integers(len(intervals)))):
        pitches = sorted([pitches[0] + 12, *pitches[1:]])
    if rng.random() < 0.3:
        pitches.append(base - 12)
    return sorted({p for p in pitches if setting.lowest <= p <= setting.highest})


def center_of(setting: Setting) -> int:
    """Draw the pitch around which chords lie, near the middle of the range."""
    low, high = max(setting.lowest, 40), min(setting.highest, 84)
    return int(setting.rng.integers(low, max(high - 8, low) + 1))


def comping(setting: Setting) -> Notes:
    """Return chords in a rhythm."""
    center, events = center_of(setting), []
    onsets = bar_onsets(setting, CHORD_RHYTHMS)
    for onset, length, _ in with_lengths(onsets, [0] * len(onsets), 4.0 * setting.bars):
        events += [(onset, length, p) for p in voicing(setting, int(onset // 4), center)]
    return played(setting, events)


def sustained(setting: Setting) -> Notes:
    """Return chords that last a bar or two."""
    center, length = center_of(setting), int(setting.rng.choice([2, 4, 4, 8]))
    events = [
        (float(beat), float(length) * 1.05, pitch)
        for beat in range(0, 4 * setting.bars, length)
        for pitch in voicing(setting, beat // 4, center)
    ]
    return played(setting, events)


def chord_pattern(setting: Setting) -> Notes:
    """Return a low note on the beat and chords between, as left and right hand."""
    center, events = center_of(setting), []
    for bar in range(setting.bars):
        chord = voicing(setting, bar, center)
        low = setting.in_range(setting.root_near(setting.chord(bar)[0], center - 17))
        events += [(4.0 * bar + beat, 1.0, low) for beat in (0, 2)]
        events += [(4.0 * bar + beat, 0.9, pitch) for beat in (1, 3) for pitch in chord]
    return played(setting, events)


def arpeggio(setting: Setting) -> Notes:
    """Return broken chords in even notes, up, down or both."""
    rng, center = setting.rng, center_of(setting)
    step = float(rng.choice([0.25, 0.25, 0.333, 0.5]))
    order = int(rng.integers(3))
    events = []
    for bar in range(setting.bars):
        chord = voicing(setting, bar, center) or [center]
        octave = [p + 12 for p in chord if p + 12 <= setting.highest]
        row = [*chord, *octave] if rng.random() < 0.5 else chord
        row = (row, row[::-1], [*row, *row[-2:0:-1]])[order]
        for i in range(round(4 / step)):
            events.append((4.0 * bar + i * step, step, row[i % len(row)]))
    return played(setting, events)


def power_chords(setting: Setting) -> Notes:
    """Return roots with fifth and octave, often damped."""
    rng, events = setting.rng, []
    onsets = bar_onsets(setting, LINE_RHYTHMS)
    low = int(rng.integers(setting.lowest, setting.lowest + 12))
    for onset, length, _ in with_lengths(onsets, [0] * len(onsets), 4.0 * setting.bars):
        root = setting.root_near(setting.chord(int(onset // 4))[0], low + 5)
        tones = (0, 7, 12) if rng.random() < 0.8 else (0,)
        events += [(onset, length * (0.35 if len(tones) == 1 else 1.0), root + t) for t in tones]
    return played(setting, events)


def strumming(setting: Setting) -> Notes:
    """Return chords on six strings, struck downwards and upwards string by string."""
    rng = setting.rng
    pattern = STRUMS[int(rng.integers(len(STRUMS)))]
    spread = rng.uniform(0.005, 0.03) / setting.beat_s
    events = []
    for bar in range(setting.bars):
        strings = fretted(setting, bar)
        for i, (beat, direction) in enumerate(pattern):
            end = pattern[i + 1][0] if i + 1 < len(pattern) else 4.0
            row = strings if direction > 0 else strings[::-1][:4]
            events += [(4 * bar + beat + spread * k, end - beat, p) for k, p in enumerate(row)]
    return played(setting, events)


def fretted(setting: Setting, bar: int) -> list[int]:
    """Return the pitches of a chord on the strings of a guitar, on the lowest frets that fit."""
    root, intervals = setting.chord(bar)
    tones = {(root + interval) % 12 for interval in intervals}
    pitches = [next(s + f for f in range(12) if (s + f) % 12 in tones) for s in GUITAR_STRINGS]
    while len(pitches) > 3 and pitches[0] % 12 != root:
        pitches = pitches[1:]
    return pitches


def picking(setting: Setting) -> Notes:
    """Return a fretted chord, string by string, that rings on."""
    rng, events = setting.rng, []
    step = float(rng.choice([0.25, 0.5, 0.5]))
    order = rng.permutation(5)
    for bar in range(setting.bars):
        strings = fretted(setting, bar)
        for i in range(round(4 / step)):
            pitch = strings[int(order[i % 5]) % len(strings)]
            events.append((4 * bar + i * step, 5 * step, pitch))
    return played(setting, events)


def trill(setting: Setting) -> Notes:
    """Return notes that alternate fast with their upper neighbors, with longer notes between."""
    rng, events, beat = setting.rng, list[tuple[float, float, int]](), 0.0
    while beat < 4 * setting.bars:
        pitch = setting.in_range(int(rng.integers(setting.lowest, setting.highest + 1)))
        length, speed = float(rng.choice([1.0, 2.0])), rng.uniform(8.0, 15.0) * setting.beat_s
        step, width = 1.0 / speed, int(rng.choice([1, 2]))
        for i in range(int(length / step)):
            events.append((beat + i * step, step, pitch + width * (i % 2)))
        events.append((beat + length, 1.0, pitch))
        beat += length + float(rng.choice([1.0, 1.5, 2.0]))
    return played(setting, events)


def repeated(setting: Setting) -> Notes:
    """Return one pitch in even fast notes, another one after each bar."""
    rng, events = setting.rng, []
    step = float(rng.choice([0.25, 0.25, 0.5, 0.333]))
    center = int(rng.integers(setting.lowest, setting.highest + 1))
    for bar in range(setting.bars):
        pitch = setting.root_near(setting.chord(bar)[0], center)
        events += [(4 * bar + i * step, step, pitch) for i in range(round(4 / step))]
    return played(setting, events)


def one_shot(setting: Setting) -> Notes:
    """Return one note."""
    rng = setting.rng
    pitch = int(rng.integers(setting.lowest, setting.highest + 1))
    length = float(rng.uniform(0.15, 1.0)) * setting.length_s
    return [NoteEvent(0.0, length, pitch, setting.velocity, 1.0)]


STYLES: dict[str, Style] = {
    style.__name__: style
    for style in (
        melody,
        riff,
        bass_pattern,
        walking_bass,
        comping,
        sustained,
        chord_pattern,
        arpeggio,
        power_chords,
        strumming,
        picking,
        trill,
        repeated,
        one_shot,
    )
}
