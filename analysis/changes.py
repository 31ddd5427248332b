"""What differs between two states of the project: rows and cells of the dataset, and results of the report."""

from __future__ import annotations

import contextlib
import html
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis import paths, schemas
from analysis.dataset import read_tables
from analysis.errors import CardError, DatasetError, Problem

#: Rows that a page for reviewers shows of each table before it only counts.
SHOWN = 40


@dataclass(frozen=True)
class Change:
    """One row added or removed, or one cell changed.

    Attributes
    ----------
    table, key : str
        Where; the key's parts are joined by blanks.
    kind : str
        ``added``, ``removed`` or ``changed``.
    column, old, new : str
        The cell, for ``changed``; empty otherwise.
    """

    table: str
    key: str
    kind: str
    column: str = ""
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        cell = f", {self.column}: {self.old!r} → {self.new!r}" if self.column else ""
        return f"{self.table}: {self.kind} {self.key}{cell}"


def _keyed(dataset: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Table to key to row, cells as text."""
    tables = read_tables(dataset)
    broken = [problem for table in tables.values() if not table.readable for problem in table.problems]
    if broken:
        raise DatasetError(broken)
    return {
        name: {
            " ".join(str(row[part] or "") for part in schemas.KEYS[name]): {
                column: value or "" for column, value in row.items()
            }
            for row in table.frame.to_dict("records")
        }
        for name, table in tables.items()
    }


def table_changes(old: Path, new: Path) -> list[Change]:
    """Rows added, removed and changed from one dataset folder to another.

    Returns
    -------
    list of Change
        In the order of the tables, then of the keys.

    Raises
    ------
    DatasetError
        If a table of either folder cannot be read.
    """
    before, after, out = _keyed(old), _keyed(new), []
    for table in schemas.TABLES:
        for key in sorted(set(before[table]) | set(after[table])):
            one, two = before[table].get(key), after[table].get(key)
            if one is None or two is None:
                out.append(Change(table, key, "added" if one is None else "removed"))
                continue
            out += [
                Change(table, key, "changed", column, one[column], two[column])
                for column in two
                if one[column] != two[column]
            ]
    return out


def result_changes(old: Path, new: Path) -> list[str]:
    """What changed between two folders of expected results: numbers by relative change, then tables and figures."""
    numbers = [
        json.loads((folder / "numbers.json").read_text("utf-8")) if folder.is_dir() else {} for folder in (old, new)
    ]
    moved = []
    for name in sorted(set(numbers[0]) | set(numbers[1])):
        one, two = (side.get(name) for side in numbers)
        if one != two:
            texts = [entry["text"] if entry else "nothing" for entry in (one, two)]
            moved.append((-_relative(one, two), f"number {name}: {texts[0]} → {texts[1]}"))
    files = [
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.*")) if p.is_file()}
        for folder in (old, new)
    ]
    apart = [name for name in sorted(set(files[0]) | set(files[1])) if files[0].get(name) != files[1].get(name)]
    tables = [f"table {name[7:-4]}" for name in apart if name.startswith("tables/")]
    figures = [f"figure {name[8:-4]}" for name in apart if name.startswith("figures/") and name.endswith(".svg")]
    return [line for _, line in sorted(moved)] + tables + figures


def _relative(one: dict | None, two: dict | None) -> float:
    """Relative change of a number; infinite where one side has none or it is no number."""
    values = [entry and entry["value"] for entry in (one, two)]
    if not all(isinstance(value, (int, float)) for value in values) or not values[0]:
        return float("inf")
    return abs(values[1] / values[0] - 1)


@contextlib.contextmanager
def at(state: str | Path, root: Path | None = None) -> Iterator[Path]:
    """A folder with ``dataset`` and ``report/expected`` of a state of the project.

    Parameters
    ----------
    state : str or path
        A git revision, a folder laid out like the repository, or one laid out like
        ``dataset/`` (then without results); empty for the working tree.
    root : path, optional
        The repository; by default this one.

    Raises
    ------
    CardError
        If it is none of these.
    """
    root = root or paths.ROOT
    if str(state).startswith("-"):
        raise CardError(f"{state!r} is neither a folder nor a git revision; git would read it as an option")
    folder = Path(state) if state else root
    if (folder / "dataset" / "tables").is_dir():
        yield folder
        return
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        if (folder / "tables").is_dir():
            (out / "dataset").symlink_to(folder.resolve(), target_is_directory=True)
        else:
            command = [
                "git",
                "-C",
                str(root),
                "archive",
                "--format=tar",
                str(state),
                "--",
                "dataset",
                "report/expected",
            ]
            try:
                packed = subprocess.run(command, capture_output=True, check=True).stdout
            except FileNotFoundError:
                raise CardError(
                    f"{state!r} is no folder, and git, which could know it as a revision, is not installed"
                ) from None
            except subprocess.CalledProcessError as error:
                said = error.stderr.decode("utf-8", "replace").strip().splitlines()
                raise CardError(
                    f"{state!r} is neither a folder with tables nor a git revision ({said[0] if said else 'git failed'})"
                ) from None
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(out, filter="data")
        yield out


def between(old: str, new: str = "", root: Path | None = None) -> tuple[list[Change], list[str]]:
    """Changes of rows and of results from one state to another; see :func:`at`.

    Results are compared only where both states have any.
    """
    with at(old, root) as one, at(new, root) as two:
        rows = table_changes(one / "dataset", two / "dataset")
        sides = [side / "report" / "expected" for side in (one, two)]
        results = result_changes(*sides) if all(side.is_dir() for side in sides) else []
    return rows, results


def page(rows: list[Change], results: list[str], problems: list[Problem]) -> str:
    """A Markdown page for the comment of a review: problems, counts and details of rows, results that moved."""

    def shown(text: str) -> str:
        return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")

    lines = ["## Dataset and results", ""]
    lines += [f"**{len(problems)} problems**" if problems else "**No problems** found by `check`.", ""]
    lines += [
        f"- `{problem.file}:{problem.line}:{problem.column}` {problem.rule}: {shown(problem.message)}"
        for problem in problems[:SHOWN]
    ]
    lines += ["", "### Rows", ""]
    touched = [table for table in schemas.TABLES if any(change.table == table for change in rows)]
    if touched:
        lines += ["| table | added | removed | changed cells |", "|---|--:|--:|--:|"]
    for table in touched:
        kinds = [change.kind for change in rows if change.table == table]
        lines.append(f"| {table} | {kinds.count('added')} | {kinds.count('removed')} | {kinds.count('changed')} |")
    for table in touched:
        ours = [change for change in rows if change.table == table]
        lines += ["", f"<details><summary>{table}</summary>", ""]
        lines += [f"- {shown(str(change))}" for change in ours[:SHOWN]]
        lines += [f"- … and {len(ours) - SHOWN} more"] * (len(ours) > SHOWN) + ["", "</details>"]
    lines += [] if touched else ["No row changed."]
    lines += ["", "### Results that moved", ""]
    lines += [f"- {shown(line)}" for line in results[: 2 * SHOWN]] or ["None."]
    lines += [f"- … and {len(results) - 2 * SHOWN} more"] * (len(results) > 2 * SHOWN)
    return "\n".join(lines) + "\n"
