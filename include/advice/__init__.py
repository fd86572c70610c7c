"""From the warehouse to advice: who should get the next piece, and where each goal will end.

`facts` reads what a review needs, `review` and `goals` turn it into rows with `include/stats` (no
tables in there), `solve` writes the rows. docs/statistics.md says what the rows assume.
"""
