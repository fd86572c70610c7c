"""What was published, as tables of a terminal or as JSON: `python -m include.report`.

`queries` reads the schema `marts` as any analyst would, `scope` says which campaign, model, rule
version and day are meant, `sheets` turns rows into tables. `make demo` prints the same sheets.
"""
