"""Great Expectations decides: on a source's window before the day counts, on marts before all."""

from include.quality.check import CheckReport, check_marts, check_source

__all__ = ["CheckReport", "check_marts", "check_source"]
