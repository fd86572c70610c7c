-- What the planner knows of the history once it was loaded.
analyze
