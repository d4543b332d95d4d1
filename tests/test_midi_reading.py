"""Files that symusic refuses or misreads are read right, with a warning that says what is wrong."""

import gzip
import logging
import struct

import pytest

from muse.tools.datasets.readers import read_data
from muse.tools.errors import BadInputError
from muse.tools.song.document import Control, Lyric, Note, Program, Song, Tempo, Track
from muse.tools.song.midi import read_score, song_from_midi, song_to_midi, songs_from_midi
from muse.tools.song.midi_checks import is_plain
from muse.tools.song.midi_events import NOTE_ON, PROGRAM, parse_midi
from muse.tools.song.midi_text import BYTE_ORDER_MARKS, decode, encode, text_encoding
from tests.mutations import END_OF_TRACK, chunk, midi_file

STEP = b"\x60"  # 96 ticks: a fifth of a beat
TICKS = 480


def note(key: int, channel: int = 0, wait: bytes = b"\0") -> bytes:
    """Return a note of 96 ticks."""
    return wait + bytes([0x90 | channel, key, 64]) + STEP + bytes([0x80 | channel, key, 0])


def text(kind: int, body: bytes, wait: bytes = b"\0") -> bytes:
    """Return a meta event with a text."""
    return wait + bytes([0xFF, kind, len(body)]) + body


def header(tracks: int, kind: int = 1, division: int = TICKS) -> bytes:
    return chunk(b"MThd", struct.pack(">HHH", kind, tracks, division))


def several(*tracks: bytes, kind: int = 1) -> bytes:
    """Return a file of several tracks of raw events."""
    bodies = [chunk(b"MTrk", events + END_OF_TRACK) for events in tracks]
    return header(len(tracks), kind) + b"".join(bodies)


def pitches(song: Song) -> list[list[int]]:
    return [[note.pitch for note in track.notes] for track in song.tracks]


TUNE = note(60) + note(62) + note(64)
WHOLE = midi_file(TUNE)
BODY = TUNE + END_OF_TRACK


def with_length(length: int) -> bytes:
    return header(1) + b"MTrk" + length.to_bytes(4) + BODY


CONTAINERS = {
    "gzip": gzip.compress(WHOLE),
    "RMID": b"RIFF" + struct.pack("<I", len(WHOLE) + 12) + b"RMIDdata" + bytes(4) + WHOLE,
    "leading bytes": b"\r\n\0\0" + WHOLE,
    "long header": chunk(b"MThd", struct.pack(">HHH", 0, 1, TICKS) + b"\0\0") + WHOLE[14:],
    "unknown chunk": WHOLE[:14] + chunk(b"XFIH", b"abc") + WHOLE[14:],
    "garbage between chunks": WHOLE[:14] + b"\1\2\3" + WHOLE[14:],
    "track length 0": with_length(0),
    "track length too short": with_length(9),
    "track length too long": with_length(len(BODY) + 40),
    "no end of track": header(1) + chunk(b"MTrk", TUNE),
}


@pytest.mark.parametrize("data", CONTAINERS.values(), ids=CONTAINERS)
def test_the_notes_are_found_in_any_wrapping(data: bytes) -> None:
    ((_, song),) = read_data(data, "x.mid")
    assert song.tracks[0].notes == [Note(n / 5, 0.2, 60 + 2 * n, 64) for n in range(3)]
    assert len(read_score(data).tracks[0].notes) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (with_length(0), "wrong track length"),
        (several(TUNE, TUNE)[:-12], "cut off"),
        (WHOLE[:14] + b"\1\2\3" + WHOLE[14:], "other bytes between"),
        (midi_file(b"\0\x90\x3c\xff\x60\x80\x3c\0" + TUNE), "data bytes over 127"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(data: bytes, words: str, caplog) -> None:
    with caplog.at_level(logging.WARNING, "muse"):
        song_from_midi(data, "x.mid")
    (message,) = caplog.messages
    assert message.startswith("x.mid: ")
    assert words in message


def test_a_file_that_is_cut_off_gives_what_is_whole() -> None:
    data = several(text(3, b"one") + TUNE, text(3, b"two") + TUNE)
    song = song_from_midi(data[: -len(END_OF_TRACK) - 5])
    assert pitches(song) == [[60, 62, 64], [60, 62]]


def test_data_bytes_over_127_are_clipped() -> None:
    song = song_from_midi(midi_file(b"\0\x90\x3c\xff\x60\x80\x3c\0" + TUNE))
    assert [note.velocity for note in song.tracks[0].notes] == [127, 64, 64, 64]


def test_running_status_goes_on_after_sysex() -> None:
    events = (
        b"\0\x90\x3c\x40\x60\x3c\0" + b"\0\xf0\x05\x7e\x7f\x09\x01\xf7" + b"\0\x3e\x40\x60\x3e\0"
    )
    assert pitches(song_from_midi(midi_file(events + b"\0\x40\x40\x60\x40\0"))) == [[60, 62, 64]]


def test_packets_of_sysex_are_no_time() -> None:
    packets = b"\0\xf0\x03\x43\x12\0" + STEP + b"\xf7\x03\x43\x12\0" + STEP + b"\xf7\x02\0\xf7"
    song = song_from_midi(midi_file(packets + TUNE))
    assert song.tracks[0].notes[0].start_beats == 192 / TICKS


@pytest.mark.parametrize(
    ("division", "seconds"), [(0xE728, 96 / 1000), (0xE808, 96 / 192), (0xE350, 96 / 2400 * 1.001)]
)
def test_times_in_video_frames_are_seconds(division: int, seconds: float) -> None:
    song = song_from_midi(midi_file(note(60), ticks=division))
    first = song.tracks[0].notes[0]
    assert song.tempo_map().seconds_at(first.duration_beats) == pytest.approx(seconds)
    with pytest.raises(BadInputError, match=r"header is damaged|no time"):
        song_from_midi(midi_file(note(60), ticks=0x8000), "x.mid")


def test_a_file_of_type_2_holds_several_songs() -> None:
    data = several(text(3, b"one") + TUNE, text(3, b"two") + note(70), kind=2)
    assert [pitches(song) for song in songs_from_midi(data)] == [[[60, 62, 64]], [[70]]]
    assert [name for name, _ in read_data(data, "x.mid")] == ["1", "2"]


def test_a_key_struck_again_ends_its_note() -> None:
    song = song_from_midi(
        midi_file(b"\0\x90\x3c\x40" + STEP + b"\x90\x3c\x50" + STEP + b"\x80\x3c\0")
    )
    assert song.tracks[0].notes == [Note(0.0, 0.2, 60, 64), Note(0.2, 0.2, 60, 80)]


def programs(song: Song) -> list[tuple[int, list[Program]]]:
    return [(track.program, track.programs) for track in song.tracks]


def test_programs_of_a_set_up_track_reach_their_channels() -> None:
    setup = b"\0\xc1\x20\0\xb1\x07\x50\0\xc2\x49"
    song = song_from_midi(several(setup, note(40, 1), note(72, 2)))
    assert programs(song) == [(32, []), (73, [])]
    assert song.tracks[0].controls == [Control(0.0, 7, 0x50)]


def test_tracks_on_one_channel_have_its_program() -> None:
    song = song_from_midi(several(b"\0\xc4\x3e" + note(60, 4), note(48, 4, b"\x0a")))
    assert programs(song) == [(62, []), (62, [])]


def test_tracks_that_each_set_a_program_at_once_keep_their_own() -> None:
    song = song_from_midi(several(b"\0\xc0\x05" + note(60), b"\0\xc0\x07" + note(48)))
    assert programs(song) == [(5, []), (7, [])]


def test_a_change_of_program_is_one_track_and_comes_back() -> None:
    data = midi_file(b"\0\xc0\x05" + note(60) + b"\0\xc0\x28" + note(62) + note(64))
    song = song_from_midi(data)
    assert programs(song) == [(5, [Program(0.2, 40)])]
    assert song_from_midi(song_to_midi(song)).tracks == song.tracks
    assert [track.program for track in read_score(data).tracks] == [5, 40]


def many(count: int, **options: object) -> Song:
    """Return a song whose tracks play one after the other, twice."""
    return Song(
        tracks=[
            Track(f"T{n}", program=n, notes=[Note(n + k, 1.0, 60, 64) for k in (0, 50)], **options)
            for n in range(count)
        ]
    )


def sounding_programs(data: bytes) -> dict[int, set[int]]:
    """Return the programs of the notes of each track, in a player that ignores ports."""
    midi = parse_midi(data)
    events = [(e, n) for n, track in enumerate(midi.tracks) for e in track.channel_events]
    current: dict[int, int] = {}
    heard: dict[int, set[int]] = {}
    for (_, channel, kind, first, second), number in sorted(events, key=lambda each: each[0][0]):
        if kind == PROGRAM:
            current[channel] = first
        elif kind == NOTE_ON and second:
            heard.setdefault(number, set()).add(current[channel])
    return heard


@pytest.mark.parametrize("is_drum", [False, True])
def test_no_track_of_many_plays_with_another_instrument(is_drum: bool, caplog) -> None:
    song = many(40, is_drum=is_drum)
    data = song_to_midi(song)
    assert "MIDI ports" in caplog.text
    assert sounding_programs(data) == {n + 1: {n} for n in range(40)}
    back = song_from_midi(data)
    assert programs(back) == programs(song)
    assert pitches(back) == pitches(song)


def test_fifteen_instruments_need_no_port(caplog) -> None:
    data = song_to_midi(many(15))
    assert is_plain(data)
    assert not caplog.text


GS_DRUMS = b"\0\xf0\x0a\x41\x10\x42\x12\x40\x1a\x15\x01\x10\xf7"
XG_DRUMS = b"\0\xf0\x08\x43\x10\x4c\x08\x0a\x07\x02\xf7"
GM2_DRUMS = b"\0\xba\0\x78"
HIT = note(36, 10)


@pytest.mark.parametrize(
    "events",
    [GS_DRUMS + HIT, XG_DRUMS + HIT, GM2_DRUMS + HIT, text(3, b"Drums") + HIT, note(36, 9)],
)
def test_drums_are_found_on_any_channel(events: bytes) -> None:
    song = song_from_midi(several(note(60), events))
    assert [(track.role, track.is_drum) for track in song.tracks] == [
        ("keys", False),
        ("drums", True),
    ]


@pytest.mark.parametrize(
    "events",
    [
        text(3, b"Steel Drums") + b"\0\xca\x72" + HIT,
        text(3, b"Drums") + note(100, 10),
        b"\0\xf0\x0a\x41\x10\x42\x12\x40\x10\x15\0\x1b\xf7" + note(36, 9),  # the tenth part, off
    ],
)
def test_what_is_no_drum_kit_stays_pitched(events: bytes) -> None:
    assert not song_from_midi(midi_file(events)).tracks[0].is_drum


ENCODED = {
    "utf-8": "Flöte 歌",
    "latin-1": "Flûte à bec, “Ü” €",
    "shift_jis": "歌声りんご",
    "utf-16-le": "Chœur 歌",
    "utf-16-be": "Chœur 歌",
}


@pytest.mark.parametrize(("encoding", "words"), ENCODED.items())
def test_texts_are_recognized_and_written_as_they_were(encoding: str, words: str) -> None:
    raw = encode(words, encoding)
    data = midi_file(text(3, raw) + text(6, raw) + text(5, raw) + TUNE)
    song = song_from_midi(data)
    (track,) = song.tracks
    assert (song.text_encoding, track.name, track.lyrics) == (encoding, words, [Lyric(0.0, words)])
    assert song.sections[0].label == words
    bare = raw.removeprefix(BYTE_ORDER_MARKS.get(encoding, b""))
    assert song_to_midi(song).count(bare) == 3


def test_a_text_that_its_encoding_lacks_is_written_in_utf_8() -> None:
    assert encode("歌", "latin-1") == "歌".encode()
    assert decode(b"\xff\xfeA\0", "utf-16-le") == "A"
    assert text_encoding([b"{@JP}", b"\xb1\xb2"]) == "shift_jis"


def test_karaoke_texts_are_lyrics_of_the_track_that_is_sung() -> None:
    words = text(1, b"@KMIDI KARAOKE FILE") + text(1, b"@TTitle")
    words += text(1, b"\\Hel") + text(1, b"lo", STEP) + text(1, b" you", STEP)
    chords = b"".join(note(40, 1) for _ in range(12))
    song = song_from_midi(several(words, chords, text(3, b"Song") + TUNE))
    assert [track.name for track in song.tracks] == ["", "Song"]
    assert [lyric.text for lyric in song.tracks[1].lyrics] == ["\\Hel", "lo", " you"]
    assert song_from_midi(song_to_midi(song)).tracks == song.tracks


def markers(*texts: str) -> tuple[list[str], list[str]]:
    """Return the sections and chords that are read from markers."""
    events = b"".join(text(6, each.encode(), STEP) for each in texts)
    song = song_from_midi(midi_file(events + TUNE))
    return [s.label for s in song.sections], [c.symbol for c in song.chords]


@pytest.mark.parametrize(
    ("texts", "chords"),
    [
        ("A Chorus B", ""),
        ("A B A C", ""),
        ("A", ""),
        ("A Chorus B Solo Fine Dm7", "Dm7"),
        ("A Dm7 G7 C", "A Dm7 G7 C"),
        ("C F G C", "C F G C"),
        ("[verse] A D E7 A", "A D E7 A"),
    ],
)
def test_letters_are_chords_only_among_chords(texts: str, chords: str) -> None:
    assert markers(*texts.split())[1] == chords.split()


def test_plain_files_take_the_fast_path() -> None:
    gm_on = b"\0\xf0\x05\x7e\x7f\x09\x01\xf7"
    setup = gm_on + b"\0\xc0\x05\0\xb0\x07\x50"
    assert is_plain(several(text(3, b"a") + setup + TUNE, b"\0\xc1\x07" + note(50, 1)))
    assert not is_plain(several(setup, TUNE))


def test_both_readers_agree_on_plain_files(monkeypatch, example_song: Song) -> None:
    data = song_to_midi(example_song)
    fast = song_from_midi(data)
    monkeypatch.setattr("muse.tools.song.midi.is_plain", lambda data: False)
    assert song_from_midi(data) == fast
    assert fast.tempos == [Tempo(t.beat, pytest.approx(t.bpm)) for t in example_song.tempos]
