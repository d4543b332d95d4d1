"""The note net as a transcription engine; see engines.py."""

from functools import cache

from muse.models.note_net.inference import Evidence, NoteInference
from muse.tools.audio.spectra import power_to_db
from muse.tools.transcription.engine_basic_pitch import basic_pitch_posteriors
from muse.tools.transcription.engine_input import EngineInput


def estimate(chunk: EngineInput) -> dict[str, Evidence]:
    """Return the net's posteriors for each of its heads."""
    posteriors = basic_pitch_posteriors(chunk.audio)
    return note_net()(power_to_db(chunk.long_power), power_to_db(chunk.short_power), posteriors)


@cache
def note_net() -> NoteInference:
    """Return the net, loaded at first use and shared from then on."""
    return NoteInference()
