"""The token schemes: one file each, named as the scheme, and the table of their names.

A new scheme is a file here that ends in `SCHEME = Scheme(...)`, and a name in SCHEME_NAMES (and in
`cli/names.py`, which a test compares with it). Only the scheme in use is imported.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from muse.tools.errors import ParameterError

if TYPE_CHECKING:
    from muse.tools.tokens.scheme import Scheme

SCHEME_NAMES: Final = (
    "remi",
    "tsd",
    "midi-like",
    "structured",
    "cpword",
    "octuple",
    "mumidi",
    "mmm",
    "pertok",
)


@cache
def load_scheme(name: str) -> "Scheme":
    """Return the scheme of a name.

    Raises:
        ParameterError: there is no such scheme.
    """
    if name not in SCHEME_NAMES:
        known = ", ".join(SCHEME_NAMES)
        raise ParameterError(f"'{name}' is not a token scheme; choose from {known}")
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    scheme: Scheme = module.SCHEME
    return scheme
