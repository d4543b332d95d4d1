"""The result of transcribing one stem, before it becomes a track of the Song."""

from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.song.document import Role
from muse.tools.transcription.note_event import NoteEvent


@dataclass(frozen=True)
class StemTranscription:
    """The notes of one stem.

    Attributes:
        name: of the stem, which becomes the name of the track.
        role: what the stem does in the song.
        origin: what the stem was made with.
        notes: in any order; empty for a silent stem.
        engine: what found the notes; empty for a silent stem.
        tuning_cents: of the stem above A440, 0.0 where unknown.
        warning: a sentence on why the notes may be wrong; empty for none.
        program: General MIDI program of the instrument, counted from 0; None takes that of the
            role.
    """

    name: str
    role: Role
    origin: str = ""
    notes: Sequence[NoteEvent] = ()
    engine: str = ""
    tuning_cents: float = 0.0
    warning: str = ""
    program: int | None = None

    @property
    def silent(self) -> bool:
        """Whether there was nothing to transcribe."""
        return not self.engine
