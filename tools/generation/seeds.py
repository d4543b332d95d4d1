"""Seeds of random generators: a default is drawn and reported, so that runs can be repeated."""

import logging
import secrets

from muse.tools.errors import ParameterError

log = logging.getLogger("muse")

SEED_BITS = 31  # of a drawn seed: every JSON reader and every generator takes it


def choose_seed(seed: int | None) -> int:
    """Return the seed given, or draw one; the caller reports it with `report_seed`.

    Raises:
        ParameterError: the seed is negative.
    """
    if seed is None:
        return secrets.randbits(SEED_BITS)
    check_seed(seed)
    return seed


def check_seed(seed: int) -> None:
    """Raise ParameterError if a seed is negative, as numpy takes none."""
    if seed < 0:
        raise ParameterError(f"--seed is 0 or more, not {seed}")


def report_seed(seed: int) -> None:
    """Write the seed of a run as a notice."""
    log.info("seed %d", seed)
