"""Norms of real melodies: mean and standard deviation of the figures of realism.py, by length.

`muse train melody-realism` measures them; the card of the weights names the songs.
"""

from functools import cache

from muse.tools.weights import load_trained_weights

NAME = "melody-realism"

Norms = dict[int, dict[str, tuple[float, float]]]


@cache
def load_norms() -> Norms:
    """Return mean and standard deviation by number of bars and name of the figure.

    Figures that no two songs of a length have are left out.

    Raises:
        BadInputError: the file that ships with muse is missing or damaged.
    """
    config, tensors, _ = load_trained_weights(NAME)
    means, deviations = tensors["mean"].tolist(), tensors["deviation"].tolist()
    return {
        bars: {
            name: (mean, deviation)
            for name, mean, deviation in zip(config["figures"], *rows, strict=True)
            if mean == mean  # not NaN
        }
        for bars, *rows in zip(config["bars"], means, deviations, strict=True)
    }
