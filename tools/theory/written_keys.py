"""Weigh the signature of C major against the notes of a song.

Programs write C major without sharps where no key was chosen: sequencers into MIDI files, notation
programs into MusicXML. Such a signature, alone in its song, is overruled where the notes clearly
are in another key. Keys that a person types are not weighed: those of charts and of ABC, where a
tune without `K:` has no key. A signature of A minor has been chosen too.
"""

import logging
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from muse.tools.song.document import Key, Song
from muse.tools.theory.key_finding import find_keys, key_fits, keys_of_notes, pitch_class_weights
from muse.tools.theory.key_profiles import MODES
from muse.tools.theory.keys import tonality_of
from muse.tools.theory.sounding_notes import NoteArrays, sounding_notes

log = logging.getLogger("muse")

C_MAJOR: Final = 0  # number of the key
A_PC: Final = 9
# correlation with the notes that a key must gain over C major; with it, 1 of 208 songs of POP909 in
# C major is taken for another, and 97 % of those marked wrong are found
MARGIN: Final = 0.2
MOST_NAMED = 4  # keys in a message


def with_weighed_keys(song: Song, name: str) -> Song:
    """Return the song with the keys of its notes where it is wrongly marked as C major; says so.

    Args:
        song: with its written keys.
        name: of its file, for the message.
    """
    keys = weighed_keys(song)
    if keys == song.keys:
        return song
    names = [tonality_of(key).name for key in keys]
    more = " ..." if len(names) > MOST_NAMED else ""
    log.info(
        "%s: marked as C major, which many programs write by default; its notes are in %s",
        name,
        ", then ".join(names[:MOST_NAMED]) + more,
    )
    return msgspec.structs.replace(song, keys=keys)


def weighed_keys(song: Song) -> list[Key]:
    """Return the written keys, or those of the notes if they overrule a lone C major."""
    if not is_lone_c_major(song.keys):
        return song.keys
    notes = sounding_notes(song)
    # without the search for chords, which takes longer
    if not any(overrules(keys_of_notes(notes), notes)):
        return song.keys
    found = find_keys(song)
    is_other = without_relatives(found, overrules(found, notes), notes.end_beats)
    if not any(is_other):
        return song.keys
    home = [Key(key.beat, 0, "major") for key in found]
    return without_repeats(
        key if other else c for key, c, other in zip(found, home, is_other, strict=True)
    )


def is_lone_c_major(keys: Sequence[Key]) -> bool:
    """Return whether all keys are C major, as written."""
    return bool(keys) and all(key == Key(key.beat, 0, "major") for key in keys)


def overrules(keys: Sequence[Key], notes: NoteArrays) -> list[bool]:
    """Return for each key whether the notes in its stretch fit it clearly better than C major."""
    if not keys:
        return []
    edges = np.array([*(key.beat for key in keys), max(notes.end_beats, keys[-1].beat) + 1.0])
    fits = key_fits(pitch_class_weights(notes, edges))
    numbers = [key.tonic_pc + 12 * MODES.index(key.mode) for key in keys]
    return [
        bool(row[number] - row[C_MAJOR] >= MARGIN)
        for row, number in zip(fits, numbers, strict=True)
    ]


def without_relatives(keys: Sequence[Key], is_other: Sequence[bool], end: float) -> list[bool]:
    """Return the verdicts; A minor, whose signature is the same, counts if it lasts longest."""
    is_relative = [(key.tonic_pc, key.mode) == (A_PC, "minor") for key in keys]
    if is_longest(is_relative, keys, end):
        return list(is_other)
    return [other and not relative for other, relative in zip(is_other, is_relative, strict=True)]


def is_longest(chosen: Sequence[bool], keys: Sequence[Key], end: float) -> bool:
    """Return whether the chosen keys last for at least half of the time up to the end."""
    beats = [*(key.beat for key in keys), end]
    lasting = [later - beat for beat, later in pairwise(beats)]
    return 2 * float(np.sum(np.compress(chosen, lasting))) >= end


def without_repeats(keys: Iterable[Key]) -> list[Key]:
    """Return the keys without those that repeat the one before."""
    kept: list[Key] = []
    for key in keys:
        if not kept or (kept[-1].tonic_pc, kept[-1].mode) != (key.tonic_pc, key.mode):
            kept.append(key)
    return kept
