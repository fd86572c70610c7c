"""One measured peer, in its own environment: `python bench/attribution_peer.py NAME IN OUT`.

IN is JSON with `paths` ("a > b"), `conversions`, `nulls` and, for rules by time, `hours` ("72 > 0",
before the order). OUT gets `seconds` (of CPU) and the credit per model and channel. Reading and
writing are not measured.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Table = dict[str, Any]
Credit = dict[str, dict[str, float]]


def channel_attribution_markov(table: Table) -> Callable[[], Credit]:
    import ChannelAttribution
    import pandas as pd

    frame = pd.DataFrame(
        {"path": table["paths"], "conversions": table["conversions"], "nulls": table["nulls"]}
    )

    def run() -> Credit:
        found = ChannelAttribution.markov_model(
            frame,
            "path",
            "conversions",
            var_null="nulls",
            order=1,
            seed=1,
            verbose=False,
            flg_pro=False,
        )
        return {"markov": dict(zip(found["channel_name"], found["total_conversions"], strict=True))}

    return run


def channel_attribution_rules(table: Table) -> Callable[[], Credit]:
    import ChannelAttribution
    import pandas as pd

    frame = pd.DataFrame({"path": table["paths"], "conversions": table["conversions"]})

    def run() -> Credit:
        found = ChannelAttribution.heuristic_models(frame, "path", "conversions", flg_pro=False)
        names = {"first_touch": "first_touch", "last_touch": "last_touch", "linear_touch": "linear"}
        return {
            name: dict(zip(found["channel_name"], found[column], strict=True))
            for column, name in names.items()
        }

    return run


def mam_rules(table: Table) -> Callable[[], Credit]:
    import polars as pl
    from mam import MAM

    frame = pl.DataFrame(
        {
            "journey_id": [str(number) for number in range(len(table["paths"]))],
            "journey": table["paths"],
            "bought": [True] * len(table["paths"]),
            "ages": table["hours"],
        }
    )

    def run() -> Credit:
        mam = MAM(
            df=frame,
            format_type="journey",
            channels_colname="journey",
            journey_with_conv_colname="bought",
            time_till_conv_colname="ages",
        )
        results = {
            "first_touch": mam.run_first_click(),
            "last_touch": mam.run_last_click(),
            "linear": mam.run_linear(),
            "position_based": mam.run_position_based(),
            "time_decay": mam.run_time_decay(half_life_hours=168.0),
        }
        return {name: dict(found.to_polars().iter_rows()) for name, found in results.items()}

    return run


def mam_touches(source: str, target: str) -> None:
    """Run five rule models and Shapley on a CSV of touches, write the weights of each touch.

    Prints the seconds of CPU, reading and writing included. Shapley with every channel of a path
    takes exponential time, so the peer stops at four.
    """
    import polars as pl
    from mam import MAM

    started = time.process_time()
    frame = pl.read_csv(source, schema_overrides={"order_id": pl.String}).with_columns(
        pl.col("touched_at").str.to_datetime(time_zone="UTC"), pl.lit(True).alias("bought")
    )
    mam = MAM(
        df=frame,
        format_type="session",
        channels_colname="channel",
        journey_with_conv_colname="bought",
        datetime_colname="touched_at",
        user_id_colname="order_id",
    )
    weights = pl.col("attribution_value")
    decay = mam.run_time_decay(half_life_hours=168.0).to_raw_polars()
    position = mam.run_position_based().to_raw_polars()
    linear = mam.run_linear().to_raw_polars()
    first, last = mam.run_first_click().to_raw_polars(), mam.run_last_click().to_raw_polars()
    shapley = mam.run_shapley().to_raw_polars()
    place = pl.int_range(pl.len()).over("journey_id")
    assert len(first) == len(last) == len(linear)
    table = decay.select(
        "journey_id",
        "channels",
        (place == 0).cast(pl.Float64).alias("first_touch"),
        (place == pl.len().over("journey_id") - 1).cast(pl.Float64).alias("last_touch"),
        (1 / pl.len().over("journey_id")).alias("linear"),
        weights.alias("time_decay"),
    ).with_columns(position.get_column("attribution_value").alias("position_based"))
    table = table.with_columns(shapley.get_column("attribution_value").alias("shapley"))
    columns = ["journey_id", "channels", "first_touch", "last_touch", "linear", "position_based"]
    table.select(*columns, "time_decay", "shapley").write_csv(target)
    print(time.process_time() - started)


PEERS = {
    "channel_attribution_markov": channel_attribution_markov,
    "channel_attribution_rules": channel_attribution_rules,
    "mam_rules": mam_rules,
}


def main(name: str, source: str, target: str) -> None:
    """Run one peer on a table and write what it took and what it said."""
    table = json.loads(Path(source).read_text("utf-8"))
    # They greet and report on standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        run = PEERS[name](table)
        started = time.process_time()
        credit = run()
        seconds = time.process_time() - started
    plain = {model: {k: float(v) for k, v in found.items()} for model, found in credit.items()}
    Path(target).write_text(json.dumps({"seconds": seconds, "credit": plain}), "utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "mam_touches":
        mam_touches(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
