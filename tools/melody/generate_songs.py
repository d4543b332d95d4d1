"""Generation of Songs with melodies from requests, as in `muse melody`.

Each melody of a request, and each candidate that is ranked, has its own random generators: the same
seed gives the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from muse.tools.chords.generate_songs import MAX_COUNT
from muse.tools.datasets.melody_events import encode_melody, quantize_melody
from muse.tools.errors import ParameterError
from muse.tools.generation.seeds import check_seed
from muse.tools.melody.model import MelodyModel
from muse.tools.melody.realism import score
from muse.tools.melody.request import MelodyOptions, MelodyRequest, resolve, with_repeats
from muse.tools.melody.sampler import MelodyDraft, MelodySampler
from muse.tools.melody.to_song import add_melody
from muse.tools.song.document import MadeBy, Song
from muse.tools.song.provenance import provenance, request_params

FORM, NOTES = 0, 1  # last word of the seeds of a melody's two random generators


@dataclass(frozen=True)
class GeneratedMelody:
    """A song with its melody.

    Attributes:
        song: the whole song.
        options: the resolved request.
        nats_per_note: minus the mean log probability of a note under the model.
    """

    song: Song
    options: MelodyOptions
    nats_per_note: float


def generate_melodies(
    song: Song,
    request: MelodyRequest,
    model: MelodyModel,
    seed: int,
    count: int = 1,
    extra_params: dict[str, Any] | None = None,
) -> Iterator[GeneratedMelody]:
    """Generate a number of melodies over a song.

    Args:
        song: with chords, or with tracks to detect them in.
        request: the user's options.
        model: predicts notes.
        seed: 0 or more.
        count: number of melodies.
        extra_params: more entries for the params in `made_by`, such as file names.

    Raises:
        ParameterError: the request is invalid or cannot be satisfied.
        BadInputError: there are no chords, or no melody to continue.
    """
    if not 1 <= count <= MAX_COUNT:
        raise ParameterError(f"--count must be 1 to {MAX_COUNT}, not {count}")
    check_seed(seed)
    options = resolve(song, request)
    for number in range(count):
        numbered = {"number": number + 1} if count > 1 else {}
        params = song_params(request, song) | (extra_params or {}) | numbered
        made_by = provenance("melody", params, seed, model.name, model.hash)
        candidates = (
            generate_melody(options, request, model, made_by, [seed, number, turn])
            for turn in range(request.rank)
        )
        yield min(candidates, key=distance_from_real) if request.rank > 1 else next(candidates)


def generate_melody(
    options: MelodyOptions,
    request: MelodyRequest,
    model: MelodyModel,
    made_by: MadeBy,
    seed_words: list[int],
) -> GeneratedMelody:
    """Sample one melody; `seed_words` seed its random generators."""
    plan = with_repeats(options, request.form, np.random.default_rng([*seed_words, FORM]))
    rng = np.random.default_rng([*seed_words, NOTES])
    draft = MelodySampler(model, options.backing, plan, options.limits, rng).sample()
    return GeneratedMelody(
        add_melody(options, new_notes(draft, options), made_by), options, draft.nats_per_note
    )


def new_notes(draft: MelodyDraft, options: MelodyOptions) -> list[Any]:
    """Return the notes of a draft that are not in the song already."""
    pairs = zip(draft.notes, draft.is_given, strict=True)
    return [note for note, is_given in pairs if not (is_given and options.own)]


def distance_from_real(generated: GeneratedMelody) -> float:
    """Return the distance of a melody from real ones; see realism.score."""
    return score(generated.song, generated.nats_per_note)


def song_params(request: MelodyRequest, song: Song) -> dict[str, Any]:
    """Return the request as params for `made_by`, with the `made_by` of the song as "over"."""
    params = request_params(request, rhythm_like=None, motif=None, sampling=None)
    over = {"over": msgspec.to_builtins(song.made_by)} if song.made_by else {}
    sampling: dict[str, Any] = msgspec.to_builtins(request.sampling)
    return params | sampling | over


def event_ids(generated: GeneratedMelody) -> list[int]:
    """Return the melody as ids of datasets.melody_events."""
    notes = quantize_melody(generated.song.tracks[-1].notes)
    return [event.id for event in encode_melody(notes, generated.options.backing.bars)]
