"""What kind of instrument plays in a recording: odds of the classes of the role net.

The odds of a recording are the geometric mean of those of its windows that are not much softer than
the loudest one, times how common recordings of each class are. `CLASS_USES` says what a class means
in a Song: the role, and the General MIDI program where one is certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.role_net.config import CLASSES
from muse.models.role_net.inference import RoleInference
from muse.tools.song.document import Role
from muse.tools.song.roles import ROLE_PROGRAMS
from muse.tools.transcription.role_detection import excerpt
from muse.tools.transcription.role_features import window_features, window_levels

ANALYZED_S = 24.0  # from the first sound on
QUIET_DB = -15.0  # windows that are softer than the loudest one by more are left out
SMALLEST_ODDS = 1e-4  # of a window, so that no single window excludes a class
CERTAIN = 0.5  # odds from which a class decides; below, the notes do
DRUMS_POSSIBLE = 0.15  # odds from which a recording whose spectrum is that of drums is of drums
PAD_POSSIBLE = 0.2  # odds from which chords are decoded with the soft attacks of a pad

Odds = dict[str, float]


@dataclass(frozen=True)
class ClassUse:
    """What a class of instruments means for its transcription.

    Attributes:
        role: in the Song; None where only the notes tell.
        program: General MIDI program, counted from 0; None takes that of the role.
        frequency: of recordings of single instruments, relative to the others. The net is trained
            on as many of each class.
    """

    role: Role | None
    program: int | None = None
    frequency: float = 1.0


CLASS_USES = {
    "drums": ClassUse("drums", frequency=1.5),
    "bass": ClassUse("bass", frequency=1.5),
    "voice": ClassUse("vocals", frequency=2.0),
    "lead": ClassUse("lead"),
    "keys": ClassUse("keys", frequency=2.0),
    "guitar": ClassUse("guitar", frequency=2.0),
    "pad": ClassUse("pad"),
    "winds": ClassUse("lead", 65),  # alto sax
    "mallets": ClassUse("keys", 11, frequency=0.5),  # vibraphone
    "other": ClassUse(None, frequency=0.3),
}


def detect_role(path: Path) -> Odds:
    """Return the odds of each of CLASSES for a recording of one instrument; their sum is 1.

    Raises:
        BadInputError: the file is not readable audio.
    """
    return role_odds(excerpt(path, ANALYZED_S))


def role_odds(audio: NDArray[np.float32]) -> Odds:
    """Return the odds of each of CLASSES for mono audio at role_features.SAMPLE_RATE."""
    windows, levels = window_features(audio), window_levels(audio)
    odds = shared_net()(windows[levels >= levels.max() + QUIET_DB])
    mean = np.exp(np.log(np.maximum(odds, SMALLEST_ODDS)).mean(axis=0))
    mean *= [CLASS_USES[name].frequency for name in CLASSES]
    return dict(zip(CLASSES, map(float, mean / mean.sum()), strict=True))


def certain_class(odds: Mapping[str, float]) -> str | None:
    """Return the likeliest class if it is at least CERTAIN, else None."""
    best = max(odds, key=odds.__getitem__, default=None)
    return best if best is not None and odds[best] >= CERTAIN else None


def may_be_pad(odds: Mapping[str, float]) -> bool:
    """Return whether no class is certain and the attacks may be as soft as those of strings."""
    return certain_class(odds) is None and odds.get("pad", 0.0) >= PAD_POSSIBLE


def program_of_class(kind: str | None) -> int | None:
    """Return the General MIDI program of a class that plays notes in a mix; None for others."""
    use = CLASS_USES[kind] if kind else None
    if use is None or use.role in (None, "drums", "vocals", "bass"):
        return None
    return ROLE_PROGRAMS[use.role] if use.program is None else use.program


def is_drums(odds: Mapping[str, float], *, is_noisy: bool) -> bool:
    """Return whether a recording is of drums.

    Args:
        odds: of its classes.
        is_noisy: whether its spectrum is that of drums; see `role_detection.is_drums_file`.
    """
    return odds["drums"] >= (DRUMS_POSSIBLE if is_noisy else CERTAIN)


@cache
def shared_net() -> RoleInference:
    """Return the net, loaded once."""
    return RoleInference()
