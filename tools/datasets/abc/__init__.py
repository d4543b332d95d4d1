"""Reader of tunes in ABC notation."""
