"""Training runs: recipes, options, run folders, and what is written about them."""
