"""The options of one transcription, checked before anything is read."""

import re
from dataclasses import dataclass, field
from typing import Self

from muse.tools.errors import ParameterError
from muse.tools.song.document import Role
from muse.tools.song.roles import ROLES
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM
from muse.tools.transcription.engines import engines_to_try

AUTO = "auto"
BEATS_PER_WHOLE_NOTE = 4.0
TRIPLET = 2.0 / 3.0  # length of a triplet note relative to the plain one
GRID = re.compile(r"^1/(1|2|4|8|16|32|64)(t?)$", re.IGNORECASE)


@dataclass(frozen=True)
class TranscribeOptions:
    """Options of a transcription, checked.

    Attributes:
        separate: whether to separate the input into stems first.
        role: of a solo recording; None detects it.
        only: names of the stems to transcribe; empty for all.
        model: separation model.
        engine: transcription engine for pitched notes, a name of `engines.ENGINES` or 'auto'.
        bpm: quarter notes per minute; None detects the tempo.
        grid_beats: step to whose multiples notes are moved; None keeps the played timing.
        min_confidence: notes below it are left out, in [0, 1].
        device: auto, cpu, cuda or mps.
        write_stems: whether the audio of the stems is written.
        params: the options as the user wrote them, for the made_by record.
    """

    separate: bool = True
    role: Role | None = None
    only: tuple[str, ...] = ()
    model: str = AUTO
    engine: str = AUTO
    bpm: float | None = None
    grid_beats: float | None = None
    min_confidence: float = 0.0
    device: str = AUTO
    write_stems: bool = True
    params: dict[str, object] = field(default_factory=dict)

    @classmethod
    def parse(
        cls,
        *,
        separate: bool = True,
        role: str | None = None,
        only: str | None = None,
        model: str = AUTO,
        engine: str = AUTO,
        tempo: str = AUTO,
        quantize: str | None = None,
        min_confidence: float = 0.0,
        device: str = AUTO,
        keep_stems: bool = True,
    ) -> Self:
        """Parse options as they are written on a command line.

        Raises:
            ParameterError: a value is not valid, or two options exclude each other.
        """
        params = {name: value for name, value in locals().items() if name != "cls"}
        if role is not None and separate:
            raise ParameterError("--role is for a solo recording; add --no-separate")
        if only is not None and not separate:
            raise ParameterError("--only selects stems; leave out --no-separate")
        engines_to_try(engine)
        return cls(
            separate=separate,
            role=None if role is None else parse_role(role),
            only=tuple(name.strip() for name in (only or "").split(",") if name.strip()),
            model=model,
            engine=engine,
            bpm=parse_tempo(tempo),
            grid_beats=None if quantize is None else parse_grid(quantize),
            min_confidence=min_confidence,
            device=device,
            write_stems=keep_stems,
            params=params,
        )


def parse_role(text: str) -> Role:
    """Parse the name of a role, in any case.

    Raises:
        ParameterError: no role has that name.
    """
    for role in ROLES:
        if text.lower() == role:
            return role
    raise ParameterError(f"no role '{text}'; roles are {', '.join(ROLES)}")


def parse_tempo(text: str) -> float | None:
    """Parse a tempo in quarter notes per minute; 'auto' gives None.

    Raises:
        ParameterError: neither, or outside SLOWEST_BPM to FASTEST_BPM.
    """
    if text == AUTO:
        return None
    try:
        bpm = float(text)
    except ValueError:
        bpm = 0.0
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        limits = f"{SLOWEST_BPM:g} to {FASTEST_BPM:g}"
        raise ParameterError(f"--tempo is 'auto' or {limits} bpm, not '{text}'")
    return bpm


def parse_grid(text: str) -> float:
    """Parse a note value such as '1/16' or '1/8t' (triplet) and return its length in beats.

    Raises:
        ParameterError: not a note value.
    """
    match = GRID.match(text)
    if match is None:
        raise ParameterError(f"'{text}' is not a note value such as 1/16 or 1/8t")
    return BEATS_PER_WHOLE_NOTE / int(match[1]) * (TRIPLET if match[2] else 1.0)
