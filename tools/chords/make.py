"""Requests to Songs: what `muse chords` does.

Same seed, same bytes: each song of a request has dice of its own for its chords and for its
players, so that another voicing or tempo changes no chord.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from muse.tools.chords.generate import Drawn, generate
from muse.tools.chords.harmonize.melody import tell_what_is_left_out, warn_of_key
from muse.tools.chords.harmonize.search import harmonise
from muse.tools.chords.model import ChordModel
from muse.tools.chords.request import Request, Task, resolved
from muse.tools.chords.to_song import song_of
from muse.tools.errors import ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.generation.seeds import check_seed
from muse.tools.song.document import Song
from muse.tools.song.provenance import provenance, request_params

MAX_COUNT = 1000
CHORDS, PLAYERS = 0, 1  # what the dice of a song are for


def songs(
    request: Request, model: ChordModel, seed: int, count: int = 1, source: str | None = None
) -> Iterator[tuple[Song, list[Drawn]]]:
    """Progressions as Songs, and each as it was drawn.

    Args:
        request: what is asked.
        model: who is asked.
        seed: 0 or more.
        count: how many.
        source: what to call the song that is continued, or whose melody gets chords, in what the
            Song tells of its making.

    Raises:
        ParameterError: what is asked cannot be.
        BadInputError: the song to continue has no chords, or the one to harmonise no melody.
    """
    if not 1 <= count <= MAX_COUNT:
        raise ParameterError(f"--count is 1 to {MAX_COUNT}, not {count}")
    check_seed(seed)
    params = song_params(request, source)
    name = {"-": "standard input", None: "the song"}.get(source) or str(source)
    for number in range(count):
        dice = np.random.default_rng([seed, number, CHORDS])
        task = resolved(request, np.random.default_rng(seed), dice, name)
        if request.under is not None and number == 0:
            tell_what_is_left_out(request.under)
            if request.key is None:
                warn_of_key(request.under)
        drawn = chords_of(task, model, request.sampling, dice)
        own = params | ({"number": number + 1} if count > 1 else {})
        made_by = provenance("chords", own, seed, model.name, model.hash)
        players = np.random.default_rng([seed, number, PLAYERS])
        yield song_of(drawn, task, made_by, players), drawn


def chords_of(
    task: Task, model: ChordModel, sampling: Sampling, dice: np.random.Generator
) -> list[Drawn]:
    """The chords of a task: under its melody, or free."""
    if task.melody is None:
        return generate(model, task.frame, sampling, dice)
    return harmonise(model, task.frame, task.melody, sampling, dice)


def song_params(request: Request, source: str | None) -> dict[str, Any]:
    """Return what the request sets, with the name of its song in place of the song itself."""
    like = source if request.like is not None else None
    under = source if request.under is not None else None
    sampling: dict[str, Any] = msgspec.to_builtins(request.sampling)
    return request_params(request, like=like, under=under, sampling=None) | sampling


def raw(song: Song, drawn: list[Drawn]) -> list[dict[str, int | None]]:
    """The chords as numbers: id, root, quality and function, as nets that follow take them."""
    return [
        {
            "predicted_id": each.chord_id,
            "gen_root_pc": chord.root_pc,
            "gen_quality": chord.quality_code,
            "gen_function": chord.function_code,
        }
        for each, chord in zip(drawn, song.chords, strict=True)
    ]
