"""Songs as arrays of chords, chord data files, and scores of chord models."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.chords.ngram_baselines import train_baseline
from muse.tools.datasets.chord_data import (
    ChordData,
    load_chord_data,
    read_chord_data,
    save_chord_data,
)
from muse.tools.datasets.chord_events import (
    DURATIONS,
    FIRST_TARGET_ID,
    STYLES,
    VOCABULARY_SIZE,
    Context,
    bar_position,
    duration_class,
    function_code_of,
    symbol_of_id,
    transposed_ids,
    transposition,
)
from muse.tools.datasets.chord_songs import ChordSong, chord_song
from muse.tools.datasets.forms.build import build_form
from muse.tools.datasets.forms.options import FormOptions
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.style_labels import artist_in, style_of
from muse.tools.datasets.vocabulary import UNKNOWN_ID
from muse.tools.errors import BadInputError, MuseError
from muse.tools.evaluation.chords import (
    EVERYTHING,
    evaluate,
    figures,
    over_seeds,
    seed_differences,
    target_scores,
)
from muse.tools.song.document import Chord, Key, Meter, Section, Song, song_to_json
from muse.tools.theory.annotate import annotated
from muse.tools.theory.chords import write_harte

IDS = CHORD_VOCABULARY.ids
ROOT = Path(__file__).parent.parent


def song_of(symbols: str, **fields: Any) -> Song:
    chords = [Chord(4.0 * bar, 4.0, symbol) for bar, symbol in enumerate(symbols.split())]
    return Song(chords=chords, **{"keys": [Key(0.0, 0, "major")], **fields})


def arrays(symbols: str, name: str = "folder/song", **fields: Any) -> ChordSong:
    return chord_song(name, song_of(symbols, **fields), "pop")


def test_columns_of_a_song() -> None:
    song = arrays(
        "C C/E G7/B Am7 NC Eb",
        meters=[Meter(0.0, 4, 4), Meter(12.0, 3, 4)],
        sections=[Section(4.0, "A"), Section(12.0, "B"), Section(16.0, "A")],
    )
    assert CHORD_VOCABULARY.decode(song.chord_id.tolist()) == [
        *("C:maj", "G:7", "A:min7", "N", "Eb:maj")
    ]
    assert song.bass.tolist() == [0, 4, 0, 0, 0]
    assert [DURATIONS[d] for d in song.duration_class] == [8.0, 4.0, 4.0, 4.0, 4.0]
    assert song.start_beats.tolist() == [0.0, 8.0, 12.0, 16.0, 20.0]
    assert song.bar_position_beats.tolist() == [0.0, 0.0, 0.0, 1.0, 2.0]
    assert song.section.tolist() == [-1, 0, 1, 0, 0]
    assert [event.chord_id for event in song.events()] == song.chord_id.tolist()


def test_context_has_the_longest_key_and_meter() -> None:
    song = song_of(
        "C F G C Am Dm",
        keys=[Key(0.0, 0, "major"), Key(8.0, 9, "minor")],
        meters=[Meter(0.0, 3, 4), Meter(6.0, 6, 8)],
    )
    context = chord_song("a/b", song, "jazz").context
    assert context == Context(9, "minor", "jazz", 6, 8)
    assert (context.home_pc, context.bar_beats, context.style_code) == (0, 3.0, 3)


def test_functions_do_not_look_ahead() -> None:
    """C7 alone is V/IV, and before G a blues tonic; the columns always have V/IV."""
    before_f, before_g = arrays("C7 F C7 F"), arrays("C7 G C7 G")
    assert before_f.function_code[0] == before_g.function_code[0]
    ahead = [annotated(song_of(text)).chords[0].function_code for text in ("C7 F", "C7 G")]
    assert ahead[0] != ahead[1]


def test_windows_do_not_reveal_their_target(tmp_path: Path) -> None:
    """The columns of a window do not depend on the chord after it."""
    for name, symbols in (("one", "C7 F C7 F Am"), ("two", "C7 G C7 G Am")):
        (tmp_path / f"{name}.json").write_bytes(song_to_json(song_of(symbols)))
    rows = list(build_form("chords", [str(tmp_path)], FormOptions(window=2)).rows())
    first = [row for row in rows if row["input_ids"][-1] == IDS["C:7"]]
    assert {row["target_id"] for row in first} == {IDS["F:maj"], IDS["G:maj"]}
    assert len({row["function_code"][-1] for row in first}) == 1


def test_unknown_chords_are_input_but_not_targets() -> None:
    song = arrays("C ? G C")
    assert song.chord_id[1] == UNKNOWN_ID
    assert evaluate(train_baseline("trigram", [song]), [song])[EVERYTHING].chords == 3


def test_too_few_chords_are_an_error() -> None:
    with pytest.raises(BadInputError, match="folder/song"):
        arrays("C C C")


@given(st.floats(0.01, 1000))
def test_duration_is_the_nearest_by_ratio(beats: float) -> None:
    ratios = [abs(np.log(length / beats)) for length in DURATIONS]
    assert ratios[duration_class(beats)] == min(ratios)


@given(st.integers(0, VOCABULARY_SIZE - 1), st.integers(-30, 30))
def test_transposed_ids_are_those_of_transposed_chords(chord: int, semitones: int) -> None:
    moved = int(transposed_ids(np.array([chord]), semitones)[0])
    before, after = symbol_of_id(chord), symbol_of_id(moved)
    assert after.quality == before.quality
    if before.root_pc is None:
        assert moved == chord
    else:
        assert after.root_pc == (before.root_pc + semitones) % 12
    assert transposition(-semitones)[moved] == chord


def test_symbols_of_ids_are_spelled_in_the_key() -> None:
    assert write_harte(symbol_of_id(IDS["F#:min7"], 3, -6)) == "Gb:min7/b3"
    assert write_harte(symbol_of_id(IDS["N"])) == "N"


def test_function_codes_are_invariant_to_transposition() -> None:
    for semitones in range(12):
        ids = transposed_ids(np.array([IDS["G:7"], IDS["D:min7"], IDS["Ab:7"]]), semitones)
        codes = [function_code_of(int(i), 0, semitones, "major") for i in ids]
        assert codes == [function_code_of(IDS[n], 0, 0, "major") for n in ("G:7", "D:min7", "Ab:7")]


def test_bar_positions_after_pickups_and_in_odd_meters() -> None:
    meters = [Meter(0.0, 7, 8), Meter(7.0, 4, 4)]
    assert [bar_position(beat, meters) for beat in (0, 3.5, 5, 7, 10.5)] == [0, 0, 1.5, 0, 3.5]
    assert bar_position(5.0, []) == 1.0


def test_style_labels() -> None:
    assert style_of("billboard/0003", "James Brown") == "soul"
    assert style_of("billboard/0004", "The Rolling Stones") == "rock"
    assert style_of("billboard/0005", "Dolly Parton") == "pop"
    assert style_of("openewld/someone/a tune") == "jazz"
    assert style_of("mine/Neo-Soul/song") == "neo-soul"
    assert style_of("mine/jazz") == "pop"  # the name of the song, not of a folder
    assert artist_in("# title: x\n# artist: Al Green \n# metre: 4/4\n") == "Al Green"
    assert {style_of("neo_soul/x"), style_of("x")} <= set(STYLES)


def test_neo_soul_is_read_saved_and_split(tmp_path: Path) -> None:
    data = read_chord_data([ROOT / "examples" / "neo_soul.txt"])
    assert {song.context.style for song in data.songs} == {"neo-soul"}
    path = tmp_path / "songs.npz"
    save_chord_data(path, data)
    again = load_chord_data(path)
    assert again.content_hash() == data.content_hash()
    for one, other in zip(data.songs, again.songs, strict=True):
        assert one.context == other.context
        assert np.array_equal(one.duration_beats, other.duration_beats)
    sides = data.sides(seed=1)
    assert sum(map(len, sides.values())) == len(data.songs)
    assert [s.id for s in again.sides(1)["test"]] == [s.id for s in sides["test"]]
    assert data.counts()["neo_soul"]["songs"] == len(data.songs)


def test_content_hash_depends_on_all_content() -> None:
    song = arrays("C F G C")
    hashes = {
        ChordData(songs).content_hash()
        for songs in (
            (song,),
            (song, song),
            (replace(song, id="other"),),
            (replace(song, context=Context(1, "major", "pop")),),
            (arrays("C F G Am"),),
        )
    }
    assert len(hashes) == 5


def test_duplicates_are_in_one_split(tmp_path: Path) -> None:
    for number in range(12):
        text = "C F G Am D7 G7 E7 Am Fm C Bb Eb" if number % 2 else "Dm G C F Bm7b5 E7 Am Ab Db"
        (tmp_path / f"{number}.json").write_bytes(song_to_json(song_of(text)))
    data = read_chord_data([tmp_path])
    assert len(data.groups) == 2
    for seed in range(5):
        sides = [{song.id for song in songs} for songs in data.sides(seed).values()]
        assert all(any(set(group) <= side for side in sides) for group in data.groups)


def test_invalid_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"no")
    with pytest.raises(BadInputError, match=r"x\.npz"):
        load_chord_data(path)
    with pytest.raises(BadInputError, match=r"none\.npz"):
        load_chord_data(tmp_path / "none.npz")
    (tmp_path / "short.json").write_bytes(song_to_json(song_of("C")))
    problems: list[BadInputError] = []
    with pytest.raises(BadInputError, match="no songs"):
        read_chord_data([tmp_path / "short.json"], problems.append)
    assert len(problems) == 1


def test_scores_of_known_probabilities() -> None:
    p = np.array([[0.5, 0.3, 0.1, 0.1], [0.5, 0.3, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]])
    scores = target_scores(np.log(p), np.array([0, 3, 2]))
    assert scores[0].tolist() == pytest.approx([1, 1, 1, -np.log(0.5)])
    assert scores[1].tolist() == pytest.approx([0, 0.5, (1 / 3 + 1 / 4) / 2, -np.log(0.1)])
    uniform_mrr = (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4
    assert scores[2].tolist() == pytest.approx([0.25, 0.75, uniform_mrr, np.log(4)])
    found = figures([scores[:1], scores[1:]])
    assert (found.chords, found.songs) == (3, 2)
    assert found.perplexity == pytest.approx((2 * 10 * 4) ** (1 / 3))


class Fixed:
    """Model that returns fixed rows for every song."""

    def __init__(self, rows: Callable[[int], np.ndarray]) -> None:
        self.rows = rows

    def song_log_probs(self, song: ChordSong) -> np.ndarray:
        return self.rows(len(song))


def test_invalid_probabilities_are_errors() -> None:
    song = arrays("C F G C")
    with pytest.raises(MuseError, match="add up"):
        evaluate(Fixed(lambda n: np.zeros((n, VOCABULARY_SIZE))), [song])
    with pytest.raises(MuseError, match="shape"):
        evaluate(Fixed(lambda n: np.zeros((n - 1, VOCABULARY_SIZE))), [song])


def test_means_and_deviations_over_seeds() -> None:
    flat = np.log(np.full((4, VOCABULARY_SIZE), 1 / VOCABULARY_SIZE))
    run = evaluate(Fixed(lambda n: flat), [arrays("C F G C")])
    assert run[EVERYTHING].perplexity == pytest.approx(VOCABULARY_SIZE)
    better = {name: replace(row, top1=row.top1 + 0.5) for name, row in run.items()}
    table = over_seeds([run, better])
    assert table["folder"]["top1"].mean == pytest.approx(run["folder"].top1 + 0.25)
    assert table["folder"]["top1"].deviation == pytest.approx(0.5 / 2**0.5)
    assert over_seeds([run])["folder"]["mrr"].deviation == 0.0
    ahead = seed_differences([better, better], [run, run])["folder"]
    assert (ahead["top1"].mean, ahead["top1"].deviation) == pytest.approx((0.5, 0.0))
    assert ahead["perplexity"].mean == 0.0


def test_real_collections(shared_data: Path) -> None:
    """One of forty Billboard songs and the progressions: no unknown columns, all in range."""
    paths = sorted((shared_data / "billboard").glob("*.txt"))[::40]
    data = read_chord_data([*paths, shared_data / "progressions.json"])
    ids = np.concatenate([song.chord_id for song in data.songs])
    assert (ids[ids != UNKNOWN_ID] >= FIRST_TARGET_ID).all()
    assert len(data.songs) == len(paths) + 190
    for song in data.songs:
        assert (np.diff(song.chord_id) != 0).all()
        assert (np.diff(song.start_beats) > 0).all()
        assert ((song.bar_position_beats >= 0) & (song.bar_position_beats < 16)).all()
    listed = [s for s in data.songs if s.corpus == "progressions"]
    assert all((song.duration_beats % 4 == 0).all() for song in listed)
