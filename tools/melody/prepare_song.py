"""Preparation of the song that a melody is written over: chords, tracks and the model's meter."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from muse.tools.datasets.forms.melody import MELODY_NAME
from muse.tools.datasets.melody_events import STEPS
from muse.tools.datasets.melody_songs import MelodyContext, context_of
from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Song, Track
from muse.tools.song.meter import is_compound
from muse.tools.theory.annotate import log_unreadable, symbol_or_unknown
from muse.tools.theory.chords import UNKNOWN_CHORD

log = logging.getLogger("muse")

# meters with enough training songs
TRAINED_METERS = ((4, 4), (3, 4), (2, 4), (2, 2), (6, 4), (6, 8))
FALLBACKS = {"compound": (6, 8), "odd": (3, 4), "even": (4, 4)}


def prepare_song(song: Song, melody: Track | None) -> Song:
    """Return the song with chords and without its melody.

    Args:
        song: with chords, or with tracks to detect them in.
        melody: track of the melody that is continued or filled; None removes every track named as
            a melody.

    Raises:
        BadInputError: there are no chords, none can be detected, or none can be read.
    """
    return with_chords(without_track(song, melody) if melody else without_melody(song))


def without_track(song: Song, removed: Track) -> Song:
    """Return the song without one of its tracks."""
    others = [track for track in song.tracks if track is not removed]
    return msgspec.structs.replace(song, tracks=others)


def without_melody(song: Song) -> Song:
    """Return the song without pitched tracks named as melodies."""
    if any(is_melody(track) and track.notes for track in song.tracks):
        log.info("replacing the song's melody; --continue continues it instead")
    others = [track for track in song.tracks if not is_melody(track)]
    return msgspec.structs.replace(song, tracks=others)


def is_melody(track: Track) -> bool:
    """Return whether a track is named as a melody."""
    return MELODY_NAME.search(track.name) is not None and not track.is_drum


def with_chords(song: Song) -> Song:
    """Return the song with chords, detected if none are written; raises as `prepare_song`."""
    if song.chords:
        check_chords(song.chords)
        return song
    if any(track.notes and not track.is_drum for track in song.tracks):
        from muse.tools.theory.chord_finding import find_chords

        song = msgspec.structs.replace(song, chords=find_chords(song))
    if not song.chords:
        raise BadInputError(
            "the song has no chords to write a melody over; `muse chords` generates some, "
            "`muse chords --under FILE` harmonizes a melody"
        )
    log.info("no chord symbols in the song; using chords detected from its tracks")
    return song


def check_chords(chords: Sequence[Chord]) -> None:
    """Log which chords cannot be read.

    Raises:
        BadInputError: none can be read, or none has a duration.
    """
    symbols = [symbol_or_unknown(chord.symbol) for chord in chords]
    if all(symbol == UNKNOWN_CHORD for symbol in symbols):
        raise BadInputError(
            f"none of the song's chords can be read, such as '{chords[0].symbol}': "
            "write them as Dm7 or D:min7"
        )
    if not any(round(chord.duration_beats * STEPS) for chord in chords):
        raise BadInputError("the song's chords have no duration")
    log_unreadable(chords, symbols)


def model_context(song: Song) -> MelodyContext:
    """Return key, meter and tempo as model input; a similar meter replaces an untrained one."""
    context = context_of(song)
    meter = (context.numerator, context.denominator)
    if meter in TRAINED_METERS:
        return context
    similar = FALLBACKS["compound" if is_compound(*meter) else "odd" if meter[0] % 2 else "even"]
    log.warning(
        "the model was not trained on %d/%d, as too few songs have it; it predicts as in %d/%d",
        *(*meter, *similar),
    )
    return replace(context, numerator=similar[0], denominator=similar[1])
