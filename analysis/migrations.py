"""How tables of an older released version are read under today's schemas.

A release is frozen with the columns and codes it had.  Whenever a version
changes columns or codes, one step is added here that turns the tables of the
version before it into its own; reading an old release applies the steps that
are newer than it, oldest first.  A step never changes what a row says.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from analysis import schemas

#: Name of a table to its frame, all cells text, empty cells ``None``; second codings are called ``reliability/NAME``.
Tables = dict[str, pd.DataFrame]


def _screening_and_ids(tables: Tables) -> Tables:
    """0.2.0: incidents carry ids of other datasets; a screening log lists the leads."""
    incidents = tables["incidents"].assign(other_ids=None)
    return {**tables, "incidents": incidents, "screening": pd.DataFrame(columns=list(schemas.columns("screening")))}


def _rounds_of_second_coding(tables: Tables) -> Tables:
    """0.2.0: second codings have rounds, and stand beside the first coding that they were compared with."""
    out = dict(tables)
    sample = tables["reliability/incidents"].assign(round="1", unit="incident")
    out["reliability/incidents"] = sample[["incident_id", "round", "unit", "coder"]]
    for name in ("attributions", "responses", "denials"):
        first = tables[name][tables[name]["incident_id"].isin(sample["incident_id"])].assign(urls=None)
        second = tables[f"reliability/{name}"]
        both = pd.concat([first[list(second.columns)], second]).assign(round="1")
        key = schemas.KEYS[name][0]
        out[f"reliability/{name}"] = both.sort_values([key, "coder"], kind="stable", ignore_index=True)
    return out


def _incidents_coded_twice(tables: Tables) -> Tables:
    """0.3.0: the samples hold what both coders said of the incident."""
    sample = tables["reliability/incidents"].assign(kind=None, operation_type=None)
    columns = ["incident_id", "round", "unit", "kind", "operation_type", "coder"]
    return {**tables, "reliability/incidents": sample[columns]}


#: ``(version that brought the change, what turns older tables into its own)``, oldest first.
MIGRATIONS: list[tuple[str, Callable[[Tables], Tables]]] = [
    ("0.2.0", _screening_and_ids),
    ("0.2.0", _rounds_of_second_coding),
    ("0.3.0", _incidents_coded_twice),
]


def number(version: str) -> tuple[int, int, int]:
    """A version as three numbers that compare in its order; a suffix such as ``-dev`` is left out."""
    major, minor, patch = version.partition("-")[0].split(".")
    return int(major), int(minor), int(patch)


def migrate(tables: Tables, version: str) -> Tables:
    """Tables released as `version`, in the columns and codes of today."""
    for since, step in MIGRATIONS:
        if number(version) < number(since):
            tables = step(tables)
    return tables
