"""Melodies over altered chords, avoid notes and new keys."""

from itertools import pairwise

import numpy as np
import pytest

from muse.tools.datasets.melody_events import PITCHES, STEPS, StepNote, quantize_melody
from muse.tools.melody.chord_rules import ChordRules, rules_of
from muse.tools.melody.columns import ADVANCES
from muse.tools.melody.generate_songs import generate_melodies
from muse.tools.melody.request import MelodyRequest, resolve
from muse.tools.song.document import Chord, Key, Song
from tests.melody_fakes import FakeModel, only, song_over

C, D, E_FLAT, E, F, F_SHARP, G, G_SHARP, A, B_FLAT, B = 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
C_MAJOR = frozenset((C, D, E, F, G, A, B))
BAR = 4 * STEPS
EIGHTHS = only(5, len(ADVANCES))
PITCH_CLASSES = np.arange(PITCHES) % 12
# write eighths; the first one prefers no pitch, the other one prefers C# and F
EVEN = FakeModel(fixed={"pitches": np.full(PITCHES, 1 / PITCHES), "advances": EIGHTHS})
UNEVEN = FakeModel(
    fixed={"pitches": np.where(np.isin(PITCH_CLASSES, [1, F]), 0.03, 0.002), "advances": EIGHTHS}
)


def notes_over(symbols: str, bars: int, model: FakeModel = EVEN) -> list[StepNote]:
    """Return a melody of bars in C major over chords of a bar each."""
    song = song_over([4.0] * bars, symbols.split())
    made = next(generate_melodies(song, MelodyRequest(form="none"), model, 1))
    return quantize_melody(made.song.tracks[-1].notes)


@pytest.mark.parametrize(
    ("symbol", "replaced", "leading"),
    [
        ("E7", {G}, {G_SHARP}),
        ("D7", {F}, {F_SHARP}),
        ("Fm", {A}, set()),
        ("C7", {B}, set()),
        ("G7", set(), set()),
        ("E7#9", set(), {G_SHARP}),  # the chord has G itself
        ("N.C.", set(), set()),
    ],
)
def test_altered_tones_replace_those_of_the_key(
    symbol: str, replaced: set[int], leading: set[int]
) -> None:
    rules = rules_of(Chord(0.0, 4.0, symbol), C_MAJOR, C_MAJOR)
    assert (rules.replaced, rules.leading) == (replaced, leading)


def test_avoid_notes_depend_on_chord_and_place() -> None:
    def avoided(symbol: str, is_strong: bool) -> frozenset[int]:
        return rules_of(Chord(0.0, 4.0, symbol), C_MAJOR, C_MAJOR).avoided(is_strong)

    assert avoided("Fmaj7", True) == {F_SHARP, B_FLAT}
    assert avoided("Fmaj7", False) == {F_SHARP}
    assert avoided("G7", True) == {C}  # the b9 of a dominant is a color
    assert avoided("Gsus4", True) == avoided("Am", True) == set()
    assert ChordRules().avoided(True) == set()


def test_a_melody_takes_the_leading_tone_of_a_secondary_dominant() -> None:
    classes = [note.pitch % 12 for note in notes_over("E7", 32)]
    assert classes.count(G_SHARP) > 3 * classes.count(G)


def test_avoid_notes_move_on_by_step() -> None:
    passed = 0
    for note, following in pairwise(notes_over("Cmaj7", 48, UNEVEN)):
        is_fourth = note.pitch % 12 == F and note.start % (2 * STEPS) == 0
        if is_fourth or note.pitch % 12 == 1:
            passed += 1
            assert 1 <= abs(following.pitch - note.pitch) <= 2
            assert following.start - note.start <= STEPS
    assert passed


def test_a_melody_follows_a_change_of_key() -> None:
    song = song_over([4.0] * 24, ["C", "F", "G", "C"] * 3 + ["Eb", "Ab", "Bb", "Eb"] * 3)
    song.keys.append(Key(48.0, E_FLAT, "major"))
    made = next(generate_melodies(song, MelodyRequest(form="none"), EVEN, 1))
    notes = [n for n in quantize_melody(made.song.tracks[-1].notes) if n.start >= 12 * BAR]
    scale = {(E_FLAT + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)}
    assert sum(note.pitch % 12 in scale for note in notes) > 0.85 * len(notes)


def test_a_phrase_before_a_change_ends_on_a_tone_of_both_chords() -> None:
    song: Song = song_over([2.0] * 8, ["C", "G7"])
    backing = resolve(song, MelodyRequest()).backing
    assert backing.phrase_tones(0) == {C, E, G}
    assert backing.phrase_tones(2 * STEPS - 3) == {G}  # begins shortly before the change
