"""A note heard in audio, before it is put on a beat grid."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class NoteEvent:
    """One note in audio time.

    Attributes:
        onset_s: start in seconds from the start of the audio.
        offset_s: end in seconds, after the onset.
        pitch: MIDI number, 0 to 127 (a drum: the General MIDI percussion key).
        velocity: 1 to 127.
        confidence: in [0, 1], how sure the transcriber is that the note is there.
    """

    onset_s: float
    offset_s: float
    pitch: int
    velocity: int
    confidence: float
