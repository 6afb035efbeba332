"""Whole runs, from posters to figures: `python -m postergenre.recipes.densenet --help`."""
