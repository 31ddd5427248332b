"""The dataset in the formats of other programs: one flat CSV file, Parquet, Stata, and STIX.

The same dataset gives the same bytes, whatever the day, the folder or the machine.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import dyads, metadata, paths, releases, schemas, stix, vocab
from analysis.csvtext import write_atomic
from analysis.dataset import Dataset, load
from analysis.dyads import Column
from analysis.errors import CardError, ParameterError

#: Oldest pyarrow that is known to do; pyproject.toml names it as the extra `parquet`.
PYARROW = "pyarrow>=18"
#: Longest text of a fixed-width column of Stata, in bytes; longer ones become `strL`.
STATA_TEXT = 2045
#: The day that every Stata file bears, so that the day of the export changes no byte.
EPOCH = dt.datetime(2000, 1, 1)


def frames(data: Dataset) -> dict[str, tuple[pd.DataFrame, tuple[Column, ...]]]:
    """The dyadic table and every table of the dataset, each with the definitions of its columns."""
    out = {"dyads": (dyads.dyads(data), dyads.COLUMNS)}
    for name, frame in data.tables().items():
        out[name] = (frame, tuple(_column(name, column) for column in schemas.columns(name)))
    return out


def _column(table: str, name: str) -> Column:
    definition, meta = schemas.columns(table)[name], schemas.meta(table, name)
    kind = "integer" if str(definition.dtype) == "Int64" else "date" if "date" in meta else "text"
    return Column(name, kind, definition.description, meta.get("vocab", ""), meta.get("unit", ""))


def export(
    formats: list[str],
    dataset: Path | None = None,
    output: Path | None = None,
    version: str = "",
    say=lambda line: None,
) -> list[Path]:
    """Write the dataset in other formats.

    Parameters
    ----------
    formats : list of str
        Keys of :data:`FORMATS`; if empty, all that need no further package.
    dataset : pathlib.Path, optional
        Folder laid out like ``dataset/``; by default the repository's.
    output : pathlib.Path, optional
        Folder to write to; by default ``build/exports``, or that of the version.
    version : str
        A released version, instead of the working tables.
    say : callable
        Takes one line on the rows that the dyadic table leaves out.

    Returns
    -------
    list of pathlib.Path
        The files written.  What a format needs is looked for before anything is written.

    Raises
    ------
    CardError
        If a package that a format needs is not installed; the message says how to install it.
    DatasetError, ParameterError
        If the tables break their models, no such version was released, or no such format is known.
    """
    for name in formats:
        if name not in FORMATS:
            raise ParameterError(f"there is no format {name!r}; the formats are {', '.join(FORMATS)}")
    chosen = [name for name in FORMATS if name in (formats or PLAIN)]
    if "parquet" in chosen:
        _pyarrow()
    data = load(releases.locate(str(dataset or ""), version))
    folder = Path(output) if output else paths.build(version) / "exports"
    day = releases.index()[version].date if version else str(metadata.citation()["date-released"])
    written = []
    for name in chosen:
        for file, content in FORMATS[name](data, day).items():
            write_atomic(folder / file, content)
            written.append(folder / file)
    if "csv" in chosen:
        left = dyads.left_out(data)
        say(
            f"dyads.csv leaves out {left['attributions']} attributions that accuse no state, and {left['responses']} responses "
            f"and {left['denials']} denials that match no accusation"
        )
    return written


def as_csv(data: Dataset, day: str = "") -> dict[str, bytes]:
    """The dyadic table as CSV: UTF-8, commas, empty cells for what is missing."""
    text = dyads.dyads(data).to_csv(index=False, lineterminator="\n")
    return {"dyads.csv": text.encode("utf-8")}


def as_stix(data: Dataset, day: str) -> dict[str, bytes]:
    """The dataset as one STIX 2.1 bundle."""
    return {"stix.json": (json.dumps(stix.bundle(data, day), indent=1, ensure_ascii=False) + "\n").encode("utf-8")}


def _pyarrow():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CardError(
            f"Parquet needs pyarrow, which is not installed; install it with `.venv/bin/python -m pip install '{PYARROW}'` "
            f"or `uv pip install --python .venv '{PYARROW}'`"
        ) from None
    return pyarrow


def as_parquet(data: Dataset, day: str = "") -> dict[str, bytes]:
    """Every table as Parquet; fields carry description, unit and codes, files the version and the licence."""
    pa = _pyarrow()
    out = {}
    for name, (frame, columns) in frames(data).items():
        kinds = {column.name: pa.int64() if column.kind == "integer" else pa.string() for column in columns}
        fields = [pa.field(c.name, kinds[c.name], metadata=_described(c)) for c in columns]
        about = {"title": f"CARD: {name}", "version": data.version, "license": metadata.LICENCE["name"]}
        made = pa.Table.from_pandas(frame, pa.schema(fields), preserve_index=False)
        # What pandas notes of itself keeps its nullable integers whole when it reads the file again.
        noted = {**(made.schema.metadata or {}), **about}
        buffer = io.BytesIO()
        pa.parquet.write_table(made.replace_schema_metadata(noted), buffer, compression="zstd")
        out[f"parquet/{name}.parquet"] = buffer.getvalue()
    return out


def _described(column: Column) -> dict[str, str]:
    out = {"description": column.about}
    if column.unit:
        out["unit"] = column.unit
    if column.codes:
        codes = {str(code): meaning for code, meaning in getattr(vocab, column.codes).items()}
        out["codes"] = json.dumps(codes, ensure_ascii=False)
    return out


def as_stata(data: Dataset, day: str = "") -> dict[str, bytes]:
    """Every table as a Stata file (version 14 and later) with labels of variables and values.

    Codes in words become numbers, from 0 in the order of the vocabulary, labelled with the
    words; number scales keep their numbers and get their meanings as labels.
    """
    out = {}
    for name, (frame, columns) in frames(data).items():
        made, labels, long = {}, {}, []
        for column in columns:
            values = frame[column.name]
            if column.kind == "integer":
                made[column.name] = _numbers(values)
                if column.codes:
                    labels[column.name] = dict(getattr(vocab, column.codes))
            elif column.codes:
                codes = list(getattr(vocab, column.codes))
                made[column.name] = _numbers(values.map(codes.index, na_action="ignore").astype("Int64"))
                labels[column.name] = dict(enumerate(codes))
            else:
                text = values.astype(object).where(values.notna(), "")
                made[column.name] = text
                if text.str.encode("utf-8").str.len().max() > STATA_TEXT:
                    long.append(column.name)
        buffer = io.BytesIO()
        pd.DataFrame(made).to_stata(
            buffer,
            write_index=False,
            version=118,
            time_stamp=EPOCH,
            data_label=f"CARD {name}, version {data.version}"[:80],
            variable_labels={column.name: _label(column) for column in columns},
            value_labels={key: value for key, value in labels.items() if made[key].notna().any()},
            convert_strl=long,
        )
        out[f"stata/{name}.dta"] = buffer.getvalue()
    return out


def _numbers(values: pd.Series) -> pd.Series:
    """Integers as Stata holds them: missing ones make the column a float, whose missing value is `.`."""
    return values.astype("float64") if values.isna().any() else values.astype(np.int32)


def _label(column: Column) -> str:
    """A variable label: at most 80 characters."""
    text = column.about if not column.unit or column.unit in column.about else f"{column.about} ({column.unit})"
    return text if len(text) <= 80 else text[:79].rstrip() + "…"


#: Formats by the word for them on the command line; each gives file names with contents.
FORMATS = {"csv": as_csv, "parquet": as_parquet, "stata": as_stata, "stix": as_stix}
#: Those that need no package beyond the lock.
PLAIN = ("csv", "stata", "stix")
