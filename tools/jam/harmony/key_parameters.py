"""The numbers of keys, and tables by mode laid out for all of them.

Conventions: keys are numbered as in theory.key_profiles. The home of a key is the tonic of the
major key with its signature; tables by mode have pitch classes above the home.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.theory.key_profiles import KEYS, MODES
from muse.tools.theory.keys import Tonality, relative, tonality

Floats = NDArray[np.float64]


def number_of(key: Tonality) -> int:
    """The number of a key."""
    return key.tonic_pc + KEYS // len(MODES) * MODES.index(key.mode)


def home_of(key: Tonality) -> int:
    """Tonic of the major key with the same signature, a pitch class."""
    return (key if key.mode == "major" else relative(key)).tonic_pc


EVERY = [tonality(number % 12, MODES[number // 12]) for number in range(KEYS)]
HOMES = np.array([home_of(key) for key in EVERY])
MODE_OF = np.array([MODES.index(key.mode) for key in EVERY])
RELATIVES = np.array([number_of(relative(key)) for key in EVERY])


def heard_in_every_key(by_mode: Floats) -> Floats:
    """(modes, stretches, 12) by pitch class above the home -> (stretches * 12, KEYS)."""
    rolled = [np.roll(by_mode[mode], home, -1) for mode, home in zip(MODE_OF, HOMES, strict=True)]
    return np.ascontiguousarray(np.array(rolled).reshape(KEYS, -1).T)


def steps_in_every_key(by_mode: Floats) -> Floats:
    """(modes, 12, 12) by pitch classes above the home -> (KEYS, 12, 12)."""
    return np.array(
        [np.roll(by_mode[m], (h, h), (0, 1)) for m, h in zip(MODE_OF, HOMES, strict=True)]
    )


def moves_between_keys(by_mode: Floats) -> Floats:
    """(modes, modes then, 12) by how far the home goes up -> (KEYS, KEYS)."""
    up = (HOMES[None] - HOMES[:, None]) % 12
    moves: Floats = by_mode[MODE_OF[:, None], MODE_OF[None], up]
    return moves


def start_in_every_key(by_mode: Floats) -> Floats:
    """(modes,) shares -> (KEYS,), all homes alike."""
    shares: Floats = by_mode[MODE_OF] / by_mode[MODE_OF].sum()
    return shares
