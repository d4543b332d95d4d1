"""Scores of a transcription against the true Song: per instrument, over all notes, and drums.

Conventions: the two Songs are compared in seconds, each by its own tempo map; `note_scores` defines
the scores.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from muse.tools.evaluation.note_scores import (
    ONSET_TOLERANCES,
    Notes,
    match,
    notes_in_seconds,
    ratios,
    score_drums,
    score_notes,
)
from muse.tools.song.document import Song, Track
from muse.tools.song.midi import load_song
from muse.tools.song.provenance import provenance_dict

FORMAT = "muse.evaluation/1"

Scores = dict[str, Any]
TrackNotes = tuple[Track, Notes]  # a track and its notes in seconds


def pitched_tracks(song: Song) -> list[TrackNotes]:
    """Return the tracks with notes that are not drums, each with its notes in seconds."""
    time = song.tempo_map()
    tracks = [track for track in song.tracks if track.notes and not track.is_drum]
    return [(track, notes_in_seconds([track], time)) for track in tracks]


def drum_notes(song: Song) -> Notes:
    """Return the notes of all drum tracks, in seconds."""
    return notes_in_seconds([track for track in song.tracks if track.is_drum], song.tempo_map())


def pitched_notes(song: Song) -> Notes:
    """Return the notes of all tracks that are not drums, in seconds."""
    return notes_in_seconds([track for track in song.tracks if not track.is_drum], song.tempo_map())


def track_similarity(truth: TrackNotes, estimate_track: TrackNotes) -> tuple[bool, bool, float]:
    """Return a sort key for similarity: equal role, then equal name, then onset F1."""
    pairs = match(truth[1], estimate_track[1], ONSET_TOLERANCES["50ms"])
    return (
        truth[0].role == estimate_track[0].role != "other",
        truth[0].name.casefold() == estimate_track[0].name.casefold(),
        ratios(len(pairs), len(truth[1]), len(estimate_track[1]))["f1"],
    )


def pair_tracks(truths: Sequence[TrackNotes], estimates: Sequence[TrackNotes]) -> list[int | None]:
    """Return the index of the estimated track for each true one; None if none is similar.

    The most similar pair is taken first, and each track once.
    """
    candidates = [
        (track_similarity(truth, estimate_track), -i, -j)  # on a tie, the first
        for i, truth in enumerate(truths)
        for j, estimate_track in enumerate(estimates)
    ]
    partners: list[int | None] = [None] * len(truths)
    for alike, i, j in sorted(candidates, reverse=True):
        if any(alike) and partners[-i] is None and -j not in partners:
            partners[-i] = -j
    return partners


def score_instruments(reference: Song, estimate: Song) -> list[Scores]:
    """Return note scores of each pitched reference track, then of the unpaired estimated tracks."""
    truths, estimates = pitched_tracks(reference), pitched_tracks(estimate)
    partners = pair_tracks(truths, estimates)
    rows = [
        score_pair(truth, None if j is None else estimates[j])
        for truth, j in zip(truths, partners, strict=True)
    ]
    return rows + [score_pair(None, h) for j, h in enumerate(estimates) if j not in partners]


def score_pair(truth: TrackNotes | None, estimate_track: TrackNotes | None) -> Scores:
    """Return the scores of one instrument; either of the two may be missing."""
    nothing = (Track(), notes_in_seconds([], Song().tempo_map()))
    track, notes = truth or nothing
    other, other_notes = estimate_track or nothing
    return {
        "reference": track.name if truth else None,
        "estimate": other.name if estimate_track else None,
        "role": track.role if truth else other.role,
        **score_notes(notes, other_notes),
    }


def score_transcription(reference: Song, estimate: Song) -> Scores:
    """Score an estimated Song against the true one.

    Args:
        reference: the truth.
        estimate: the transcription; its beats may differ, times are compared in seconds.

    Returns:
        `pitched`: scores over all pitched notes of all tracks; `instruments`: a list of scores per
        track, with the names of both; `drums`: scores per class, or None if neither has drums.
    """
    drums, estimated_drums = drum_notes(reference), drum_notes(estimate)
    return {
        "pitched": score_notes(pitched_notes(reference), pitched_notes(estimate)),
        "instruments": score_instruments(reference, estimate),
        "drums": score_drums(drums, estimated_drums)
        if len(drums) or len(estimated_drums)
        else None,
    }


def evaluate_transcription(reference: str | Path, estimate: str | Path) -> Scores:
    """Score two files (MIDI or Song documents; '-' is standard input), with provenance.

    Raises:
        BadInputError: a file cannot be read.
    """
    params = {"reference": str(reference), "estimate": str(estimate)}
    return {
        "format": FORMAT,
        **score_transcription(load_song(reference), load_song(estimate)),
        "made_by": provenance_dict("eval transcription", params),
    }
