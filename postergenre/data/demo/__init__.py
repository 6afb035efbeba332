"""The parts of the demo posters: words, plan, pen, motifs, textures, lettering, layout. Private; see make.py."""
