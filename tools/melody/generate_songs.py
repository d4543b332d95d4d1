"""Requests to Songs: what `muse melody` does.

Same seed, same bytes: each melody of a request has dice of its own, and so has each of those that
are ranked.
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

FORM, NOTES = 0, 1  # what the dice of a melody are for


@dataclass(frozen=True)
class GeneratedMelody:
    """A song with its melody.

    Attributes:
        song: whole.
        task: what was composed.
        nats_per_note: how unlikely the model finds the melody.
    """

    song: Song
    task: MelodyOptions
    nats_per_note: float


def melodies(
    song: Song,
    request: MelodyRequest,
    model: MelodyModel,
    seed: int,
    count: int = 1,
    told: dict[str, Any] | None = None,
) -> Iterator[GeneratedMelody]:
    """The song with a melody, in so many ways.

    Args:
        song: with chords, or with tracks to hear them in.
        request: what is asked.
        model: who is asked.
        seed: 0 or more.
        count: how many.
        told: what else the Song is to tell of its making, such as names of files.

    Raises:
        ParameterError: what is asked cannot be.
        BadInputError: no chords, or no melody where one is to go on.
    """
    if not 1 <= count <= MAX_COUNT:
        raise ParameterError(f"--count is 1 to {MAX_COUNT}, not {count}")
    check_seed(seed)
    task = resolve(song, request)
    for number in range(count):
        own = {"number": number + 1} if count > 1 else {}
        params = song_params(request, song) | (told or {}) | own
        made_by = provenance("melody", params, seed, model.name, model.hash)
        tries = (
            made(task, request, model, made_by, [seed, number, turn])
            for turn in range(request.rank)
        )
        yield min(tries, key=distance_from_real) if request.rank > 1 else next(tries)


def made(
    task: MelodyOptions,
    request: MelodyRequest,
    model: MelodyModel,
    made_by: MadeBy,
    dice: list[int],
) -> GeneratedMelody:
    """One melody, drawn with these dice."""
    plan = with_repeats(task, request.form, np.random.default_rng([*dice, FORM]))
    rng = np.random.default_rng([*dice, NOTES])
    draft = MelodySampler(model, task.backing, plan, task.limits, rng).written()
    return GeneratedMelody(
        add_melody(task, new_notes(draft, task), made_by), task, draft.nats_per_note
    )


def new_notes(draft: MelodyDraft, task: MelodyOptions) -> list[Any]:
    """The notes that are not the song's own."""
    pairs = zip(draft.notes, draft.is_given, strict=True)
    return [note for note, is_given in pairs if not (is_given and task.own)]


def distance_from_real(made: GeneratedMelody) -> float:
    """How far a melody is from those of songs."""
    return score(made.song, made.nats_per_note)


def song_params(request: MelodyRequest, song: Song) -> dict[str, Any]:
    """Repeat what the request sets and, as "over", the `made_by` of the song with the chords."""
    own = request_params(request, rhythm_like=None, motif=None, sampling=None)
    over = {"over": msgspec.to_builtins(song.made_by)} if song.made_by else {}
    sampling: dict[str, Any] = msgspec.to_builtins(request.sampling)
    return own | sampling | over


def event_ids(made: GeneratedMelody) -> list[int]:
    """The melody as ids of forms.melody_events."""
    notes = quantize_melody(made.song.tracks[-1].notes)
    return [event.id for event in encode_melody(notes, made.task.backing.bars)]
