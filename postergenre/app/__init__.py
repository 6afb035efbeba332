"""A model in a browser: `python -m postergenre.app`."""
