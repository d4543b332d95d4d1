"""Chords and sections as markers of a MIDI file: recognition and durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.song.document import Chord, Meter, Note, Section, Song, Tempo, Track
from muse.tools.song.midi import song_from_midi, song_to_midi
from muse.tools.song.midi_markers import markers_of

SYMBOLS = ("A", "Dm9", "F#ø7/A", "C6/9", "Bb7(b9,#11)", "N.C.", "G/B", "D:min7/b3", "E♭maj7")


def through_midi(song: Song) -> Song:
    return song_from_midi(song_to_midi(song))


def marked(text: str) -> Song:
    """Return the song of a file whose only marker has this text."""
    return through_midi(Song(chords=[Chord(0.0, 1.0, text)], tracks=[note_until(4.0)]))


def note_until(beat: float) -> Track:
    return Track(notes=[Note(0.0, beat, 60, 64)])


@pytest.mark.parametrize("text", [*SYMBOLS, "N", "X", "NC", "Am", "C7alt", "F#:hdim7/b3"])
def test_symbols_are_chords(text: str) -> None:
    song = marked(text)
    assert (song.chords[0].symbol, song.sections) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "Chorus",
        "Bridge",
        "End",
        "Fade",
        "Coda",
        "D.S.",
        "A section",
        "Verse A",
        "(A)",
        "Break",
        "Amen",
        "H7",
        "C" * 100,
    ],
)
def test_words_are_sections(text: str) -> None:
    song = through_midi(Song(sections=[], chords=[Chord(0.0, 4.0, text)], tracks=[note_until(4.0)]))
    assert [section.label for section in song.sections] == [text]


@pytest.mark.parametrize("label", ["chorus", "A", "Dm7", "", "verse [2]", "][", "サビ"])
def test_a_section_is_never_a_chord(label: str) -> None:
    song = through_midi(Song(sections=[Section(1.0, label)], tracks=[note_until(4.0)]))
    assert (song.sections, song.chords) == ([Section(1.0, label)], [])


def test_a_pause_between_chords_is_written() -> None:
    song = Song(chords=[Chord(0.0, 2.0, "C"), Chord(4.0, 4.0, "G")], tracks=[note_until(8.0)])
    assert through_midi(song).chords == [
        Chord(0.0, 2.0, "C"),
        Chord(2.0, 2.0, "N.C."),
        Chord(4.0, 4.0, "G"),
    ]


def test_a_short_gap_between_chords_is_not_written() -> None:
    song = Song(chords=[Chord(0.0, 3.9, "C"), Chord(4.0, 4.0, "G")], tracks=[note_until(8.0)])
    assert through_midi(song).chords == [Chord(0.0, 4.0, "C"), Chord(4.0, 4.0, "G")]


@pytest.mark.parametrize("last_note", [0.5, 8.0])
def test_chords_longer_than_the_notes_have_their_length(last_note: float) -> None:
    chords = [Chord(0.0, 4.0, "C"), Chord(4.0, 4.0, "G")]
    assert through_midi(Song(chords=chords, tracks=[note_until(last_note)])).chords == chords


def test_chords_that_end_before_the_notes() -> None:
    song = Song(chords=[Chord(0.0, 4.0, "C")], tracks=[note_until(9.0)])
    assert through_midi(song).chords == [Chord(0.0, 4.0, "C"), Chord(4.0, 5.0, "N.C.")]


def test_a_chart_without_notes_survives() -> None:
    song = Song(
        tempos=[Tempo(0.0, 120.0), Tempo(8.0, 100.0)],
        meters=[Meter(0.0, 4, 4), Meter(4.0, 3, 4)],
        sections=[Section(0.0, "verse"), Section(4.0, "chorus")],
        chords=[Chord(0.0, 4.0, "Am"), Chord(4.0, 3.0, "F")],
    )
    back = through_midi(song)
    assert back == song


lengths = st.lists(st.integers(240, 4000), min_size=1, max_size=12)


@given(lengths, st.integers(0, 20_000))
def test_any_chart_reads_back(ticks: list[int], last_note: int) -> None:
    """Chords one after the other, whatever the notes; only what notes ring on is added."""
    chords, now = [], 0
    for number, length in enumerate(ticks):
        chords.append(Chord(now / 480, length / 480, SYMBOLS[number % len(SYMBOLS)]))
        now += length
    tracks = [note_until(last_note / 480)] if last_note else []
    back = through_midi(Song(chords=chords, tracks=tracks)).chords
    pairs = [(c.symbol, c.start_beats) for c in back]
    assert pairs[: len(chords)] == [(c.symbol, c.start_beats) for c in chords]
    assert [c.duration_beats for c in back[: len(chords) - 1]] == pytest.approx(
        [c.duration_beats for c in chords[:-1]]
    )


def test_markers_are_in_order() -> None:
    song = Song(
        sections=[Section(4.0, "b"), Section(0.0, "a")],
        chords=[Chord(4.0, 4.0, "G"), Chord(0.0, 4.0, "C")],
    )
    texts = [text for _, text in markers_of(song)]
    assert texts == ["[a]", "C", "[b]", "G", "N.C."]
