"""How much of a true Song is in an estimated one: by instrument, over all, and drums by class.

Conventions:
    the two are compared in seconds, each by its own tempo map; what the scores mean is told in
    `note_scores`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from muse.tools.evaluation.note_scores import (
    ONSET_TOLERANCES,
    Notes,
    match,
    notes_of,
    ratios,
    score_drums,
    score_notes,
)
from muse.tools.song.document import Song, Track
from muse.tools.song.midi import load_song
from muse.tools.song.provenance import provenance_dict

FORMAT = "muse.evaluation/1"

Scores = dict[str, Any]
Heard = tuple[Track, Notes]  # a track and its notes in seconds


def pitched_tracks(song: Song) -> list[Heard]:
    """The tracks with notes that are not drums."""
    time = song.tempo_map()
    tracks = [track for track in song.tracks if track.notes and not track.is_drum]
    return [(track, notes_of([track], time)) for track in tracks]


def drum_notes(song: Song) -> Notes:
    """The notes of all drum tracks."""
    return notes_of([track for track in song.tracks if track.is_drum], song.tempo_map())


def pitched_notes(song: Song) -> Notes:
    """The notes of all other tracks."""
    return notes_of([track for track in song.tracks if not track.is_drum], song.tempo_map())


def likeness(truth: Heard, heard: Heard) -> tuple[bool, bool, float]:
    """How alike two tracks are: the role counts most, then the name, then the onset F1."""
    pairs = match(truth[1], heard[1], ONSET_TOLERANCES["50ms"])
    return (
        truth[0].role == heard[0].role != "other",
        truth[0].name.casefold() == heard[0].name.casefold(),
        ratios(len(pairs), len(truth[1]), len(heard[1]))["f1"],
    )


def pair_tracks(truths: Sequence[Heard], heards: Sequence[Heard]) -> list[int | None]:
    """The index of the estimated track for each true one, None where none is like it.

    The most alike pair is taken first, and each track once.
    """
    candidates = [
        (likeness(truth, heard), -i, -j)  # of equal ones, the first
        for i, truth in enumerate(truths)
        for j, heard in enumerate(heards)
    ]
    partners: list[int | None] = [None] * len(truths)
    for alike, i, j in sorted(candidates, reverse=True):
        if any(alike) and partners[-i] is None and -j not in partners:
            partners[-i] = -j
    return partners


def score_instruments(reference: Song, estimate: Song) -> list[Scores]:
    """Note scores of each pitched track of the reference, then of those that it does not have."""
    truths, heards = pitched_tracks(reference), pitched_tracks(estimate)
    partners = pair_tracks(truths, heards)
    rows = [
        score_pair(truth, None if j is None else heards[j])
        for truth, j in zip(truths, partners, strict=True)
    ]
    return rows + [score_pair(None, h) for j, h in enumerate(heards) if j not in partners]


def score_pair(truth: Heard | None, heard: Heard | None) -> Scores:
    """The scores of one instrument; one of the two may be missing."""
    nothing = (Track(), notes_of([], Song().tempo_map()))
    track, notes = truth or nothing
    other, other_notes = heard or nothing
    return {
        "reference": track.name if truth else None,
        "estimate": other.name if heard else None,
        "role": track.role if truth else other.role,
        **score_notes(notes, other_notes),
    }


def score_transcription(reference: Song, estimate: Song) -> Scores:
    """Score an estimated Song against the true one.

    Args:
        reference: the truth.
        estimate: the transcription; its beat grid may differ, times are compared in seconds.

    Returns:
        `pitched`: the scores over all pitched notes, whatever track they are on; `instruments`: a
        list of the same for each track, with the names of both; `drums`: scores by class, or None
        where neither has drums.
    """
    drums, heard_drums = drum_notes(reference), drum_notes(estimate)
    return {
        "pitched": score_notes(pitched_notes(reference), pitched_notes(estimate)),
        "instruments": score_instruments(reference, estimate),
        "drums": score_drums(drums, heard_drums) if len(drums) or len(heard_drums) else None,
    }


def evaluate_transcription(reference: str | Path, estimate: str | Path) -> Scores:
    """Score two files (MIDI or Song documents; '-' is standard input), and say how it was done.

    Raises:
        BadInputError: one of them cannot be read.
    """
    params = {"reference": str(reference), "estimate": str(estimate)}
    return {
        "format": FORMAT,
        **score_transcription(load_song(reference), load_song(estimate)),
        "made_by": provenance_dict("eval transcription", params),
    }
