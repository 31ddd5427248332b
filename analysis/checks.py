"""The check of a whole dataset: form, types, codes and the rules across tables, in one pass."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from pandera.config import get_config_global

from analysis import csvtext, paths, plain, rules_content, schemas  # noqa: F401  (rules_content registers its rules)
from analysis.csvtext import TextTable, render
from analysis.dataset import typed
from analysis.errors import CardError, Problem
from analysis.rules import RULES, Fault, View

#: Tables of fewer bytes in all are checked in this process: others would take longer to start than they save.
LARGE = 32 << 20


def _canonical(table: TextTable) -> Iterator[Problem]:
    """Rows stand in the order of their keys and cells are quoted only where needed."""
    keys = list(schemas.KEYS[table.name])
    before = np.array([False])
    for name in reversed(keys):
        cells = table.frame[name]
        # Categories are sorted, so that their numbers compare as the texts do; an empty cell comes first.
        cells = cells.cat.codes if isinstance(cells.dtype, pd.CategoricalDtype) else cells.fillna("")
        cells = cells.to_numpy()
        before = (cells[1:] < cells[:-1]) | ((cells[1:] == cells[:-1]) & before)
    if before.any():
        row = int(before.argmax()) + 1
        yield table.at(
            row, keys[0], "canonical", "the row is not in the order of its key; `format` puts it in its place"
        )
        return
    if table.canonical:
        return
    # A line without quotation marks was read as it would be written; only the others can be written otherwise.
    quoted = [row for row, line in enumerate(table.lines) if '"' in table.text_lines[line - 1]]
    expected = render(table.name, table.frame.iloc[quoted], ordered=False).split("\n")[1:]
    for row, should in zip(quoted, expected, strict=False):
        if table.text_lines[table.lines[row] - 1] != should:
            message = "a cell is quoted that needs no quotes, or the other way round; `format` mends it"
            yield Problem(paths.shown(table.path), table.lines[row], 1, "canonical", message)
            return


def check(dataset: Path | None = None, today: dt.date | None = None) -> list[Problem]:
    """Check a dataset folder against every rule.

    Parameters
    ----------
    dataset : path, optional
        Folder laid out like ``dataset/``.
    today : datetime.date, optional
        Day that counts as today; by default the real one.

    Returns
    -------
    list of Problem
        Everything that is wrong, sorted by file and line; empty if nothing is.

    Raises
    ------
    CardError
        If there is no such folder, or pandera's validation is switched off.
    """
    if not get_config_global().validation_enabled:
        raise CardError(
            "pandera's validation is switched off (PANDERA_VALIDATION_ENABLED); unset it, nothing was checked"
        )
    folder = paths.tables(dataset or paths.DATASET)
    if not folder.is_dir():
        raise CardError(
            f"{paths.shown(folder)}: no such folder; give a folder laid out like dataset/ (with tables/*.csv)"
        )
    files = {name: paths.table(folder.parent, name) for name in schemas.TABLES}
    size = {name: path.stat().st_size if path.is_file() else 0 for name, path in files.items()}
    apart = sum(size.values()) >= LARGE
    texts, frames, problems = {}, {}, []
    for table, frame, found in _spread(_examine, sorted(files, key=size.get, reverse=True), files, apart):
        texts[table.name], frames[table.name] = table, frame
        problems += found
    for extra in sorted(folder.iterdir()):
        if extra.stem not in set(schemas.TABLES) - {"screening"} or extra.suffix != ".csv":
            problems.append(
                Problem(paths.shown(extra), 0, 0, "file", "no table has this name; remove or rename the file")
            )
    ragged = {(p.file, p.line) for p in problems if p.rule == "cell-count"}
    problems = [p for p in problems if p.rule == "cell-count" or (p.file, p.line) not in ragged]
    reported = {(p.file, p.line, p.column) for p in problems}
    view = View(frames, today or dt.date.today(), {name for name, table in texts.items() if not table.readable})
    for name, faults in zip(RULES, _spread(_apply, list(RULES), view, apart), strict=True):
        found = [texts[table].at(row, column, name, message) for table, row, column, message in faults]
        problems += [p for p in found if (p.file, p.line, p.column) not in reported and (p.file, p.line) not in ragged]
    return sorted(set(problems))


def _examine(name: str, files: dict[str, Path]) -> tuple[TextTable, pd.DataFrame, list[Problem]]:
    """One table: where its cells stand, its typed columns, and what is wrong with it alone."""
    table = plain.read(name, files[name]) or csvtext.read(name, files[name])
    frame, found = typed(table)
    problems = table.problems + found
    if table.intact and not table.problems:
        problems += _canonical(table)
    # What comes back from another process is copied: the texts have served.
    return replace(table, frame=table.frame[:0]), frame.reindex(columns=list(schemas.columns(name))), problems


def _apply(name: str, view: View) -> list[Fault]:
    """What one rule finds; nothing if it looked at a table that could not be read."""
    view.seen = set()
    faults = list(RULES[name](view))
    return [] if view.seen & view.unreadable else faults


def _spread(function: Callable, tasks: list[str], shared, apart: bool) -> Iterator:
    """``function(task, shared)`` for each task, in their order; in two processes if `apart` is asked for and safe.

    A forked process has what is shared without a copy.  Forking is safe where no threads run, and sound on Linux only.
    """
    if not (apart and sys.platform == "linux" and (os.cpu_count() or 1) > 1):
        yield from (function(task, shared) for task in tasks)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, context, _begin, (function, shared)) as pool:
        yield from pool.map(_step, tasks)


def _begin(function: Callable, shared) -> None:
    """In a new process: keep what all tasks share, and end without a word when interrupted."""
    global _step_of
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _step_of = lambda task: function(task, shared)  # noqa: E731


def _step(task: str):
    return _step_of(task)
