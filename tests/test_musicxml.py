"""MusicXML read back by music21: notes, and the marks above them."""

import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muse.tools.datasets.musicxml import read_musicxml
from muse.tools.notation.grid import GRID, quantize_song
from muse.tools.notation.musicxml import compressed, musicxml, save_musicxml
from muse.tools.notation.score import score_of
from muse.tools.song.document import Chord, Key, Lyric, Meter, Note, Section, Song, Tempo, Track
from muse.tools.song.meter import parse_meter
from muse.tools.song.midi import load_song

Read = Counter[tuple[int, int, int]]  # (start, end, pitch) in steps


def opened(song: Song) -> Any:
    """Return the song as music21 reads it from MusicXML."""
    from music21 import converter

    return converter.parseData(musicxml(score_of(song)).decode(), format="musicxml")


def notes_read(score: Any, drums: bool) -> Read:
    """Return all notes of a music21 score, tied ones joined."""
    read: Read = Counter()
    for part in score.parts:
        if bool(list(part.recurse().getElementsByClass("PercussionClef"))) == drums:
            read += joined(part.toSoundingPitch())
    return read


def joined(part: Any) -> Read:
    """Return the notes of a part; a tie continues in its own voice."""
    open_notes: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    done: Read = Counter()
    voices = part.recurse().getElementsByClass("Voice")
    first = min((voice.id for voice in voices), key=int, default="1")
    for element in sorted(part.recurse().notes, key=lambda e: e.getOffsetInHierarchy(part)):
        if "Harmony" in element.classes:
            continue
        start = round(element.getOffsetInHierarchy(part) * GRID)
        length = element.duration.quarterLength * GRID
        assert length == round(length)
        voice = element.activeSite.id if "Voice" in element.activeSite.classes else first
        for note in element.notes if "ChordBase" in element.classes else [element]:
            key = voice, number_of(note)
            tie = note.tie.type if note.tie else None
            begin = start
            if tie in ("stop", "continue"):
                begin, end = open_notes[key].pop(0)
                assert end == start
            if tie in ("start", "continue"):
                open_notes[key].append((begin, start + round(length)))
            else:
                done[begin, start + round(length), key[1]] += 1
    assert not any(open_notes.values())
    return done


def number_of(note: Any) -> int:
    """Return the MIDI pitch; of a drum that of its position on the staff."""
    if "Unpitched" in note.classes:
        return note.displayPitch().midi
    return note.pitch.midi


def notes_written(song: Song) -> Read:
    """Return the pitched notes that should be read, on the grid."""
    pitched = (t for t in zip(song.tracks, quantize_song(song)[0], strict=True) if not t[0].is_drum)
    return Counter((n.start, n.end, n.pitch) for _, notes in pitched for n in notes)


def hits_written(song: Song) -> Read:
    """Return the drum hits that should be read, doubled ones included."""
    drums = (t for t in zip(song.tracks, quantize_song(song)[0], strict=True) if t[0].is_drum)
    hits: Read = Counter()
    for _, notes in drums:
        hits += Counter((n.start, n.end, n.pitch) for n in notes)
    return hits


def onsets(notes: Read) -> Counter[tuple[int, int]]:
    """Count notes by start and end, regardless of pitch."""
    found: Counter[tuple[int, int]] = Counter()
    for (start, end, _), count in notes.items():
        found[start, end] += count
    return found


def same_notes(song: Song) -> None:
    score = opened(song)
    assert notes_read(score, False) == notes_written(song)
    assert onsets(notes_read(score, True)) == onsets(hits_written(song))


def test_the_example_song_is_read_back(example_song: Song) -> None:
    same_notes(example_song)


def test_a_song_on_the_grid_is_not_moved() -> None:
    notes = [Note(0.5, 1 / 3, 60, 80), Note(1 + 1 / 24, 3.125, 64, 80), Note(1.0, 7.0, 64, 80)]
    song = Song(tracks=[Track("a", notes=notes)])
    read = notes_read(opened(song), False)
    assert read == Counter({(12, 20, 60): 1, (25, 100, 64): 1, (24, 192, 64): 1})


@pytest.mark.parametrize("number", ["001", "005"])
def test_real_songs_are_read_back(shared_data: Path, number: str) -> None:
    song = load_song(shared_data / "pop909" / number / f"{number}.mid")
    for track in song.tracks:  # a minute is enough
        track.notes = [note for note in track.notes if note.start_beats < 80]
    same_notes(song)


STEPS = st.integers(0, 40 * GRID)
GRID_NOTES = st.builds(
    lambda start, length, pitch: Note(start / GRID, length / GRID, pitch, 80),
    STEPS,
    st.one_of(st.integers(1, 5 * GRID), st.sampled_from([3, 4, 6, 8, 12, 16, 24, 36, 48, 96])),
    st.integers(0, 127),
)
FREE_NOTES = st.builds(
    Note, st.floats(0, 30), st.floats(0, 5), st.integers(0, 127), st.integers(1, 127)
)
TRACKS = st.builds(
    lambda notes, drum, role: Track("t", role, 0, drum, notes),
    st.one_of(st.lists(GRID_NOTES, max_size=25), st.lists(FREE_NOTES, max_size=25)),
    st.booleans(),
    st.sampled_from(["lead", "keys", "bass"]),
)
METERS = st.builds(
    Meter,
    st.floats(0, 40),
    st.integers(1, 13),
    st.sampled_from([1, 2, 4, 8, 16, 32]),
)
SONGS = st.builds(
    lambda tracks, meters, keys: Song(tracks=tracks, meters=meters, keys=keys),
    st.lists(TRACKS, max_size=3),
    st.lists(METERS, max_size=3),
    st.lists(
        st.builds(Key, st.floats(0, 40), st.integers(0, 11), st.sampled_from(["major", "minor"])),
        max_size=2,
    ),
)


@pytest.mark.filterwarnings("ignore:.*does not map to a valid instrument")  # keys outside of GM
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(SONGS)
def test_any_song_is_read_back(song: Song) -> None:
    same_notes(song)


def test_marks_above_the_notes_are_read() -> None:
    song = Song(
        tempos=[Tempo(0.0, 90.0), Tempo(4.0, 126.5)],
        meters=[Meter(0.0, 4, 4), Meter(8.0, 6, 8)],
        keys=[Key(0.0, 3, "major"), Key(8.0, 9, "minor")],
        sections=[Section(0.0, "Verse"), Section(8.0, "Chorus")],
        chords=[
            Chord(0.0, 4.0, "Ebmaj7"),
            Chord(4.0, 2.0, "F#m7b5/A"),
            Chord(6.0, 1.0, "NC"),
            Chord(7.0, 1.0, "D:7(b9)"),
        ],
        tracks=[Track("Tune", "lead", 73, notes=[Note(0.0, 11.0, 63, 80)])],
    )
    score = opened(song)
    part = score.parts[0]

    def found(kind: str, value: Callable[[Any], Any]) -> list[tuple[float, Any]]:
        elements = part.recurse().getElementsByClass(kind)
        return [(float(e.getOffsetInHierarchy(part)), value(e)) for e in elements]

    assert found("MetronomeMark", lambda e: e.number) == [(0.0, 90.0), (4.0, 126.5)]
    assert found("TimeSignature", lambda e: e.ratioString) == [(0.0, "4/4"), (8.0, "6/8")]
    assert found("KeySignature", lambda e: e.sharps) == [(0.0, -3), (8.0, 0)]
    assert found("RehearsalMark", lambda e: e.content) == [(0.0, "Verse"), (8.0, "Chorus")]
    chords = found("Harmony", lambda e: sorted({p.pitchClass for p in e.pitches}))
    assert chords == [(0.0, [2, 3, 7, 10]), (4.0, [0, 4, 6, 9]), (6.0, []), (7.0, [0, 2, 3, 6, 9])]
    assert part.partName == "Tune"
    assert next(note.pitch.name for note in part.recurse().notes if note.isNote) == "E-"


def test_each_drum_names_its_key() -> None:
    hits = [Note(0.0, 0.1, 36, 90), Note(1.0, 0.1, 38, 90), Note(1.0, 0.1, 81, 90)]
    root = fromstring(musicxml(score_of(Song(tracks=[Track("kit", "drums", 0, True, hits)]))))
    keys = {
        sound.attrib["id"]: int(sound.findtext("midi-unpitched", "0")) - 1
        for sound in root.iter("midi-instrument")
    }
    played = [keys[each.attrib["id"]] for each in root.findall(".//note/instrument")]
    assert sorted(played) == [36, 38, 81]


def test_eighths_are_beamed_by_the_beat() -> None:
    notes = [Note(i / 2, 0.5, 60, 80) for i in range(4)] + [Note(2.0, 0.75, 60, 80)]
    notes += [Note(2.75, 0.25, 60, 80), Note(3.0, 1.0, 60, 80)]
    root = fromstring(musicxml(score_of(Song(tracks=[Track("a", "lead", notes=notes)]))))
    beams = [[beam.text for beam in note.findall("beam")] for note in root.iter("note")]
    assert beams == [["begin"], ["end"]] * 2 + [["begin"], ["end", "backward hook"], []]


@pytest.mark.parametrize(
    ("meter", "beams"),
    [
        (
            "3/8",
            ["start", "continue", "stop"] * 2,
        ),  # by the bar
        ("6/8", ["start", "continue", "stop"] * 2),
        ("3/4", ["start", "stop"] * 3),
    ],
)
def test_eighths_of_ternary_meters_are_read_back_with_their_beams(
    meter: str, beams: list[str]
) -> None:
    notes = [Note(i / 2, 0.5, 60, 80) for i in range(6)]
    read = opened(Song(meters=[parse_meter(meter)], tracks=[Track("a", "lead", notes=notes)]))
    found = [[beam.type for beam in note.beams] for note in read.recurse().notes]
    assert found == [[beam] for beam in beams]


def test_a_rest_or_a_longer_note_interrupts_the_beam_of_three_eighths() -> None:
    starts = [(0.0, 0.5), (1.0, 0.5), (1.5, 1.0), (2.5, 0.5), (3.0, 0.25), (3.25, 0.25), (3.5, 1.0)]
    notes = [Note(start, length, 60, 80) for start, length in starts]
    song = Song(meters=[parse_meter("3/8")], tracks=[Track("a", "lead", notes=notes)])
    found = [[beam.type for beam in note.beams] for note in opened(song).recurse().notes]
    assert found == [[], [], [], [], ["start"] * 2, ["stop"] * 2, []]


def written_tune(*pitches: int, key: Key | None = None) -> list[tuple[str | None, bool]]:
    """Return accidental and courtesy of quarter notes as a score writes them."""
    notes = [Note(float(i), 1.0, pitch, 80) for i, pitch in enumerate(pitches)]
    return signs_of(Song(keys=[key] if key else [], tracks=[Track("a", "lead", notes=notes)]))


def signs_of(song: Song) -> list[tuple[str | None, bool]]:
    """Return accidental and courtesy of every note of a score."""
    root = fromstring(musicxml(score_of(song)))
    found = [note.find("accidental") for note in root.iter("note") if note.find("rest") is None]
    return [
        (None, False) if sign is None else (sign.text, sign.get("cautionary") == "yes")
        for sign in found
    ]


SHARP, FLAT, NATURAL, NOTHING = (
    ("sharp", False),
    ("flat", False),
    ("natural", False),
    (None, False),
)


def test_an_accidental_holds_for_its_bar_line_and_octave() -> None:
    assert written_tune(66, 66, 65, 78) == [SHARP, NOTHING, NATURAL, SHARP]
    assert written_tune(66, 65, 66, 66, 66) == [SHARP, NATURAL, SHARP, NOTHING, SHARP]
    in_g = Key(0.0, 7, "major")
    assert written_tune(66, 65, 66, 67, 65, key=in_g) == [NOTHING, NATURAL, SHARP, NOTHING, NATURAL]
    in_f = Key(0.0, 5, "major")
    assert written_tune(70, 71, 70, 68, key=in_f) == [NOTHING, NATURAL, FLAT, FLAT]


def test_the_chord_of_f_sharp_has_all_its_sharps() -> None:
    notes = [Note(0.0, 4.0, pitch, 80) for pitch in (66, 70, 73)]
    song = Song(keys=[Key(0.0, 4, "major")], tracks=[Track("a", "lead", notes=notes)])
    root = fromstring(musicxml(score_of(song)))
    assert [step.text for step in root.iter("step")] == ["F", "A", "C"]
    assert signs_of(song) == [NOTHING, SHARP, NOTHING]


def test_a_tie_over_the_bar_line_carries_its_accidental_no_further() -> None:
    held = Note(0.0, 5.0, 66, 80)
    for next_pitch, sign in ((65, ("natural", True)), (66, SHARP)):
        notes = [held, Note(5.0, 1.0, next_pitch, 80), Note(6.0, 1.0, next_pitch, 80)]
        song = Song(tracks=[Track("a", "lead", notes=notes)])
        assert signs_of(song) == [SHARP, NOTHING, sign, NOTHING]


def test_voices_of_a_staff_share_their_accidentals() -> None:
    notes = [Note(0.0, 3.0, 66, 80), Note(1.0, 1.0, 66, 80)]
    assert signs_of(Song(tracks=[Track("a", "lead", notes=notes)])).count(SHARP) == 1
    cluster = [Note(0.0, 1.0, 65, 80), Note(0.0, 1.0, 66, 80)]
    assert signs_of(Song(tracks=[Track("a", "lead", notes=cluster)])) == [NATURAL, SHARP]


def test_lyrics_are_written_in_both_conventions() -> None:
    notes = [Note(float(i), 1.0, 60, 80) for i in range(5)]
    for texts in (["Hel-", "lo", "to-", "mor-", "row"], ["/Hel", "lo", " to", "mor", "row "]):
        lyrics = [Lyric(float(i), text) for i, text in enumerate(texts)]
        song = Song(tracks=[Track("a", "lead", notes=notes, lyrics=lyrics)])
        root = fromstring(musicxml(score_of(song)))
        assert [(e.findtext("syllabic"), e.findtext("text")) for e in root.iter("lyric")] == [
            ("begin", "Hel"),
            ("end", "lo"),
            ("begin", "to"),
            ("middle", "mor"),
            ("end", "row"),
        ]


def test_a_place_has_one_tempo_and_one_chord() -> None:
    song = Song(
        tempos=[Tempo(0.0, 100.0), Tempo(0.001, 120.0), Tempo(2.0, 121.0), Tempo(4.0, 90.0)],
        chords=[Chord(0.0, 0.001, "C"), Chord(0.001, 4.0, "Dm")],
        tracks=[Track("a", "lead", notes=[Note(0.0, 8.0, 60, 80)])],
    )
    root = fromstring(musicxml(score_of(song)))
    assert [mark.findtext("per-minute") for mark in root.iter("metronome")] == ["120", "90"]
    assert [sound.get("tempo") for sound in root.iter("sound")] == ["120", "121", "90"]
    assert [harmony.findtext("root/root-step") for harmony in root.iter("harmony")] == ["D"]


def test_no_octave_is_below_zero_and_none_is_lost() -> None:
    notes = [Note(float(i), 1.0, pitch, 80) for i, pitch in enumerate((0, 11, 12, 60))]
    data = musicxml(score_of(Song(tracks=[Track("a", "bass", notes=notes)])))
    assert min(int(octave.text or "") for octave in fromstring(data).iter("octave")) == 0
    ((_, song),) = read_musicxml(data, "a.musicxml")
    assert [note.pitch for note in song.tracks[0].notes] == [0, 11, 12, 60]


def test_doubled_drum_hits_are_written_and_read() -> None:
    hits = [Note(0.0, 0.1, 38, 90), Note(0.0, 0.1, 38, 70), Note(0.0, 0.1, 36, 90)]
    data = musicxml(score_of(Song(tracks=[Track("kit", "drums", 0, True, hits)])))
    ((_, song),) = read_musicxml(data, "a.musicxml")
    assert [note.pitch for track in song.tracks for note in track.notes] == [36, 38, 38]


def test_triplets_without_one_beam_have_brackets() -> None:
    notes = [Note(i / 3, 1 / 3, 60, 80) for i in range(3)]
    notes += [Note(2 + 2 * i / 3, 2 / 3, 60, 80) for i in range(3)]
    root = fromstring(musicxml(score_of(Song(tracks=[Track("a", "lead", notes=notes)]))))
    starts = [mark for mark in root.iter("tuplet") if mark.get("type") == "start"]
    assert [mark.get("bracket") for mark in starts] == ["no", "yes"]


def test_an_mxl_holds_the_score(tmp_path: Path, example_song: Song) -> None:
    from music21 import converter

    score = save_musicxml(example_song, tmp_path / "a.mxl", "Lanterns")
    with zipfile.ZipFile(tmp_path / "a.mxl") as archive:
        assert archive.read("score.musicxml") == musicxml(score)
    assert (tmp_path / "a.mxl").read_bytes() == compressed(musicxml(score))
    read = converter.parse(tmp_path / "a.mxl", forceSource=True)
    assert read.metadata.title == "Lanterns"
    assert notes_read(read, False) == notes_written(example_song)


def test_an_empty_song_and_chords_alone_can_be_opened() -> None:
    assert not list(opened(Song()).recurse().notes)
    chords = opened(Song(chords=[Chord(0.0, 8.0, "Cmaj7")]))
    assert len(chords.parts[0].getElementsByClass("Measure")) == 2
