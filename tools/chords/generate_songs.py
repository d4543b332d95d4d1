"""Generation of Songs with chords from requests, as in `muse chords`.

Each song of a request has one random generator for its chords and one for its performance: the same
seed gives the same bytes, and another voicing or tempo changes no chord.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from muse.tools.chords.harmonize.melody import report_left_out, warn_of_key
from muse.tools.chords.harmonize.search import harmonize
from muse.tools.chords.model import ChordModel
from muse.tools.chords.request import ChordOptions, ChordRequest, resolve
from muse.tools.chords.sampler import SampledChord, sample_progression
from muse.tools.chords.to_song import progression_to_song
from muse.tools.errors import ParameterError
from muse.tools.files import input_name
from muse.tools.generation.sampling import Sampling
from muse.tools.generation.seeds import check_seed
from muse.tools.song.document import Song
from muse.tools.song.provenance import provenance, request_params

MAX_COUNT = 1000
CHORDS, PERFORMANCE = 0, 1  # last word of the seeds of a song's two random generators


def generate_songs(
    request: ChordRequest, model: ChordModel, seed: int, count: int = 1, source: str | None = None
) -> Iterator[tuple[Song, list[SampledChord]]]:
    """Generate progressions as Songs.

    Args:
        request: the user's options.
        model: predicts chords.
        seed: 0 or more.
        count: number of songs.
        source: name of the song that is continued or whose melody is harmonized, for `made_by`.

    Yields:
        Each Song and its chords as they were sampled.

    Raises:
        ParameterError: the request is invalid or cannot be satisfied.
        BadInputError: the song to continue has no chords, or the one to harmonize no melody.
    """
    check_count(count)
    check_seed(seed)
    params = song_params(request, source)
    name = "the song" if source is None else input_name(source)
    for number in range(count):
        rng = np.random.default_rng([seed, number, CHORDS])
        options = resolve(request, np.random.default_rng(seed), rng, name)
        if request.under is not None and number == 0:
            report_left_out(request.under)
            if request.key is None:
                warn_of_key(request.under)
        sampled = generate_chords(options, model, request.sampling, rng)
        numbered = params | ({"number": number + 1} if count > 1 else {})
        made_by = provenance("chords", numbered, seed, model.name, model.hash)
        performance_rng = np.random.default_rng([seed, number, PERFORMANCE])
        yield progression_to_song(sampled, options, made_by, performance_rng), sampled


def check_count(count: int) -> None:
    """Raise ParameterError if a number of songs is out of range."""
    if not 1 <= count <= MAX_COUNT:
        raise ParameterError(f"--count must be 1 to {MAX_COUNT}, not {count}")


def generate_chords(
    options: ChordOptions, model: ChordModel, sampling: Sampling, rng: np.random.Generator
) -> list[SampledChord]:
    """Sample the chords; harmonize the melody if there is one."""
    if options.melody is None:
        return sample_progression(model, options.constraints, sampling, rng)
    return harmonize(model, options.constraints, options.melody, sampling, rng)


def song_params(request: ChordRequest, source: str | None) -> dict[str, Any]:
    """Return the request as params for `made_by`, with its song replaced by the song's name."""
    like = source if request.like is not None else None
    under = source if request.under is not None else None
    sampling: dict[str, Any] = msgspec.to_builtins(request.sampling)
    return request_params(request, like=like, under=under, sampling=None) | sampling


def chord_codes(song: Song, sampled: list[SampledChord]) -> list[dict[str, int | None]]:
    """Return the id, root, quality code and function code of each chord, as input for nets."""
    return [
        {
            "predicted_id": choice.chord_id,
            "gen_root_pc": chord.root_pc,
            "gen_quality": chord.quality_code,
            "gen_function": chord.function_code,
        }
        for choice, chord in zip(sampled, song.chords, strict=True)
    ]
