"""Compressed MusicXML (.mxl): a zip archive that contains a score.

The file `META-INF/container.xml` names the score. Archives without one, or whose container names
nothing, are searched for a file that looks like a score; nothing is ever written to disk.
Source: W3C Community Group, MusicXML 4.0, "Compressed .mxl files".
"""

import io
import logging
import zipfile
import zlib
from collections.abc import Sequence
from xml.etree import ElementTree

from muse.tools.errors import BadInputError

ZIP_MAGIC = b"PK\x03\x04"
CONTAINER = "meta-inf/container.xml"
LARGEST_SCORE = 64 << 20  # bytes uncompressed; a larger one is not a score
LARGEST_CONTAINER = 1 << 20  # bytes
SCORE_SUFFIXES = (".musicxml", ".xml")
# files beside the score: the container's folder, and what macOS adds to archives
OTHER_FOLDERS = ("meta-inf", "__macosx")
XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\0<", b"<\0", b"\0<")

log = logging.getLogger("muse")


def unpack_mxl(data: bytes, name: str) -> bytes:
    """Return the score in a compressed MusicXML file.

    Raises:
        BadInputError: no readable archive, no score in it, or one whose path leaves the archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return read_member(archive, find_score(archive, name), name)
    except KeyError as error:
        raise BadInputError(f"{name}: its container names a score that is missing") from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, OSError, zlib.error) as error:
        raise BadInputError(f"{name}: not a readable .mxl file ({error})") from error


def read_member(
    archive: zipfile.ZipFile, member: str, name: str, largest: int = LARGEST_SCORE
) -> bytes:
    """Return one file of an archive; raises BadInputError for one that is too large."""
    if archive.getinfo(member).file_size > largest:
        raise BadInputError(f"{name}: {member} in it is larger than {largest >> 20} MB")
    return archive.read(member)


def find_score(archive: zipfile.ZipFile, name: str) -> str:
    """Return the name of the score in an archive; raises BadInputError if there is none."""
    members = [member for member in archive.namelist() if not member.endswith("/")]
    named = named_score(archive, members, name)
    if named is not None:
        return named
    candidates = possible_scores(archive, members)
    if not candidates:
        raise BadInputError(f"{name}: a zip archive without a MusicXML score")
    if len(candidates) > 1:
        others = ", ".join(candidates[1:])
        log.warning("%s: reading %s in it; not %s", name, candidates[0], others)
    return candidates[0]


def named_score(archive: zipfile.ZipFile, members: Sequence[str], name: str) -> str | None:
    """Return the score that the container names; None without a readable container."""
    container = next((member for member in members if member.lower() == CONTAINER), None)
    if container is None:
        return None
    text = read_member(archive, container, name, LARGEST_CONTAINER)
    if b"<!ENTITY" in text:
        raise BadInputError(f"{name}: its container declares XML entities")
    try:
        files = [e for e in ElementTree.fromstring(text).iter() if e.tag.endswith("rootfile")]
    except ElementTree.ParseError:
        return None
    path = next((e.get("full-path") for e in files if e.get("full-path")), None)
    return None if path is None else member_at(path, members, name)


def member_at(path: str, members: Sequence[str], name: str) -> str:
    """Return the file at a path of the container.

    Raises:
        BadInputError: the path leads out of the archive.
        KeyError: there is no such file.
    """
    plain = path.replace("\\", "/")
    if plain.startswith("/") or ".." in plain.split("/"):
        raise BadInputError(f"{name}: its container names a path outside of the archive: {path}")
    wanted = plain.removeprefix("./")
    for same in (str, str.lower):
        found = next((member for member in members if same(member) == same(wanted)), None)
        if found is not None:
            return found
    raise KeyError(path)


def possible_scores(archive: zipfile.ZipFile, members: Sequence[str]) -> list[str]:
    """Return the files that may be the score, those with the suffix of a score first."""
    own = [member for member in members if is_own(member)]
    suffixed = [member for member in own if member.lower().endswith(SCORE_SUFFIXES)]
    return suffixed or [member for member in own if is_xml(archive, member)]


def is_own(member: str) -> bool:
    """Return whether a file of an archive is no hidden file and in no folder of OTHER_FOLDERS."""
    folder, _, _ = member.lower().partition("/")
    return folder not in OTHER_FOLDERS and not member.rpartition("/")[2].startswith(".")


def is_xml(archive: zipfile.ZipFile, member: str) -> bool:
    """Return whether a file of an archive begins as XML."""
    with archive.open(member) as file:
        return file.read(8).startswith(XML_STARTS)
