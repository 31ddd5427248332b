"""Load the tables as typed frames, and write them in canonical form."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path

import pandas as pd
import pandera.errors

from analysis import csvtext, paths, plain, schemas, vocab
from analysis.csvtext import TextTable
from analysis.errors import CardError, DatasetError, Problem, ResultError


@dataclass(frozen=True)
class Dataset:
    """The whole dataset, one frame per table.

    Columns, types and row meaning of each frame are those of its model in
    :mod:`analysis.schemas`; text columns hold ``None`` for empty cells, counts
    are nullable integers.  The object is frozen; treat the frames so, too.
    """

    incidents: pd.DataFrame
    targets: pd.DataFrame
    actors: pd.DataFrame
    attributions: pd.DataFrame
    responses: pd.DataFrame
    denials: pd.DataFrame
    statements: pd.DataFrame
    sources: pd.DataFrame
    citations: pd.DataFrame
    states: pd.DataFrame
    memberships: pd.DataFrame
    screening: pd.DataFrame
    version: str = field(default="unversioned")

    def tables(self) -> dict[str, pd.DataFrame]:
        """Name to frame, in the order of the codebook."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "version"}


class Undeclared:
    """Stands for a table that a run did not declare; any use of it is an error that says so."""

    def __init__(self, table: str):
        self._table = table

    def _refuse(self):
        raise ResultError(
            f"table {self._table!r} is used, but the run does not declare it; add it to `reads` in notebooks/runs.toml"
        )

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __getitem__(self, key):
        self._refuse()

    def __len__(self):
        self._refuse()

    def __iter__(self):
        self._refuse()


def read_tables(dataset: Path | None = None, names=tuple(schemas.TABLES), fast: bool = False) -> dict[str, TextTable]:
    """Read every table of a dataset folder, or those named, as text; faults are collected and not raised.

    With `fast`, columns of large tables may be categorical, see :mod:`analysis.plain`.
    """
    return dict(reading(dataset, names, fast))


def reading(dataset: Path | None, names, fast: bool) -> Iterator[tuple[str, TextTable]]:
    """The tables of :func:`read_tables`, each as soon as it is read."""
    folder = paths.tables(dataset or paths.DATASET)
    if not folder.is_dir():
        raise CardError(
            f"{paths.shown(folder)}: no such folder; give a folder laid out like dataset/ (with tables/*.csv)"
        )
    files = {name: paths.table(folder.parent, name) for name in schemas.TABLES if name in names}
    # pandas reads outside of Python's lock: two large tables can be read at once, and more would take too much memory.
    with ThreadPoolExecutor(2) as pool:
        plainly = pool.map(plain.read, files, files.values()) if fast else [None] * len(files)
        for (name, path), table in zip(files.items(), plainly, strict=True):
            yield name, table or csvtext.read(name, path)


def typed(table: TextTable) -> tuple[pd.DataFrame, list[Problem]]:
    """Give the columns of a text table their types and validate them with the table's model.

    Returns
    -------
    frame : pandas.DataFrame
        Cells that have no value of the column's type are missing.
    problems : list of Problem
        One for each cell that breaks a rule of the model.
    """
    frame, problems, seen = table.frame.copy(deep=False), [], set()  # columns are replaced, never changed
    for name in schemas.integers(table.name):
        if name not in frame:
            continue
        numbers = {value: int(value) for value in frame[name].dropna().unique() if csvtext.WHOLE.fullmatch(value)}
        wrong = frame[name].notna() & ~frame[name].isin(list(numbers))
        for row in frame.index[wrong]:
            problems.append(
                table.at(
                    row, name, "type", f"{frame.at[row, name]!r} is not a whole number written in digits, such as 3"
                )
            )
            seen.add((row, name))
        frame[name] = frame[name].map(numbers).astype("Int64")
    for name, column in schemas.columns(table.name).items():
        if name in frame and "date" in (column.metadata or {}):
            for value in frame[name].dropna().unique():
                if not re.match(schemas.DATE, value) and (why := csvtext.spreadsheet_date(value)):
                    for row in frame.index[frame[name].eq(value)]:
                        problems.append(table.at(row, name, "spreadsheet-date", why))
                        seen.add((row, name))
    if table.readable:
        for case in _failures(table.name, frame):
            problems.extend(_translate(table, frame, case, seen))
    return frame, problems


def _spelled_out(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with text in place of categories."""
    shared = frame.columns[frame.dtypes.eq("category")]
    plainly = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in shared}
    return frame.assign(**plainly) if plainly else frame


def _failures(table: str, frame: pd.DataFrame) -> Iterator:
    """Pandera's failure cases, one for each cell that breaks a rule of the model.

    Every check looks at one cell, so each different value is validated once and what is
    found holds for all cells with that value: large tables repeat themselves.
    """
    for name, column in schemas.rules(table).items():
        series, whole = frame[name], column.unique or not column.checks
        part = series if whole else series.drop_duplicates()
        if isinstance(part.dtype, pd.CategoricalDtype):
            part = part.astype(object)
        try:
            column.validate(part.to_frame(), lazy=True)
        except pandera.errors.SchemaErrors as errors:
            for case in errors.failure_cases.itertuples():
                if whole or case.index is None or pd.isna(case.index):
                    yield case._replace(column=name)
                    continue
                value = part[case.index]
                same = series.isna() if pd.isna(value) else series.eq(value)
                for row in frame.index[same.fillna(False).astype(bool)]:
                    yield case._replace(column=name, index=row)


def _translate(table: TextTable, frame: pd.DataFrame, case, seen: set) -> list[Problem]:
    """Turn one of pandera's failure cases into problems, unless its cell is already reported."""
    check, name, row = str(case.check), case.column, case.index
    if row is None or pd.isna(row):
        return [Problem(paths.shown(table.path), 1, 1, "model", f"{name}: {check}: {case.failure_case}")]
    row = int(row)
    if (row, name) in seen:
        return []
    seen.add((row, name))
    value = frame.at[row, name]
    known = schemas.meta(table.name, name).get("vocab")
    if check == "not_nullable":
        return [table.at(row, name, "required", "the cell is empty, and this column needs a value")]
    if check == "field_uniqueness":
        first = frame.index[frame[name] == value][0]
        if row == first:
            return []
        return [table.at(row, name, "unique", f"{value!r} stands on line {table.lines[first]} already; give another")]
    if check.startswith("isin"):
        codes = [str(code) for code in getattr(vocab, known)]
        near = difflib.get_close_matches(str(value), codes, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"the codes are {', '.join(codes)}"
        return [table.at(row, name, "vocabulary", f"{str(value)!r} is not a code of this column; {hint}")]
    if check.startswith("str_length"):
        longest = schemas.columns(table.name)[name].checks
        limit = next(c.statistics["max_value"] for c in longest if c.name == "str_length")
        return [table.at(row, name, "length", f"{len(value)} characters; at most {limit}: shorten it")]
    if check.startswith("str_matches"):
        if "date" in schemas.meta(table.name, name):
            return [table.at(row, name, "date", f"{value!r} is not YYYY-MM-DD, YYYY-MM or YYYY")]
        pattern = next(
            c.statistics["pattern"] for c in schemas.columns(table.name)[name].checks if c.name == "str_matches"
        )
        pattern = getattr(pattern, "pattern", pattern)
        return [table.at(row, name, "pattern", f"{value!r} does not have the form {pattern}")]
    return [table.at(row, name, "range", f"{value} is out of range ({check}); mend the number")]


def version_of(dataset: Path) -> str:
    """Version that a dataset folder declares in its data package; ``unversioned`` if it has none."""
    package = Path(dataset) / "datapackage.json"
    return json.loads(package.read_text("utf-8"))["version"] if package.is_file() else "unversioned"


def load(dataset: Path | None = None) -> Dataset:
    """Load and validate the dataset.

    Parameters
    ----------
    dataset : path, optional
        Folder laid out like ``dataset/``; by default the repository's own.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If a table breaks its model; ``problems`` says where.  Rules across
        tables are the matter of :func:`analysis.checks.check`.
    """
    folder = Path(dataset or paths.DATASET)
    # A run reads what it declares and nothing else: so its cached results can be trusted.
    declared = os.environ.get("CARD_READS")
    wanted = declared.split(",") if declared is not None else list(schemas.TABLES)
    frames, problems = {name: Undeclared(name) for name in schemas.TABLES}, []
    for name, table in reading(folder, wanted, fast=True):
        frame, found = typed(table)
        frames[name] = _spelled_out(frame)
        problems += [*table.problems, *found]
    if problems:
        raise DatasetError(sorted(problems))
    return Dataset(**frames, version=version_of(folder))


def canonical(dataset: Path | None = None) -> dict[Path, str]:
    """Canonical text of every table file, as far as it can be read.

    Raises
    ------
    DatasetError
        If a file cannot be read as its table; nothing is guessed.
    """
    tables = read_tables(dataset)
    broken = [problem for table in tables.values() if not table.intact for problem in table.problems]
    broken += [p for table in tables.values() if table.intact for p in table.problems if p.rule == "encoding"]
    if broken:
        raise DatasetError(sorted(broken))
    return {table.path: csvtext.render(name, table.frame.map(csvtext.tidy)) for name, table in tables.items()}
