"""Compressed MusicXML (.mxl): a zip archive that contains a score.

Source: W3C Community Group, MusicXML 4.0, "Compressed .mxl files".
"""

import io
import zipfile
import zlib

from muse.tools.errors import BadInputError

ZIP_MAGIC = b"PK\x03\x04"
CONTAINER = "META-INF/container.xml"
LARGEST_SCORE = 64 << 20  # bytes uncompressed; a larger one is not a lead sheet


def unpack_mxl(data: bytes, name: str) -> bytes:
    """Return the score in a compressed MusicXML file; raises BadInputError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            scores = [n for n in archive.namelist() if n.endswith((".xml", ".musicxml"))]
            score = next(n for n in scores if n != CONTAINER)
            if archive.getinfo(score).file_size > LARGEST_SCORE:
                raise BadInputError(f"{name}: its score is larger than {LARGEST_SCORE >> 20} MB")
            return archive.read(score)
    except StopIteration as error:
        raise BadInputError(f"{name}: a zip archive without a MusicXML score") from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, OSError, zlib.error) as error:
        raise BadInputError(f"{name}: not a readable .mxl file ({error})") from error
