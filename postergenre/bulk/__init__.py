"""Posters by the million: `python -m postergenre.bulk`."""
