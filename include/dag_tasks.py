"""`step`: our `@task`, whose log begins a failure with what it means, and which carries a link.

`explain_first` gives an operator that is not ours the same beginning.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.sdk import BaseOperatorLink, get_current_context
from airflow.sdk.bases.decorator import task_decorator_factory
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowRescheduleException,
    AirflowSkipException,
)


class Step(_PythonDecoratedOperator):
    """Airflow's own `@task` operator that explains a failure before the traceback is printed."""

    custom_operator_name = "@step"

    def execute_callable(self) -> Any:
        """Call the function; on an error of any kind say first what it means, then raise it."""
        try:
            return super().execute_callable()
        # Skipping, failing on purpose, being rescheduled: Airflow's own signals speak plainly.
        except AirflowException:
            raise
        except Exception as error:
            explain_failure({**get_current_context(), "exception": error})
            raise


def step(
    function: Callable[..., Any] | None = None,
    *,
    link: BaseOperatorLink | None = None,
    **arguments: Any,
) -> Any:
    """Turn a function into a task, as `@task` does; `link` is a button on it."""
    # A mapped task has no operator of its own before it runs: Airflow takes the links of its class.
    operator = type("Step", (Step,), {"operator_extra_links": (link,)}) if link else Step
    return task_decorator_factory(function, decorated_operator_class=operator, **arguments)


def explain_first(task: Any) -> None:
    """Let a task of an operator that is not ours say what its failure means before the traceback.

    A callback would say it after: Airflow calls those when everything is logged.
    """
    operator: Any = type(task)
    task.__class__ = _explained(operator)


@functools.cache
def _explained(operator: Any) -> type:
    """Return a class of the operator whose log begins a failure; people see the same name."""

    def execute(self: Any, context: Any, **kwargs: Any) -> Any:
        try:
            return operator.execute(self, context, **kwargs)
        except (AirflowSkipException, AirflowRescheduleException):
            raise
        # Cosmos tells a build that failed by Airflow's own exception.
        except Exception as error:
            explain_failure({**context, "exception": error})
            raise

    own = {"__module__": operator.__module__, "__doc__": operator.__doc__, "execute": execute}
    return type(operator.__name__, (operator,), own)


def explain_failure(context: Any) -> None:
    """Write into the log what a failure means."""
    from include import failures, orchestration

    instance, error = context["ti"], context.get("exception")
    if isinstance(error, BaseException):
        failures.explain_in_log(
            error,
            instance.dag_id,
            tries_left=failures.tries_left(instance),
            read=orchestration.airflow_connection,
        )
