"""Songs to pretty_midi, symusic, music21 and JAMS objects and back."""

import io

import jams
import mir_eval
import numpy as np
import pytest
from music21 import chord, harmony, key, meter, note, stream, tempo

from muse.tools.song.document import Chord, Meter, Note, Section, Song, Tempo, Track

# jams 0.3.5 calls jsonschema in a way that jsonschema deprecates
pytestmark = pytest.mark.filterwarnings("ignore:Passing a schema:DeprecationWarning")


@pytest.fixture
def small_song() -> Song:
    """Return two bars of 6/8 and one of 3/4, with chords, a section and a change of tempo."""
    return Song(
        tempos=[Tempo(0.0, 90.0), Tempo(6.0, 120.0)],
        meters=[Meter(0.0, 6, 8), Meter(6.0, 3, 4)],
        chords=[Chord(0.0, 6.0, "Ebmaj7"), Chord(6.0, 3.0, "Bb7/D")],
        sections=[Section(0.0, "Verse"), Section(6.0, "Tag")],
        tracks=[
            Track(
                name="Flute",
                role="lead",
                program=73,
                notes=[Note(0.0, 1.5, 75, 90), Note(1.5, 4.5, 79, 60), Note(6.0, 3.0, 70, 100)],
            )
        ],
    )


def test_pretty_midi(example_song: Song) -> None:
    midi = example_song.to_pretty_midi()
    assert midi.instruments[0].program == example_song.tracks[0].program
    onsets = [n.start for n in midi.instruments[0].notes]
    beats = [n.start_beats for n in example_song.tracks[0].notes]
    assert onsets == pytest.approx([example_song.tempo_map().seconds_at(beat) for beat in beats])
    back = Song.from_pretty_midi(midi)
    for before, after in zip(example_song.tracks, back.tracks, strict=True):
        assert (after.name, after.program) == (before.name, before.program)
        assert sorted(n.pitch for n in after.notes) == sorted(n.pitch for n in before.notes)


def test_symusic(example_song: Song) -> None:
    assert Song.from_symusic(example_song.to_symusic()).tracks == example_song.tracks
    in_seconds = example_song.to_symusic().to("second")
    assert len(Song.from_symusic(in_seconds).tracks[0].notes) == len(example_song.tracks[0].notes)


def test_music21(small_song: Song) -> None:
    back = Song.from_music21(small_song.to_music21())
    (track,) = back.tracks
    assert track.program == 73
    assert [(n.start_beats, n.duration_beats, n.pitch) for n in track.notes] == [
        (n.start_beats, n.duration_beats, n.pitch) for n in small_song.tracks[0].notes
    ]
    assert back.meters == small_song.meters
    assert [(c.start_beats, c.symbol) for c in back.chords] == [(0.0, "Ebmaj7"), (6.0, "Bb7/D")]
    assert [round(t.bpm, 6) for t in back.tempos] == [90.0, 120.0]


def test_a_music21_stream_of_ones_own() -> None:
    part = stream.Part([meter.TimeSignature("3/4"), key.Key("f"), tempo.MetronomeMark(number=72)])
    part.append([note.Note("C4", quarterLength=1), chord.Chord(["F3", "A-3"], quarterLength=2)])
    part.insert(0, harmony.ChordSymbol("Fm"))
    part.append(note.Note("G4").getGrace())
    song = Song.from_music21(stream.Score([part]))
    assert [(n.start_beats, n.pitch) for n in song.tracks[0].notes] == [(0, 60), (1, 53), (1, 56)]
    assert (song.keys[0].tonic_pc, song.keys[0].mode) == (5, "minor")
    assert song.tempos == [Tempo(0.0, 72.0)]
    assert song.chords[0].symbol == "Fm"


def test_jams_holds_seconds_that_mir_eval_reads(small_song: Song) -> None:
    jam = small_song.to_jams()
    jam.validate()
    again = jams.load(io.StringIO(jam.dumps()))
    (notes,) = again.search(namespace="note_midi")
    intervals, pitches = notes.to_interval_values()
    assert intervals.tolist() == [[0.0, 1.0], [1.0, 4.0], [4.0, 5.5]]
    assert pitches == [75.0, 79.0, 70.0]
    times, labels = again.search(namespace="chord")[0].to_interval_values()
    assert labels == ["Eb:maj7", "Bb:7/3"]
    mir_eval.chord.validate(labels, labels)
    assert np.ptp(times) == 5.5


def test_jams_round_trip(small_song: Song, example_song: Song) -> None:
    for song in (small_song, example_song):
        back = Song.from_jams(jams.load(io.StringIO(song.to_jams().dumps())))
        assert back.meters == song.meters
        assert [(s.label, pytest.approx(s.beat)) for s in song.sections] == [
            (s.label, s.beat) for s in back.sections
        ]
        for before, after in zip(song.tracks, back.tracks, strict=True):
            assert (after.name, after.role, after.program) == (
                before.name,
                before.role,
                before.program,
            )
            assert np.allclose(
                [[*note_numbers(n)] for n in after.notes],
                [[*note_numbers(n)] for n in before.notes],
                atol=1e-6,
            )


def note_numbers(each: Note) -> tuple[float, float, int, int]:
    """Return start, duration, pitch and velocity of each note."""
    return each.start_beats, each.duration_beats, each.pitch, each.velocity


def test_jams_of_others() -> None:
    jam = jams.JAMS()
    jam.file_metadata.duration = 4.0
    for namespace, rows in {
        "beat": [(0.0, 0.0, 1), (0.4, 0.0, 2), (0.8, 0.0, 3), (1.2, 0.0, 1)],
        "chord_harte": [(0.0, 1.2, "A:min7")],
        "key_mode": [(0.0, 4.0, "A:minor")],
        "note_midi": [(0.4, 0.4, 57.2)],
    }.items():
        annotation = jams.Annotation(namespace=namespace)
        for time, duration, value in rows:
            annotation.append(time=time, duration=duration, value=value)
        jam.annotations.append(annotation)
    song = Song.from_jams(jam)
    assert song.tempos[0].bpm == pytest.approx(150.0)
    assert song.tracks[0].notes == [Note(pytest.approx(1.0), pytest.approx(1.0), 57, 80)]
    assert song.chords[0].duration_beats == pytest.approx(3.0)
    assert (song.keys[0].tonic_pc, song.keys[0].mode) == (9, "minor")
