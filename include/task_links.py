"""Buttons on a task in Airflow's UI: from a load to its landing files, from a check to its result.

Airflow asks a link for its address when the task has ended, in the task's own process.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from include.dbt_tasks import model_of_task
from include.page_paths import (
    alerts_page,
    checks_page,
    freshness_page,
    loads_page,
    model_page,
    page_link,
    publications_page,
    reviews_page,
)

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class PageLink(BaseOperatorLink):
    """A link to one of our pages; subclasses say to which."""

    title = "Page"

    @property
    def name(self) -> str:
        """Return what the button says."""
        return self.title

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address for a task that has ended."""
        return page_link(self.path(operator, _key_of(ti_key)))

    @abstractmethod
    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the page's path; key: the run's partition key, "" without one."""


class LandingLink(PageLink):
    """From the load of a stream to its load windows, which name the landing files."""

    title = "Landing files"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the loads of the task's source and stream on its day."""
        known = getattr(operator, "op_kwargs", {})
        return loads_page(str(known.get("source_name", "")), str(known.get("stream_name", "")), key)


class QualityLink(PageLink):
    """From a check to its result: `check_<suite>`."""

    title = "Quality result"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the results of the suite on the task's day."""
        return checks_page(operator.task_id.rpartition(".")[2].removeprefix("check_"), key)


class ModelLink(PageLink):
    """From a dbt model's task to the model's documentation: `<group>.<model>_run`."""

    title = "Model documentation"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the documentation of the task's model."""
        return model_page(model_of_task(operator.task_id))


class FreshnessLink(PageLink):
    """From the announcement of a day to what has arrived."""

    title = "Arrivals"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the freshness page."""
        return freshness_page()


class PublicationLink(PageLink):
    """From a publication to the list of them."""

    title = "Publications"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the publications."""
        return publications_page()


class ReviewLink(PageLink):
    """From a task of the weekly review to the reviews."""

    title = "Reviews and decisions"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the reviews."""
        return reviews_page()


class AlertsLink(PageLink):
    """From the task that raises alerts to the alerts."""

    title = "Alerts"

    def path(self, operator: BaseOperator, key: str) -> str:
        """Return the alerts."""
        return alerts_page()


def _key_of(ti_key: Any) -> str:
    """Return the run's partition key, else the day of its form."""
    context = ti_key.get_template_context() if hasattr(ti_key, "get_template_context") else {}
    key = getattr(context.get("dag_run"), "partition_key", None)
    return str(key or (context.get("params") or {}).get("day") or "")
