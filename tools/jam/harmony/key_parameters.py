"""Numbering of the 24 keys, and fitted parameters by mode expanded to all of them.

Conventions: keys are numbered as in theory.key_profiles. The home of a key is the tonic of the
major key with its signature; parameters by mode have pitch classes above the home.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.key_profiles import KEYS, MODES
from muse.tools.theory.keys import Tonality, relative, tonality

Floats = NDArray[np.float64]


def key_number(key: Tonality) -> int:
    """Return the number of a key, 0 to 23."""
    return key.tonic_pc + KEYS // len(MODES) * MODES.index(key.mode)


def home_of(key: Tonality) -> int:
    """Return the tonic of the major key with the same signature, as a pitch class."""
    return (key if key.mode == "major" else relative(key)).tonic_pc


ALL_KEYS = [tonality(number % 12, MODES[number // 12]) for number in range(KEYS)]
HOMES = np.array([home_of(key) for key in ALL_KEYS])
MODE_OF = np.array([MODES.index(key.mode) for key in ALL_KEYS])
RELATIVES = np.array([key_number(relative(key)) for key in ALL_KEYS])


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
