"""Decoded songs to files."""

from collections import Counter
from pathlib import Path

from muse.tools.errors import ParameterError
from muse.tools.files import PIPE
from muse.tools.song.midi import save_song
from muse.tools.tokens.batch import DecodedFile
from muse.tools.tokens.outputs import is_folder


class SongWriter:
    """Writes songs to the file that was named, or into a folder by the names they had.

    Args:
        out: a file for one song, a folder for any number; None or '-' where nothing is written.
        inputs: the token files, none of which is written over.
        skip_existing: leave songs alone that are there.
    """

    def __init__(self, out: str | None, inputs: list[str], skip_existing: bool) -> None:
        """Take the place to write to."""
        self.out = out
        self.taken: Counter[str] = Counter()
        self.inputs = {Path(name).resolve() for name in inputs if name != PIPE}
        self.skip_existing = skip_existing

    def write(self, name: str, songs: list[DecodedFile]) -> None:
        """Write the songs of one token file.

        Raises:
            ParameterError: several songs for one file, or a token file would be written over.
        """
        for song in songs:
            path = self.path_of(name, song)
            if path.resolve() in self.inputs:
                raise ParameterError(f"{path} is an input; name another file")
            if not (self.skip_existing and path.exists()):
                save_song(song.song, path)

    def path_of(self, name: str, song: DecodedFile) -> Path:
        """Where a song goes; a second of one name has a 2 after it."""
        out = str(self.out)
        if not is_folder(out):
            self.taken[out] += 1
            if self.taken[out] > 1:
                raise ParameterError(f"{out} holds one song; name a folder for several")
            return Path(out)
        stem = Path(song.file or name).stem or "song"
        self.taken[stem] += 1
        number = f"-{self.taken[stem]}" if self.taken[stem] > 1 else ""
        return Path(out) / f"{stem}{number}.mid"
