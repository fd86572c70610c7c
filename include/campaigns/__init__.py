"""Campaign files: what was agreed with whom, when, and how each creator's sales are recognised.

Importing this package is cheap (no pydantic): DAG files read the schedule facts at parse time.
"""

from include.campaigns.schedule import ScheduleFacts, read_schedule_facts

__all__ = ["ScheduleFacts", "read_schedule_facts"]
