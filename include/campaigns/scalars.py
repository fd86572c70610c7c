"""Read the scalars of a campaign file as their authors mean them.

YAML 1.1 takes `0123` for the octal number 83, `12:30` for 750, and breaks off at a 30th of
February without naming file or line. Such scalars stay texts: a discount code may look like that,
and whatever else they stand for is judged by the model, which names the line and the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from include.campaigns.document import Loader

# What only YAML 1.1 takes for a number: a leading zero (but of a fraction), or sixties.
_NO_NUMBER = re.compile(r"[-+]?0[0-9_]+|.*:.*")


class ScalarLoader(Loader):  # type: ignore[misc]  # which of two loaders is known at run time
    """YAML's safe loader, but for scalars that it would misread or trip over."""


def _lenient(kind: str) -> Callable[[Any, yaml.ScalarNode], Any]:
    construct = yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"]

    def read(loader: Any, node: yaml.ScalarNode) -> Any:
        if kind != "timestamp" and _NO_NUMBER.fullmatch(node.value):
            return node.value
        try:
            return construct(loader, node)
        except ValueError:
            return node.value

    return read


for _kind in ("int", "float", "timestamp"):
    ScalarLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _lenient(_kind))
