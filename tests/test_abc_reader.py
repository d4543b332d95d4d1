"""The reader of ABC: notes as abc2midi plays them, books with bad tunes, what is not read."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.datasets.abc.fields import parse_key_field, parse_parts, parse_tempo
from muse.tools.datasets.abc.lengths import parse_length
from muse.tools.datasets.abc.reader import looks_like_abc, read_abc
from muse.tools.datasets.abc.text import decode, unescaped
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Lyric, Meter, Section, Song, Tempo
from muse.tools.song.validation import first_problem
from muse.tools.theory.pitch import pitch_class

DATA = Path(__file__).parent / "data" / "abc"
HEAD = "X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\n"


def song_of(body: str, head: str = HEAD) -> Song:
    ((_, song),) = read_abc((head + body + "\n").encode(), "tune.abc")
    return song


def pitches(body: str, head: str = HEAD) -> list[int]:
    return [note.pitch for note in song_of(body, head).tracks[0].notes]


def symbols(song: Song) -> list[tuple[float, str]]:
    return [(chord.start_beats, chord.symbol) for chord in song.chords]


def feature_songs() -> dict[str, Song]:
    titles = json.loads((DATA / "features.json").read_text())
    songs = read_abc((DATA / "features.abc").read_bytes(), "features.abc")
    return dict(zip(titles, (song for _, song in songs), strict=True))


@pytest.mark.parametrize("feature", json.loads((DATA / "features.json").read_text()))
def test_notes_are_those_that_abc2midi_plays(feature: str) -> None:
    golden = json.loads((DATA / "features.json").read_text())[feature]
    played = [
        [[round(n.start_beats, 4), round(n.duration_beats, 4), n.pitch] for n in track.notes]
        for track in feature_songs()[feature].tracks
    ]
    assert played == golden


def test_a_tune_has_meters_keys_tempo_and_chords() -> None:
    head = "X:1\nT:Tune\nM:6/8\nL:1/8\nQ:3/8=100\nK:Edor\n"
    song = song_of('"Em"EFG "D"ABc|[M:9/8]"Bm7/A"d3 e3 f3|', head)
    assert song.meters == [Meter(0.0, 6, 8), Meter(3.0, 9, 8)]
    assert song.keys == [Key(0.0, 4, "minor")]
    assert song.tempos == [Tempo(0.0, 150.0)]
    assert symbols(song) == [(0.0, "Em"), (1.5, "D"), (3.0, "Bm7/A")]
    assert song.tracks[0].role == "lead"


def test_bars_parted_by_a_repeat_are_one_bar() -> None:
    song = song_of("e|cdef|gfe:|e|cdec|dBc|]")
    assert song.meters == [Meter(0.0, 4, 4)]
    assert song.tracks[0].notes[0].start_beats == 3.0


def test_keys_and_tempos_inside_the_tune_are_placed_where_they_are_played() -> None:
    song = song_of("|:C4|[K:Gm][Q:1/4=90]D4:|", HEAD.replace("K:", "Q:1/4=120\nK:"))
    assert [(key.beat, key.tonic_pc, key.mode) for key in song.keys] == [
        (0.0, 0, "major"),
        (4.0, 7, "minor"),
        (8.0, 0, "major"),
        (12.0, 7, "minor"),
    ]
    assert [(t.beat, t.bpm) for t in song.tempos] == [(0, 120), (4, 90), (8, 120), (12, 90)]


@pytest.mark.parametrize(
    ("text", "bpm"),
    [
        ("1/4=120", 120.0),
        ("120", 60.0),
        ("C3=40", 60.0),
        ('"Allegro" 1/8=120', 60.0),
        ('"Andante"', 88.0),
        ("1/4 1/8=60", 90.0),
        ("3/8 = 100", 150.0),
        ('"freely"', None),
        ("1/4=100000000000", None),
    ],
)
def test_tempo_forms(text: str, bpm: float | None) -> None:
    assert parse_tempo(text, parse_length("1/2")) == bpm


@pytest.mark.parametrize(
    ("text", "tonic_pc", "mode", "letters"),
    [
        ("Ador", 9, "minor", {"F": 1}),
        ("HP", 2, "major", {"F": 1, "C": 1}),
        ("Bb", 10, "major", {"B": -1, "E": -1}),
        ("F# minor", 6, "minor", {"F": 1, "C": 1, "G": 1}),
        ("C#", 1, "major", dict.fromkeys("FCGDAEB", 1)),
        ("D exp _b", 2, "major", {"B": -1}),
        ("D maj ^g =c clef=bass", 2, "major", {"F": 1, "C": 0, "G": 1}),
        ("none", None, "major", {}),
        ("G bass", 7, "major", {"F": 1}),
    ],
)
def test_key_forms(text: str, tonic_pc: int | None, mode: str, letters: dict[str, int]) -> None:
    signature, _ = parse_key_field(text)
    assert signature is not None
    found = None if signature.tonic is None else pitch_class(signature.tonic)
    assert (found, signature.mode) == (tonic_pc, mode)
    assert signature.alterations == letters


def test_a_clef_alone_changes_no_key() -> None:
    assert parse_key_field("clef=bass")[0] is None
    assert pitches("F[K:bass]F", HEAD.replace("K:C", "K:G")) == [66, 66]


def test_order_of_parts() -> None:
    assert parse_parts("A(AB)2.C3") == list("AABABCCC")
    with pytest.raises(BadInputError):
        parse_parts("AABA last time")


def test_parts_are_sections() -> None:
    song = song_of("P:A\nC4|\nP:B\nD4|", HEAD.replace("M:", "P:ABA\nM:"))
    assert song.sections == [Section(0.0, "A"), Section(4.0, "B"), Section(8.0, "A")]


def test_voices_sound_together_and_the_first_leads() -> None:
    head = 'X:1\nM:4/4\nL:1/4\nV:1 name="Mel"\nV:2 clef=bass\nK:C\n'
    song = song_of('V:1\n"C"c2 "G"d2|"C"e4|\nV:2\nC2 G2|C4|', head)
    assert [track.name for track in song.tracks] == ["Mel", "2"]
    assert [[n.start_beats for n in track.notes] for track in song.tracks] == [[0, 2, 4]] * 2
    assert [track.role for track in song.tracks] == ["lead", "other"]


def test_a_voice_that_is_named_as_the_melody_leads() -> None:
    head = 'X:1\nM:4/4\nL:1/4\nV:1 name="Keys"\nV:2 name="Melody"\nK:C\n'
    song = song_of("V:1\nC4|\nV:2\nc4|", head)
    assert [(t.name, t.role) for t in song.tracks] == [("Keys", "keys"), ("Melody", "lead")]


def test_programs_and_drums_of_midi_directives() -> None:
    song = song_of("V:1\n%%MIDI program 40\nC4|\nV:2\n%%MIDI channel 10\nC,,4|")
    assert [(t.program, t.is_drum) for t in song.tracks] == [(40, False), (73, True)]


def test_a_voice_without_repeats_takes_those_of_another() -> None:
    song = song_of("V:1\n|:c4|d4:|\nV:2\nC4|D4|")
    assert [[n.start_beats for n in track.notes] for track in song.tracks] == [[0, 4, 8, 12]] * 2


def test_a_second_ending_without_a_sign_ends_like_the_first() -> None:
    played = pitches("|:C4|[1D4:|[2E4|F4|G4|A4|B4|c4:|")
    assert played == [60, 62, 60, 64, *[65, 67, 69, 71, 72] * 2]


@pytest.mark.parametrize("text", ["A7foo", "C#xyz"])
def test_an_unknown_symbol_is_named_and_ends_the_chord_before(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    song = song_of(f'"C"C2 "{text}"D2|"F"F4|')
    assert symbols(song) == [(0.0, "C"), (2.0, text), (4.0, "F")]
    assert song.chords[1].quality == "X"
    assert f"'{text}'" in caplog.text


def test_words_are_named_and_change_no_chord(caplog: pytest.LogCaptureFixture) -> None:
    song = song_of('"C"C2 "Fine"D2|"^over"F2"@1,2 free"G2|" "A4|')
    assert symbols(song) == [(0.0, "C")]
    assert "texts that are not chord symbols: 1 ('Fine')" in caplog.text
    assert "over" not in caplog.text


def test_chord_symbols_as_abc_writes_them() -> None:
    song = song_of('"D/f#"D "A7/c+"E "G(Em)"G "N.C."A|"C-7"C "A7alt"E "Bm7b5"G2|')
    assert [chord.symbol for chord in song.chords] == [
        *("D/F#", "A7/C#", "G", "N.C."),
        *("Cm7", "A7alt", "Bm7b5"),
    ]


def test_what_is_not_read_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    song_of("{gf}C D !D.C.! ^/E @F|\ns:* !f!\n\nGABc|")
    (record,) = caplog.records
    assert record.getMessage() == (
        "tune.abc: not read: grace notes: 2; jumps (D.C., D.S., coda), not played: 1;"
        " microtones, rounded to semitones: 1; signs: 1 ('@'); symbol lines (s:): 1;"
        " lines of music after a blank line: 1"
    )


def test_control_characters_do_not_reach_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    song_of('C "\x1b[31mred"D\x1bE|')
    assert "red" in caplog.text
    assert "\x1b" not in caplog.text


def test_a_readable_tune_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    song_of('"G"GA !trill!Bc|"D7"~d2 .e2|\n%%staffsep 40\n% comment\nW:words\n')
    assert not caplog.records


def test_a_bad_tune_is_named_and_the_book_is_read(caplog: pytest.LogCaptureFixture) -> None:
    bad = "X:8\nT:Broken\nM:4/4\nL:1/4\nK:C\nCD[EF|\n\n"
    book = (HEAD + "C4|\n\n" + bad + HEAD.replace("X:1", "X:9") + "D4|\n").encode()
    assert [name for name, _ in read_abc(book, "book.abc")] == ["1", "9"]
    assert "book.abc: skipped tune 8 ('Broken'): line 13: '[' is not closed: [EF|" in caplog.text


def test_tunes_with_one_number_are_counted() -> None:
    book = (HEAD + "C4|\n\n") * 3
    assert [name for name, _ in read_abc(book.encode(), "book.abc")] == ["1", "2", "3"]


def test_fields_before_the_first_tune_hold_for_all() -> None:
    book = "M:3/4\nL:1/4\n\nX:1\nK:C\nCDE|\n\nX:2\nK:G\nF3|\n"
    songs = [song for _, song in read_abc(book.encode(), "book.abc")]
    assert [song.meters[0] for song in songs] == [Meter(0.0, 3, 4)] * 2
    assert songs[1].tracks[0].notes[0].duration_beats == 3.0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("M:4/4\nL:99/4\nK:C\nC|", "line 4: '99/4' is not a unit length"),
        ("M:4/4\nL:1/4\nK:Es\nC|", "line 5: 'Es' is not a key"),
        ("M:4/4\nL:1/4\nC|", "no key"),
        ("M:4/4\nK:C\nz4|", "no notes"),
        ('M:4/4\nK:C\n"Am C|', "line 5: '\"' is not closed"),
        ("M:4/4\nK:C\n{ga C|", "is not closed"),
        ("M:4/4\nL:1/4\nK:C\nC3082777|", "out of range"),
        ("M:4/4\nL:1/4\nK:C\nc''''''''|", "outside the range of MIDI"),
        ("M:4/4\nL:1/4\nK:C\n|:" + "C4|" * 300 + "[1-99D4:|", "more than 20000 bars"),
        ("M:4/4\nL:1/4\nK:C\nZ9999|C|", "at most 2000"),
        ("M:4/4\nL:1/4\nK:C\n(0CD", "not a tuplet"),
        pytest.param("K:C\n" + "A" * 1_000_000, "the tune is longer than 1000000", id="long"),
    ],
)
def test_what_would_be_wrong_notes_is_refused(body: str, reason: str) -> None:
    with pytest.raises(BadInputError) as raised:
        read_abc(f"X:1\nT:t\n{body}\n".encode(), "tune.abc")
    assert str(raised.value).startswith("tune.abc: ")
    assert reason in str(raised.value)


def test_a_meter_that_cannot_be_read_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert len(song_of("CDE|FGA|", "X:1\nM:O\nL:1/4\nK:C\n").tracks[0].notes) == 6
    assert "meters: 1 ('O')" in caplog.text


def test_lyrics_are_aligned_to_notes() -> None:
    song = song_of("C D E F|(G A) B2|\nw:Hel-lo_ my~dear|* O\\-K\n")
    assert song.tracks[0].lyrics == [
        Lyric(0.0, "Hel-"),
        Lyric(1.0, "lo"),
        Lyric(3.0, "my dear"),
        Lyric(5.0, "O-K"),
    ]


def test_the_second_verse_is_sung_in_the_repeat() -> None:
    song = song_of("|:C2 D2:|\nw:first verse\nw:se-cond\n")
    assert [lyric.text for lyric in song.tracks[0].lyrics] == ["first", "verse", "se-", "cond"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfX:1\nK:C\nC|\n",
        "X:1\nT:caf\u00e9\nK:C\nC|\n".encode("latin-1"),
        "X:1\nK:C\nC|\n".encode("utf-16"),
        b"%abc-2.1\r\nX: 1\r\nK: C\r\nC|\r\n",
        b"X:1\rK:C\rC|\r",
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    assert looks_like_abc(data)
    ((_, song),) = read_abc(data, "tune.abc")
    assert [n.pitch for n in song.tracks[0].notes] == [60]


def test_escapes_are_characters() -> None:
    assert unescaped(r"caf\'e \"u &eacute; \u00e9 \%") == "caf\u00e9 \u00fc \u00e9 \u00e9 %"
    assert decode(b"%%abc-charset iso-8859-2\n\xb3") == "%%abc-charset iso-8859-2\n\u0142"


def test_odd_lengths_keep_their_time() -> None:
    song = song_of("(11:2CDEFGABcdef z2|C/3D/3E/3 z|C4|")
    starts = [note.start_beats for note in song.tracks[0].notes]
    assert starts[11:14] == pytest.approx([4, 4 + 1 / 3, 4 + 2 / 3])
    assert starts[-1] == pytest.approx(6.0)


def test_septuplets_are_whole_ticks() -> None:
    assert song_of("(7CDEFGAB|").ticks_per_beat % 7 == 0


MUSIC = st.text(
    alphabet="abcdefgABCDEFGzxXZy^_=',/0123456789|:[]()<>-&{}\"!+.~%\\ \nKMLVPQw", max_size=80
)


@given(MUSIC)
def test_any_text_gives_valid_songs_or_one_error(text: str) -> None:
    try:
        songs = read_abc((HEAD + text).encode(), "tune.abc")
    except BadInputError:
        return
    assert all(first_problem(song) is None for _, song in songs)
