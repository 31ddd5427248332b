"""The check of a whole dataset: form, types, codes and the rules across tables, in one pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from pandera.config import get_config_global

from analysis import paths, rules_content, schemas  # noqa: F401  (rules_content registers its rules)
from analysis.csvtext import TextTable, render
from analysis.dataset import reading, typed
from analysis.errors import CardError, Problem
from analysis.rules import RULES, View


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
    texts, frames, problems = {}, {}, []
    for name, table in reading(dataset, schemas.TABLES, fast=True):
        texts[name] = table
        frame, found = typed(table)
        frames[name] = frame.reindex(columns=list(schemas.columns(name)))
        problems += table.problems + found
        if table.intact and not table.problems:
            problems += _canonical(table)
    for extra in sorted(paths.tables(dataset or paths.DATASET).iterdir()):
        if extra.stem not in set(schemas.TABLES) - {"screening"} or extra.suffix != ".csv":
            problems.append(
                Problem(paths.shown(extra), 0, 0, "file", "no table has this name; remove or rename the file")
            )
    ragged = {(p.file, p.line) for p in problems if p.rule == "cell-count"}
    problems = [p for p in problems if p.rule == "cell-count" or (p.file, p.line) not in ragged]
    reported = {(p.file, p.line, p.column) for p in problems}
    view = View(frames, today or dt.date.today(), {name for name, table in texts.items() if not table.readable})
    for name, function in RULES.items():
        view.seen = set()
        faults = list(function(view))
        if view.seen & view.unreadable:
            continue
        found = [texts[table].at(row, column, name, message) for table, row, column, message in faults]
        problems += [p for p in found if (p.file, p.line, p.column) not in reported and (p.file, p.line) not in ragged]
    return sorted(set(problems))
