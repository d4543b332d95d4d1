"""Generated melodies for what the songs of POP909 lack: blues, and minor keys with raised sevenths.

A melody moves by small steps between notes of a pool, which depends on the chord and the place in
the bar. Blues: twelve bars of dominant sevenths, with notes of the chords, of the blues scale, or
of the major pentatonic with a blue third. Minor: cadences with a major dominant, over which the
melody has the raised seventh. As many melodies in major keep the balance of the modes.

Source of forms and scales: Levine, "The Jazz Theory Book", chapters on the blues and on minor.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import KINDS
from muse.tools.song.document import Key, Meter
from muse.tools.training.jam.songs import JamSong

FOUR = Meter(0.0, 4, 4)
BPM = 110.0
LOWEST, HIGHEST = 57, 83  # MIDI pitches of a melody
USUAL_STEP = 2.5  # semitones: mean of the steps between notes
REPEATED = 0.3  # weight of a note that is repeated
SOUNDING = 0.95  # share of its time that a note sounds
REST = 0.06  # probability of a rest
# probability that a note on the beat is one of the chord
CHORD_SHARE = 0.75
MELODIC_SHARE = 0.1  # probability that the sixth is raised as well
RAISED_EVERYWHERE = 0.3  # probability of the raised seventh where the chord is not the dominant

RHYTHMS = (  # durations in beats of one bar
    (1, 1, 1, 1),
    (0.5, 0.5, 1, 1, 1),
    (1, 0.5, 0.5, 1, 1),
    (0.5, 0.5, 0.5, 0.5, 1, 1),
    (1, 1, 2),
    (1.5, 0.5, 1, 1),
    (0.5, 0.5, 1, 2),
    (2, 1, 1),
    (0.5,) * 8,
    (4,),
)
# roots by bar, in semitones above the tonic
BLUES_FORMS = (
    (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7),
    (0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0),
    (0, 5, 0, 0, 5, 5, 0, 0, 7, 7, 0, 7),
    (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0),
)
BLUES_SCALE = (0, 3, 5, 6, 7, 10)
BLUE_PENTATONIC = (0, 2, 3, 4, 7, 9)
# bars of (semitones above the tonic, kind of triad)
MINOR_FORMS = (
    ((0, "min"), (5, "min"), (7, "maj"), (0, "min")),
    ((0, "min"), (8, "maj"), (2, "dim"), (7, "maj")),
    ((0, "min"), (10, "maj"), (8, "maj"), (7, "maj")),
    ((0, "min"), (0, "min"), (5, "min"), (7, "maj")),
    ((0, "min"), (7, "maj"), (0, "min"), (7, "maj")),
    ((0, "min"), (3, "maj"), (5, "min"), (7, "maj")),
    ((5, "min"), (0, "min"), (7, "maj"), (0, "min")),
)
MAJOR_FORMS = (
    ((0, "maj"), (5, "maj"), (7, "maj"), (0, "maj")),
    ((0, "maj"), (9, "min"), (5, "maj"), (7, "maj")),
    ((0, "maj"), (7, "maj"), (9, "min"), (5, "maj")),
    ((2, "min"), (7, "maj"), (0, "maj"), (0, "maj")),
    ((0, "maj"), (4, "min"), (5, "maj"), (7, "maj")),
    ((9, "min"), (5, "maj"), (0, "maj"), (7, "maj")),
    ((0, "maj"), (0, "maj"), (5, "maj"), (7, "maj")),
)
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
NATURAL, HARMONIC, MELODIC = (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11), (0, 2, 3, 5, 7, 9, 11)
TONES = {"maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "7": (0, 4, 7, 10)}


@dataclass(frozen=True)
class Pools:
    """Pitch classes of one bar, above the tonic.

    Attributes:
        chord: for notes on the beat, mostly.
        scale: for the others.
    """

    chord: Collection[int]
    scale: Collection[int]


def generate_blues(rng: np.random.Generator, choruses: int = 2) -> JamSong:
    """Generate a melody over a twelve-bar blues, with triads as its chords."""
    form = BLUES_FORMS[rng.integers(len(BLUES_FORMS))] * choruses
    scale = (BLUES_SCALE, BLUE_PENTATONIC, TONES["7"])[rng.integers(3)]
    share = rng.choice((0.2, CHORD_SHARE, 0.95))
    bars = []
    for root in form:
        chord = [(root + tone) % 12 for tone in TONES["7"]]
        bars.append(Pools(chord, {*scale, *chord} if scale is TONES["7"] else scale))
    return generate_song(rng, [(root, "maj") for root in form], bars, "major", share)


def generate_minor(rng: np.random.Generator, bars: int = 16) -> JamSong:
    """Generate a melody over minor cadences with major dominants."""
    form = MINOR_FORMS[rng.integers(len(MINOR_FORMS))]
    chords = [form[bar % len(form)] for bar in range(bars)]
    pools = []
    for root, kind in chords:
        tones = TONES["7"] if kind == "maj" and root == 7 else TONES[kind]
        raised = MELODIC if rng.random() < MELODIC_SHARE else HARMONIC
        is_raised = root == 7 or rng.random() < RAISED_EVERYWHERE
        pools.append(Pools([(root + t) % 12 for t in tones], raised if is_raised else NATURAL))
    return generate_song(rng, chords, pools, "minor", CHORD_SHARE)


def generate_major(rng: np.random.Generator, bars: int = 16) -> JamSong:
    """Generate a melody over chords of a major key."""
    form = MAJOR_FORMS[rng.integers(len(MAJOR_FORMS))]
    chords = [form[bar % len(form)] for bar in range(bars)]
    pools = [Pools([(root + t) % 12 for t in TONES[kind]], MAJOR_SCALE) for root, kind in chords]
    return generate_song(rng, chords, pools, "major", CHORD_SHARE)


def generate_song(
    rng: np.random.Generator,
    chords: Sequence[tuple[int, str]],
    bars: Sequence[Pools],
    mode: str,
    share: float,
) -> JamSong:
    """Generate a melody in 4/4, in a random key.

    Args:
        rng: random generator.
        chords: semitones above the tonic and kind of triad, by bar.
        bars: pools of the notes, by bar.
        mode: of the annotated key, "major" or "minor".
        share: probability that a note on the beat is taken from the chord.
    """
    tonic, notes = int(rng.integers(12)), list[SoloNote]()
    pitch = int(rng.integers(LOWEST + 6, HIGHEST - 6))
    for bar, pools in enumerate(bars):
        beat = 4.0 * bar
        for length in RHYTHMS[rng.integers(len(RHYTHMS))]:
            is_chord = beat % 1 == 0 and rng.random() < share
            pool = {(pc + tonic) % 12 for pc in (pools.chord if is_chord else pools.scale)}
            pitch = next_pitch(rng, pitch, pool)
            if rng.random() >= REST:
                notes.append(SoloNote(pitch, 90, beat, beat + length * SOUNDING))
            beat += length
    triads = [(root + tonic) % 12 * len(KINDS) + KINDS.index(kind) for root, kind in chords]
    key = Key(0.0, tonic, mode)  # type: ignore[arg-type]
    return JamSong("generated", FOUR, tuple(notes), np.repeat(triads, 4), (key,), BPM)


def next_pitch(rng: np.random.Generator, pitch: int, pool: Collection[int]) -> int:
    """Return a pitch of a pool of pitch classes near the last one."""
    choices = np.array([p for p in range(LOWEST, HIGHEST + 1) if p % 12 in pool])
    steps = np.abs(choices - pitch)
    weights = np.exp(-steps / USUAL_STEP) * np.where(steps == 0, REPEATED, 1.0)
    return int(rng.choice(choices, p=weights / weights.sum()))


IDIOMS: dict[str, Callable[[np.random.Generator], JamSong]] = {
    "blues": generate_blues,
    "minor": generate_minor,
    "major": generate_major,
}
