"""Transcription engines for pitched notes: their names, and how to load one.

An engine estimates, for each frame and pitch, whether the pitch sounds and whether it starts. The
rules of each role (role_rules.py) then turn these posteriors into notes.

To add an engine, write one module in this folder with a function

    def estimate(chunk: EngineInput) -> dict[str, Evidence]

that returns the posteriors for every head in `muse.models.note_net.config.HEADS` and, as ANY,
those of notes of any kind (the same object for all of them, where the engine does not distinguish
roles), and add its row to ENGINES.
This module imports nothing heavy, so that the command line can list the names.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from muse.tools.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from muse.models.note_net.inference import Evidence
    from muse.tools.transcription.engine_input import EngineInput

    Estimate = Callable[[EngineInput], dict[str, Evidence]]

ANY = "any"  # evidence of notes of any kind, beside that of the heads
AUTO = "auto"  # the first engine; for a solo recording that it cannot explain, the next ones too


@dataclass(frozen=True)
class EngineEntry:
    """One row of ENGINES.

    Attributes:
        name: as `muse transcribe --engine` takes it.
        module: full name of the module that holds its `estimate`.
        description: a phrase for help texts.
    """

    name: str
    module: str
    description: str


# in the order in which `auto` tries them
ENGINES = (
    EngineEntry(
        "note-net",
        "muse.tools.transcription.engine_note_net",
        "muse's own net on top of Basic Pitch, with a head for each kind of part",
    ),
    EngineEntry(
        "basic-pitch",
        "muse.tools.transcription.engine_basic_pitch",
        "Spotify's Basic Pitch alone, the same for every kind of part",
    ),
)


def engine_names() -> tuple[str, ...]:
    """Return what `--engine` accepts, `auto` first."""
    return AUTO, *(entry.name for entry in ENGINES)


def engines_to_try(name: str) -> tuple[str, ...]:
    """Return the engines that a choice allows, best first: all of them for `auto`.

    Raises:
        ParameterError: no engine has that name.
    """
    if name == AUTO:
        return tuple(entry.name for entry in ENGINES)
    if name not in engine_names():
        raise ParameterError(f"no engine '{name}'; engines are {', '.join(engine_names())}")
    return (name,)


def load_engine(name: str) -> "Estimate":
    """Import the engine of that name, or the first one for `auto`, and return its `estimate`.

    Raises:
        ParameterError: no engine has that name.
    """
    first = engines_to_try(name)[0]
    module = next(entry.module for entry in ENGINES if entry.name == first)
    estimate: Estimate = import_module(module).estimate
    return estimate
