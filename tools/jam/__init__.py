"""Playing along: an accompanist that listens, thinks ahead and keeps time."""
