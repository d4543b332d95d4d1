"""Seeds of random generators; a random default is reported, so that a run can be repeated."""

import logging
import secrets

from muse.tools.errors import ParameterError

log = logging.getLogger("muse")

SEED_BITS = 31  # size of a random seed, which every JSON reader and random generator accepts


def choose_seed(seed: int | None) -> int:
    """Return the given seed, or a random one if it is None; `report_seed` reports it.

    Raises:
        ParameterError: the seed is negative.
    """
    if seed is None:
        return secrets.randbits(SEED_BITS)
    check_seed(seed)
    return seed


def check_seed(seed: int) -> None:
    """Raise ParameterError if a seed is negative, which numpy does not accept."""
    if seed < 0:
        raise ParameterError(f"--seed must be 0 or more, not {seed}")


def report_seed(seed: int) -> None:
    """Write the seed of a run as a notice."""
    log.info("seed %d", seed)
