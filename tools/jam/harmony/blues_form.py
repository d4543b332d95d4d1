"""Follows the twelve-bar blues: which bar of the form it is, and the chord of that bar.

A hidden Markov model whose states are the twelve bars, for each tonic. The form starts in the bar
of the player's first note, goes on by one bar at each bar line, and may start over. The notes of a
beat make the chords of a bar more or less likely; notes of the tonic's blues scale speak against no
chord. The form competes with chords in no order, which tells how well it explains the melody.

Conventions: a root is in semitones above the tonic, or a pitch class where it is absolute.
Source of form and scale: Levine, "The Jazz Theory Book", chapter on the blues.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import (
    BAR_LINE,
    KINDS,
    ONSET_KINDS,
    TRIADS,
    BeatFeatures,
)

Floats = NDArray[np.float64]

# probability of each root by bar
BARS: tuple[dict[int, float], ...] = (
    {0: 1.0},
    {0: 0.6, 5: 0.4},
    {0: 1.0},
    {0: 1.0},
    {5: 1.0},
    {5: 1.0},
    {0: 1.0},
    {0: 0.9, 9: 0.1},
    {7: 0.85, 2: 0.15},
    {5: 0.6, 7: 0.4},
    {0: 1.0},
    {7: 0.55, 0: 0.45},
)
FREE = {0: 0.6, 5: 0.22, 7: 0.18}  # probability of each root without a form
START_FIRST = 0.9  # probability that the first bar of a session is the first of the form
START_OVER = 0.02  # probability that the first bar follows any other
FORM_PRIOR = 0.7  # probability that a blues has this form
MAX_LOG_ODDS = 4.0  # of the form, so that it can be found again
# log odds of a note of one beat, by semitones above the root of a dominant seventh
TONES = np.array([0.5, -1.0, 0.0, 0.1, 0.8, -0.3, -0.3, 0.4, -0.8, 0.1, 0.5, -1.2])
BLUES_SCALE = (0, 3, 5, 6, 7, 10)
SHORT_NOTE = 0.5  # weight of a short note beside a long one
MAJOR = KINDS.index("maj")


def bar_table() -> Floats:
    """Return the probability of each root in each bar, (12 bars, 12)."""
    return np.array([[bar.get(root, 0.0) for root in range(12)] for bar in BARS])


def note_table() -> Floats:
    """Return log odds of a note by tonic, root above the tonic and pitch class, (12, 12, 12)."""
    tonic, root, pc = np.ogrid[:12, :12, :12]
    log_odds = TONES[(pc - root - tonic) % 12]
    in_scale = np.isin((pc - tonic) % 12, BLUES_SCALE)
    table: Floats = np.where(in_scale, np.maximum(log_odds, 0.0), log_odds)
    return table


BAR_ROOTS, NOTE_LOG_ODDS = bar_table(), note_table()
FREE_ROOTS = np.array([FREE.get(root, 0.0) for root in range(12)])


class BluesForm:
    """Probability of each bar of the form, for each tonic, updated beat by beat.

    Attributes:
        bars: (12 tonics, 12 bars), probability of each bar after the beats so far.
        log_odds: (12 tonics,), of the form against chords in no order.
    """

    def __init__(self) -> None:
        """Start before the first note."""
        others = (1 - START_FIRST) / (len(BARS) - 1)
        start = [START_FIRST, *[others] * (len(BARS) - 1)]
        self.bars: Floats = np.tile(start, (12, 1))
        self.log_odds: Floats = np.full(12, np.log(FORM_PRIOR / (1 - FORM_PRIOR)))
        self.has_begun = False

    def add_beat(self, features: BeatFeatures, position: int) -> None:
        """Add a complete beat; beats before the first note are ignored."""
        counts = features.segments[:ONSET_KINDS].sum(axis=0) * SHORT_NOTE
        counts += features.segments[ONSET_KINDS:].sum(axis=0)
        bars = self.bars_at(position)
        self.has_begun = self.has_begun or bool(counts.any())
        if not self.has_begun:
            return
        likelihoods = np.exp(NOTE_LOG_ODDS @ counts)  # (tonics, roots)
        by_bar = bars * (likelihoods @ BAR_ROOTS.T)
        evidence = by_bar.sum(axis=1)
        gain = np.log(evidence) - np.log(likelihoods @ FREE_ROOTS)
        self.log_odds = np.clip(self.log_odds + gain, -MAX_LOG_ODDS, MAX_LOG_ODDS)
        self.bars = by_bar / evidence[:, None]

    def bars_at(self, position: int) -> Floats:
        """Return the probability of each bar on the next beat, (12 tonics, 12 bars)."""
        if position != BAR_LINE or not self.has_begun:
            return self.bars
        moved = (1 - START_OVER) * np.roll(self.bars, 1, axis=1)
        moved[:, 0] += START_OVER
        return moved

    def probability(self, tonic_pc: int) -> float:
        """Return the probability that a blues on a tonic has the form, 0 to 1."""
        return float(1 / (1 + np.exp(-self.log_odds[tonic_pc])))

    def predict(self, features: BeatFeatures, position: int, tonic_pc: int) -> Floats:
        """Return the probability of each triad above a tonic on the beat that begins, (TRIADS,).

        Args:
            features: of this beat; only the notes that sound as it begins are used.
            position: metrical position of the beat.
            tonic_pc: of the blues.
        """
        likelihoods = np.exp(NOTE_LOG_ODDS[tonic_pc] @ features.on_beat.sum(axis=0))
        roots = (self.bars_at(position)[tonic_pc] @ BAR_ROOTS) * likelihoods
        triads = np.zeros((TRIADS // len(KINDS), len(KINDS)))
        triads[:, MAJOR] = roots / roots.sum()
        return triads.ravel()
