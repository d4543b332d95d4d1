"""The exit codes of every command, in one place."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What `$?` says after a command."""

    OK = 0
    FAILED = 1  # something went wrong, or one of several inputs did
    USAGE = 2  # an option or argument is wrong
    MISSING_PART = 3  # an optional part is not installed; the message is the install command
    BAD_INPUT = 4  # a file cannot be read or is not what it should be
    INTERRUPTED = 130  # Ctrl-C or SIGTERM
