"""The report of a finished run, written again: `python -m postergenre.report runs/densenet`."""

from postergenre.report.page import main

main()
