"""Errors that callers can distinguish, and the commands that install missing parts.

MuseError
 ├─ BadInputError     a file that cannot be read, or does not hold what it should
 ├─ MissingPartError  an optional package, library or weight is not installed
 └─ ParameterError    a parameter out of range, or two that exclude each other

`cli/errors.py` gives each an exit code. The install commands are here so that messages,
`muse doctor` and the tests agree.
"""

import platform

# commands that install a system library or program, by platform.system()
SYSTEM_COMMANDS = {
    "ffmpeg": {
        "Linux": "apt-get install ffmpeg",
        "Darwin": "brew install ffmpeg",
        "Windows": "winget install ffmpeg",
    },
    "fluidsynth": {
        "Linux": "apt-get install libfluidsynth3",
        "Darwin": "brew install fluid-synth",
        "Windows": "choco install fluidsynth",
    },
    "soundfont": {"Linux": "apt-get install fluid-soundfont-gm"},
    "jackd": {"Linux": "apt-get install jackd2", "Darwin": "brew install jack"},
}


# optional packages, and the extra of muse that installs each
EXTRA_OF = {
    "demucs": "demucs",
    "pyarrow": "parquet",
    **dict.fromkeys(("torch", "lightning", "onnx", "onnxscript", "scipy", "mir_eval"), "train"),
}


class MuseError(Exception):
    """A failure that muse can explain; base class of the others."""


class BadInputError(MuseError, ValueError):
    """An unreadable or invalid input; the message names the file and what is wrong with it."""


class MissingPartError(MuseError):
    """A missing optional part; the message holds the command that installs it."""


class ParameterError(MuseError, ValueError):
    """An invalid parameter; the message says which values are valid."""


def install_command(extra: str) -> str:
    """Return the command that installs muse with an optional extra, run in a clone of muse."""
    return f"pip install '.[{extra}]'"


def missing_extra(package: str, extra: str) -> MissingPartError:
    """Return the error for a package that an extra of muse installs."""
    return MissingPartError(
        f"{package} is not installed; in your clone of muse, run: {install_command(extra)}"
    )


def system_command(name: str) -> str | None:
    """Return the command that installs a system library here, None where no command is known."""
    return SYSTEM_COMMANDS[name].get(platform.system())


def system_hint(name: str) -> str:
    """Return what to do about a missing system library: a command to run, or its name."""
    command = system_command(name)
    return f"run: {command}" if command else f"install {name}"
