"""Output folders of several inputs, and zip files on disk and in a pipe."""

import io
import zipfile
from pathlib import Path

import pytest

from muse.tools.errors import MuseError
from muse.tools.transcription.output_paths import choose_output_paths, folders_in
from muse.tools.transcription.zip_output import write_zip


class Pipe(io.RawIOBase):
    """A stream that can only be written to."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += bytes(data)
        return len(data)


def test_a_pipe_and_a_file_get_the_same_entries(tmp_path: Path) -> None:
    (tmp_path / "song").mkdir()
    (tmp_path / "song" / "bass.mid").write_bytes(b"MThd")
    pipe = Pipe()
    write_zip([tmp_path / "song" / "bass.mid"], tmp_path, pipe)
    write_zip([tmp_path / "song" / "bass.mid"], tmp_path, tmp_path / "out.zip")
    for archive in (io.BytesIO(pipe.data), tmp_path / "out.zip"):
        with zipfile.ZipFile(archive) as opened:
            assert opened.namelist() == ["song/bass.mid"]
            assert opened.read("song/bass.mid") == b"MThd"


def test_tracks_of_the_same_name_get_different_folders() -> None:
    folders = folders_in(Path("out"), ["a/song.wav", "b/song.mp3", "-", "c.wav"])
    assert [str(folder) for folder in folders.values()] == [
        "out/song",
        "out/song-2",
        "out/stdin",
        "out/c",
    ]


def test_one_input_uses_the_folder_itself() -> None:
    assert folders_in(Path("out"), ["a/song.wav"]) == {"a/song.wav": Path("out")}


@pytest.mark.parametrize("archive", [None, "x.zip"])
def test_without_a_folder_no_files_remain(archive: str | None) -> None:
    with choose_output_paths(["a.wav"], None, archive) as paths:
        assert bool(paths.folders) == (archive is not None)
    assert not any(folder.exists() for folder in paths.folders.values())


def test_a_file_in_place_of_the_folder_is_noticed_at_once(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("text")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with (
            pytest.raises(MuseError, match="taken is a file; name a folder"),
            choose_output_paths(["a.wav"], folder, None),
        ):
            pass
