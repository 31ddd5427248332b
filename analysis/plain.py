"""A fast way to read large tables that are well-formed as text.

:func:`analysis.csvtext.read` looks at every cell and can say where each fault is.
Here, whole blocks of bytes are looked at, which can say no more than that there is no fault;
a table that may have one is left to the other way.  Both ways give the same table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import filterfalse
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import schemas
from analysis.csvtext import FORMULA, TextTable, untidy

#: Files of fewer bytes are read the exact way, which is fast enough for them.
LARGE = 1 << 20
BLOCK = 1 << 20
#: Columns become categorical if less than this share of their first cells are different.
SHARE, SAMPLE = 0.5, 5_000
COMMA, QUOTE, SPACE, END, DELETE = (ord(char) for char in '," \n\x7f')
# What a cell must not open with, by byte.
BAD_START = np.isin(np.arange(256), [SPACE, *map(ord, FORMULA)])


def read(table: str, path: Path) -> TextTable | None:
    """Read a large table without a fault of form; None if it is small, or may have one.

    Parameters
    ----------
    table : str
        Name of the table, a key of :data:`analysis.schemas.TABLES`.
    path : pathlib.Path
        The CSV file.

    Returns
    -------
    TextTable or None
        As :func:`analysis.csvtext.read` gives it, but for the type of its columns:
        those that repeat themselves are categorical, with their categories sorted.
    """
    wanted = list(schemas.columns(table))
    if not path.is_file() or path.stat().st_size < LARGE:
        return None
    with path.open("rb") as file:
        if file.readline() != (",".join(wanted) + "\n").encode():
            return None
        if not all(_well_formed(block, len(wanted)) for block in _blocks(file)):
            return None
    options = {"keep_default_na": False, "na_values": [""], "low_memory": False, "encoding": "utf-8"}
    try:
        sample = pd.read_csv(path, dtype=str, nrows=SAMPLE, **options)
        repetitive = {name: "category" for name in wanted if sample[name].nunique() < SHARE * len(sample)}
        frame = pd.read_csv(path, dtype={name: str for name in wanted} | repetitive, **options)
    except ValueError:  # not UTF-8
        return None
    for name, column in frame.items():
        if name not in repetitive:
            frame[name] = column.astype(object).where(column.notna(), None)
        texts = column.cat.categories if name in repetitive else column.dropna()
        if any(map(untidy, filterfalse(str.isascii, texts))):
            return None
    return TextTable(table, path, frame, lines=range(2, len(frame) + 2), header=wanted, canonical=True)


def _blocks(file: io.BufferedReader) -> Iterator[bytes]:
    """The rest of a file in blocks of whole lines; the last may lack its line end."""
    while block := file.read(BLOCK):
        yield block + file.readline()


def _well_formed(block: bytes, width: int) -> bool:
    """Whether each line is a record of `width` cells, quoted where needed only, and no cell holds stray ASCII."""
    text = np.frombuffer(block, dtype=np.uint8)
    ends, spaces = np.flatnonzero(text == END), text == SPACE
    if text[-1] != END or np.count_nonzero(text < SPACE) != len(ends) or (text == DELETE).any():
        return False
    starts = np.append(0, ends[:-1] + 1)
    if (spaces[1:] & spaces[:-1]).any() or (ends - starts).max() >= csv.field_size_limit():
        return False
    commas, quotes = np.flatnonzero(text == COMMA), np.flatnonzero(text == QUOTE)
    if len(quotes):
        if len(quotes) % 2 or not _well_quoted(text, quotes[::2], quotes[1::2], commas, ends):
            return False
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
    if len(commas) != len(ends) * (width - 1):
        return False
    between = commas.reshape(-1, width - 1)
    if (between[:, 0] < starts).any() or (between[:, -1] > ends).any():
        return False
    return not (
        BAD_START[text[starts]].any()
        or BAD_START[text[commas + 1]].any()
        or spaces[commas - 1].any()
        or spaces[ends - 1].any()
    )


def _well_quoted(
    text: np.ndarray, opened: np.ndarray, closed: np.ndarray, commas: np.ndarray, ends: np.ndarray
) -> bool:
    """Whether every quoted cell needs its quotation marks, stands on one line, and holds no stray ASCII.

    A quotation mark inside a cell is written twice: the first closes a stretch and the second opens the next.
    """
    goes_on = text[closed + 1] == QUOTE
    first = np.append(True, ~goes_on[:-1])
    before = text[opened[first] - 1]  # a block that starts with a quotation mark is preceded, so to speak, by its end
    after = text[closed[~goes_on] + 1]
    if not (np.isin(before, (COMMA, END)).all() and np.isin(after, (COMMA, END)).all()):
        return False
    if (np.searchsorted(ends, opened) != np.searchsorted(ends, closed)).any():
        return False
    held = np.searchsorted(commas, closed) - np.searchsorted(commas, opened)
    needed = np.add.reduceat(held + goes_on, np.flatnonzero(first)) > 0
    return bool(
        needed.all()
        and not BAD_START[text[opened[first] + 1]].any()
        and not (text[closed[~goes_on] - 1] == SPACE).any()
    )
