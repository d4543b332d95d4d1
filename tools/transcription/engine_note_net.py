"""The note net as a transcription engine; see engines.py."""

from functools import cache

from muse.models.note_net.inference import Evidence, NoteInference
from muse.tools.audio.spectra import power_to_db
from muse.tools.transcription.engine_basic_pitch import basic_pitch_posteriors
from muse.tools.transcription.engine_input import EngineInput
from muse.tools.transcription.engines import ANY


def estimate(chunk: EngineInput) -> dict[str, Evidence]:
    """Return the net's posteriors for each of its heads, and Basic Pitch's as ANY."""
    posteriors = basic_pitch_posteriors(chunk.audio)
    heads = note_net()(power_to_db(chunk.long_power), power_to_db(chunk.short_power), posteriors)
    return heads | {ANY: Evidence(posteriors.note, posteriors.onset)}


@cache
def note_net() -> NoteInference:
    """Return the net, loaded at first use and shared from then on."""
    return NoteInference()
