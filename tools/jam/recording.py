"""What a jam leaves behind: a take, and the file that was asked for."""

import logging
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.files import blaming
from muse.tools.jam.clock import raise_priority
from muse.tools.jam.options import is_file
from muse.tools.jam.routing import PIPE, Wiring
from muse.tools.jam.takes.records import Header, read_take
from muse.tools.jam.takes.take import Take
from muse.tools.jam.takes.to_song import song_of_take
from muse.tools.view.view import save_view

log = logging.getLogger("muse")


def taken(stack: ExitStack, wiring: Wiring, header: Header) -> Take | None:
    """Who takes it down, for a record or for the file that is wanted; None for neither."""
    name = wiring.record
    if wiring.is_live and is_written(wiring):
        check_writable(Path(wiring.target))
    if name is None:
        if not is_written(wiring):
            return None
        name = stack.enter_context(PassingFolder(is_kept=wiring.is_live)) / "take"
    # while it has the interpreter, who plays waits for it, and it must not wait for other programs
    take = Take(name, header, raise_priority if wiring.is_live else lambda: None)
    stack.callback(take.discard)  # does nothing once it is saved
    return take


class PassingFolder:
    """A folder that is taken away in the end, but for a take of which no file came.

    What was played live cannot be had again, whatever is wrong with the file that was wanted.
    """

    def __init__(self, is_kept: bool) -> None:
        """Make it; `is_kept` says whether what is in it then cannot be had again."""
        self._path = Path(tempfile.mkdtemp(prefix="muse-"))
        self._is_kept = is_kept

    def __enter__(self) -> Path:
        """The folder."""
        return self._path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take it away, or tell what stays."""
        left = sorted(self._path.glob("*.jsonl"))
        if error is None or not self._is_kept or not left:
            shutil.rmtree(self._path)
            return
        name = left[0]
        log.warning("the take is kept; try: muse jam --replay %s --out take.mid", name)


def is_written(wiring: Wiring) -> bool:
    """Whether a file is wanted, not a take alone."""
    return wiring.target != PIPE and is_file(wiring.target)


def check_writable(target: Path) -> None:
    """Raise OSError where a file cannot be written, before anyone plays for it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with blaming(target), tempfile.TemporaryFile(dir=target.parent):
        pass


def kept(wiring: Wiring, take: Take | None) -> tuple[str, ...]:
    """Write the file that is wanted, and say what is there."""
    files = [take.jsonl, take.midi] if take and wiring.record else []
    if take and is_written(wiring):
        target = Path(wiring.target)
        write_take(take, target, wiring.soundfont)
        files.append(target)
    for path in files:
        log.info("wrote %s", path)
    return tuple(map(str, files))


def write_take(take: Take, target: Path, soundfont: Path | None) -> None:
    """A take as MIDI, a Song, a score, a picture, or rendered."""
    song = song_of_take(read_take(take.jsonl))
    if target.suffix.lower() not in AUDIO_SUFFIXES:
        save_view(song, target, target.stem)
        return
    from muse.tools.audio.render import render_file

    render_file(song, target, soundfont=choose_soundfont(soundfont))
