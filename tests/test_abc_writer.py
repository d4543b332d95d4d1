"""Songs written as ABC: read back equal, by muse's reader."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.abc.reader import read_abc
from muse.tools.notation.abc import abc, save_abc
from muse.tools.notation.score import score_of
from muse.tools.song.document import Chord, Key, Meter, Note, Section, Song, Tempo, Track

SYMBOLS = ("C", "F#m7b5", "Bb13", "Eb/G", "N.C.")


def read_back(song: Song) -> Song:
    ((_, back),) = read_abc(abc(score_of(song, "A % tune")).encode(), "tune.abc")
    return back


def notes_of(song: Song) -> list[list[tuple[float, float, int]]]:
    return [
        sorted((round(n.start_beats * 24), round(n.duration_beats * 24), n.pitch) for n in t.notes)
        for t in song.tracks
    ]


@st.composite
def songs(draw: st.DrawFn) -> Song:
    """Draw songs of melodies with chords on the grid, in any key and meter."""
    numerator, denominator = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8), (2, 2)]))
    bar = 4 * numerator / denominator
    tracks = []
    for name in draw(st.sampled_from([("MELODY",), ("MELODY", "Second", "Third")])):
        position, notes = 0.0, []
        steps = st.sampled_from([0.25, 0.5, 0.75, 1.0, 1.5, 3.0, 5.0])
        for rest, length, pitch in draw(
            st.lists(st.tuples(st.sampled_from([0, 0.5]), steps, st.integers(30, 100)), min_size=1)
        ):
            notes.append(Note(position + rest, length, pitch, 80))
            position += rest + length
        triplet = float(int(position) + 1)
        notes += [Note(triplet + n / 3, 1 / 3, 60 + n, 80) for n in range(3)]
        tracks.append(Track(name, "lead", draw(st.integers(0, 127)), notes=notes))
    end = max(n.start_beats + n.duration_beats for t in tracks for n in t.notes)
    places = [0.0, *draw(st.lists(st.integers(1, 40), unique=True, max_size=3).map(sorted))]
    chords = [Chord(p / 2, 0.5, draw(st.sampled_from(SYMBOLS))) for p in places if p / 2 < end]
    return Song(
        tempos=[Tempo(0.0, draw(st.sampled_from([60.0, 97.5])))],
        meters=[Meter(0.0, numerator, denominator)],
        keys=[Key(0.0, draw(st.integers(0, 11)), draw(st.sampled_from(["major", "minor"])))],
        sections=[Section(0.0, "Intro"), Section(bar, "B")][: 1 + (end > bar)],
        chords=chords,
        tracks=tracks,
    )


@given(songs())
@settings(max_examples=25, deadline=None)
def test_a_song_is_read_back_equal(song: Song) -> None:
    back = read_back(song)
    assert notes_of(back) == notes_of(song)
    assert (back.tempos, back.meters, back.sections) == (song.tempos, song.meters, song.sections)
    assert [(k.tonic_pc, k.mode) for k in back.keys] == [(k.tonic_pc, k.mode) for k in song.keys]
    assert [(c.start_beats, c.symbol) for c in back.chords] == [
        (c.start_beats, c.symbol) for c in song.chords
    ]
    assert [(t.name, t.program) for t in back.tracks] == [(t.name, t.program) for t in song.tracks]


def test_changes_of_meter_key_and_tempo_are_read_back() -> None:
    song = Song(
        tempos=[Tempo(0.0, 100.0), Tempo(6.0, 80.0)],
        meters=[Meter(0.0, 4, 4), Meter(4.0, 3, 4)],
        keys=[Key(0.0, 0, "major"), Key(4.0, 3, "major")],
        tracks=[Track("MELODY", "lead", 0, notes=[Note(b, 1.0, 66 + b, 80) for b in range(10)])],
    )
    back = read_back(song)
    assert (back.tempos, back.meters, back.keys) == (song.tempos, song.meters, song.keys)
    assert notes_of(back) == notes_of(song)


def test_drums_and_chords_of_notes_are_read_back() -> None:
    hits = [Note(b / 2, 0.25, 42 if b % 2 else 36, 80) for b in range(8)]
    chord = [Note(0.0, 4.0, p, 80) for p in (60, 63, 67)]
    drums = Track("Drums", "drums", 0, True, hits)
    back = read_back(Song(tracks=[Track("MELODY", "lead", 0, notes=chord), drums]))
    assert notes_of(back)[0] == [(0, 96, 60), (0, 96, 63), (0, 96, 67)]
    read = [t for t in back.tracks if t.is_drum]
    assert sorted((n.start_beats, n.pitch) for t in read for n in t.notes) == [
        (n.start_beats, n.pitch) for n in hits
    ]


def test_a_file_is_written_by_its_suffix(muse, tmp_path: Path) -> None:
    save_abc(Song(tracks=[Track("MELODY", notes=[Note(0.0, 1.0, 61, 80)])]), tmp_path / "a.abc")
    done = muse("view", str(tmp_path / "a.abc"), "-o", str(tmp_path / "b.abc"))
    assert done.code == 0
    assert "_D2" in (tmp_path / "b.abc").read_text()
