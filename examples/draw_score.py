"""Draw a MusicXML score as a PNG, as in the README. First run `pip install verovio cairosvg`.

python examples/draw_score.py tune.musicxml tune.png
"""

import re
import sys
from pathlib import Path

import cairosvg
import verovio

OPTIONS = {
    "pageWidth": 1900,
    "adjustPageHeight": True,
    "scale": 45,
    "header": "none",
    "footer": "none",
}
# characters of the music font in texts, and the Unicode characters that replace them
LETTERS = {"\uea64": "♭", "\uea65": "♮", "\uea66": "♯", "\ueca5": "♩"}
TEXT_FONT = "DejaVu Serif"
PIXELS_WIDE = 1100
DEGREES = re.compile(r"<degree\b.*?</degree>", re.DOTALL)  # already in the text of the symbol


def picture(score: str) -> str:
    """Render the first page to SVG."""
    toolkit = verovio.toolkit()
    toolkit.setOptions(OPTIONS)
    toolkit.loadData(DEGREES.sub("", score))
    svg: str = toolkit.renderToSVG(1)
    for sign, letter in LETTERS.items():
        svg = svg.replace(f'font-size="720px">{sign}', f'font-size="405px">{letter}')
        svg = svg.replace(sign, letter)
    return re.sub(r'font-family="(Times, serif|Leipzig)"', f'font-family="{TEXT_FONT}"', svg)


def main() -> None:
    """Read the score and write the picture."""
    score, out = map(Path, sys.argv[1:3])
    svg = picture(score.read_text(encoding="utf-8"))
    cairosvg.svg2png(
        bytestring=svg.encode(),
        write_to=str(out),
        output_width=PIXELS_WIDE,
        background_color="white",
    )


if __name__ == "__main__":
    main()
