"""MusicXML scores: files, parts, bars, notes and marks, and the bars as they are played."""
