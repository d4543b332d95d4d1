"""Models of melodies for tests that know nothing of music, and songs at random to write over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from muse.tools.datasets.melody_events import PITCHES
from muse.tools.datasets.melody_songs import MelodyContext
from muse.tools.melody.columns import ADVANCES, DURATIONS
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track

Floats = NDArray[np.float64]

C_MAJOR = Key(0.0, 0, "major")
UNEVEN = 0.3  # of a Dirichlet distribution: some much likelier than others
METERS = ((4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (2, 2))
SYMBOLS = ("C", "Am7", "F#ø7", "G7", "Bbmaj9", "E5", "D/F#", "Bdim7", "Absus4", "N.C.")


def uneven(*seed: int, size: int) -> Floats:
    """Probabilities that some numbers decide."""
    return np.random.default_rng(seed).dirichlet(np.full(size, UNEVEN))


def only(place: int, size: int) -> Floats:
    """All on one."""
    return np.eye(size)[place % size]


@dataclass(frozen=True)
class FakeMoment:
    """What it says hangs on the notes so far, by their number and the last pitch alone."""

    seed: int
    spite: Mapping[str, Floats]
    notes: int = 0
    last: int = 0

    def pitches(self) -> Floats:
        return self.told("pitches", PITCHES, self.last)

    def advances(self, pitch: int) -> Floats:
        return self.told("advances", len(ADVANCES), pitch)

    def durations(self, pitch: int, advance: int) -> Floats:
        return self.told("durations", len(DURATIONS), pitch + advance)

    def told(self, name: str, size: int, number: int) -> Floats:
        return self.spite.get(name, uneven(self.seed, self.notes, number, size=size))

    def after(self, note: Mapping[str, int], place: Mapping[str, int], bar: int) -> "FakeMoment":
        assert bar >= 0
        return FakeMoment(self.seed, self.spite, self.notes + 1, note["pitch"])


@dataclass(frozen=True)
class FakeModel:
    """Uneven odds by a seed, or always the same ones for what `spite` names."""

    seed: int = 0
    spite: Mapping[str, Floats] = ()  # type: ignore[assignment]
    name: str = "fake"
    hash: str | None = None
    card: Mapping[str, Any] = ()  # type: ignore[assignment]

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> FakeMoment:
        return FakeMoment(self.seed, dict(self.spite))


# what no trained net would say, by name
SPITES: dict[str, dict[str, Floats]] = {
    "none": {},
    "one pitch": {"pitches": only(67, PITCHES)},
    "too low": {"pitches": only(0, PITCHES)},
    "too high": {"pitches": only(127, PITCHES)},
    "no pitch": {"pitches": np.zeros(PITCHES)},
    "hurried": {"advances": only(0, len(ADVANCES))},
    "slow": {"advances": only(-1, len(ADVANCES))},
    "no advance": {"advances": np.zeros(len(ADVANCES))},
    "short": {"durations": only(0, len(DURATIONS))},
    "held": {"durations": only(-1, len(DURATIONS))},
    "nothing": {
        "pitches": np.zeros(PITCHES),
        "advances": np.zeros(len(ADVANCES)),
        "durations": np.zeros(len(DURATIONS)),
    },
    "slow and short": {
        "advances": only(-1, len(ADVANCES)),
        "durations": only(0, len(DURATIONS)),
    },
    "one pitch in eighths": {"pitches": only(61, PITCHES), "advances": only(5, len(ADVANCES))},
}
MODELS = st.builds(
    lambda seed, spite: FakeModel(seed, SPITES[spite]),
    st.integers(0, 1000),
    st.sampled_from(sorted(SPITES)),
)


def song_over(
    lengths: Sequence[float],
    symbols: Sequence[str],
    meter: tuple[int, int] = (4, 4),
    first: float = 0.0,
    gaps: Sequence[float] = (0.0,),
    key: Key | None = C_MAJOR,
) -> Song:
    """Chords one after the other, each held so many beats, with silence behind some."""
    chords, beat = [], first
    for number, length in enumerate(lengths):
        chords.append(Chord(beat, length, symbols[number % len(symbols)]))
        beat += length + gaps[number % len(gaps)]
    return Song(
        tempos=[Tempo(0.0, 96.0)],
        meters=[Meter(0.0, *meter)],
        keys=[key] if key else [],
        chords=chords,
        tracks=[
            Track("Keys", "keys", notes=[Note(first, 2.0, 48, 70), Note(first, 2.5, 55, 71)]),
            Track("Drums", "drums", is_drum=True, notes=[Note(first, 0.25, 36, 90)]),
        ],
    )


def in_bars(bars: int, meter: tuple[int, int] = (4, 4), symbols: Sequence[str] = SYMBOLS) -> Song:
    """A chord to each bar."""
    return song_over([meter[0] * 4 / meter[1]] * bars, symbols, meter)


KEYS = st.builds(
    Key, st.just(0.0), st.integers(0, 11), st.sampled_from(["major", "minor"]), st.just(1.0)
)
PROGRESSIONS = st.builds(
    song_over,
    st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 3.5, 4.0, 8.0]), min_size=1, max_size=12),
    st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=5),
    st.sampled_from(METERS),
    st.sampled_from([0.0, 0.5, 2.0, 3.5, 8.0]),
    st.sampled_from([(0.0,), (0.0, 0.0, 1.5), (0.0, 4.0)]),
    st.one_of(st.none(), KEYS),
)
