"""Bad days of a watched folder, by name and probability, with a seed that makes them come again.

A `FolderFaults` spoils what a sandbox's `write_files` has written, and heals it later. The sandbox
does so for the folders it writes (`file_drop.py`), switched like all faults; tests do it alone:

    faults = FolderFaults({"truncated_file": 0.05, "late_file": 0.05, "seed": 11})
    faults.spoil(folder, written, day)      # a run of that morning sees this
    faults.heal()                           # whoever sent the files sends them again

Whether a file is hit follows from (seed, fault, file, day). A late file stays away until it is
written again; by then it is the next day.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from include.sandbox.faults import SEED
from include.sandbox.faults_names import FILE_MEANINGS
from include.sandbox.market_files import chance, write_whole

# Every so many rows is bad: fewer than the tenth that the strictest reader of files puts up with.
BAD_ROW_EVERY = 12
_BAD_ROW = "<<<<<<< edited by hand"
_DECIMAL, _WHOLE = re.compile(r"-?\d+\.\d+"), re.compile(r"\d+")
_BOM = "\ufeff"

Rows = list[dict[str, Any]]
# Changes a row in place.
Change = Callable[[dict[str, Any]], None]


class FolderFaults:
    """Which faults are on and what they have done. ValueError names what is not allowed."""

    def __init__(self, settings: Mapping[str, float]) -> None:
        on = {name: value for name, value in settings.items() if name != SEED}
        if unknown := sorted(on.keys() - FILE_MEANINGS.keys()):
            allowed = ", ".join(sorted(FILE_MEANINGS))
            raise ValueError(f"unknown faults: {', '.join(unknown)}; allowed: {allowed}, {SEED}")
        for name, probability in on.items():
            if not 0 <= probability <= 1:
                raise ValueError(f"{name}={probability!r} is no probability; allowed: 0 to 1")
        self.hits: Counter[str] = Counter()
        # Days whose run missed a file; where it comes after the look-back they are run again.
        self.late_days: set[dt.date] = set()
        self._on, self._seed = on, int(settings.get(SEED, 0))
        self._whole: dict[Path, bytes] = {}
        self._drafts: list[Path] = []

    def spoil(self, folder: Path, files: Iterable[Path], day: dt.date) -> None:
        """Hit files of a folder, each with one fault at most: the likeliest one that applies."""
        for path in files:
            drawn = []
            for name, probability in self._on.items():
                place = chance(self._seed, name, path.relative_to(folder), day)
                if place < probability:
                    drawn.append((place / probability, name))
            for place, name in sorted(drawn):
                if self._play(name, path, place):
                    self.hits[name] += 1
                    self.late_days |= {day} if name == "late_file" else set()
                    break

    def heal(self) -> None:
        """Write the files again as they were; late ones are not there yet."""
        for path, content in self._whole.items():
            write_whole(path, content)
        for draft in self._drafts:
            draft.unlink()
        self._whole.clear()
        self._drafts.clear()

    def _play(self, name: str, path: Path, draw: float) -> bool:
        """Spoil one file; False where the fault makes no sense for it."""
        content = path.read_bytes()
        if name == "late_file":
            path.unlink()
            return True
        if name == "half_written_file":
            draft = path.with_name(f"{path.name}.part")
            draft.write_bytes(content[: len(content) // 2])
            path.unlink()
            self._drafts.append(draft)
        else:
            spoiled = _spoiled(name, path.name, content, draw)
            if spoiled == content:
                return False
            path.write_bytes(spoiled)
        self._whole[path] = content
        return True


def _spoiled(name: str, file: str, content: bytes, draw: float) -> bytes:
    if name == "truncated_file":
        # A file that ends behind a whole row is one nobody can tell from a shorter one.
        return content[: max(1, int(len(content) * (0.3 + 0.6 * draw)))]
    is_packed = file.endswith(".gz")
    text = (gzip.decompress(content) if is_packed else content).decode()
    if name == "bad_rows":
        text = _with_bad_rows(text)
    else:
        text = _with_rows(text, file.removesuffix(".gz"), _CHANGES[name])
    changed = text.encode()
    return gzip.compress(changed, 1, mtime=0) if is_packed else changed


def _with_bad_rows(text: str) -> str:
    lines = text.split("\n")
    # The first line may be a header, the last one is empty.
    for place in range(1, len(lines) - 1, BAD_ROW_EVERY):
        lines[place] = _BAD_ROW
    return "\n".join(lines)


def _with_rows(text: str, file: str, change: Change) -> str:
    """Change every row of a file, in its own format."""
    if file.endswith(".csv"):
        return _with_csv_rows(text, change)
    if text.startswith("["):
        return json.dumps(_changed(json.loads(text), change), indent=1)
    rows = _changed([json.loads(line) for line in text.splitlines()], change)
    return "".join(json.dumps(row) + "\n" for row in rows)


def _with_csv_rows(text: str, change: Change) -> str:
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header else ","
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(_BOM)), delimiter=delimiter))
    if not rows:
        return text
    changed, out = _changed(rows, change), io.StringIO()
    writer = csv.DictWriter(out, list(changed[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(changed)
    return out.getvalue()


def _changed(rows: Sequence[Mapping[str, Any]], change: Change) -> Rows:
    copies = [dict(row) for row in rows]
    for row in copies:
        change(row)
    return copies


def _add_field(row: dict[str, Any]) -> None:
    row["gift_wrap"] = "gold"


def _drop_field(row: dict[str, Any]) -> None:
    row.pop(next(iter(row)))


def _change_type(row: dict[str, Any]) -> None:
    """Write the first number in another way: 12,50 in a text, an object elsewhere."""
    for name, value in row.items():
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            row[name] = value.replace(".", ",")
            return
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number or (isinstance(value, str) and _WHOLE.fullmatch(value)):
            row[name] = {"value": value}
            return


_CHANGES: Mapping[str, Change] = {
    "new_field": _add_field,
    "field_gone": _drop_field,
    "type_changed": _change_type,
}
