"""Live accompaniment: follows a player's notes, and plays chords and bass to them."""
