"""The watched folder of a connection: files instead of answers, with the same care as a session.

A connection names it in `extra.url`: a folder of this machine, or any address fsspec knows
(`s3://bucket/incoming`; the package of the protocol must be installed). `extra.storage_options`
goes to fsspec as it is, `extra.settle_seconds` is how long a young file is watched.
"""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import logging
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from include.errors import BadCredentials, InvalidSettings, Truncated, Unavailable
from include.http.redact import REDACTED, redact_text

if TYPE_CHECKING:
    from include.http.session import ApiSession
    from include.sources._base import Connection

# A file touched this recently may still grow, and is watched before it is read.
YOUNG = dt.timedelta(minutes=5)
SETTLE_SECONDS = 5.0
# What programs that copy call a file until it is whole; a leading dot, tilde or underscore is
# theirs too (.~lock.x.csv#, _temporary/).
_UNFINISHED = re.compile(
    r"(?i)(?:^|/)[._~]|~$|\.(?:tmp|temp|part|partial|filepart|crdownload|download|swp|lock)$"
    r"|\._copying_$"
)
_TIME_KEYS = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")
# An address in a text or a link. The text may be JSON: a letter behind a backslash is no letter.
_EMAIL = re.compile(
    rb"(?<!\\)[A-Za-z0-9._%+\-\x80-\xff]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}"
)
_LONGEST_EMAIL = 320
# One that the end of a line has cut.
_CUT_EMAIL = re.compile(rb"(?<!\\)[A-Za-z0-9._%+\-\x80-\xff]+(?:@|%40)[A-Za-z0-9.-]*\Z")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file that is complete; `name` is its path below the folder, with `/`."""

    name: str
    path: str
    size: int
    modified_at: dt.datetime | None

    @property
    def order(self) -> tuple[dt.datetime, str]:
        """Sort key: the file that was changed last comes last."""
        return self.modified_at or dt.datetime.min.replace(tzinfo=dt.UTC), self.name


class Folder:
    """Lists, opens and redacts the files of a session's connection.

    Raise `InvalidSettings` when the folder is not said, not there or of an unknown kind.
    """

    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._conn_id = session.connection.conn_id
        self._fs, self._root = _open_file_system(session.connection)
        self._settle_seconds = _read_settle_seconds(session.connection)
        with self._telling(f"the folder {self._root}"):
            if not self._fs.isdir(self._root):
                raise InvalidSettings(
                    f"connection {self._conn_id!r}: extra.url {self._root!r} is no folder that "
                    "exists; create it, mount it, or correct the address"
                )

    def list_files(self, below: str = "") -> list[FolderFile]:
        """Return the complete files of a sub-folder, at any depth, last changed last.

        Left out are links, empty files, names of unfinished files, and files whose size changes
        while they are watched; the next run sees them.
        """
        found = self._find(below)
        now = dt.datetime.now(dt.UTC)
        if self._settle_seconds and any(_is_young(file, now) for file in found):
            self._session.sleep(self._settle_seconds)
            again = set(self._find(below))
            for file in found:
                if file not in again:
                    _log.warning("%s: %s still changes; left alone", self._conn_id, file.name)
            found = [file for file in found if file in again]
        return sorted(found, key=lambda file: file.order)

    @contextmanager
    def open_file(self, file: FolderFile) -> Iterator[IO[bytes]]:
        """Open a file for reading, unpacked when its name ends in .gz.

        Raise `Truncated` when a packed file ends early, or a file has changed when it was read.
        """
        with self._telling(file.name):
            with self._fs.open(file.path, "rb") as raw:
                if file.name.lower().endswith(".gz"):
                    with gzip.open(raw) as unpacked:
                        yield cast(IO[bytes], unpacked)
                else:
                    yield raw
            self._fs.invalidate_cache()
            if self._fs.info(file.path)["size"] != file.size:
                raise Truncated(f"connection {self._conn_id!r}: {file.name} changed while read")

    def redact(self, body: bytes) -> bytes:
        """Redact what is to be landed: as an answer, and every e-mail address in any text."""
        body = self._session.redactor.body(body)
        if b"@" in body or b"%40" in body:
            body = _EMAIL.sub(self._hash_address, body)
        return body

    def redact_lines(
        self, lines: Iterable[str], before: Callable[[str], str] = lambda text: text
    ) -> bytes:
        """Redact JSON lines; `before` edits their text first.

        A line that is cut is redacted by itself: a value without an end would reach into the next
        line, and take it along.
        """
        parts: list[bytes] = []
        for is_whole, group in itertools.groupby(lines, _is_whole_line):
            if is_whole:
                parts.append(self.redact(before("".join(group)).encode()))
            else:
                parts.extend(self._redact_cut(line, before) for line in group)
        return b"".join(parts)

    def hash_value(self, value: str) -> str:
        """Return the HMAC that stands for a personal value; "" stays."""
        return self._session.redactor.hash_value(value) if value else value

    def _redact_cut(self, line: str, before: Callable[[str], str]) -> bytes:
        text = line.rstrip()
        body = self.redact(before(text).encode())
        # An address is shorter than this; a search of a whole long line could take for ever.
        end = _CUT_EMAIL.sub(REDACTED.encode(), body[-_LONGEST_EMAIL:])
        return body[:-_LONGEST_EMAIL] + end + line[len(text) :].encode()

    def _hash_address(self, found: re.Match[bytes]) -> bytes:
        text = found.group().decode("utf-8", "replace").replace("%40", "@")
        return self.hash_value(text).encode()

    def _find(self, below: str) -> list[FolderFile]:
        root = f"{self._root}/{below}".rstrip("/")
        with self._telling(f"the folder {root}"):
            # A file system remembers listings, which would hide that a file grows.
            self._fs.invalidate_cache()
            found = self._fs.find(root, detail=True)
        files = [_file_of(path, info, self._root) for path, info in found.items()]
        return [
            file
            for file, info in zip(files, found.values(), strict=True)
            if info["type"] == "file" and file.size and not _UNFINISHED.search(file.name)
        ]

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn what a file system raises into the error tree; its text may hold keys."""
        where = f"connection {self._conn_id!r}: {redact_text(what)}"
        try:
            yield
        except PermissionError as error:
            raise BadCredentials(f"{where} may not be read ({type(error).__name__})") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Truncated(f"{where} ends early or is damaged ({type(error).__name__})") from None
        except FileNotFoundError:
            raise Unavailable(f"{where} vanished while it was read") from None
        except OSError as error:
            raise Unavailable(f"{where} cannot be read ({type(error).__name__})") from None


def _open_file_system(connection: Connection) -> tuple[Any, str]:
    # DAG files import the sources at parse time; fsspec is not wanted there.
    import fsspec

    where = f"connection {connection.conn_id!r}"
    url, options = connection.extra.get("url"), connection.extra.get("storage_options") or {}
    if not isinstance(url, str) or not url:
        raise InvalidSettings(
            f"{where}: extra.url is missing; set it to the folder to read, such as /data/incoming "
            "or s3://bucket/incoming"
        )
    if not isinstance(options, Mapping):
        raise InvalidSettings(f"{where}: extra.storage_options must be an object")
    shown = redact_text(url)
    try:
        fs, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        raise InvalidSettings(f"{where}: extra.url {shown!r} needs a package: {error}") from None
    except (ValueError, TypeError) as error:
        raise InvalidSettings(
            f"{where}: extra.url {shown!r} with these storage_options is not allowed "
            f"({type(error).__name__}); allowed: a folder, or an address fsspec knows"
        ) from None
    return fs, str(root).rstrip("/")


def _read_settle_seconds(connection: Connection) -> float:
    value = connection.extra.get("settle_seconds", SETTLE_SECONDS)
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= 300:
        raise InvalidSettings(
            f"connection {connection.conn_id!r}: extra.settle_seconds {value!r} is not allowed; "
            "allowed: 0 to 300"
        )
    return seconds


def _file_of(path: str, info: Mapping[str, Any], root: str) -> FolderFile:
    name = path.removeprefix(root).lstrip("/")
    return FolderFile(name, path, int(info.get("size") or 0), _modified_at(info))


def _modified_at(info: Mapping[str, Any]) -> dt.datetime | None:
    value = next((info[key] for key in _TIME_KEYS if info.get(key) is not None), None)
    if isinstance(value, int | float):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return None


def _is_whole_line(line: str) -> bool:
    """Say whether a line can be a whole JSON object; cheap, and in doubt no."""
    text = line.rstrip()
    quotes = text.count('"') - text.count('\\"')
    return not text or (text.endswith("}") and quotes % 2 == 0)


def _is_young(file: FolderFile, now: dt.datetime) -> bool:
    # An unknown time, or one ahead of this machine's clock, says nothing.
    return file.modified_at is None or file.modified_at > now - YOUNG
