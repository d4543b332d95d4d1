"""Requests as text: what is left out is drawn, what is given is read, songs are gone on with."""

import numpy as np
import pytest

from muse.tools.chords.constraints import Constraints
from muse.tools.chords.generate_songs import generate_songs
from muse.tools.chords.request import ChordRequest, resolve
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track
from muse.tools.theory.chords import write_leadsheet
from tests.chord_fakes import FakeModel


def task_of(seed: int = 0, **asked: object):
    request = ChordRequest(**asked)  # type: ignore[arg-type]
    return resolve(request, np.random.default_rng(seed), np.random.default_rng(seed))


def given(constraints: Constraints) -> list[tuple[str, float]]:
    return [(write_leadsheet(p.symbol), p.duration_beats) for p in constraints.prompt]


def song_in_g() -> Song:
    symbols = ("G", "Em7", "Am7", "D7")
    return Song(
        tempos=[Tempo(0.0, 77.0)],
        meters=[Meter(0.0, 4, 4)],
        keys=[Key(0.0, 7, "major")],
        chords=[Chord(4.0 * n, 4.0, symbol) for n, symbol in enumerate(symbols)],
    )


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Ebmaj9 Cm11", [("Ebmaj9", 4.0), ("Cm11", 4.0)]),
        ("Ebmaj9, Cm11", [("Ebmaj9", 4.0), ("Cm11", 4.0)]),
        ("Eb:maj9 C:min7/b3", [("Ebmaj9", 4.0), ("Cm7/Eb", 4.0)]),
        ("| Ebmaj9 . Cm11 . | % |", [("Ebmaj9", 2.0), ("Cm11", 2.0)] * 2),
        ("Ebmaj9 | Fm7 Bb7", [("Ebmaj9", 4.0), ("Fm7", 2.0), ("Bb7", 2.0)]),
        ("ii7 V7 | I", [("Fm7", 2.0), ("Bb7", 2.0), ("Eb", 4.0)]),
    ],
)
def test_prompts(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert given(task_of(prompt=prompt, key="Eb").constraints) == expected


def test_a_prompt_without_bars_has_the_harmonic_rhythm() -> None:
    constraints = task_of(prompt="C F", key="C", rhythm="2").constraints
    assert given(constraints) == [("C", 2.0), ("F", 2.0)]


def test_the_key_is_that_of_the_prompt_or_of_the_song_or_drawn() -> None:
    assert task_of(prompt="Dm7 G7 Cmaj7").constraints.key.name == "C major"
    assert task_of(like=song_in_g()).constraints.key.name == "G major"
    assert task_of(like=song_in_g(), mode="minor").constraints.key.name == "E minor"
    assert task_of(key="Cm").constraints.key.name == "C minor"
    assert task_of(key="C", mode="minor").constraints.key.name == "C minor"
    assert task_of(mode="minor").constraints.key.mode == "minor"
    assert len({task_of(seed).constraints.key for seed in range(30)}) > 8


def test_a_song_lends_metre_and_tempo_and_its_chords_come_before() -> None:
    task = task_of(like=song_in_g(), bars=4)
    assert (task.bpm, task.meter.numerator) == (77.0, 4)
    assert [step.duration_beats for step in task.constraints.past] == [4.0] * 4
    assert task_of(like=song_in_g(), tempo=100).bpm == 100.0


def test_a_song_is_moved_to_the_key_asked_for() -> None:
    constraints = task_of(like=song_in_g(), key="A").constraints
    assert constraints.past == task_of(like=moved_up(song_in_g()), key="A").constraints.past


def moved_up(song: Song) -> Song:
    symbols = ("A", "F#m7", "Bm7", "E7")
    chords = [Chord(4.0 * n, 4.0, symbol) for n, symbol in enumerate(symbols)]
    return Song(keys=[Key(0.0, 9, "major")], chords=chords, meters=song.meters)


def test_varied_songs_keep_their_rhythm_and_some_of_their_chords() -> None:
    request = ChordRequest(like=song_in_g(), vary=True)
    made, _ = next(generate_songs(request, FakeModel(), 5))
    assert [(c.start_beats, c.duration_beats) for c in made.chords] == [
        (4.0 * n, 4.0) for n in range(4)
    ]
    own = [chord.symbol for chord in song_in_g().chords]
    kept = sum(chord.symbol == before for chord, before in zip(made.chords, own, strict=True))
    assert 0 < kept < 4


def test_chords_of_a_song_that_has_none_are_heard() -> None:
    notes = [
        Note(4.0 * bar, 4.0, pitch, 80)
        for bar, root in enumerate((48, 53, 55, 48))
        for pitch in (root, root + 4, root + 7)
    ]
    constraints = task_of(like=Song(tracks=[Track(notes=notes)]), key="C").constraints
    assert len(constraints.past) == 4


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"style": "polka"}, "--style must be one of pop"),
        ({"mode": "dorian"}, "--mode must be one of major, minor"),
        ({"cadence": "deceptive"}, "--cadence must be one of"),
        ({"voicing": "wide"}, "--voicing must be one of"),
        ({"key": "H"}, "--key: 'H'"),
        ({"key": "Am", "mode": "major"}, "contradicts --mode major"),
        ({"meter": "4"}, "--meter"),
        ({"meter": "3/16"}, "eighths"),
        ({"tempo": 5}, "--tempo"),
        ({"vary": True}, "--like"),
        ({"rhythm": "fast"}, "--harmonic-rhythm"),
        ({"prompt": ""}, "no chords"),
        ({"prompt": "| |"}, "--prompt"),
        ({"prompt": "C X"}, "cannot be read|not a known chord"),
        ({"like": song_in_g(), "vary": True, "bars": 5}, "4 bars"),
        ({"like": song_in_g(), "vary": True, "prompt": "C"}, "--prompt"),
    ],
)
def test_requests_that_make_no_sense_are_refused(asked: dict, reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        task_of(**asked)


def test_a_song_without_anything_to_hear_is_refused() -> None:
    with pytest.raises(BadInputError, match="no chords"):
        task_of(like=Song(), key="C")
