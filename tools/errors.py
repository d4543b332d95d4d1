"""The errors a caller may want to tell apart; cli/main.py gives each its exit code.

MuseError
 ├─ BadInputError     a file that cannot be read, or is not what it should be
 ├─ MissingPartError  an optional part is not installed; the message says how to install it
 └─ ParameterError    a parameter out of range, or two that do not go together
"""


class MuseError(Exception):
    """Something muse was asked to do could not be done."""


class BadInputError(MuseError, ValueError):
    """An input that cannot be read; the message names the file and what is wrong with it."""


class MissingPartError(MuseError):
    """An optional part is missing; the message holds the exact command that brings it."""


class ParameterError(MuseError, ValueError):
    """A parameter that makes no sense; the message says which values do."""
