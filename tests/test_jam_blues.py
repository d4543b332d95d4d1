"""The twelve-bar blues, and minor keys with a raised seventh, in the chords of a jam."""

from collections.abc import Sequence

import numpy as np
import pytest

from muse.tools.chords.load_model import load_model
from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import (
    KINDS,
    extract_beat_features,
    metrical_position,
)
from muse.tools.jam.harmony.blues_form import BARS, BluesForm
from muse.tools.jam.harmony.key_tracker import KeyTracker
from muse.tools.jam.harmony.parameters import load_harmony_parameters
from muse.tools.song.document import Meter
from muse.tools.theory.keys import parse_key, tonality
from muse.tools.training.jam.generated_songs import IDIOMS, generate_blues, generate_minor
from tests.test_jam_chord_decider import jam

FOUR = Meter(0.0, 4, 4)
FORM = (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)  # roots above the tonic
# two notes a beat are eighths; semitones above the tonic
LICKS = (
    "0,3 4 7 10",
    "12 10 7,6 5",
    "0 4 7,9 10",
    "10 7 4,3 0",
    "5 9 12 15",
    "14 12 9,8 5",
    "7 4,3 0 -2",
    "0 3,4 7 9",
    "7 11 14 17",
    "15,14 12 9 5",
    "4 7,10 12 7",
    "7,5 2 -1 2",
)
MINOR = "0 3 7 3 5 8 5 3 7 11 14 11 12 7 3 0"  # Am Dm E7 Am, two times with other notes
MINOR_TOO = "12 11 12 7 8 5 2 5 11 8 7 2 3 2 0 0"


def notes_of(bars: Sequence[str], tonic: int) -> list[SoloNote]:
    """Return the notes of words, each one beat long."""
    words = [word for bar in bars for word in bar.split()]
    found = []
    for beat, word in enumerate(words):
        steps = [int(step) for step in word.split(",")]
        length = 1 / len(steps)
        found += [
            SoloNote(60 + tonic + step, 90, beat + i * length, beat + (i + 0.9) * length)
            for i, step in enumerate(steps)
        ]
    return found


@pytest.mark.parametrize("tonic", [5, 10])
def test_chords_of_a_blues_are_dominant_sevenths_in_its_form(tonic: int) -> None:
    decisions = jam(load_model("transformer"), notes_of(LICKS * 2, tonic), 96, key=None)
    roots = [(tonic + root) % 12 for root in FORM * 2 for _ in range(4)]
    right = [d.symbol.root_pc == root for d, root in zip(decisions, roots, strict=True)]
    assert np.mean(right) >= 0.75
    assert decisions[-1].key.tonality == tonality(tonic, "major")
    later = decisions[48:]
    assert np.mean([d.symbol.quality in ("7", "9") for d in later]) >= 0.8


def test_chords_of_a_minor_key_with_a_raised_seventh() -> None:
    notes = notes_of([MINOR, MINOR_TOO] * 2, -3)
    decisions = jam(load_model("transformer"), notes, 64, key=None)
    assert {d.key.tonality for d in decisions[16:]} == {parse_key("A minor")}


@pytest.mark.parametrize("idiom", IDIOMS)
def test_keys_of_generated_melodies(idiom: str) -> None:
    """The seed is not one that the tables were fitted to."""
    rng, right = np.random.default_rng(2000), []
    for _ in range(12):
        song, tracker = IDIOMS[idiom](rng), KeyTracker(load_harmony_parameters())
        for beat in range(len(song.triads)):
            near = [note for note in song.notes if beat - 4 < note.start_beat < beat + 1]
            tracker.add_beat(extract_beat_features(near, beat, metrical_position(beat, FOUR)))
        is_blues = tracker.blues_probability > 0.5
        right.append((tracker.key.tonality, is_blues) == (song.key_at(0.0), idiom == "blues"))
    assert np.mean(right) >= 0.9


def test_a_given_major_key_may_be_a_blues() -> None:
    for key, is_blues in (("F", True), ("Fm", False)):
        tracker = KeyTracker(load_harmony_parameters(), parse_key(key))
        notes = notes_of(LICKS, 5)
        for beat in range(48):
            tracker.add_beat(extract_beat_features(notes, beat, metrical_position(beat, FOUR)))
        assert tracker.key.tonality == parse_key(key) and tracker.key.confidence == 1.0
        assert (tracker.blues_probability > 0.5) == is_blues


def test_form_starts_with_the_player_and_knows_its_bar() -> None:
    form, notes, tonic = BluesForm(), notes_of(LICKS, 7), 7
    late = [SoloNote(n.pitch, 90, n.start_beat + 8, (n.end_beat or 0) + 8) for n in notes]
    for beat in range(8 + 48):
        features, position = (
            extract_beat_features(late, beat, beat % 4),
            metrical_position(beat, FOUR),
        )
        bar, triads = (beat - 8) // 4, form.predict(features, position, tonic)
        if beat >= 8:
            assert form.bars_at(position)[tonic].argmax() == bar
            assert int(triads.argmax()) // len(KINDS) in BARS[bar]
        assert triads.sum() == pytest.approx(1.0)
        form.add_beat(features, position)
    assert form.probability(tonic) > 0.9


def test_form_is_given_up_over_other_chords() -> None:
    form = BluesForm()
    notes = notes_of(["7 11 14 17", "5 9 12 15"] * 12, 0)
    for beat in range(96):
        position = metrical_position(beat, FOUR)
        form.add_beat(extract_beat_features(notes, beat, position), position)
    assert form.probability(0) < 0.1


def test_generated_songs_depend_on_the_seed_only() -> None:
    for generate in (generate_blues, generate_minor):
        one, again, other = (generate(np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert one.notes == again.notes != other.notes
        assert len(one.triads) == 4 * round(len(one.triads) / 4)
