"""CSV files as text: reading with places, writing in canonical form.

Canonical form: UTF-8 without a byte-order mark, Unicode NFC, lines end in one
line feed, commas, quotes only where CSV needs them, the model's columns in the
model's order, rows in the order of their keys, no stray white space.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import paths, schemas
from analysis.errors import Problem

# A cell that opens with one of these runs as a formula in a spreadsheet.
FORMULA = ("=", "+", "-", "@")
UNTIDY = re.compile(r"^\s|\s$|\s\s|[^\S ]|[\x00-\x1f\x7f\u200b-\u200f\u2028\u2029\u2060\ufeff]")
SLASHED = re.compile(r"^([0-9]{1,4})[/.]([0-9]{1,2})[/.]([0-9]{2,4})$")
SERIAL = re.compile(r"^[0-9]{5}$")
WHOLE = re.compile(r"^(0|[1-9][0-9]{0,8})$")


@dataclass
class TextTable:
    """One CSV file as read.

    Attributes
    ----------
    name : str
        Name of the table.
    frame : pandas.DataFrame
        All cells as text, empty cells as ``None``; the model's columns that
        the file has, in the model's order.
    lines : sequence of int
        Line on which each row starts.
    problems : list of Problem
        What is wrong with the file as text.
    intact : bool
        Whether every cell could be assigned to a column, so that the file can
        be written anew without losing one.
    readable : bool
        Whether all columns are there, so that rules can be applied.
    canonical : bool
        Whether each row is known to be written as `format` would write it.
    """

    name: str
    path: Path
    frame: pd.DataFrame
    lines: Sequence[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    text_lines: list[str] = field(default_factory=list)
    delimiter: str = ","
    intact: bool = True
    readable: bool = True
    canonical: bool = False

    def problem(self, line: int, column: int, rule: str, message: str, severity: str = "error") -> None:
        """Note a problem at a place."""
        self.problems.append(Problem(paths.shown(self.path), line, column, rule, message, severity))

    def at(self, row: int, column: str, rule: str, message: str, severity: str = "error") -> Problem:
        """Problem in a cell, given by row number in the frame and column name."""
        line = self.lines[row]
        place = self._offset(line, self.header.index(column)) if column in self.header else 1
        return Problem(
            paths.shown(self.path), line, place, rule, f"{column}: {message}" if column else message, severity
        )

    def _offset(self, line: int, cell: int) -> int:
        """Column, counted from 1, at which the given cell of the record on `line` starts.

        A cell can only start on a later line if one before it holds a line
        break, which is a problem of its own; then column 1 is given.
        """
        if not self.text_lines:  # a table of which the cells alone were kept
            self.text_lines = self.path.read_text("utf-8").split("\n")
        at, quoted = 0, False
        for position, char in enumerate(self.text_lines[line - 1], start=1):
            if at == cell:
                return position
            if char == '"':
                quoted = not quoted
            elif char == self.delimiter and not quoted:
                at += 1
        return len(self.text_lines[line - 1]) + 1 if at == cell else 1


def read(table: str, path: Path) -> TextTable:
    """Read one table, collecting every fault of its form.

    Parameters
    ----------
    table : str
        Name of the table, a key of :data:`analysis.schemas.TABLES`.
    path : pathlib.Path
        The CSV file.

    Returns
    -------
    TextTable
        Never raises for bad content: ``problems`` says what is wrong,
        ``intact`` and ``readable`` say how far the content can be used.
    """
    wanted = list(schemas.columns(table))
    out = TextTable(table, path, pd.DataFrame(columns=wanted, dtype=object))
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        out.intact = out.readable = False
        out.problem(0, 0, "file", f"the table is missing; add the file with the header {','.join(wanted)}")
        return out
    text = _decode(out, raw)
    if text is None:
        return out
    rows = _records(out, text)
    if rows is None or not _header(out, rows, wanted):
        return out
    _cells(out, rows, wanted)
    return out


def _decode(out: TextTable, raw: bytes) -> str | None:
    if raw[:4] == b"PK\x03\x04" or b"\x00" in raw[:4096]:
        out.intact = out.readable = False
        what = "a spreadsheet or archive" if raw[:2] == b"PK" else "UTF-16 or binary data"
        out.problem(1, 1, "not-csv", f"the file is {what}, not CSV; export it as “CSV UTF-8” under the same name")
        return None
    if raw.startswith(b"\xef\xbb\xbf"):
        out.problem(1, 1, "byte-order-mark", "the file starts with a byte-order mark; `format` removes it")
        raw = raw[3:]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        out.problem(line, column, "encoding", f"byte {raw[error.start]:#04x} is not UTF-8; save the file as UTF-8")
        text = raw.decode("utf-8", "replace")
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        out.problem(line, 1, "line-end", "lines end in carriage returns, not in line feeds; `format` mends it")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _records(out: TextTable, text: str) -> list[list[str]] | None:
    out.text_lines = text.split("\n")
    head = out.text_lines[0]
    for other, name in ((";", "semicolons"), ("\t", "tabs")):
        if head.count(other) > head.count(","):
            out.delimiter = other
            out.problem(1, 1, "delimiter", f"cells are separated by {name}, not commas; `format` mends it")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=out.delimiter, strict=True)
    rows, start = [], 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                out.lines.append(start)
            else:
                out.problem(start, 1, "blank-line", "the line is empty; delete it")
            start = reader.line_num + 1
    except csv.Error as error:
        out.intact = out.readable = False
        out.problem(
            start, 1, "not-csv", f"the record that starts here cannot be read ({error}); mend its quotation marks"
        )
        return None
    if text and not text.endswith("\n"):
        out.problem(len(out.text_lines), 1, "canonical", "the last line has no line end; `format` adds it")
    return rows


def _header(out: TextTable, rows: list[list[str]], wanted: list[str]) -> bool:
    if not rows:
        out.intact = out.readable = False
        out.problem(1, 1, "header", f"the file is empty; its first line must be {','.join(wanted)}")
        return False
    out.header = [name.strip() for name in rows.pop(0)]
    line = out.lines.pop(0)
    for number, name in enumerate(out.header):
        place = out._offset(line, number)
        if name in out.header[:number]:
            out.intact = False
            out.problem(
                line, place, "repeated-column", f"column {name!r} stands here a second time; remove one of them"
            )
        elif name not in wanted:
            out.intact = False
            near = difflib.get_close_matches(name, wanted, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(wanted)}"
            out.problem(line, place, "unknown-column", f"column {name!r} is not in the codebook; {hint}")
    for name in wanted:
        if name not in out.header:
            out.intact = out.readable = False
            out.problem(line, 1, "missing-column", f"column {name!r} is missing; add it, with empty cells if need be")
    if out.intact and out.header != wanted:
        out.problem(line, 1, "column-order", "columns are not in the codebook's order; `format` mends it")
    return True


def _cells(out: TextTable, rows: list[list[str]], wanted: list[str]) -> None:
    width = len(out.header)
    for number, row in enumerate(rows):
        if len(row) != width:
            out.intact = False
            out.problem(
                out.lines[number],
                1,
                "cell-count",
                f"the row has {len(row)} cells, the header {width}; a comma is missing or not inside quotation marks",
            )
            row[:] = (row + [""] * width)[:width]
    data: dict[str, np.ndarray] = {}
    for place, name in enumerate(out.header):
        if name in data or name not in wanted:
            continue
        # Equal cells share one text: tables repeat themselves, and large ones would not fit otherwise.
        known: dict[str, str] = {}
        share = known.setdefault
        values = [share(row[place], row[place]) for row in rows]
        bad = {value: fault for value in known if (fault := untidy(value))}
        if bad:
            out.problems.extend(
                out.at(number, name, *bad[value]) for number, value in enumerate(values) if value in bad
            )
        column = np.array(values, dtype=object)
        column[column == ""] = None
        data[name] = column
    out.frame = pd.DataFrame({name: data[name] for name in wanted if name in data}, dtype=object)


def untidy(value: str) -> tuple[str, str] | None:
    """Rule and message for a cell that is not in canonical spelling; None if it is."""
    if value.startswith(FORMULA):
        return (
            "formula",
            f"{value[:30]!r} would run as a formula in a spreadsheet; start the cell with another character",
        )
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        return "unicode", f"{value[:30]!r} is not in Unicode normal form NFC; `format` mends it"
    if UNTIDY.search(value):
        return "white-space", f"{value[:30]!r} holds stray white space or invisible characters; `format` mends it"
    return None


def spreadsheet_date(value: str) -> str | None:
    """What a spreadsheet made of a date, explained; None if `value` is no such date.

    Examples
    --------
    >>> spreadsheet_date("45376")
    "'45376' is a spreadsheet's day number; write 2024-03-25"
    """
    if SERIAL.match(value):
        day = dt.date(1899, 12, 30) + dt.timedelta(days=int(value))
        return f"{value!r} is a spreadsheet's day number; write {day.isoformat()}"
    if found := SLASHED.match(value):
        first, second, third = map(int, found.groups())
        if len(found[1]) == 4:
            year, month, day = first, second, third
        elif first > 12 or second > 12:
            year, (day, month) = third, (first, second) if first > 12 else (second, first)
        else:
            return f"{value!r} is a spreadsheet's date; write YYYY-MM-DD (which number is the month?)"
        year += 2000 if year < 100 else 0
        try:
            return f"{value!r} is a spreadsheet's date; write {dt.date(year, month, day).isoformat()}"
        except ValueError:
            return f"{value!r} is no date; write YYYY-MM-DD"
    return None


def tidy(value: str | None) -> str | None:
    """`value` in canonical spelling: NFC, single plain spaces, nothing invisible; None if nothing is left."""
    if value is None:
        return None
    value = unicodedata.normalize("NFC", value)
    value = re.sub(r"[\u200b-\u200f\u2060\ufeff]", "", value)
    return " ".join(value.split()) or None


def render(table: str, frame: pd.DataFrame, ordered: bool = True) -> str:
    """Canonical CSV text of a table, given as text or typed frame; with `ordered` False, rows stay where they are."""
    frame = frame[list(schemas.columns(table))].astype(object)
    frame = frame.where(frame.notna(), None)
    keys = list(schemas.KEYS[table])
    if ordered:
        frame = frame.sort_values(keys, kind="stable", key=lambda column: column.fillna("").astype(str))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(frame.itertuples(index=False, name=None))
    return buffer.getvalue()


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old or the new content, never half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
