"""Packed MusicXML (.mxl): a zip archive with the score in it.

Source: W3C Community Group, MusicXML 4.0, "Compressed .mxl files".
"""

import io
import zipfile
import zlib

from muse.tools.errors import BadInputError

ZIP_MAGIC = b"PK\x03\x04"
CONTAINER = "META-INF/container.xml"
LARGEST_SCORE = 64 << 20  # bytes unpacked; more is not a lead sheet


def unpacked(data: bytes, name: str) -> bytes:
    """The score in a packed MusicXML file; raises BadInputError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            scores = [n for n in archive.namelist() if n.endswith((".xml", ".musicxml"))]
            score = next(n for n in scores if n != CONTAINER)
            if archive.getinfo(score).file_size > LARGEST_SCORE:
                raise BadInputError(f"{name}: its score is over {LARGEST_SCORE >> 20} MB")
            return archive.read(score)
    except StopIteration as error:
        raise BadInputError(f"{name}: a packed file without a score") from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, OSError, zlib.error) as error:
        raise BadInputError(f"{name}: not a readable packed score ({error})") from error
