"""Training: recipes and fits, their options, run folders, results and exported weights."""
