"""Keeping house: what is deleted when, and what the DAG `maintain_warehouse` does each day."""
