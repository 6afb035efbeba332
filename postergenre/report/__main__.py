"""`python -m postergenre.report runs/densenet` writes the report of a run again."""

from postergenre.report.page import main

main()
