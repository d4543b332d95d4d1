"""Numbering of the keys that the tracker tells apart, and parameters by mode expanded to all.

Three modes: major, minor, and blues, whose tonic has a dominant seventh and both thirds. A blues is
reported as the major key on its tonic.

Conventions: keys are numbered by tonic pitch class, major 0 to 11, minor from 12, blues from 24.
The home of a key is the tonic of the major key with its signature, for a blues its own tonic;
parameters by mode have pitch classes above the home.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.keys import Mode, Tonality, relative, tonality

Floats = NDArray[np.float64]

MODES = ("major", "minor", "blues")
REPORTED_MODES: tuple[Mode, ...] = ("major", "minor", "major")
KEYS = 12 * len(MODES)
FIRST_BLUES = 12 * MODES.index("blues")  # number of the blues in C


def key_number(key: Tonality) -> int:
    """Return the number of a major or minor key, 0 to 23."""
    return key.tonic_pc + 12 * MODES.index(key.mode)


def home_of(key: Tonality) -> int:
    """Return the tonic of the major key with the same signature, as a pitch class."""
    return (key if key.mode == "major" else relative(key)).tonic_pc


ALL_KEYS = [tonality(number % 12, REPORTED_MODES[number // 12]) for number in range(KEYS)]
HOMES = np.array([home_of(key) for key in ALL_KEYS])
MODE_OF = np.arange(KEYS) // 12
SAME_HOME = HOMES[:, None] == HOMES[None]  # (KEYS, KEYS)
SAME_TONALITY = np.array([[a == b for b in ALL_KEYS] for a in ALL_KEYS])  # (KEYS, KEYS)


def expand_segments(by_mode: Floats) -> Floats:
    """Expand (modes, segment kinds, 12) above the home to (segment kinds * 12, KEYS)."""
    rolled = [np.roll(by_mode[mode], home, -1) for mode, home in zip(MODE_OF, HOMES, strict=True)]
    return np.ascontiguousarray(np.array(rolled).reshape(KEYS, -1).T)


def expand_steps(by_mode: Floats) -> Floats:
    """Expand (modes, 12, 12), by pitch classes above the home, to (KEYS, 12, 12)."""
    return np.array(
        [np.roll(by_mode[m], (h, h), (0, 1)) for m, h in zip(MODE_OF, HOMES, strict=True)]
    )


def expand_transitions(by_mode: Floats) -> Floats:
    """Expand (modes, next modes, 12), by how far the home moves up, to (KEYS, KEYS)."""
    up = (HOMES[None] - HOMES[:, None]) % 12
    moves: Floats = by_mode[MODE_OF[:, None], MODE_OF[None], up]
    return moves


def expand_prior(by_mode: Floats) -> Floats:
    """Expand the probability of each mode, (modes,), to (KEYS,), with all tonics equally likely."""
    shares: Floats = by_mode[MODE_OF] / by_mode[MODE_OF].sum()
    return shares
