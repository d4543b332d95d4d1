"""The track of a song's melody: chosen, named, or guessed."""

import pytest

from muse.tools.datasets.forms.melody import find_melody_track
from muse.tools.datasets.melody_track import with_melody_track
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Note, Song, Track, song_from_json
from muse.tools.song.midi_writer import song_to_midi


def line(name: str, pitch: int, role: str = "keys", count: int = 8) -> Track:
    """Return a track of single notes, slightly legato."""
    notes = [Note(float(n), 1.05, pitch + n % 3, 80) for n in range(count)]
    return Track(name, role, notes=notes)


def chords(name: str, pitch: int = 60) -> Track:
    """Return a track of triads."""
    notes = [Note(4.0 * n, 4.0, pitch + step, 80) for n in range(2) for step in (0, 4, 7)]
    return Track(name, "keys", notes=notes)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([chords("", 84), line("", 60)], 1),  # as in folk tunes with chords
        ([line("low", 50), line("high", 70)], 1),
        ([line("strings", 80, "pad"), line("bass", 90, "bass"), line("", 60)], 2),
        ([line("a bell", 95, count=4), line("long", 60, count=40)], 1),
        ([line("high", 90), line("Melody", 50)], 1),
        ([line("high", 90), line("song", 50, "vocals")], 1),
    ],
)
def test_the_melody_is_found(tracks: list[Track], expected: int) -> None:
    assert find_melody_track(Song(tracks=tracks)) is tracks[expected]


@pytest.mark.parametrize(
    "tracks", [[chords("a"), chords("b")], [chords("a"), line("b", 40, "bass")]]
)
def test_chords_and_basses_are_no_melody(tracks: list[Track]) -> None:
    with pytest.raises(BadInputError, match="--melody-track"):
        find_melody_track(Song(tracks=tracks))


@pytest.mark.parametrize("wanted", ["3", "fiddle", "FID"])
def test_a_track_is_chosen_by_number_or_name(wanted: str) -> None:
    song = Song(tracks=[line("Melody", 70), chords("b"), line("Fiddle", 60, "bass")])
    chosen = find_melody_track(with_melody_track(song, wanted))
    assert chosen.notes == song.tracks[2].notes
    assert with_melody_track(song, None) is song


def test_a_track_that_is_not_there_is_an_error_with_a_list() -> None:
    song = Song(tracks=[line("Flute", 70), Track("Empty")])
    with pytest.raises(ParameterError, match=r"no track 'oboe' with notes; it has 1 Flute"):
        with_melody_track(song, "oboe", "x.mid")


def test_the_commands_take_the_track(muse, tmp_path) -> None:
    song = Song(tracks=[chords("Chords", 72), line("Low", 48), line("High", 72)])
    source = tmp_path / "in.mid"
    source.write_bytes(song_to_midi(song))
    pitches = []
    for wanted in ((), ("--melody-track", "Low")):
        result = muse("chords", "--under", source, *wanted, "--seed", 1, "--json")
        assert result.code == 0, result.err
        pitches.append(find_melody_track(song_from_json(result.out)).notes[0].pitch)
    assert pitches == [72, 48]
    assert muse("chords", "--melody-track", "Low").code == 2
    assert muse("melody", source, "--fill", "2", "--melody-track", "Oboe").code == 2
