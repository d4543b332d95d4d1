"""Key profiles: how well each degree fits a key, from listening tests and from counts.

Conventions: a profile has one number for each degree in semitones above the tonic. Only its shape
matters, so the scales differ. Keys are numbered by tonic pitch class, major 0 to 11, minor from 12.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import ParameterError
from muse.tools.theory.keys import Mode

Profile = tuple[float, ...]

MODES: Final[tuple[Mode, Mode]] = ("major", "minor")  # in the order of the keys' numbers
KEYS: Final = 24

PROFILES: Final[dict[str, dict[Mode, Profile]]] = {
    # Listeners' ratings of fit, 1 to 7: Krumhansl and Kessler, Psychological Review 89 (1982)
    "krumhansl-kessler": {
        "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    },
    # Adjusted by hand to what music needs: Temperley, Music Perception 17 (1999)
    "temperley": {
        "major": (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        "minor": (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
    },
    # Shares counted in 490 classical works: Albrecht and Shanahan, Music Perception 31 (2013)
    "albrecht-shanahan": {
        "major": (
            0.238,
            0.006,
            0.111,
            0.006,
            0.137,
            0.094,
            0.016,
            0.214,
            0.009,
            0.080,
            0.008,
            0.081,
        ),
        "minor": (
            0.220,
            0.006,
            0.104,
            0.123,
            0.019,
            0.103,
            0.012,
            0.214,
            0.062,
            0.022,
            0.061,
            0.052,
        ),
    },
}


@cache
def profile_matrix(name: str) -> NDArray[np.float64]:
    """Return the profiles of the 24 keys by pitch class, (24, 12), each of mean 0 and norm 1.

    Raises:
        ParameterError: no profile has that name.
    """
    if name not in PROFILES:
        raise ParameterError(f"no key profile '{name}'; there are {', '.join(PROFILES)}")
    return standardized(
        np.array([np.roll(PROFILES[name][mode], tonic) for mode in MODES for tonic in range(12)])
    )


def standardized(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the mean of rows (..., 12) and divide by their norm; constant rows become 0."""
    centred = rows - rows.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    flat = length <= 1e-9 * np.abs(rows).max(axis=-1, keepdims=True, initial=1e-12)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, length))
