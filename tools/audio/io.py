"""Read and write audio files in blocks, so that memory does not grow with their length.

Conventions:
    arrays are float32 of shape (channels, frames), full scale 1.0; rates in Hz; '-' is stdin.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile
from numpy.typing import NDArray

from muse.tools.audio.decoders import open_sound_file, report_length
from muse.tools.audio.encodings import find_encoding
from muse.tools.audio.written_file import WrittenFile
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import input_name, on_disk, replacing

log = logging.getLogger("muse")

Audio = NDArray[np.float32]

BLOCK_FRAMES = 1 << 18  # frames read at a time, about 6 s at 44.1 kHz
WRITE_FRAMES = 1 << 15  # frames a call to libsndfile, whose Vorbis encoder keeps them on the stack
LARGEST_SAMPLE = 1e9  # of float files; the square of a larger one may overflow
MAX_LOST_S = 0.1  # missing at the end of a file without a report
MAX_WAV_BYTES = 4_000_000_000  # a plain WAV's size field ends at 4 GiB; beyond it RF64 is written


class AudioReader(AbstractContextManager["AudioReader"]):
    """An open audio file, read from start to end.

    Attributes:
        name: of the file, for messages.
        sample_rate: in Hz.
        channels: 1 or more.
        frames: length according to the header; a damaged file may hold fewer.
    """

    def __init__(self, source: str | Path, name: str | None = None) -> None:
        """Open a file, or standard input for '-'.

        Args:
            source: a path, or '-'.
            name: for messages; `source` by default.

        Raises:
            BadInputError: the file is missing, not audio, or has no frames.
            MissingPartError: only ffmpeg can read the format, and it is not installed.
        """
        self.name = name or input_name(source)
        self._stack = ExitStack()
        try:
            path = self._stack.enter_context(on_disk(source))
            self._file = self._stack.enter_context(open_sound_file(path, self.name, self._stack))
            if self._file.frames == 0:
                raise BadInputError(f"{self.name}: contains no audio")
        except BaseException:
            self._stack.close()
            raise
        self.path = path
        self._is_damaged = False
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames

    @property
    def duration_s(self) -> float:
        """Length in seconds, according to the header."""
        return self.frames / self.sample_rate

    def blocks(self, size: int = BLOCK_FRAMES) -> Iterator[Audio]:
        """Yield (channels, size) arrays, the last one shorter, from the start at each call."""
        self._file.seek(0)
        done = 0
        while (block := self._read(size, done)) is not None:
            done += block.shape[1]
            yield block
        lost_s = (self.frames - done) / self.sample_rate
        if lost_s > MAX_LOST_S and not self._is_damaged:
            report_length(self.name, self.duration_s, done / self.sample_rate)

    def _read(self, size: int, done: int) -> Audio | None:
        """Read the next block, or None at the end; a damaged file ends early, with a warning."""
        try:
            block = self._file.read(size, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            if not done:
                raise BadInputError(f"{self.name}: {error}") from error
            log.warning(
                "%s: damaged after %.1f s; only the audio before that is used",
                self.name,
                done / self.sample_rate,
            )
            self._is_damaged = True
            return None
        return finite(block.T, self.name) if len(block) else None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file and remove temporary copies of it."""
        self._stack.close()


def finite(block: NDArray[np.float32], name: str) -> Audio:
    """Replace samples of float files that are NaN or beyond LARGEST_SAMPLE by silence."""
    usable = np.abs(block) <= LARGEST_SAMPLE  # False for NaN
    if usable.all():
        return np.ascontiguousarray(block)
    log.warning(
        "%s: has samples that are NaN, infinite or above %g; using silence in their place",
        name,
        LARGEST_SAMPLE,
    )
    return np.where(usable, block, np.float32(0.0))


def read_audio(
    source: str | Path, *, sample_rate: int | None = None, mono: bool = False
) -> tuple[Audio, int]:
    """Read a whole file: (channels, frames) float32 and its sample rate in Hz.

    Args:
        source: a path, or '-'.
        sample_rate: to resample to; None keeps the rate of the file.
        mono: mix to one channel; the shape is then (1, frames).

    Raises:
        BadInputError, MissingPartError: as AudioReader.
    """
    from muse.tools.audio.mono import MonoMixer  # which imports this module

    with AudioReader(source) as reader:
        rate = sample_rate or reader.sample_rate
        blocks: Iterable[Audio] = reader.blocks()
        if mono:
            mixer = MonoMixer(reader.name)
            blocks = (mixer(block)[None] for block in blocks)
        pieces = list(resampled(blocks, reader.sample_rate, rate))
        channels = 1 if mono else reader.channels
    return np.concatenate(pieces, axis=1) if pieces else np.zeros((channels, 0), np.float32), rate


def resampled(blocks: Iterable[Audio], from_rate: int, to_rate: int) -> Iterator[Audio]:
    """Yield a stream at another rate; its total length is that of the input times the ratio."""
    if from_rate == to_rate:
        yield from blocks
        return
    import soxr

    stream: soxr.ResampleStream | None = None
    channels = 0
    for block in blocks:
        if stream is None:
            channels = len(block)
            stream = soxr.ResampleStream(from_rate, to_rate, len(block), dtype="float32")
        yield np.ascontiguousarray(stream.resample_chunk(block.T).T)
    if stream is not None:
        rest = np.zeros((0, channels), np.float32)
        yield np.ascontiguousarray(stream.resample_chunk(rest, last=True).T)


class AudioWriter:
    """An audio file being written; use `writing_audio`, which writes it whole or not at all."""

    def __init__(self, path: Path, sample_rate: int, channels: int, bits: str, frames: int) -> None:
        """Open `path` for writing; see `writing_audio`."""
        suffix = path.suffix.lstrip(".").lower()
        encoding = find_encoding(suffix, bits)
        size = frames * channels * 4
        container = "RF64" if suffix == "wav" and size > MAX_WAV_BYTES else encoding.container
        self.bits = bits
        self._subtype = encoding.subtypes[bits]
        with ExitStack() as stack:
            self._target = stack.enter_context(closing(WrittenFile(path)))
            try:
                with self._target.reporting():
                    shape = (sample_rate, channels)
                    self._file = stack.enter_context(
                        soundfile.SoundFile(
                            self._target, "w", *shape, self._subtype, format=container
                        )
                    )
            except soundfile.LibsndfileError as error:
                raise ParameterError(
                    f".{suffix} cannot hold {channels} channels at {sample_rate} Hz; "
                    "use wav or flac"
                ) from error
            self._stack = stack.pop_all()

    def write(self, block: Audio) -> None:
        """Append (channels, frames); integer formats are rounded and clipped at full scale.

        The rounding is done here because libsndfile scales by 32767 to write and by 32768 to read.
        """
        if self._subtype == "PCM_16":
            data = np.clip(np.rint(block.T * 2.0**15), -(2**15), 2**15 - 1).astype(np.int16)
        elif self._subtype == "PCM_24":
            steps = np.clip(np.rint(block.T.astype(np.float64) * 2.0**23), -(2**23), 2**23 - 1)
            data = steps.astype(np.int32) << 8
        else:
            data = block.T
        with self._target.reporting():
            for start in range(0, len(data), WRITE_FRAMES):
                self._file.write(data[start : start + WRITE_FRAMES])

    def close(self) -> None:
        """Write the final header and close the file."""
        with self._stack, self._target.reporting():
            self._file.close()


@contextmanager
def writing_audio(
    path: Path, sample_rate: int, channels: int, *, bits: str = "16", frames: int = 0
) -> Iterator[AudioWriter]:
    """Write a file block by block; it gets its name when complete and is removed on any error.

    Args:
        path: its suffix chooses the format, see encodings.py.
        sample_rate: in Hz.
        channels: rows of each block.
        bits: '16', '24' or '32f'.
        frames: expected length, which decides whether a WAV needs the RF64 header of large files.
    """
    find_encoding(path.suffix.lstrip(".").lower(), bits)  # fail before a file is made
    with replacing(path) as temporary:
        writer = AudioWriter(temporary, sample_rate, channels, bits, frames)
        try:
            yield writer
        finally:
            writer.close()


def write_audio(path: Path, audio: Audio, sample_rate: int, *, bits: str = "16") -> None:
    """Write a whole (channels, frames) array; see `writing_audio`."""
    with writing_audio(path, sample_rate, len(audio), bits=bits, frames=audio.shape[1]) as writer:
        writer.write(audio)
