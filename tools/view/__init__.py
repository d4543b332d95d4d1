"""Songs and audio to look at: charts and piano rolls in a terminal, pictures."""
