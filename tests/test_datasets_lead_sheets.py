"""Tests of the reader of lead sheets in MusicXML."""

import io
import zipfile
from pathlib import Path

import pytest

from muse.tools.datasets.musicxml import read_musicxml
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Song

SCORE = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1">
<part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>
<part id="P1">
{measures}
</part></score-partwise>"""
FIRST = """<attributes><divisions>2</divisions>
<key><fifths>{fifths}</fifths><mode>major</mode></key>
<time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"""


def note(step: str, octave: int, duration: int, inside: str = "") -> str:
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{inside}<voice>1</voice></note>"
    )


def harmony(root: str, kind: str, inside: str = "", alter: int = 0) -> str:
    return (
        f"<harmony><root><root-step>{root}</root-step><root-alter>{alter}</root-alter></root>"
        f"<kind>{kind}</kind>{inside}</harmony>"
    )


def degree(value: int, alter: int, kind: str) -> str:
    return (
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{kind}</degree-type></degree>"
    )


def score(*measures: str, fifths: int = 0, beats: int = 4) -> bytes:
    head = FIRST.format(fifths=fifths, beats=beats)
    texts = [
        f'<measure number="{number}">{head if number == 1 else ""}{inside}</measure>'
        for number, inside in enumerate(measures, start=1)
    ]
    return SCORE.format(measures="\n".join(texts)).encode()


def song_of(data: bytes) -> Song:
    ((_, song),) = read_musicxml(data, "tune.xml")
    return song


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        (harmony("C", "major"), "C"),
        (harmony("B", "minor-seventh", alter=-1), "Bbm7"),
        (harmony("G", "dominant", degree(9, -1, "add")), "G7b9"),
        (harmony("G", "dominant", degree(5, -1, "alter")), "G7b5"),
        (harmony("D", "suspended-fourth", degree(7, 0, "add")), "D7sus4"),
        (harmony("F", "half-diminished", alter=1), "F#m7b5"),
        (harmony("A", "dominant-13th", degree(9, -1, "alter")), "A13b9"),
        (harmony("E", "minor-seventh", degree(5, -1, "alter")), "Em7b5"),
        (harmony("C", "augmented-seventh"), "C7#5"),
        (harmony("C", "major-minor"), "Cm(maj7)"),
        (harmony("C", "major", "<bass><bass-step>E</bass-step></bass>"), "C/E"),
    ],
)
def test_harmony_becomes_chord_symbol(written: str, symbol: str) -> None:
    song = song_of(score(written + note("C", 5, 8), note("C", 5, 8)))
    assert [chord.symbol for chord in song.chords] == [symbol]
    assert (song.chords[0].start_beats, song.chords[0].duration_beats) == (0, 8)


def test_melody_ties_and_meter() -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    song = song_of(
        score(
            harmony("C", "major") + note("E", 4, 4) + note("G", 4, 2, start),
            note("G", 4, 6, stop),
            beats=3,
        )
    )
    track = song.tracks[0]
    assert [(n.start_beats, n.duration_beats, n.pitch) for n in track.notes] == [
        (0, 2, 64),
        (2, 4, 67),
    ]
    assert (track.name, track.role) == ("MELODY", "lead")
    assert song.meters == [Meter(0, 3, 4)]


def test_a_pickup_ends_on_a_bar_line() -> None:
    song = song_of(score(note("G", 4, 2), harmony("C", "major") + note("E", 4, 8)))
    assert [n.start_beats for n in song.tracks[0].notes] == [3, 4]
    assert song.chords[0].start_beats == 4


def test_a_split_bar_gets_its_own_meters() -> None:
    song = song_of(
        score(note("E", 4, 8), note("E", 4, 6), note("E", 4, 2), note("E", 4, 8), note("E", 4, 8))
    )
    assert song.meters == [Meter(0, 4, 4), Meter(4, 3, 4), Meter(7, 1, 4), Meter(8, 4, 4)]


def test_a_tune_that_ends_on_the_relative_minor_is_minor() -> None:
    ending = harmony("A", "minor") + note("A", 4, 8)
    key = song_of(score(harmony("C", "major") + note("C", 5, 8), ending)).keys[0]
    assert (key.tonic_pc, key.mode, key.confidence) == (9, "minor", 0.5)
    major = song_of(score(harmony("B", "major", alter=-1) + note("D", 5, 8), fifths=-2)).keys[0]
    assert (major.tonic_pc, major.mode, major.confidence) == (10, "major", 1.0)


def test_a_compressed_score_is_read() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("tune.xml", score(harmony("C", "major") + note("C", 5, 8)))
    assert [chord.symbol for chord in song_of(data.getvalue()).chords] == ["C"]


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 not a zip",
        b"<score-partwise",
        b"<?xml version='1.0'?><score-partwise></score-partwise>",
        score("<note><pitch><step>H</step></pitch></note>"),
    ],
)
def test_error_names_the_bad_score(data: bytes) -> None:
    with pytest.raises(BadInputError, match=r"tune.xml"):
        read_musicxml(data, "tune.xml")


def test_result_equals_that_of_music21(shared_data: Path) -> None:
    from music21 import converter

    path = sorted((shared_data / "openewld").rglob("*.mxl"))[100]
    ((_, song),) = read_musicxml(path.read_bytes(), path.name)
    part = converter.parse(path, forceSource=True).parts[0]
    notes = [n for n in part.stripTies().flatten().notes if "Harmony" not in n.classSet]
    shift = song.tracks[0].notes[0].start_beats - float(notes[0].offset)
    assert [(n.start_beats, n.duration_beats, n.pitch) for n in song.tracks[0].notes] == [
        (float(n.offset) + shift, float(n.quarterLength), n.pitches[-1].midi) for n in notes
    ]
    harmonies = part.flatten().getElementsByClass("Harmony")
    roots = [harmony.root().pitchClass for harmony in harmonies]
    assert [chord.root_pc for chord in song.chords] == roots
    beats = {float(harmony.offset) + shift for harmony in harmonies}
    assert beats <= {chord.start_beats for chord in song.chords}


def test_harmonies_over_one_note_divide_its_duration() -> None:
    song = song_of(
        score(harmony("A", "minor") + harmony("D", "dominant") + note("A", 4, 8), note("G", 4, 8))
    )
    assert [(c.start_beats, c.duration_beats, c.symbol) for c in song.chords] == [
        (0, 2, "Am"),
        (2, 6, "D7"),
    ]


def test_shared_scores_are_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "openewld").rglob("*.mxl"))[::50]
    for path in paths:
        ((_, song),) = read_musicxml(path.read_bytes(), path.name)
        assert song.chords
        assert song.tracks[0].notes
        assert all(chord.quality != "X" for chord in song.chords)
