"""Training data in the forms that models of chords, melodies, notes and patterns take."""
