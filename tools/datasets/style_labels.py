"""Style labels of songs, by collection, by folder and, for Billboard, by artist.

The annotations of McGill Billboard name an artist but no genre: artists in the lists below, known
for one style, get that style; all others, and all of POP909 and of the lists of progressions, are
pop. So "pop" means chart music, including country and some soul and rock. A folder named like a
style sets the style of its songs.
"""

import re
from pathlib import PurePath

from muse.tools.datasets.chord_events import STYLES, Style

STYLE_OF_CORPUS: dict[str, Style] = {"openewld": "jazz", "neo_soul": "neo-soul"}
DEFAULT_STYLE: Style = "pop"
ARTIST_LINE = re.compile(r"^# artist:[ \t]*(.*)$", re.MULTILINE)

ARTISTS: dict[Style, str] = {
    "soul": """
        Al Green, Anita Baker, Ann Peebles, Aretha Franklin, Arthur Conley, Barbara Lewis,
        Barry White, Ben E. King, Bill Withers, Bobby Womack, Bonnie Pointer, Boyz II Men,
        Candi Staton, Carl Carlton, Clarence Carter, Commodores, Contours,
        Cornelius Brothers Sister Rose, David Ruffin Jimmy Ruffin, Debarge, Diana Ross,
        Double Exposure, Drifters, Earth Wind Fire, Eddie Holland, Edwin Starr, Etta James,
        Evelyn "Champagne" King, Fontella Bass, Four Tops, Freddie Jackson, George Benson,
        Gladys Knight The Pips, Gladys Night The Pips, Hi-Five, Ike Tina Turner, Irma Thomas,
        Isaac Hayes, Isley Brothers, Jackie Wilson, Jacksons, James Brown, Jermaine Jackson,
        Jimmy Ruffin, Kool The Gang, LaVern Baker, Little Anthony The Imperials,
        Martha Reeves The Vandellas, Marvin Gaye, Marvin Gaye Tammy Terrell, Meters,
        Minnie Riperton, Miracles, Moments, Natalie Cole, Nathalie Cole, Neville Brothers, O'Jays,
        Otis Redding, Pointer Sisters, Ray Charles, Rick James, Roberta Flack,
        Roberta Flack Donny Hathaway, Shirelles, Sly The Family Stone, Smokey Robinson,
        Solomon Burke, Staple Singers, Stephanie Mills, Stevie Wonder, Supremes, Switch,
        Teddy Pendergrass, Temptations, Tevin Campbell, Thelma Houston, Trammps, Wilson Pickett
    """,
    "rock": """
        Aerosmith, Alice Cooper, Allman Brothers, Amboy Dukes, Bachman-Turner Overdrive,
        Bad Company, Badfinger, Band, Billy Squier, Bob Seger, Boston, Bruce Springsteen, Byrds,
        Canned Heat,
        Cheap Trick, Cream, Creedence Clearwater Revival, Crosby Stills Nash, David Bowie, Doors,
        Eagles, Edgar Winter, Electric Prunes, Eric Clapton, Focus, Foghat, Genesis,
        George Harrison, Grand Funk Railroad, Greg Kihn, Greg Kihn Band, Heart, INXS,
        Iron Butterfly, J. Geils Band,
        Janis Joplin, Jeff Beck, Jefferson Starship, Jethro Tull, Joe Cocker, Judas Priest, Kinks,
        Led Zeppelin, Led Zepplin, Lynyrd Skynyrd, Meat Loaf, Metallica, Pat Benatar, Pat Benetar,
        Peter Gabriel, Pink Floyd, Police, Queen, Queensryche, REO Speedwagon, Rick Derringer,
        Rolling Stones, Rush, Sammy Hagar, Santana, Steppenwolf, Steve Miller Band, Talking Heads,
        Ten Years After, Todd Rundgren, U2, Van Halen, Who, Yardbirds
    """,
}


def normalize(name: str) -> str:
    """Return a name in lower case without articles, "and" and punctuation."""
    words = re.sub(r"[^a-z0-9 ]", "", name.lower()).split()
    return "".join(word for word in words if word not in {"the", "and"})


STYLE_OF_ARTIST: dict[str, Style] = {
    normalize(name): style for style, names in ARTISTS.items() for name in names.split(",")
}


def style_of(song_id: str, artist: str = "") -> Style:
    """Return the style of a song by the rule of this module.

    Args:
        song_id: path within the collections, the collection's name first.
        artist: its performer, if known.
    """
    for part in PurePath(song_id).parts[-2::-1]:
        if part.lower() in STYLES:
            return STYLES[STYLES.index(part.lower())]
    known = STYLE_OF_CORPUS.get(PurePath(song_id).parts[0]) if song_id else None
    return known or STYLE_OF_ARTIST.get(normalize(artist), DEFAULT_STYLE)


def artist_in(head: str) -> str:
    """Return the artist named in the header of a Billboard annotation; empty without one."""
    found = ARTIST_LINE.search(head)
    return found[1].strip() if found else ""
