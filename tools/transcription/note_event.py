"""A note found in audio, in seconds, before it is placed on a beat grid."""

from dataclasses import dataclass, field

PitchSteps = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, order=True)
class NoteEvent:
    """One note or drum hit in seconds of the audio.

    Attributes:
        onset_s: start, from the start of the audio.
        offset_s: end, after the onset.
        pitch: MIDI number, 0 to 127; for a drum hit the General MIDI percussion key.
        velocity: 1 to 127.
        confidence: in [0, 1], the estimated probability that the note is correct.
        bends: steps of (seconds after the onset, semitones from `pitch`), each until the next one;
            empty where the pitch within the note is not known.
    """

    onset_s: float
    offset_s: float
    pitch: int
    velocity: int
    confidence: float
    bends: PitchSteps = field(default=(), kw_only=True)
