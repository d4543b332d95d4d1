"""What can be asked of a transcription, checked before anything is read."""

from dataclasses import dataclass, field
from typing import Self

from muse.tools.errors import ParameterError
from muse.tools.song.document import Role
from muse.tools.song.roles import ROLES
from muse.tools.transcription.assemble import parse_grid

AUTO = "auto"
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0  # quarter notes a minute
ENGINES = (AUTO, "note-net", "basic-pitch")  # of pitched notes; auto is the first


@dataclass(frozen=True)
class TranscribeOptions:
    """How to transcribe.

    Attributes:
        separate: part the input into stems first.
        role: what a solo input is; None listens and guesses.
        only: names of the stems to hear; empty hears all.
        model: separation model.
        engine: what hears pitched notes: note-net, or basic-pitch for its posteriors alone.
        bpm: quarter notes a minute; None finds them.
        grid_beats: snap notes to multiples of this; None keeps the played timing.
        min_confidence: notes below it are left out, in [0, 1].
        device: auto, cpu, cuda or mps.
        keep_stems: write the stems' audio.
        asked: the options as the user wrote them, for the document.
    """

    separate: bool = True
    role: Role | None = None
    only: tuple[str, ...] = ()
    model: str = AUTO
    engine: str = ENGINES[1]
    bpm: float | None = None
    grid_beats: float | None = None
    min_confidence: float = 0.0
    device: str = AUTO
    keep_stems: bool = True
    asked: dict[str, object] = field(default_factory=dict)

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
        """Options from the words of a command line.

        Raises:
            ParameterError: a word that means nothing, or two options that do not go together.
        """
        asked = {name: value for name, value in locals().items() if name != "cls"}
        if role is not None and separate:
            raise ParameterError("--role tells what a solo input is; add --no-separate")
        if only is not None and not separate:
            raise ParameterError("--only chooses among stems; leave out --no-separate")
        return cls(
            separate=separate,
            role=None if role is None else parse_role(role),
            only=tuple(name.strip() for name in (only or "").split(",") if name.strip()),
            model=model,
            engine=parse_engine(engine),
            bpm=parse_tempo(tempo),
            grid_beats=None if quantize is None else parse_grid(quantize),
            min_confidence=min_confidence,
            device=device,
            keep_stems=keep_stems,
            asked=asked,
        )


def parse_role(text: str) -> Role:
    """One of ROLES."""
    for role in ROLES:
        if text.lower() == role:
            return role
    raise ParameterError(f"no role '{text}'; roles are {', '.join(ROLES)}")


def parse_engine(text: str) -> str:
    """One of ENGINES but 'auto', which is the best of the others."""
    if text not in ENGINES:
        raise ParameterError(f"no engine '{text}'; engines are {', '.join(ENGINES)}")
    return ENGINES[1] if text == AUTO else text


def parse_tempo(text: str) -> float | None:
    """'auto', or beats a minute."""
    if text == AUTO:
        return None
    try:
        bpm = float(text)
    except ValueError:
        bpm = 0.0
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        limits = f"{SLOWEST_BPM:g} to {FASTEST_BPM:g}"
        raise ParameterError(f"--tempo is 'auto' or {limits} beats a minute, not '{text}'")
    return bpm
