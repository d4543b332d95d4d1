"""What a jam leaves behind: a take, and the file that was asked for."""

import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path

from muse.tools.chords.saving import AUDIO
from muse.tools.jam.options import is_file
from muse.tools.jam.takes.lines import Header, read_take
from muse.tools.jam.takes.song import song_of_take
from muse.tools.jam.takes.take import Take
from muse.tools.jam.wiring import PIPE, Wiring
from muse.tools.soundfonts import choose_soundfont
from muse.tools.view.view import save_view

log = logging.getLogger("muse")


def taken(stack: ExitStack, wiring: Wiring, header: Header) -> Take | None:
    """Who takes it down, for a record or for the file that is wanted; None for neither."""
    name = wiring.record
    if name is None:
        if wiring.target == PIPE or not is_file(wiring.target):
            return None
        name = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muse-"))) / "take"
    take = Take(name, header)
    stack.callback(take.discard)  # does nothing once it is saved
    return take


def kept(wiring: Wiring, take: Take | None) -> tuple[str, ...]:
    """Write the file that is wanted, and say what is there."""
    files = [take.jsonl, take.midi] if take and wiring.record else []
    if take and wiring.target != PIPE and is_file(wiring.target):
        target = Path(wiring.target)
        write_take(take, target, wiring.soundfont)
        files.append(target)
    for path in files:
        log.info("wrote %s", path)
    return tuple(map(str, files))


def write_take(take: Take, target: Path, soundfont: Path | None) -> None:
    """A take as MIDI, a Song, a score, a picture, or rendered."""
    song = song_of_take(read_take(take.jsonl))
    if target.suffix.lower() not in AUDIO:
        save_view(song, target, target.stem)
        return
    from muse.tools.rendering import render_file

    render_file(song, target, soundfont=choose_soundfont(soundfont))
