"""Writer of decoded songs."""

from collections import Counter
from pathlib import Path

from muse.tools.errors import ParameterError
from muse.tools.files import PIPE, real_path
from muse.tools.song.midi import save_song
from muse.tools.tokens.batch import DecodedFile
from muse.tools.tokens.outputs import is_folder


class SongWriter:
    """Writes songs to one file, or into a folder under the names they were encoded from.

    Args:
        out: a file for one song, or a folder.
        inputs: the token files, which are never overwritten.
        skip_existing: skip songs whose file exists.
    """

    def __init__(self, out: str | None, inputs: list[str], skip_existing: bool) -> None:
        """Store the destination."""
        self.out = out
        self.taken: Counter[str] = Counter()
        self.inputs = {real_path(name) for name in inputs if name != PIPE}
        self.skip_existing = skip_existing

    def write(self, name: str, songs: list[DecodedFile]) -> None:
        """Write the songs of one token file.

        Raises:
            ParameterError: several songs for one file, or a token file would be overwritten.
        """
        for song in songs:
            path = self.output_path(name, song)
            if real_path(path) in self.inputs:
                raise ParameterError(f"{path} is an input; choose another output file")
            if not (self.skip_existing and path.exists()):
                save_song(song.song, path)

    def output_path(self, name: str, song: DecodedFile) -> Path:
        """Return the path of a song; the second song of a name gets "-2" appended."""
        out = str(self.out)
        if not is_folder(out):
            self.taken[out] += 1
            if self.taken[out] > 1:
                raise ParameterError(f"{out} can hold only one song; give a folder for several")
            return Path(out)
        stem = Path(song.file or name).stem or "song"
        self.taken[stem] += 1
        number = f"-{self.taken[stem]}" if self.taken[stem] > 1 else ""
        return Path(out) / f"{stem}{number}.mid"
