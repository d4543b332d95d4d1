"""Untrained melody models for tests, and random songs with chords."""

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
UNEVEN = 0.3  # concentration of a Dirichlet distribution with few likely symbols
METERS = ((4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (2, 2))
SYMBOLS = ("C", "Am7", "F#ø7", "G7", "Bbmaj9", "E5", "D/F#", "Bdim7", "Absus4", "N.C.")


def uneven(*seed: int, size: int) -> Floats:
    """Return random probabilities from a seed."""
    return np.random.default_rng(seed).dirichlet(np.full(size, UNEVEN))


def only(index: int, size: int) -> Floats:
    """Return probability 1 for one index."""
    return np.eye(size)[index % size]


@dataclass(frozen=True)
class FakePrediction:
    """Prediction that depends on the number of notes so far and the last pitch only."""

    seed: int
    fixed: Mapping[str, Floats]
    notes: int = 0
    last: int = 0

    def pitches(self) -> Floats:
        return self.predicted("pitches", PITCHES, self.last)

    def advances(self, pitch: int) -> Floats:
        return self.predicted("advances", len(ADVANCES), pitch)

    def durations(self, pitch: int, advance: int) -> Floats:
        return self.predicted("durations", len(DURATIONS), pitch + advance)

    def predicted(self, name: str, size: int, number: int) -> Floats:
        return self.fixed.get(name, uneven(self.seed, self.notes, number, size=size))

    def after(
        self, note: Mapping[str, int], place: Mapping[str, int], bar: int
    ) -> "FakePrediction":
        assert bar >= 0
        return FakePrediction(self.seed, self.fixed, self.notes + 1, note["pitch"])


@dataclass(frozen=True)
class FakeModel:
    """Melody model with random probabilities, or with fixed ones for the events in `fixed`."""

    seed: int = 0
    fixed: Mapping[str, Floats] = ()  # type: ignore[assignment]
    name: str = "fake"
    hash: str | None = None
    card: Mapping[str, Any] = ()  # type: ignore[assignment]

    def start(self, context: MelodyContext, place: Mapping[str, int]) -> FakePrediction:
        return FakePrediction(self.seed, dict(self.fixed))


# fixed probabilities that no trained net would predict, by name
FIXED_PREDICTIONS: dict[str, dict[str, Floats]] = {
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
    lambda seed, name: FakeModel(seed, FIXED_PREDICTIONS[name]),
    st.integers(0, 1000),
    st.sampled_from(sorted(FIXED_PREDICTIONS)),
)


def song_over(
    lengths: Sequence[float],
    symbols: Sequence[str],
    meter: tuple[int, int] = (4, 4),
    first: float = 0.0,
    gaps: Sequence[float] = (0.0,),
    key: Key | None = C_MAJOR,
) -> Song:
    """Return a song of chords with these durations in beats, and gaps after some."""
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
    """Return a song with one chord per bar."""
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
