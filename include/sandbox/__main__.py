"""Command line of the sandbox.

python -m include.sandbox init --last-day 2026-11-20
python -m include.sandbox serve --files
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from include.errors import GroundswellError
from include.sandbox.market_files import FILES_FOLDER
from include.settings import Settings, read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 with a message when the sandbox is not set up."""
    options = _parse(arguments)
    settings = read_settings()
    settings = dataclasses.replace(
        settings,
        data_dir=(options.data_dir or settings.data_dir).resolve(),
        sandbox_port=options.port or settings.sandbox_port,
    )
    try:
        if options.command == "init":
            _init(settings, options)
        elif options.command == "move":
            _move(settings)
        else:
            _serve(
                settings, options.at, settings.data_dir / FILES_FOLDER if options.files else None
            )
    except (GroundswellError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m include.sandbox")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="set up the market and its credentials once")
    init.add_argument("--last-day", type=dt.date.fromisoformat, required=True)
    init.add_argument("--seed", type=int)
    init.add_argument("--preexisting-share", type=float, help="0-0.4, default 0.2")
    init.add_argument("--campaigns", type=Path, help="folder of campaign files, default the sample")
    serve = commands.add_parser("serve", help="answer the APIs on a loopback port")
    serve.add_argument("--at", type=dt.datetime.fromisoformat, help="hold the clock, with a zone")
    serve.add_argument(
        "--files", action="store_true", help="also write what comes as files, below the data folder"
    )
    move = commands.add_parser("move", help="have the connections lead to another port")
    for command in (init, serve, move):
        command.add_argument("--data-dir", type=Path)
        command.add_argument("--port", type=int)
    return parser.parse_args(arguments)


def _init(settings: Settings, options: argparse.Namespace) -> None:
    from include.sandbox.installation import SAMPLE_FOLDER, SAMPLE_OPTIONS, SEED, initialise

    market = SAMPLE_OPTIONS
    if options.preexisting_share is not None:
        market = dataclasses.replace(market, preexisting_share=options.preexisting_share)
    anchor = initialise(
        settings,
        options.last_day,
        seed=SEED if options.seed is None else options.seed,
        options=market,
        campaigns=options.campaigns or SAMPLE_FOLDER,
    )
    kept = "" if anchor == options.last_day else " (kept from before)"
    print(f"{settings.data_dir}: the campaign ends on {anchor}{kept}")


def _move(settings: Settings) -> None:
    from include.sandbox.installation import move_connections

    move_connections(settings)


def _serve(settings: Settings, at: dt.datetime | None, files: Path | None) -> None:
    import uvicorn

    from include.sandbox.clock import Clock
    from include.sandbox.installation import HOST, read_control_key, read_installation
    from include.sandbox.server import create_app

    installation = read_installation(settings.data_dir)
    clock = Clock()
    if at is not None:
        clock.hold(at)
    market = installation.build()
    market.warm_up(clock.now())
    key = read_control_key(settings.data_dir)
    app = create_app(market, clock, installation.credentials, key, files)
    # No Date of uvicorn's own: the virtual clock's stands alone.
    uvicorn.run(
        app,
        host=HOST,
        port=settings.sandbox_port,
        date_header=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    sys.exit(main())
