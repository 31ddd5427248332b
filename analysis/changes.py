"""What differs between two states of the project: rows and cells of the dataset, and results of the report.

A state is a released version, a folder, a git revision, or the working tree.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis import paths, releases, schemas
from analysis.csvtext import TextTable
from analysis.dataset import read_tables
from analysis.errors import CardError, DatasetError


@dataclass(frozen=True)
class Change:
    """One row ``added`` or ``removed``, one cell ``changed``, or one ``new column`` or ``lost column``.

    Attributes
    ----------
    table, key : str
        Where; the key's parts are joined by blanks.
    kind : str
    column, old, new : str
        The cell, for ``changed``; the column, for a column.
    """

    table: str
    key: str
    kind: str
    column: str = ""
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class ResultChange:
    """One ``number``, ``cell`` of a table or ``figure`` that was ``added``, ``removed`` or ``changed``.

    Attributes
    ----------
    what, name, kind : str
        A cell's name is ``run.table [row, column]``.
    old, new : str
        As the report prints it.
    relative : float or None
        Change in units of the old value; None where there is none to divide by.
    """

    what: str
    name: str
    kind: str
    old: str = ""
    new: str = ""
    relative: float | None = None


def table_changes(old: Path, new: Path) -> list[Change]:
    """Rows added, removed and changed from one dataset folder to another.

    A column that only one side has is told once, not cell by cell.

    Returns
    -------
    list of Change
        In the order of the tables, then of the keys.

    Raises
    ------
    DatasetError
        If a table of either folder has no key to read.
    """
    before, after, out = _tables(old), _tables(new), []
    for table in schemas.TABLES:
        headers = before[table].header, after[table].header
        out += [Change(table, "", "lost column", name) for name in headers[0] if name not in headers[1]]
        out += [Change(table, "", "new column", name) for name in headers[1] if name not in headers[0]]
        ones, twos = _keyed(before[table]), _keyed(after[table])
        for key in sorted(set(ones) | set(twos)):
            kind, shown = _kind(key, ones, twos), " ".join(key)
            if kind != "changed":
                out.append(Change(table, shown, kind))
                continue
            cells = [(name, ones[key][name], twos[key][name]) for name in twos[key] if name in ones[key]]
            out += [Change(table, shown, kind, *cell) for cell in cells if cell[1] != cell[2]]
    return out


def _tables(dataset: Path) -> dict[str, TextTable]:
    """Tables as text; any fault is forgiven that leaves the rows their keys."""
    tables = read_tables(dataset)
    package = dataset / "datapackage.json"
    if package.is_file():
        # A table that a version did not have yet is one without rows.
        known = {item["name"] for item in json.loads(package.read_text("utf-8"))["resources"]}
        for name in set(tables) - known:
            if not paths.table(dataset, name).exists():
                tables[name].header = list(schemas.columns(name))
    lost = [table for name, table in tables.items() if not set(schemas.KEYS[name]) <= set(table.header)]
    if lost:
        raise DatasetError(sorted(problem for table in lost for problem in table.problems))
    return tables


def _keyed(table: TextTable) -> dict[tuple[str, ...], dict[str, str]]:
    """Key to row; a key that stands again is numbered, so that no row hides another."""
    seen, out = Counter(), {}
    for row in table.frame.fillna("").to_dict("records"):
        key = tuple(row[part] for part in schemas.KEYS[table.name])
        seen[key] += 1
        out[key if seen[key] == 1 else (*key, f"(no. {seen[key]})")] = row
    return out


def _kind(name, before, after) -> str:
    return "added" if name not in before else "removed" if name not in after else "changed"


def result_changes(old: Path, new: Path) -> list[ResultChange]:
    """What changed from one folder laid out like ``report/expected`` to another.

    Returns
    -------
    list of ResultChange
        Numbers, then cells of tables, then figures; in each the biggest relative change
        first, after those that have none (new, gone, or once zero).
    """
    before, after = (json.loads((side / "numbers.json").read_text("utf-8")) for side in (old, new))
    texts = [{name: entry["text"] for name, entry in side.items()} for side in (before, after)]
    values = [{name: entry["value"] for name, entry in side.items()} for side in (before, after)]
    out = _moved("number", *texts, *values)
    cells = [_cells(side / "tables") for side in (old, new)]
    out += _moved("cell", *cells, *({name: _number(text) for name, text in side.items()} for side in cells))
    drawn = [
        {path.name: path.read_bytes() for path in sorted((side / "figures").glob("*.*")) if path.is_file()}
        for side in (old, new)
    ]
    # A figure is its drawing and the data behind it: either one makes it another figure.
    stems = [{Path(name).stem for name in side} for side in drawn]
    apart = {Path(name).stem for name in {*drawn[0], *drawn[1]} if drawn[0].get(name) != drawn[1].get(name)}
    return out + [ResultChange("figure", name, _kind(name, *stems)) for name in sorted(apart)]


def _moved(what: str, before: dict, after: dict, old: dict, new: dict) -> list[ResultChange]:
    out = [
        ResultChange(
            what,
            name,
            _kind(name, before, after),
            before.get(name, ""),
            after.get(name, ""),
            _relative(old.get(name), new.get(name)),
        )
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name) or old.get(name) != new.get(name)
    ]
    return sorted(out, key=lambda item: (item.relative is not None, -abs(item.relative or 0)))


def _relative(old, new) -> float | None:
    if not all(isinstance(value, (int, float)) for value in (old, new)) or not old:
        return None
    return (new - old) / abs(old)


def _cells(folder: Path) -> dict[str, str]:
    """Cells of all tables of a folder, named by the first cell of their row and by their column."""
    out = {}
    for path in sorted(folder.glob("*.csv")):
        header, *rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
        seen = Counter()
        for row in rows:
            seen[row[0]] += 1
            label = row[0] if seen[row[0]] == 1 else f"{row[0]} (no. {seen[row[0]]})"
            for column, cell in zip(header[1:], row[1:], strict=True):
                out[f"{path.stem} [{label}, {column}]"] = cell
    return out


def _number(text: str) -> float | None:
    """The number that a cell of a printed table begins with."""
    found = re.match(r"-?[0-9][0-9,]*(\.[0-9]+)?", text.strip().replace("−", "-"))
    return float(found[0].replace(",", "")) if found else None


def _git(root: Path, *words: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise CardError("git is not installed, and a revision needs it; install it, or compare folders") from None


def _commit(revision: str, root: Path) -> str:
    """Hash of a revision; words that look like options are taken for names."""
    try:
        found = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        raise CardError(
            f"{revision!r} is no released version, no folder with tables and no git revision ({said})"
        ) from None
    return found.decode().strip()


@contextlib.contextmanager
def _at_revision(revision: str, root: Path) -> Iterator[Path]:
    """A temporary folder with ``dataset`` and, if there was one, ``report/expected`` of a git revision."""
    commit = _commit(revision, root)
    held = _git(root, "ls-tree", "-d", "--name-only", commit, "--", "dataset", "report/expected").decode().split()
    if "dataset" not in held:
        raise CardError(f"{revision!r} holds no folder dataset; give a later revision")
    packed = _git(root, "archive", "--format=tar", commit, "--", *held)
    with tempfile.TemporaryDirectory(prefix=f"card-{commit[:12]}-") as scratch:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(scratch, filter="data")
        yield Path(scratch)


def default_base(root: Path | None = None) -> str:
    """``origin/main`` if the repository has it, else ``main``."""
    try:
        _commit("origin/main", root or paths.ROOT)
    except CardError:
        return "main"
    return "origin/main"


@contextlib.contextmanager
def at(state: str | Path, root: Path | None = None) -> Iterator[tuple[Path, Path | None]]:
    """Dataset folder and results of a state of the project.

    Parameters
    ----------
    state : str or path
        A released version, a folder laid out like the repository or like ``dataset/``
        (then without results), a git revision; empty for the working tree.
    root : path, optional
        The repository; by default this one.

    Yields
    ------
    dataset : pathlib.Path
    results : pathlib.Path or None
        A folder laid out like ``report/expected``.

    Raises
    ------
    CardError
        If it is none of these.
    """
    root = root or paths.ROOT
    if str(state) in releases.index(root / "dataset" / "releases") and root == paths.ROOT:
        yield releases.unpacked(str(state)) / "dataset", releases.kept(str(state))
        return
    folder = Path(state) if state else root
    if (folder / "tables").is_dir():
        yield folder, None
        return
    here = not state or (folder / "dataset" / "tables").is_dir()
    with contextlib.nullcontext(folder) if here else _at_revision(str(state), root) as folder:
        expected = folder / "report" / "expected"
        yield folder / "dataset", expected if (expected / "numbers.json").is_file() else None


def between(old: str, new: str = "", root: Path | None = None) -> tuple[list[Change], list[ResultChange] | None]:
    """Changes of rows and of results from one state to another; see :func:`at`.

    Results are None where one of the states has none.
    """
    with at(old, root) as (one, before), at(new, root) as (two, after):
        return table_changes(one, two), result_changes(before, after) if before and after else None
