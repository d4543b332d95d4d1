"""Reading of iReal Pro links."""

import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from muse.tools.datasets.ireal import read_ireal, unscrambled
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Song, Tempo

SCRAMBLED_HEAD = "1r34LbKcu7"


def scrambled(music: str) -> str:
    """Scramble as the program does: short forms, then 50 characters at a time."""
    for short, long in (("Kcl", "| x"), ("LZ", " |"), ("XyQ", "   ")):
        music = music.replace(long, short)
    done = ""
    while len(music) > 50:
        block, music = music[:50], music[50:]
        if len(music) > 1:
            ends, inner, middle = block[:5], block[10:24], block[24:26]
            block = (
                block[:44:-1] + block[5:10] + block[39:25:-1] + middle + inner[::-1]
                + block[40:45] + ends[::-1]
            )  # fmt: skip
        done += block
    return SCRAMBLED_HEAD + done + music


def link(music: str, title: str = "Harbour Blues", key: str = "F", tempo: int = 120) -> str:
    parts = [title, "Nobody", "", "Swing", key, "", scrambled(music), "Jazz", str(tempo), "3"]
    return "irealb://" + quote("=".join(parts))


def read(music: str, key: str = "F") -> Song:
    ((_, song),) = read_ireal(link(music, key=key).encode(), "x.html")
    return song


def chords(song: Song) -> str:
    return " ".join(f"{chord.symbol}:{chord.duration_beats:g}" for chord in song.chords)


LONG = (
    "*A{T44F7   |Bb7   |F7   |C-7 F7 |N1Bb7   | x  |N2A-7 D7 |G-7 C7 ]*B[F^7,E-7,A7,D-|r|   |F6   Z"
)


def test_scrambled_music_is_made_plain() -> None:
    assert scrambled(LONG) != SCRAMBLED_HEAD + LONG
    assert unscrambled(scrambled(LONG).removeprefix(SCRAMBLED_HEAD)) == LONG
    # a block worked by hand: 0-4 and 10-23 change places with those from the end
    block = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
    plain = "XWVUTfghijNMLKJIHGFEDCBAyzxwvutsrqponmlkOPQRSedcba"
    assert unscrambled(block + "12") == plain + "12"


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("[T44C^7   |A-7 D7 |G6   Z", "Cmaj7:4 Am7:2 D7:2 G6:4"),
        ("[T44C^7,A-7,D-7,G7,Z", "Cmaj7:1 Am7:1 Dm7:1 G7:1"),
        ("[T44C  G7|sF7,E7,lEb7 Z", "C:3 G7:1 F7:1 E7:1 Eb7:2"),
        ("[T34C  |C G |C F G|C FZ", "C:3 C:2 G:1 C:1 F:1 G:1 C:2 F:1"),
        ("[T68C  D  |T12F   Z", "C:1.5 D:1.5 F:6"),
        ("{T44C   |N1F   }|N2G   |A   Z", "C:4 F:4 C:4 G:4 A:4"),
        ("{T44C   |<3x>G   }F   Z", "C:4 G:4 C:4 G:4 C:4 G:4 F:4"),
        ("[T44C   |F   | x  |r|   |G   Z", "C:4 F:4 F:4 F:4 F:4 G:4"),
        ("[T44C   |n   |Fp G |   |W/B   Z", "C:4 N.C.:4 F:2 G:6 G/B:4"),
        ("[T44C   |F(Bb7)  <Fine> |G   <D.C. al Fine>Z", "C:4 F:4 G:4 C:4 F:4"),
        ("[T44C  Q|F   |G   <D.C. al Coda>][QA   Z", "C:4 F:4 G:4 C:4 A:4"),
        ("[T44Bb*-7b9*   |Ah9   |Eo^7   |D7b9sus   Z", "Bbm7(b9):4 Am7b5(add9):4"),
        ("[T44C   |F   }      |G   Z", "C:4 F:4 C:4 F:4 G:4"),
    ],
)
def test_bars_and_cells_become_beats(music: str, expected: str) -> None:
    assert chords(read(music)).startswith(expected)
    if "*" not in music:
        assert chords(read(music)) == expected


def test_key_tempo_meter_and_sections() -> None:
    song = read("*A[T34C-7  |F7  ]*i[T44Bb^7   Z", key="G-")
    assert song.keys == [Key(0, 7, "minor")]
    assert song.tempos == [Tempo(0, 120)]
    assert song.meters == [Meter(0, 3, 4), Meter(6, 4, 4)]
    assert [(section.beat, section.label) for section in song.sections] == [(0, "A"), (6, "intro")]


def test_a_playlist_in_a_page_and_a_plain_link(tmp_path: Path) -> None:
    two = f"{link('[T44C   Z', 'One & Two')}{quote('===')}{link('[T44G   Z', 'Two')[9:]}===List"
    page = tmp_path / "list.html"
    page.write_text(f'<html><a href="{two}">x</a> <a href="http://a.b">y</a></html>')
    plain = tmp_path / "plain.txt"
    plain.write_text("irealbook://A Day=Nobody=Bossa=Eb=n=T44*A{C^7 A-7 |D-9 G7#5 }\n")
    assert [name for name, _ in read_songs(page)] == ["list/one-two", "list/two"]
    ((_, song),) = read_songs(plain)
    assert chords(song) == "Cmaj7:2 Am7:2 Dm9:2 G7#5:2 Cmaj7:2 Am7:2 Dm9:2 G7#5:2"
    assert [name for name, _ in read_songs(tmp_path)] == [
        f"{tmp_path.name}/list/one-two",
        f"{tmp_path.name}/list/two",
        f"{tmp_path.name}/plain",
    ]


def test_a_bad_song_is_named_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    text = link("[T44Cb#   |F   Z", "Bad") + quote("===") + link("[T44C(D7)   Z", "Good")[9:]
    with caplog.at_level(logging.INFO):
        ((_, song),) = read_ireal(text.encode(), "x.html")
    assert chords(song) == "C:4"
    assert "x.html: left out 'Bad': bar 1: 'Cb#' is not a chord" in caplog.text
    assert "alternate chords in brackets are left out" in caplog.text


def test_links_without_music_are_refused() -> None:
    with pytest.raises(BadInputError, match="no song in its links"):
        read_ireal(b"irealb://nothing", "x")
    with pytest.raises(BadInputError, match="'Empty': it has no bars"):
        read_ireal(link("[T44   Z", "Empty").encode(), "x")


def test_a_link_that_is_cut_off_is_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    music = "[T44C^7 |A-7 |D-9 |G7"
    read(music + " Z")
    assert "cut off" not in caplog.text
    assert chords(read(music)) == "Cmaj7:4 Am7:4 Dm9:4 G7:4"
    assert "no final bar line; the link may be cut off" in caplog.text
