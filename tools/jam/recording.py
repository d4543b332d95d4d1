"""The files of a jam: its take, and the file that --out names."""

import logging
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.chords.model import ChordModel
from muse.tools.files import blaming, is_node, unused_stem
from muse.tools.jam.clock import raise_priority
from muse.tools.jam.inputs import LEAD_PARAM
from muse.tools.jam.options import JamOptions, JamRequest, is_file
from muse.tools.jam.routing import PIPE, Routing
from muse.tools.jam.takes.records import Header, MeterRecord, read_take
from muse.tools.jam.takes.take import TakeRecorder
from muse.tools.jam.takes.to_song import song_of_take
from muse.tools.song.provenance import muse_version
from muse.tools.view.view import save_view

log = logging.getLogger("muse")


def take_header(
    request: JamRequest, options: JamOptions, model: ChordModel, lead_s: float
) -> Header:
    """Return the header of a take; `lead_s` is how long before beats it is decided."""
    given = {name: value for name, value in asdict(request).items() if value is not None}
    if "style" in given:
        given["style"] = options.styles.text(options.grid)
    return Header(
        version=muse_version(),
        numerator=options.meter.numerator,
        denominator=options.meter.denominator,
        meters=[
            MeterRecord(
                each.meter.beat, each.meter.numerator, each.meter.denominator, list(each.groups)
            )
            for each in options.grid.meters
        ],
        params={**given, LEAD_PARAM: lead_s},
        seed=options.seed,
        model=model.name,
        model_hash=model.hash,
    )


def open_take(stack: ExitStack, routing: Routing, header: Header) -> TakeRecorder | None:
    """Start recording a take, for --record or as the source of an output file; else return None.

    Raises:
        OSError: the output file, or the take, cannot be written.
    """
    name = routing.record
    if routing.is_live and has_output_file(routing):
        check_writable(Path(routing.target))
    if name is None:
        if not has_output_file(routing):
            return None
        name = stack.enter_context(ScratchFolder(keep_on_error=routing.is_live)) / "take"
    # the recorder's thread holds the interpreter while playback waits, so it must not be preempted
    take = TakeRecorder(name, header, raise_priority if routing.is_live else lambda: None)
    stack.callback(take.discard)  # no effect once it is saved
    return take


class ScratchFolder:
    """A temporary folder, not deleted if it holds a live take and an error ends the context.

    A live performance cannot be repeated, so it survives an error in the output file.
    """

    def __init__(self, keep_on_error: bool) -> None:
        """Create the folder."""
        self._path = Path(tempfile.mkdtemp(prefix="muse-"))
        self._keep_on_error = keep_on_error

    def __enter__(self) -> Path:
        """Return the folder."""
        return self._path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete the folder, or log where the take is."""
        takes = sorted(self._path.glob("*.jsonl"))
        if error is None or not self._keep_on_error or not takes:
            shutil.rmtree(self._path)
            return
        take = takes[0]
        log.warning(
            "the take was saved as %s; try: muse jam --replay %s --out take.mid", take, take
        )


def has_output_file(routing: Routing) -> bool:
    """Return whether --out names a file."""
    return routing.target != PIPE and is_file(routing.target)


def check_writable(target: Path) -> None:
    """Raise OSError where a file cannot be written, before the session starts."""
    if is_node(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with blaming(target), tempfile.TemporaryFile(dir=target.parent):
        pass


def write_files(
    routing: Routing, take: TakeRecorder | None, *, is_performance: bool
) -> tuple[str, ...]:
    """Write the output file from the take, and return and log the files that exist now.

    Args:
        routing: names the output file.
        take: of the session.
        is_performance: whether somebody played, so that no earlier output file is overwritten.
    """
    files = [take.jsonl, take.midi] if take and routing.record else []
    if take and has_output_file(routing):
        target = Path(routing.target)
        if is_performance and not is_node(target):
            stem = unused_stem(target.with_suffix(""), (target.suffix,))
            target = stem.with_name(f"{stem.name}{target.suffix}")
        write_take(take, target, routing.soundfont)
        files.append(target)
    for path in files:
        log.info("wrote %s", path)
    return tuple(map(str, files))


def write_take(take: TakeRecorder, target: Path, soundfont: Path | None) -> None:
    """Write a take as MIDI, a Song document, a score, a picture, or rendered audio."""
    song = song_of_take(read_take(take.jsonl))
    if target.suffix.lower() not in AUDIO_SUFFIXES:
        save_view(song, target, target.stem)
        return
    from muse.tools.audio.render import render_file

    render_file(song, target, soundfont=choose_soundfont(soundfont))
