"""Requests for progressions: prompts, keys, songs to continue or vary, and invalid options."""

import numpy as np
import pytest

from muse.tools.chords.constraints import Constraints
from muse.tools.chords.generate_songs import generate_songs
from muse.tools.chords.request import ChordRequest, resolve
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track
from muse.tools.theory.chords import write_leadsheet
from tests.chord_fakes import FakeModel


def resolve_request(seed: int = 0, **options: object):
    request = ChordRequest(**options)  # type: ignore[arg-type]
    return resolve(request, np.random.default_rng(seed), np.random.default_rng(seed))


def prompt_of(constraints: Constraints) -> list[tuple[str, float]]:
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
def test_prompts_are_read(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert prompt_of(resolve_request(prompt=prompt, key="Eb").constraints) == expected


def test_prompt_without_bars_uses_the_harmonic_rhythm() -> None:
    constraints = resolve_request(prompt="C F", key="C", rhythm="2").constraints
    assert prompt_of(constraints) == [("C", 2.0), ("F", 2.0)]


def test_key_of_the_prompt_the_song_or_drawn() -> None:
    assert resolve_request(prompt="Dm7 G7 Cmaj7").constraints.key.name == "C major"
    assert resolve_request(like=song_in_g()).constraints.key.name == "G major"
    assert resolve_request(like=song_in_g(), mode="minor").constraints.key.name == "E minor"
    assert resolve_request(key="Cm").constraints.key.name == "C minor"
    assert resolve_request(key="C", mode="minor").constraints.key.name == "C minor"
    assert resolve_request(mode="minor").constraints.key.mode == "minor"
    assert len({resolve_request(seed).constraints.key for seed in range(30)}) > 8


def test_continued_song_sets_meter_tempo_and_past() -> None:
    options = resolve_request(like=song_in_g(), bars=4)
    assert (options.bpm, options.meter.numerator) == (77.0, 4)
    assert [step.duration_beats for step in options.constraints.past] == [4.0] * 4
    assert resolve_request(like=song_in_g(), tempo=100).bpm == 100.0


def test_continued_song_is_transposed_to_the_requested_key() -> None:
    constraints = resolve_request(like=song_in_g(), key="A").constraints
    assert (
        constraints.past
        == resolve_request(like=transposed_song(song_in_g()), key="A").constraints.past
    )


def transposed_song(song: Song) -> Song:
    symbols = ("A", "F#m7", "Bm7", "E7")
    chords = [Chord(4.0 * n, 4.0, symbol) for n, symbol in enumerate(symbols)]
    return Song(keys=[Key(0.0, 9, "major")], chords=chords, meters=song.meters)


def test_variation_keeps_the_rhythm_and_some_chords() -> None:
    request = ChordRequest(like=song_in_g(), vary=True)
    varied, _ = next(generate_songs(request, FakeModel(), 5))
    assert [(c.start_beats, c.duration_beats) for c in varied.chords] == [
        (4.0 * n, 4.0) for n in range(4)
    ]
    symbols = [chord.symbol for chord in song_in_g().chords]
    unchanged = sum(c.symbol == before for c, before in zip(varied.chords, symbols, strict=True))
    assert 0 < unchanged < 4


def test_missing_chords_of_a_song_are_detected() -> None:
    notes = [
        Note(4.0 * bar, 4.0, pitch, 80)
        for bar, root in enumerate((48, 53, 55, 48))
        for pitch in (root, root + 4, root + 7)
    ]
    constraints = resolve_request(like=Song(tracks=[Track(notes=notes)]), key="C").constraints
    assert len(constraints.past) == 4


@pytest.mark.parametrize(
    ("options", "reason"),
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
def test_invalid_requests_are_errors(options: dict, reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        resolve_request(**options)


def test_song_without_chords_or_notes_is_an_error() -> None:
    with pytest.raises(BadInputError, match="no chords"):
        resolve_request(like=Song(), key="C")
