"""Progressions as Songs: seeds, chord fields, performance, spelling and explanations."""

from itertools import pairwise

import pytest

from muse.tools.chords.explain import explain_progression
from muse.tools.chords.generate_songs import chord_codes, generate_songs
from muse.tools.chords.load_model import load_model
from muse.tools.chords.request import ChordRequest
from muse.tools.chords.to_song import spell_as_degree, spell_as_leading, with_readable_root
from muse.tools.datasets.chord_events import STYLES
from muse.tools.datasets.harmony_columns import chord_of_id
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Alternative, Chord, Key, Song, song_from_json, song_to_json
from muse.tools.song.midi import song_from_midi, song_to_midi
from muse.tools.theory.annotate import annotated
from muse.tools.theory.chords import parse_chord, write_leadsheet
from muse.tools.theory.keys import parse_key
from tests.chord_fakes import FakeModel


@pytest.fixture(scope="module")
def ngram():
    return load_model("ngram")


def generate(model, seed: int = 1, **options: object) -> Song:
    return next(generate_songs(ChordRequest(**options), model, seed))[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES)
def test_same_seed_same_bytes(ngram, style: str) -> None:
    assert song_to_json(generate(ngram, style=style)) == song_to_json(generate(ngram, style=style))


def test_voicing_and_tempo_change_no_chord(ngram) -> None:
    one, other = generate(ngram, key="F"), generate(ngram, key="F", voicing="closed", tempo=99)
    assert [c.symbol for c in one.chords] == [c.symbol for c in other.chords]
    assert [c.pitches for c in one.chords] != [c.pitches for c in other.chords]


def test_several_songs_differ_and_share_their_key(ngram) -> None:
    songs = [song for song, _ in generate_songs(ChordRequest(), ngram, 3, count=4)]
    assert len({tuple(c.symbol for c in song.chords) for song in songs}) == 4
    assert len({song.keys[0] for song in songs}) == 1
    assert song_to_json(songs[0]) != song_to_json(songs[1])


def test_songs_are_valid_and_survive_midi(ngram) -> None:
    song = generate(ngram, bars=8, meter="3/4")
    assert song_from_json(song_to_json(song)) == song
    back = song_from_midi(song_to_midi(song))
    assert [t.notes for t in back.tracks] == [t.notes for t in song.tracks]
    assert [c.symbol for c in back.chords] == [c.symbol for c in song.chords]
    assert back.end_beats() == 24.0


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", ["4/4", "6/8"])
def test_notes_are_within_the_bars_and_ranges(ngram, style: str, meter: str) -> None:
    song = generate(ngram, style=style, meter=meter)
    keys, bass = song.tracks
    end = song.chords[-1].start_beats + song.chords[-1].duration_beats
    assert all(n.start_beats + n.duration_beats <= end for t in song.tracks for n in t.notes)
    assert all(28 <= n.pitch <= 50 for n in bass.notes)
    assert all(41 <= n.pitch <= 84 for n in keys.notes)
    assert all(a.start_beats + a.duration_beats <= b.start_beats for a, b in pairwise(bass.notes))


def test_bass_plays_the_bass_of_each_chord_first(ngram) -> None:
    song = generate(ngram, bars=16)
    for chord in song.chords:
        first = min(song.tracks[1].notes, key=lambda n: abs(n.start_beats - chord.start_beats))
        assert first.pitch % 12 == chord.bass_pc


def test_all_fields_of_chords_are_filled(ngram) -> None:
    song = generate(ngram, prompt="Ebmaj9 Cm11")
    for chord in song.chords:
        assert chord.roman and chord.function_code is not None and chord.pitches
        assert 0 <= (chord.probability or 0) <= 1
        assert len(chord.alternatives or ()) == 3
        alternatives = [a.probability for a in chord.alternatives or ()]
        assert alternatives == sorted(alternatives, reverse=True)
    assert [c.symbol for c in song.chords[:2]] == ["Ebmaj9", "Cm11"]
    assert song.made_by and song.made_by.seed == 1 and song.made_by.model_hash


def test_probability_of_an_alternative_above_1_is_an_error() -> None:
    chord = Chord(0.0, 4.0, "C", alternatives=[Alternative("F", 1.5)])
    with pytest.raises(BadInputError, match="chord out of range"):
        song_from_json(song_to_json(Song(chords=[chord])))


def test_chord_codes_are_those_of_the_vocabulary(ngram) -> None:
    song, sampled = next(generate_songs(ChordRequest(style="pop"), ngram, 4))
    for row, chord in zip(chord_codes(song, sampled), song.chords, strict=True):
        assert chord_of_id(row["predicted_id"]) == (row["gen_root_pc"], row["gen_quality"])
        assert row["gen_function"] == chord.function_code


def test_jazz_extends_triads_to_sevenths(ngram) -> None:
    symbols = {c.symbol for n in range(5) for c in generate(ngram, n, style="jazz", key="C").chords}
    assert not symbols & {"C", "F", "G", "Dm", "Am"}


@pytest.mark.parametrize(
    ("symbol", "following", "written"),
    [
        ("Abdim7", "Am7", "G#dim7"),
        ("Ebdim7", "Dm7", "Ebdim7"),
        ("Gbdim7", "G7", "F#dim7"),
        ("Dbdim7", "Bb", "C#dim7"),
        ("C#13", "Cmaj7", "Db13"),
        ("F#13", "Fmaj7", "Gb13"),
        ("F#13", "Dm", "Gb13"),
        ("G7/B", "C", "G7/B"),
    ],
)
def test_spelling_depends_on_the_next_chord(symbol: str, following: str, written: str) -> None:
    after = parse_chord(following)
    found = spell_as_leading(spell_as_degree(parse_chord(symbol), after, parse_key("C")), after)
    assert write_leadsheet(found) == written


@pytest.mark.parametrize(
    ("symbol", "written"),
    [
        ("Bbbmaj9", "Amaj9"),
        ("Fb/Ab", "E/G#"),
        ("Cbmaj9", "Cbmaj9"),
        ("B#7", "C7"),
        ("N.C.", "N.C."),
    ],
)
def test_roots_are_respelled_as_in_lead_sheets(symbol: str, written: str) -> None:
    assert write_leadsheet(with_readable_root(parse_chord(symbol))) == written


def explain(*symbols: str, key: str = "C") -> list[str]:
    tonality = parse_key(key)
    chords = [Chord(4.0 * n, 4.0, symbol) for n, symbol in enumerate(symbols)]
    keys = [Key(0.0, tonality.tonic_pc, tonality.mode)]
    return explain_progression(annotated(Song(chords=chords, keys=keys)))


@pytest.mark.parametrize(
    ("symbols", "line", "expected"),
    [
        (("C", "A7", "Dm7", "G7", "C"), 2, "the dominant of D, to which it resolves"),
        (("C", "A7", "F", "G7", "C"), 2, "the dominant of D, without resolution"),
        (
            ("Dm7", "Db7", "Cmaj7"),
            2,
            "for the dominant of C, to which it resolves",
        ),
        (("Fm7", "Bb7", "C"), 2, "backdoor"),
        (("C", "Fm6", "C"), 2, "borrowed from C minor"),
        (("C/E", "F", "C"), 1, "E in the bass"),
        (("C", "G7", "Am"), 3, "a deceptive resolution"),
        (("C", "B7", "Bbmaj7"), 3, "the bass continues in semitones"),
        (("Fmaj7", "Em7b5", "A7", "Dm7"), 2, "the ii of D, before its dominant"),
        (("C", "Dm/C", "C"), 2, "over the same bass"),
        (("C", "G9sus4", "C"), 2, "the dominant, suspended"),
        (("C", "G7"), -1, "a half cadence"),
        (("C", "G7", "C"), -1, "a full cadence"),
        (("C", "F", "C"), -1, "a plagal cadence"),
        (("C", "Bb9", "C"), -1, "a backdoor cadence"),
        (("C", "Db9", "C"), -1, "tritone substitute"),
        (("C", "F"), -1, "stays open, on IV"),
    ],
)
def test_explanations(symbols: tuple[str, ...], line: int, expected: str) -> None:
    assert expected in explain(*symbols)[line]


def test_explanations_spell_targets_as_chord_roots() -> None:
    lines = explain("Gb", "Dbm9", "Gb13", "Cbmaj9", "F7", "Bbm", key="Gb")
    assert lines[0] == "in Gb major"
    assert "the ii of Cb, before its dominant" in lines[2]
    assert "the dominant of Cb, to which it resolves" in lines[3]


def test_deceptive_resolution_in_minor() -> None:
    assert "a deceptive resolution" in explain("Am", "E7", "Fmaj7", key="Am")[3]
    assert "a deceptive resolution" not in explain("Am", "E7", "F#m7b5", key="Am")[3]


def test_every_progression_can_be_explained() -> None:
    for song, _ in generate_songs(ChordRequest(bars=32), FakeModel(), 0, count=5):
        assert len(explain_progression(song)) == len(song.chords) + 2


def test_unknown_models_and_invalid_counts_are_errors() -> None:
    with pytest.raises(ParameterError, match="--model must be auto, transformer"):
        load_model("oracle")
    with pytest.raises(ParameterError, match="--count"):
        next(generate_songs(ChordRequest(), FakeModel(), 0, count=0))
