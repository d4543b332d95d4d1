"""Who plays: keys and bass, the click, and how loud."""
