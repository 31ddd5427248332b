"""What the schemas say, as a page for readers; and the list of all that is generated."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from analysis import datapackage, dyads, metadata, paths, releases, rules_content, schemas, vocab  # noqa: F401  (rules_content registers its rules)
from analysis.metadata import summary
from analysis.rules import RULES

#: Folders whose CSV files make a version.
MEASURED = ("dataset/",)
KINDS = {"Int64": "integer", "str": "text"}


def current_version() -> str:
    """Version of the dataset: the one that CITATION.cff states, with ``+unreleased`` if the tables have changed since."""
    found = re.search(r"^version: *[\"']?([^\"'\s]+)", paths.CITATION.read_text("utf-8"), re.M)
    if found[1] not in releases.index():
        return found[1]
    with zipfile.ZipFile(releases.verified(found[1])) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if name.startswith(MEASURED)}
    files = [path for part in MEASURED for path in (paths.ROOT / part).rglob("*.csv") if "releases" not in path.parts]
    now = {path.relative_to(paths.ROOT).as_posix(): path.read_bytes() for path in files}
    return (
        found[1]
        if now == {name: data for name, data in held.items() if name.endswith(".csv")}
        else f"{found[1]}+unreleased"
    )


def markdown() -> str:
    """CODEBOOK.md: every table, column, code and rule, each linked to where it leads."""
    lines = [
        "# Codebook",
        "",
        "Generated from the schemas by `python3 reproduce.py codebook`; edit `analysis/schemas.py` and `analysis/vocab.py`, "
        "not this page. How to decide between codes: [CODING.md](CODING.md).",
        "",
        "Tables: " + " · ".join(f"[{name}](#{name})" for name in schemas.TABLES),
        "",
    ]
    shown = {}
    for name, model in schemas.TABLES.items():
        lines += [f"## {name}", "", summary(model), ""]
        lines += [f"Key: {', '.join(f'`{column}`' for column in schemas.KEYS[name])}", ""]
        lines += ["| column | type | empty | meaning | values |", "|---|---|---|---|---|"]
        for column, definition in schemas.columns(name).items():
            meta = definition.metadata or {}
            kind = "date" if "date" in meta else KINDS[str(definition.dtype)]
            values = _values(definition, meta)
            if meta.get("vocab"):
                shown[meta["vocab"]] = True
            empty = "yes" if definition.nullable else "no"
            lines.append(f"| `{column}` | {kind} | {empty} | {definition.description} | {values} |")
        lines.append("")
    lines += _exported(shown)
    lines += ["# Codes", ""]
    for name in (name for name in vars(vocab) if name in shown):
        scale = " (a scale: the order is a measurement)" if name in vocab.ORDERED else ""
        lines += [f"## {_anchor(name)}", "", f"In display order{scale}.", "", "| code | meaning |", "|---|---|"]
        lines += [f"| `{code}` | {meaning} |" for code, meaning in getattr(vocab, name).items()]
        lines.append("")
    lines += ["# Rules across cells and tables", "", "| rule | what must hold |", "|---|---|"]
    lines += [f"| `{name}` | {summary(function)} |" for name, function in RULES.items()]
    return "\n".join(lines) + "\n"


def _exported(shown: dict) -> list[str]:
    """The section on the dyadic table, whose columns are made by `export`; notes the vocabularies that it uses."""
    lines = ["# Dyads", "", summary(dyads.dyads).partition(" Parameters")[0], ""]
    lines += [
        "Made from the tables by `python3 reproduce.py export`; how it counts is told in [EXPORTS.md](EXPORTS.md).",
        "",
    ]
    lines += ["Key: " + ", ".join(f"`{column}`" for column in dyads.KEY), ""]
    lines += ["| column | type | meaning | values |", "|---|---|---|---|"]
    for column in dyads.COLUMNS:
        values = f"[{_anchor(column.codes)}](#{_anchor(column.codes)})" if column.codes else ""
        values = f"unit: {column.unit}" if column.unit else values
        if column.codes:
            shown[column.codes] = True
        lines.append(f"| `{column.name}` | {column.kind} | {column.about} | {values} |")
    return [*lines, ""]


def _anchor(name: str) -> str:
    return name.lower().replace("_", "-")


def _values(definition, meta: dict) -> str:
    if meta.get("vocab"):
        return f"[{_anchor(meta['vocab'])}](#{_anchor(meta['vocab'])})"
    if meta.get("ref"):
        table, column = meta["ref"].split(".")
        return f"[{table}](#{table}).`{column}`"
    if meta.get("unit"):
        return f"unit: {meta['unit']}"
    if "date" in meta:
        return f"precision in `{meta['date']}`" if meta["date"] else "ISO 8601"
    for check in definition.checks:
        if check.name == "str_length":
            return f"at most {check.statistics['max_value']} characters"
        if check.name == "str_matches":
            pattern = check.statistics["pattern"]
            pattern = getattr(pattern, "pattern", pattern)
            return "`" + pattern.replace("|", "\\|") + "`"
    return ""


def generated(dataset: Path | None = None, version: str = "") -> dict[Path, str]:
    """Every generated page and metadata file with the text it should have; `version` by default as :func:`current_version`."""
    version = version or current_version()
    return {
        paths.DATASET / "CODEBOOK.md": markdown(),
        paths.DATASET / "datapackage.json": datapackage.render(dataset, version),
        paths.DATASET / "croissant.json": metadata.croissant(dataset, version),
        paths.ROOT / "codemeta.json": metadata.codemeta(version),
    }
