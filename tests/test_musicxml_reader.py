"""MusicXML as it is read: the top line, exact positions, the bars as played, and odd files."""

import io
import zipfile
from pathlib import Path

import pytest

from muse.tools.datasets.musicxml import read_musicxml
from muse.tools.datasets.readers import read_song, read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Lyric, Meter, Song, Tempo
from muse.tools.song.midi import song_from_midi, song_to_midi

Notes = list[tuple[float, float, int]]
STEPS = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69, "B": 71}
COMMON = "<time><beats>4</beats><beat-type>4</beat-type></time>"
META = "META-INF/container.xml"


def attributes(inside: str = COMMON, divisions: int = 1) -> str:
    return f"<attributes><divisions>{divisions}</divisions>{inside}</attributes>"


def note(name: str, length: int, inside: str = "", after: str = "") -> str:
    """Return a note by its name, such as "C5", or a rest "R", in voice 1."""
    what = f"<pitch><step>{name[0]}</step><octave>{name[1:]}</octave></pitch>"
    what = "<rest/>" if name == "R" else what
    voice = "" if "<voice>" in after else "<voice>1</voice>"
    return f"<note>{inside}{what}<duration>{length}</duration>{voice}{after}</note>"


def bar(*inside: str, head: str = "") -> str:
    return f"<measure{head}>{''.join(inside)}</measure>"


def part(*bars: str, name: str = "P1") -> str:
    return f'<part id="{name}">{"".join(bars)}</part>'


def score(*parts: str, listed: str = "") -> bytes:
    text = f"<part-list>{listed}</part-list>{''.join(parts)}"
    return f"<score-partwise>{text}</score-partwise>".encode()


def song_of(data: bytes) -> Song:
    ((_, song),) = read_musicxml(data, "tune.xml")
    return song


def song_of_bars(*bars: str) -> Song:
    first = bars[0] if "<divisions>" in bars[0] else bars[0].replace(">", f">{attributes()}", 1)
    return song_of(score(part(first, *bars[1:])))


def notes_of(song: Song, track: int = 0) -> Notes:
    return [(n.start_beats, n.duration_beats, n.pitch) for n in song.tracks[track].notes]


def chords_of(song: Song) -> list[tuple[float, str]]:
    return [(chord.start_beats, chord.symbol) for chord in song.chords]


def pitches(song: Song) -> list[int]:
    return [pitch for _, _, pitch in notes_of(song)]


def backup(length: int) -> str:
    return f"<backup><duration>{length}</duration></backup>"


def harmony(root: str, inside: str = "<kind>major</kind>") -> str:
    return f"<harmony><root><root-step>{root}</root-step></root>{inside}</harmony>"


def barline(inside: str, side: str = "right") -> str:
    return f'<barline location="{side}">{inside}</barline>'


END = barline('<repeat direction="backward"/>')
BEGIN = barline('<repeat direction="forward"/>', "left")


def ending(number: str, *inside: str) -> str:
    first = barline(f'<ending number="{number}" type="start"/>', "left")
    return first + "".join(inside)


def sound(signs: str) -> str:
    return f"<sound {signs}/>"


def test_septuplets_are_exact_in_the_song_and_in_midi() -> None:
    low = [note("C3", 7, after="<voice>2</voice>") for _ in range(4)]
    bars = [bar(*[note("C5", 1)] * 28, backup(28), *low) for _ in range(4)]
    bars[0] = bars[0].replace(">", f">{attributes(divisions=7)}", 1)
    song = song_of_bars(*bars)
    assert notes_of(song) == [(i / 7, 1 / 7, 72) for i in range(112)]
    assert notes_of(song, 1) == [(float(i), 1.0, 48) for i in range(16)]
    assert notes_of(song_from_midi(song_to_midi(song))) == notes_of(song)


def test_the_left_hand_is_no_melody_and_is_kept() -> None:
    hands = [note("G4", 2, after="<staff>1</staff>"), note("E4", 2, after="<staff>1</staff>")]
    left = [note("C3", 1, after="<voice>5</voice><staff>2</staff>") for _ in range(4)]
    song = song_of_bars(bar(*hands, backup(4), *left))
    assert notes_of(song) == [(0, 2, 67), (2, 2, 64)]
    assert notes_of(song, 1) == [(i, 1, 48) for i in range(4)]


@pytest.mark.parametrize("voices", ["12", "21"])
def test_a_held_top_note_is_not_cut_by_an_inner_voice(voices: str) -> None:
    top, inner = (f"<voice>{voice}</voice>" for voice in voices)
    moving = [note(name, 1, after=inner) for name in ("E4", "F4", "G4", "E4")]
    song = song_of_bars(bar(note("C5", 4, after=top), backup(4), *moving), bar(note("B4", 4)))
    assert notes_of(song) == [(0, 4, 72), (4, 4, 71)]
    assert [pitch for _, _, pitch in notes_of(song, 1)] == [64, 65, 67, 64]


def test_an_inner_voice_does_not_fill_the_rests_of_the_top_line() -> None:
    low = [note("E4", 1, after="<voice>2</voice>") for _ in range(4)]
    song = song_of_bars(bar(note("C5", 1), note("R", 3), backup(4), *low), bar(note("R", 4)))
    assert notes_of(song) == [(0, 1, 72)]


def test_a_lower_voice_alone_in_a_bar_is_the_top_line() -> None:
    low = note("E4", 4, after="<voice>2</voice>")
    song = song_of_bars(bar(note("C5", 4)), bar(note("R", 4), backup(4), low))
    assert notes_of(song) == [(0, 4, 72), (4, 4, 64)]


def test_cue_notes_and_slashes_are_not_played() -> None:
    slash = note("B4", 1, after="<notehead>slash</notehead>")
    first = bar(note("C5", 2, "<cue/>"), slash, note("E4", 1))
    style = "<attributes><measure-style><slash type='{}'/></measure-style></attributes>"
    region = bar(style.format("start"), note("B4", 4))
    after = bar(style.format("stop"), note("D4", 4))
    song = song_of_bars(first, region, after)
    assert notes_of(song) == [(3, 1, 64), (8, 4, 62)]
    assert len(song.tracks) == 1


def test_a_tablature_does_not_double_the_notes() -> None:
    clefs = '<staves>2</staves><clef number="2"><sign>TAB</sign></clef>'
    tab = note("C4", 4, after="<voice>5</voice><staff>2</staff>")
    song = song_of_bars(bar(attributes(clefs), note("C4", 4), backup(4), tab))
    assert (notes_of(song), len(song.tracks)) == ([(0, 4, 60)], 1)


def test_inversions_and_basses_are_read() -> None:
    bass = "<kind>major</kind><bass><bass-step>E</bass-step></bass>"
    written = [
        harmony("C", "<kind>major</kind><inversion>1</inversion>"),
        harmony("G", "<kind>dominant</kind><inversion>3</inversion>"),
        harmony("C", bass),
        harmony("C", f"{bass}<inversion>2</inversion>"),
        harmony("C", "<kind>major</kind><inversion>3</inversion>"),
    ]
    song = song_of_bars(bar(*(each + note("C4", 1) for each in written)))
    assert [chord.symbol for chord in song.chords] == ["C/E", "G7/F", "C/E", "C/E", "C"]


def test_a_part_with_too_long_a_bar_does_not_move_the_others() -> None:
    good = part(bar(attributes(), note("E5", 4)), bar(note("F5", 4)))
    long = part(bar(attributes(), note("C3", 5)), bar(note("D3", 4)), name="P2")
    song = song_of(score(good, long))
    assert [notes_of(song, 0)[1], notes_of(song, 1)[1]] == [(4, 4, 77), (4, 4, 50)]


def test_chords_of_another_part_are_read() -> None:
    tune = part(bar(attributes(), note("E5", 4)))
    chords = part(bar(attributes(), harmony("C"), note("C3", 2), harmony("F"), note("F3", 2)))
    assert chords_of(song_of(score(tune, chords))) == [(0, "C"), (2, "F")]


def test_a_numeral_is_a_chord_of_the_key() -> None:
    key = "<key><fifths>-3</fifths></key>"
    numeral = (
        "<harmony><numeral><numeral-root>5</numeral-root></numeral><kind>dominant</kind></harmony>"
    )
    song = song_of_bars(bar(attributes(key + COMMON), numeral, note("D5", 4)))
    assert chords_of(song) == [(0, "Bb7")]


@pytest.mark.parametrize(
    ("words", "symbol"),
    [
        ("Am", "Am"),
        ("Bb", "Bb"),
        ("Gm (2x)", "Gm"),
        ("N.C.", "N.C."),
        *(
            (text, None)
            for text in ("Solo", "Add", "dim", "Dim.", "A tempo", "a 2", "A2", "B1", "D5")
        ),
    ],
)
def test_words_that_are_chords(words: str, symbol: str | None) -> None:
    direction = f"<direction><direction-type><words>{words}</words></direction-type></direction>"
    song = song_of_bars(bar(direction, note("A4", 4)))
    assert chords_of(song) == ([] if symbol is None else [(0, symbol)])


def test_words_beside_chord_symbols_are_words() -> None:
    words = "<direction><direction-type><words>Bb</words></direction-type></direction>"
    song = song_of_bars(bar(harmony("C"), note("C4", 2), words, note("C4", 2)))
    assert chords_of(song) == [(0, "C")]


def test_percent_signs_repeat_bars() -> None:
    style = "<measure-style><measure-repeat type='{}'>{}</measure-repeat></measure-style>"
    style = f"<attributes>{style}</attributes>"
    song = song_of_bars(
        bar(harmony("C"), note("C4", 4)),
        bar(note("D4", 2), harmony("G"), note("E4", 2)),
        bar(style.format("start", 2), note("R", 4)),
        bar(note("R", 4)),
        bar(style.format("stop", ""), note("B4", 4)),
    )
    assert pitches(song) == [60, 62, 64, 60, 62, 64, 71]
    assert chords_of(song) == [(0, "C"), (6, "G"), (8, "C"), (14, "G")]


@pytest.mark.parametrize(
    ("time", "meter"),
    [
        (
            "<beats>2</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type>",
            (7, 8),
        ),
        ("<beats>3+2+3</beats><beat-type>8</beat-type>", (8, 8)),
        ("<senza-misura/>", (7, 4)),
    ],
)
def test_composite_and_missing_meters(time: str, meter: tuple[int, int]) -> None:
    head = attributes(f"<time>{time}</time>", divisions=2)
    length = 8 * 2 * meter[0] // meter[1] // 2
    song = song_of_bars(bar(head, note("C4", length)), bar(note("D4", length)))
    assert [(m.beat, m.numerator, m.denominator) for m in song.meters] == [(0, *meter)]


@pytest.mark.parametrize(
    ("mode", "key"),
    [
        ("dorian", (4, "minor")),
        ("mixolydian", (9, "major")),
        ("aeolian", (11, "minor")),
        ("none", (2, "major")),
    ],
)
def test_church_modes_keep_their_tonic(mode: str, key: tuple[int, str]) -> None:
    written = f"<key><fifths>2</fifths><mode>{mode}</mode></key>"
    song = song_of_bars(bar(attributes(written + COMMON), note("E4", 4)))
    assert [(each.tonic_pc, each.mode) for each in song.keys] == [key]


def test_a_full_rest_is_no_longer_than_its_bar() -> None:
    time = "<time><beats>3</beats><beat-type>4</beat-type></time>"
    rest = note("R", 4).replace("<rest/>", '<rest measure="yes"/>')
    song = song_of_bars(bar(attributes(time), rest), bar(note("C4", 3)))
    assert (notes_of(song), song.meters) == ([(3, 3, 60)], [Meter(0, 3, 4)])


@pytest.mark.parametrize(
    ("mark", "bpm"),
    [
        ("<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>", 90),
        ("<beat-unit>half</beat-unit><per-minute>ca. 72</per-minute>", 144),
        ("<beat-unit>quarter</beat-unit><beat-unit>half</beat-unit>", 240),
        ("<metronome-note><metronome-type>eighth</metronome-type></metronome-note>", None),
    ],
)
def test_metronome_marks_without_sound(mark: str, bpm: float | None) -> None:
    direction = (
        f"<direction><direction-type><metronome>{mark}</metronome></direction-type></direction>"
    )
    song = song_of_bars(bar(direction, note("C4", 4)))
    assert song.tempos == ([] if bpm is None else [Tempo(0, bpm)])


def test_endings_are_played_and_chords_return() -> None:
    song = song_of_bars(
        bar(harmony("C"), note("C4", 4)),
        bar(BEGIN, note("D4", 4)),
        bar(ending("1", harmony("G"), note("E4", 4), END)),
        bar(ending("2", note("F4", 4), barline('<ending number="2" type="stop"/>'))),
        bar(note("G4", 4)),
    )
    assert pitches(song) == [60, 62, 64, 62, 65, 67]
    assert chords_of(song) == [(0, "C"), (8, "G"), (12, "C")]


A, B, C, D = (note(f"{name}4", 4) for name in "ABCD")


@pytest.mark.parametrize(
    ("bars", "order"),
    [
        ([A, B + END], "ABAB"),
        ([A, BEGIN + B + barline('<repeat direction="backward" times="3"/>'), C], "ABBBC"),
        ([A, ending("1,2", B, END), ending("3", C)], "ABABAC"),
        ([A, ending("1", B), ending("2", C), D], "ABACD"),  # without a repeat sign
        ([A + END, BEGIN + B + END], "AABB"),
        ([A + sound('fine="yes"'), B + sound('dacapo="yes"')], "ABA"),
        ([A, sound('segno="1"') + B + sound('tocoda="1"'), C + sound('dalsegno="1"'),
          sound('coda="1"') + D], "ABCBD"),
        ([A, ending("1", B, END), ending("2", C + sound('dacapo="yes"'))], "ABACAC"),
        ([A, B + sound('dalsegno="1"')], "AB"),  # without a segno
    ],
)  # fmt: skip
def test_bars_in_the_order_of_playing(bars: list[str], order: str) -> None:
    names = {value: name for name, value in STEPS.items()}
    played = pitches(song_of_bars(*map(bar, bars)))
    assert "".join(names[pitch] for pitch in played) == order


def test_a_pickup_that_is_repeated_keeps_the_bar_lines() -> None:
    song = song_of_bars(
        bar(BEGIN, note("G4", 1), head=' number="0" implicit="yes"'),
        bar(note("C4", 4)),
        bar(note("D4", 3), END),
        bar(note("G4", 1), head=' implicit="yes"'),
        bar(note("E4", 4)),
    )
    assert song.meters == [Meter(0, 4, 4)]
    assert [start for start, _, _ in notes_of(song)] == [3, 4, 8, 11, 12, 16, 19, 20]


def test_lyrics_by_verse() -> None:
    lyric = '<lyric number="{}"><syllabic>{}</syllabic><text>{}</text></lyric>'
    first = lyric.format(1, "begin", "Hel") + lyric.format(2, "single", "good")
    second = lyric.format(1, "end", "lo") + lyric.format(2, "single", "bye")
    song = song_of_bars(bar(note("C4", 2, after=first), note("D4", 2, after=second), END))
    words = ["Hel-", "lo", "good", "bye"]
    assert song.tracks[0].lyrics == [Lyric(2.0 * i, word) for i, word in enumerate(words)]


def test_ties_join_across_voices_and_only_where_they_are() -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    song = song_of_bars(
        bar(note("C5", 4, after=start)),
        bar(note("C5", 2, after=f"{stop}<voice>2</voice>"), note("C5", 2)),
    )
    assert notes_of(song) == [(0, 6, 72), (6, 2, 72)]


def test_a_transposing_part_sounds_as_it_is_played() -> None:
    trumpet = "<key><fifths>2</fifths></key>" + COMMON
    trumpet += "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    song = song_of_bars(bar(attributes(trumpet), harmony("D"), note("D5", 4)))
    assert (notes_of(song), chords_of(song)) == ([(0, 4, 72)], [(0, "C")])


def test_drums_are_read_by_their_keys_and_places() -> None:
    listed = (
        '<score-part id="P1"><part-name>Kit</part-name><score-instrument id="K"/>'
        '<midi-instrument id="K"><midi-unpitched>37</midi-unpitched></midi-instrument></score-part>'
    )
    place = (
        "<unpitched><display-step>{}</display-step><display-octave>5</display-octave></unpitched>"
    )
    kick = f'<note>{place.format("C")}<duration>2</duration><instrument id="K"/></note>'
    hat = f"<note>{place.format('G')}<duration>2</duration><notehead>x</notehead></note>"
    song = song_of(score(part(bar(attributes(), kick, hat)), listed=listed))
    track = song.tracks[1]
    assert (track.name, track.is_drum, notes_of(song, 1)) == ("Kit", True, [(0, 2, 36), (2, 2, 42)])


TUNE = score(part(bar(attributes(), note("C4", 4)), bar(note("D4", 4)))).decode()
TIMEWISE = """<score-timewise><measure><part id="P1">{}<note><pitch><step>C</step><octave>4</octave>
</pitch><duration>4</duration></note></part></measure><measure><part id="P1"><note><pitch>
<step>D</step><octave>4</octave></pitch><duration>4</duration></note></part></measure>
</score-timewise>""".replace("{}", attributes())


@pytest.mark.parametrize(
    "data",
    [
        TUNE.encode(),
        TIMEWISE.encode(),
        f'<?xml version="1.0" encoding="UTF-16"?>{TUNE}'.encode("utf-16"),
        f'<?xml version="1.0" encoding="UTF-16"?>{TUNE}'.encode(),  # as some programs declare it
        TUNE.encode("utf-16-be"),
        f"\ufeff{TUNE}".encode(),
        f"<?xml version='1.0' encoding='iso-8859-1'?><!-- \xe9 -->{TUNE}".encode("latin-1"),
        f"<!-- {'long ' * 10_000} -->\n{TUNE}".encode(),
        TUNE.replace("<score-partwise>", "<score-partwise xmlns='http://a.org/m'>").encode(),
        TUNE.replace("score-partwise>", "m:score-partwise>")
        .replace("<m:score-partwise>", "<m:score-partwise xmlns:m='http://a.org/m'>")
        .encode(),
    ],
    ids=["plain", "timewise", "utf16", "declared", "utf16be", "bom", "latin1", "long",
         "namespace", "prefix"],
)  # fmt: skip
def test_every_form_of_a_file_is_read(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "tune.xml").write_bytes(data)
    assert notes_of(read_song(tmp_path / "tune.xml")) == [(0, 4, 60), (4, 4, 62)]
    assert len(list(read_songs(tmp_path))) == 1


def container(path: str) -> str:
    return f'<container><rootfiles><rootfile full-path="{path}"/></rootfiles></container>'


def archive(**files: str) -> bytes:
    """Return a zip archive; the names of files are given as keywords of a dictionary."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return data.getvalue()


OTHER = TUNE.replace("<step>C", "<step>B")


@pytest.mark.parametrize(
    "files",
    [
        {META: container("b/real.xml"), "a.xml": OTHER, "b/real.xml": TUNE},
        {"META-INF/manifest.xml": "<manifest/>", META: "<container/>", "s.xml": TUNE},
        {"__MACOSX/._s.xml": "\0\5\x16\7", "._s.xml": "\0\5", "s.xml": TUNE},
        {META: container("score"), "score": TUNE},
        {META: container("SCORE.XML"), "SCORE.XML": TUNE},
        {META: container("a\\s.xml"), "a/S.xml": TUNE},
        {"score": TUNE, "readme": "no score"},
    ],
)  # fmt: skip
def test_the_score_of_an_archive(files: dict[str, str]) -> None:
    assert pitches(song_of(archive(**files))) == [60, 62]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (archive(**{META: container("../s.xml"), "s.xml": TUNE}), "outside"),
        (archive(**{META: container("/s.xml"), "s.xml": TUNE}), "outside"),
        (archive(**{META: container("t.xml"), "s.xml": TUNE}), "missing"),
        (archive(readme="no score"), "without a MusicXML score"),
        (f'<!DOCTYPE s [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>{TUNE}'.encode(), "entities"),
        (f'<!DOCTYPE s [<!ENTITY a SYSTEM "file:///a">]>{TUNE}'.encode("utf-16"), "entities"),
        (TUNE.replace("<divisions>1", "<divisions>0").encode(), "bar 1: 0 divisions"),
        (score(part(bar(attributes(), note("C4", 4), barline(
            '<repeat direction="backward" times="64"/>')) * 400)), "more than 20000 bars"),
    ],
)  # fmt: skip
def test_what_is_unsafe_or_broken_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadInputError, match=f"tune.xml.*{reason}"):
        read_musicxml(data, "tune.xml")


def test_a_folder_reports_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "a.XML").write_bytes(TUNE.encode("utf-16"))
    (tmp_path / "B.MXL").write_bytes(archive(s=TUNE))
    (tmp_path / "c.xml").write_text("<project/>")
    (tmp_path / "README.txt").write_text("Read me.")
    problems: list[BadInputError] = []
    assert len(list(read_songs(tmp_path, problems.append))) == 2
    assert [str(problem) for problem in problems] == [
        f"{tmp_path / 'c.xml'}: not a known kind of song file"
    ]


def test_the_part_that_is_named_as_the_melody_leads() -> None:
    listed = "".join(
        f'<score-part id="{key}"><part-name>{name}</part-name></score-part>'
        for key, name in (("P1", "Keys"), ("P2", "Melody"))
    )
    low, high = (bar(attributes(), note(name, 4)) for name in ("C3", "E5"))
    song = song_of(score(part(low), part(high, name="P2"), listed=listed))
    assert [(track.name, track.role) for track in song.tracks] == [
        ("MELODY", "lead"),
        ("Keys", "keys"),
    ]
    assert pitches(song) == [76]


def test_a_note_that_midi_lacks_is_named() -> None:
    with pytest.raises(BadInputError, match=r"bar 1: .* outside the range of MIDI"):
        song_of_bars(bar(note("C99", 4)))
