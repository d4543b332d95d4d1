"""MusicXML files as trees of elements: encodings, namespaces, and the two orders of a score.

A score is stored by parts (`score-partwise`) or by bars (`score-timewise`); both become a tree by
parts. Entities are refused: no notation program writes them, and they can expand without limit.
Source: W3C Community Group, MusicXML 4.0.
"""

import codecs
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from muse.tools.datasets.mxl import ZIP_MAGIC, unpack_mxl
from muse.tools.errors import BadInputError

ROOTS = ("score-partwise", "score-timewise")
# byte order marks, and the first characters of XML without one
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"']")
DECLARATION = re.compile(r"\s*<\?xml\b.*?\?>", re.DOTALL)
DECLARED_WITHIN = 200  # bytes
LAST_ENCODING = "cp1252"  # of text that is not in the encoding that it declares
# everything before the root element: space, instructions, comments, a document type
PROLOG = re.compile(
    r"(?:\ufeff|\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*", re.DOTALL
)
ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)[\s/>]")


def encoding_of(data: bytes) -> str:
    """Return the encoding of XML text: by its first bytes, else the declared one, else UTF-8."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding
    declared = DECLARED.match(data[:DECLARED_WITHIN].lstrip())
    name = declared[1].decode("ascii", "replace").lower() if declared else "utf-8"
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    # a declaration that can be read byte by byte is not one of UTF-16
    return "utf-8" if name.replace("_", "-").startswith(("utf-16", "utf-32", "ucs")) else name


def decode_xml(data: bytes) -> str:
    """Return the text of an XML file."""
    try:
        return data.decode(encoding_of(data))
    except (UnicodeDecodeError, ValueError, LookupError):
        return data.decode(LAST_ENCODING, "replace")


def root_name(head: bytes) -> str | None:
    """Return the name of the root element, without its namespace; None if it is not in `head`."""
    text = head.decode(encoding_of(head), "ignore")
    found = ROOT.match(text, end) if (end := prolog_end(text)) is not None else None
    return found[1] if found else None


def prolog_end(text: str) -> int | None:
    """Return where the prolog of an XML text ends; None for a text that is not XML."""
    prolog = PROLOG.match(text)
    end = prolog.end() if prolog else 0
    return end if text.lstrip("\ufeff \t\r\n").startswith("<") else None


def is_cut_in_prolog(head: bytes) -> bool:
    """Return whether the first bytes of a file are XML that ends before its root element."""
    text = head.decode(encoding_of(head), "ignore")
    end = prolog_end(text)
    return end is not None and ROOT.match(text, end) is None


def looks_like_musicxml(head: bytes) -> bool:
    """Return whether a file is MusicXML, plain or compressed; `head` has to reach its root."""
    return head.startswith(ZIP_MAGIC) or root_name(head) in ROOTS


def parse_score(data: bytes, name: str) -> Element:
    """Return the tree of a score by parts, its tags without namespaces.

    Raises:
        BadInputError: not readable XML, or no score.
    """
    text = decode_xml(unpack_mxl(data, name) if data.startswith(ZIP_MAGIC) else data)
    if "<!ENTITY" in text[: prolog_end(text) or 0]:
        raise BadInputError(f"{name}: declares XML entities, which no notation program writes")
    try:
        root = ElementTree.fromstring(DECLARATION.sub("", text.lstrip("\ufeff"), count=1).lstrip())
    except (ElementTree.ParseError, ValueError) as error:
        raise BadInputError(f"{name}: not readable XML ({error})") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag not in ROOTS:
        raise BadInputError(f"{name}: its root is <{root.tag}>, which is no score")
    return root if root.tag == ROOTS[0] else by_parts(root)


def by_parts(root: Element) -> Element:
    """Return a score by bars as one by parts."""
    score = Element(ROOTS[0])
    score.extend(child for child in root if child.tag != "measure")
    bars = root.findall("measure")
    ids = dict.fromkeys(part.get("id", "") for bar in bars for part in bar.findall("part"))
    for part_id in ids:
        part = SubElement(score, "part", id=part_id)
        for bar in bars:
            measure = SubElement(part, "measure", bar.attrib)
            for own in bar.findall("part"):
                if own.get("id", "") == part_id:
                    measure.extend(own)
    return score
