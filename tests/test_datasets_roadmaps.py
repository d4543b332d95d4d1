"""The order of bars with repeats, endings and jumps."""

import pytest

from muse.tools.datasets.roadmaps import RoadMarks, play_order
from muse.tools.errors import BadInputError

SIGNS = {
    "|:": {"starts_repeat": True},
    ":|": {"repeats": 2},
    ":|x3": {"repeats": 3},
    "1": {"endings": (1,)},
    "2": {"endings": (2,)},
    "1,2": {"endings": (1, 2)},
    "3": {"endings": (3,)},
    "S": {"has_segno": True},
    "Q": {"coda": "before"},
    "q": {"coda": "behind"},
    "fine": {"has_fine": True},
    "DC": {"jump": "capo"},
    "DCfine": {"jump": "capo", "until": "fine"},
    "DScoda": {"jump": "segno", "until": "coda"},
}


def played(text: str) -> str:
    """Play bars such as 'a b :|'; a letter is a bar, the signs before or behind it are its own."""
    bars: list[RoadMarks] = []
    names = ""
    waiting: dict[str, object] = {}
    for word in text.split():
        if word.isalpha() and word.islower() and len(word) == 1 and word != "q":
            bars.append(RoadMarks(**waiting))
            names, waiting = names + word, {}
        elif word in {"|:", "1", "2", "3", "1,2", "S", "Q"}:
            waiting |= SIGNS[word]
        else:
            for name, value in SIGNS[word].items():
                setattr(bars[-1], name, value)
    return "".join(names[index] for index in play_order(bars))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a b c", "abc"),
        ("a b :| c", "ababc"),
        ("a |: b c :| d", "abcbcd"),
        ("a b :|x3 c", "abababc"),
        ("a b :| c d :| e", "ababcdcde"),
        ("|: a 1 b :| 2 c d", "abacd"),
        ("|: a 1 b :| 2 c :| d", "abacd"),
        ("|: a 1,2 b :| 3 c d", "ababacd"),
        ("|: a 1 b :| 2 c :| 3 d", "abacad"),
        ("|: a 1 b :| 2 c |: d :| e", "abacdde"),
        ("a b fine c DCfine", "abcab"),
        ("a S b q c DScoda Q d e", "abcbde"),
        ("a S b Q c d DScoda Q e", "abcdbe"),
        ("|: a :| b DC", "aabab"),
        ("|: a 1 b :| 2 c d fine e DCfine", "abacdeacd"),
    ],
)
def test_bars_are_played_in_order(text: str, order: str) -> None:
    assert played(text) == order


def test_endless_repeats_are_refused() -> None:
    with pytest.raises(BadInputError, match="more than 20000 bars"):
        play_order([RoadMarks(repeats=30_000)])
