"""Songs as scores: a grid, values, voices, and MusicXML."""
