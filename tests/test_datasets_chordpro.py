"""Reading of ChordPro songs."""

import logging
from pathlib import Path

import pytest

from muse.tools.datasets.chordpro import looks_like_chordpro, read_chordpro
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Song, Tempo

SONG = """# a comment
{title: Lowlands}
{key: G} {time: 3/4} {tempo: 96}
{capo: 2}
{start_of_verse: Verse 1}
[G]Down by the [C]water, [G/B]down[*softly]
[Riff]
{end_of_verse}
{soc}
And [Em7]home [D7sus4]again
{eoc}
{sot}
e|---[C]---|
{eot}
{sog}
A | G . . | C . D7 |
{eog}
{c: Verse 2}
[G]Over
{chorus}
"""


def read(text: str) -> Song:
    ((_, song),) = read_chordpro(text.encode(), "x.cho")
    return song


def chords(song: Song) -> str:
    return " ".join(f"{chord.symbol}:{chord.duration_beats:g}" for chord in song.chords)


def test_directives_chords_grids_and_choruses(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        song = read(SONG)
    assert chords(song) == "G:3 C:3 G/B:3 Em7:3 D7sus4:3 G:3 C:2 D7:1 G:3 Em7:3 D7sus4:3"
    assert song.keys == [Key(0, 7, "major")]
    assert song.meters == [Meter(0, 3, 4)]
    assert song.tempos == [Tempo(0, 96)]
    assert [(section.beat, section.label) for section in song.sections] == [
        (0, "Verse 1"),
        (9, "chorus"),
        (21, "Verse 2"),
        (24, "chorus"),
    ]
    assert "no chords, left out: [Riff]" in caplog.text
    assert "the capo is not applied" in caplog.text
    assert "chords above lyrics last a bar each" in caplog.text


def test_chords_in_lyrics_without_directives(tmp_path: Path) -> None:
    file = tmp_path / "song.txt"
    file.write_text("[Hm]Guten [E7]Abend, gut' [A]Nacht\n")
    ((_, song),) = read_songs(file)
    assert chords(song) == "Bm:4 E7:4 A:4"


def test_several_songs_in_a_file() -> None:
    songs = read_chordpro(b"{t:One}\n[C]la\n{ns}\n{t:Two}\n[F]la\n[G]la", "x.cho")
    assert [(name, chords(song)) for name, song in songs] == [("one", "C:4"), ("two", "F:4 G:4")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{title: A}\nlyrics only\n", "x.cho: no chords in square brackets"),
        ("{title: A}\n[x2]la\n", "x.cho: no text in square brackets is a chord"),
        ("{title: A}\n{key: Q}\n[C]la", "x.cho, line 2: 'Q' is not a key"),
        ("{title: A}\n{chorus}\n[C]la", "x.cho, line 2: {chorus} has no chorus before it"),
        ("{t: A}\n{sog}\n| . C |\n{eog}", "x.cho, line 3: '.' has no chord before it"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        read_chordpro(text.encode(), "x.cho")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text", ['{"format": "muse.song/1"}', "[Chorus]\n| C |", "{x: 1}", "[1] see"]
)
def test_other_texts_are_not_chordpro(text: str) -> None:
    assert not looks_like_chordpro(text.encode())
