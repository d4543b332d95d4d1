"""Leave the upper partials of a struck bar, as of a xylophone, out of its sound.

They lie near the twelfth or the double octave, so that they look like a second note, and they end
long before the fundamental. A note of another instrument has a second partial an octave above.

Conventions: sounds are mono (frames,).
"""

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]
Values = NDArray[np.float64]

LOWEST_HZ = 120.0  # of a bar's fundamental
ABOVE = 2.4  # times the fundamental, above which upper partials are; below is nothing else
PASSED = 1.5  # times the fundamental, up to which the sound is kept
LOBE, LOBE_BINS = 0.04, 3.0  # half width of the fundamental, by its frequency and in bins
LEAST_UPPER_SHARE = 1e-3  # power of the upper partials; below, there is nothing to leave out
MOST_OTHER_SHARE = 0.01  # power of anything else up to there
FASTER_DB_PER_S = 25.0  # by which the upper partials fall faster
SHORTEST_S = 0.06


def without_bar_partials(sound: Mono, rate: int) -> Mono:
    """Return the sound, without upper partials if it is that of a struck bar."""
    if len(sound) < SHORTEST_S * rate:
        return sound
    spectrum = np.fft.rfft(sound)
    hertz = np.arange(len(spectrum)) * rate / len(sound)
    lowest_hz = fundamental_of_bar(sound, rate)
    if lowest_hz is None:
        return sound
    lower = np.fft.irfft(np.where(hertz < PASSED * lowest_hz, spectrum, 0), len(sound))
    upper = np.fft.irfft(np.where(hertz > ABOVE * lowest_hz, spectrum, 0), len(sound))
    faster = fall_db_per_s(upper, rate) - fall_db_per_s(lower, rate)
    return lower.astype(np.float32) if faster > FASTER_DB_PER_S else sound


def fundamental_of_bar(sound: Mono, rate: int) -> float | None:
    """Return the frequency of the strongest partial if the spectrum is that of a bar."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.arange(len(power)) * rate / len(sound)
    strongest = float(hertz[int(power.argmax())])
    total = float(power.sum())
    if strongest < LOWEST_HZ or not total:
        return None
    is_upper = hertz > ABOVE * strongest
    lobe_hz = max(LOBE * strongest, LOBE_BINS * rate / len(sound))
    other = power[~is_upper & (np.abs(hertz - strongest) > lobe_hz)].sum() / total
    upper = power[is_upper].sum() / total
    return strongest if other < MOST_OTHER_SHARE and upper > LEAST_UPPER_SHARE else None


def fall_db_per_s(sound: Values, rate: int) -> float:
    """Return how fast the level falls from the first to the second half."""
    first, second = (float(np.mean(half**2)) + 1e-12 for half in np.array_split(sound, 2))
    return 10 * float(np.log10(first / second)) / (len(sound) / 2 / rate)
