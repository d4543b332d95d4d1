"""Exit codes of all commands."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit code of a command."""

    OK = 0
    FAILED = 1  # an error that is none of the others, or one of several inputs failed
    USAGE = 2  # an option or argument is wrong
    MISSING_PART = 3  # an optional part is not installed; the message says how to install it
    BAD_INPUT = 4  # a file cannot be read or does not hold what it should
    INTERRUPTED = 130  # Ctrl-C or SIGTERM
