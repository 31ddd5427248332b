"""The text of ``datapackage.json``: what a Frictionless Data Package 2 says of every CSV file of a dataset folder."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from analysis import metadata, paths, schemas, vocab
from analysis.dataset import read_tables

#: Columns of the second codings that no table has.
CODINGS = {
    "urls": {"type": "string", "description": "addresses of the pages read, separated by a space; none in first codings"},
    "round": {"type": "integer", "description": "round of the second coding", "constraints": {"required": True}},
    "unit": {
        "type": "string", "description": "what the second coder was to code: the incident, the wording of single replies, or dates",
        "constraints": {"required": True, "enum": ["incident", "reply", "date"]},
    },
}  # fmt: skip
#: Columns of the audits.
AUDITS = {
    "audit": {"type": "integer", "description": "number of the audit", "constraints": {"required": True}},
    "release": {
        "type": "string", "description": "version for which what the audit found was mended",
        "constraints": {"required": True},
    },
    "table": {
        "type": "string", "description": "table of the row",
        "constraints": {"required": True, "enum": list(vocab.CITED_TABLES)},
    },
    "record_id": {
        "type": "string", "description": "key of the row, as it was called then", "constraints": {"required": True},
    },
    "verdict": {
        "type": "string", "description": "; ".join(f"{code}: {said}" for code, said in vocab.VERDICT.items()),
        "constraints": {"required": True, "enum": list(vocab.VERDICT)},
    },
    "column": {"type": "string", "description": "the gravest fault; empty where the row is right or was not found"},
}  # fmt: skip


def render(dataset: Path | None, version: str) -> str:
    """Text of datapackage.json: fields, keys, codes, row counts and hashes of every CSV file of a dataset folder."""
    folder, cited = Path(dataset or paths.DATASET), metadata.citation()
    tables = read_tables(folder)
    resources = [
        _resource(
            folder, name, table.path, metadata.summary(schemas.TABLES[name]), len(table.frame), _table_schema(name)
        )
        for name, table in tables.items()
    ]
    for path in sorted((folder / "reliability").glob("*.csv")):
        resources.append(_audits(folder, path) if path.stem == "audits" else _coding(folder, path))
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "profile": "tabular-data-package",
        "name": "card",
        "title": cited["title"],
        "description": " ".join([cited["abstract"], *metadata.LIMITS, metadata.coders(tables)]),
        "version": version,
        **({"created": f"{day}T00:00:00Z"} if (day := metadata.release_day(version, cited)) else {}),
        "keywords": cited["keywords"],
        "licenses": [metadata.LICENCE],
        "contributors": [{"title": author["name"], "roles": ["author"]} for author in cited["authors"]],
        "sources": [
            {"title": "The pages read for each row, with publisher, date and address", "path": "tables/sources.csv"}
        ],
        "resources": resources,
    }
    return metadata.as_json(package)


def _resource(folder: Path, name: str, path: Path, about: str, rows: int, schema: dict) -> dict:
    raw = path.read_bytes()
    return {
        "name": name,
        "path": path.relative_to(folder).as_posix(),
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "description": about,
        "bytes": len(raw),
        "hash": "sha256:" + hashlib.sha256(raw).hexdigest(),
        "rows": rows,
        "schema": schema,
    }


def _field(table: str, column: str) -> dict:
    definition = schemas.columns(table)[column]
    meta, limits = definition.metadata or {}, {}
    out = {"name": column, "type": "integer" if str(definition.dtype) == "Int64" else "string"}
    out["description"] = definition.description
    if meta.get("unit"):
        out["unit"] = meta["unit"]
    if not definition.nullable:
        limits["required"] = True
    if definition.unique:
        limits["unique"] = True
    for check in definition.checks:
        if check.name == "str_length":
            limits["maxLength"] = check.statistics["max_value"]
        elif check.name == "str_matches":
            pattern = check.statistics["pattern"]
            # A Table Schema pattern is always matched whole.
            limits["pattern"] = getattr(pattern, "pattern", pattern).removeprefix("^").removesuffix("$")
        elif check.name == "greater_than_or_equal_to":
            limits["minimum"] = check.statistics["min_value"]
        elif check.name == "less_than_or_equal_to":
            limits["maximum"] = check.statistics["max_value"]
    if meta.get("vocab"):
        codes = getattr(vocab, meta["vocab"])
        limits["enum"] = list(codes)
        out["categories"] = [{"value": code, "label": meaning} for code, meaning in codes.items()]
        out["categoriesOrdered"] = meta["vocab"] in vocab.ORDERED
    return {**out, "constraints": limits}


def _table_schema(name: str) -> dict:
    out = {"fields": [_field(name, column) for column in schemas.columns(name)]}
    out |= {"primaryKey": list(schemas.KEYS[name]), "missingValues": [""]}
    keys = [
        {"fields": [column], "reference": {"resource": "" if other == name else other, "fields": [key]}}
        for table, column, other, key in schemas.references()
        if table == name
    ]
    return out | ({"foreignKeys": keys} if keys else {})


def _coding(folder: Path, path: Path) -> dict:
    """The resource of one file of the second codings: a table's columns and those of :data:`CODINGS`."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    described = []
    for column in header:
        field = {"name": column, **CODINGS[column]} if column in CODINGS else _field(path.stem, column)
        # Ids stand twice, and not every round asks for every column.
        free = ("unique",) if column in (*CODINGS, *schemas.KEYS[path.stem], "coder") else ("unique", "required")
        limits = {key: value for key, value in field.get("constraints", {}).items() if key not in free}
        described.append({**field, "constraints": limits})
    schema = {
        "fields": described,
        "primaryKey": [*schemas.KEYS[path.stem], "coder", "round"],
        "missingValues": [""],
        "foreignKeys": [{"fields": ["incident_id"], "reference": {"resource": "incidents", "fields": ["incident_id"]}}],
    }
    about = (
        "One row is one incident drawn for a second, blind coding, as one of two coders coded it."
        if path.stem == "incidents"
        else f"One row is one row of `{path.stem}` as one of two coders coded it, blind to the other."
    )
    return _resource(folder, f"reliability-{path.stem}", path, about, len(rows), schema)


def _audits(folder: Path, path: Path) -> dict:
    """The resource of the audits."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = len(list(csv.reader(file))) - 1
    schema = {
        "fields": [{"name": name, **field} for name, field in AUDITS.items()],
        "primaryKey": ["audit", "table", "record_id"],
        "missingValues": [""],
    }
    about = "One row is one row of a table, drawn at random and read again against its pages by somebody who did not code it."
    return _resource(folder, "reliability-audits", path, about, rows, schema)
