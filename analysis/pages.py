"""Changes between two states as text, CSV, HTML, and as a Markdown page for reviewers."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter

from analysis import schemas
from analysis.changes import Change, ResultChange
from analysis.errors import Problem

#: Entries of each list that a page for reviewers shows before it only counts.
SHOWN = 40
LONGEST = 60_000  # characters of a page; a comment on GitHub holds 65,536
WHATS = {"number": "Numbers", "cell": "Cells of tables", "figure": "Figures"}


def percent(item: ResultChange) -> str:
    """The relative change with its sign, such as ``+4.2%``; empty if there is none."""
    return "" if item.relative is None else f"{100 * item.relative:+,.1f}%"


def as_text(rows: list[Change], results: list[ResultChange] | None) -> str:
    """The changes for a terminal, one a line, and a last line that counts them."""
    lines = []
    for item in rows:
        cell = f", {item.column}: {item.old!r} → {item.new!r}" if item.kind == "changed" else ""
        lines.append(f"{item.table}: {item.kind} {item.key or item.column}{cell}")
    for item in results or []:
        values = f": {item.old or 'nothing'} → {item.new or 'nothing'} {percent(item)}".rstrip()
        lines.append(f"{item.what} {item.kind} {item.name}" + (values if item.what != "figure" else ""))
    counted = Counter(item.what for item in results or [])
    moved = ", ".join(f"{counted[what]} {name.lower()}" for what, name in WHATS.items())
    moved = "results not compared: one side has none" if results is None else f"results that moved: {moved}"
    return "\n".join([*lines, f"changes of the dataset: {len(rows)}; {moved}"]) + "\n"


def as_csv(rows: list[Change], results: list[ResultChange] | None) -> str:
    """The changes as CSV.

    Columns are ``part`` (``dataset``, ``number``, ``cell`` or ``figure``), ``place`` (table or result),
    ``key``, ``change``, ``column``, ``old``, ``new`` and ``relative`` (change in units of the old value).
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["part", "place", "key", "change", "column", "old", "new", "relative"])
    writer.writerows(["dataset", i.table, i.key, i.kind, i.column, i.old, i.new, ""] for i in rows)
    writer.writerows(
        [i.what, i.name, "", i.kind, "", i.old, i.new, "" if i.relative is None else f"{i.relative:.6g}"]
        for i in results or []
    )
    return buffer.getvalue()


def _counts(rows: list[Change]) -> list[tuple]:
    """Per touched table: rows added, rows changed, cells changed, rows removed, columns new or lost."""
    out = []
    for name in schemas.TABLES:
        ours = [item for item in rows if item.table == name]
        if ours:
            number, keys = Counter(item.kind for item in ours), {i.key for i in ours if i.kind == "changed"}
            columns = number["new column"] + number["lost column"]
            out.append((name, number["added"], len(keys), number["changed"], number["removed"], columns))
    return out


COUNTED = ("table", "rows added", "rows changed", "cells changed", "rows removed", "columns new or lost")


def as_html(rows: list[Change], results: list[ResultChange] | None, title: str) -> str:
    """The changes as one page that needs no other file."""

    def grid(header, lines) -> str:
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in line) + "</tr>\n" for line in lines
        )
        return f"<table>\n<tr>{head}</tr>\n{body}</table>\n"

    parts = [f"<h1>{html.escape(title)}</h1>", "<h2>Rows</h2>"]
    parts.append(grid(COUNTED, _counts(rows)) if rows else "<p>No row changed.</p>")
    if results is None:
        parts.append("<h2>Results</h2><p>Not compared: one side has none.</p>")
    for what, name in WHATS.items() if results is not None else ():
        ours = [(i.name, i.kind, i.old, i.new, percent(i)) for i in results if i.what == what]
        header = (name, "change", "old", "new", "relative")
        if what == "figure":
            ours, header = [line[:2] for line in ours], header[:2]
        parts.append(f"<h2>{name}</h2>" + (grid(header, ours) if ours else "<p>None moved.</p>"))
    for name, *_ in _counts(rows):
        ours = [(i.kind, i.key, i.column, i.old, i.new) for i in rows if i.table == name]
        told = grid(("change", "row", "column", "old", "new"), ours)
        parts.append(f"<details><summary>{name}: {len(ours)}</summary>{told}</details>")
    style = (
        "body{font-family:sans-serif;max-width:75em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
        "td,th{border:1px solid #999;padding:.2em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
        "summary{margin-top:.6em;cursor:pointer}"
    )
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def as_markdown(rows: list[Change], results: list[ResultChange] | None, problems: list[Problem], shown=SHOWN) -> str:
    """The page for reviewers: problems, rows and results; lists are cut at `shown`, or shorter to fit a comment."""
    lines = ["## Dataset and results", "", "### Problems"]
    told = [(f"{item.file}:{item.line}:{item.column}", item.rule, item.message) for item in problems]
    lines += _grid("place | rule | problem", told, shown, "problems") if problems else ["", "**No problems** found."]
    lines += ["", "### Rows"]
    counts = _counts(rows)
    lines += _grid(" | ".join(COUNTED), counts, len(counts), "") if rows else ["", "No row changed."]
    for name, *_ in counts:
        told = [(item.kind, item.key, item.column, item.old, item.new) for item in rows if item.table == name]
        lines += ["", f"<details><summary>{name}</summary>"]
        lines += [*_grid("change | row | column | old | new", told, shown, "changes"), "", "</details>"]
    lines += ["", "### Results that moved"]
    if not results:
        lines += ["", "None." if results == [] else "Not compared: one side has none."]
    for what, title in WHATS.items():
        told = [(i.name, i.kind, i.old, i.new, percent(i)) for i in results or [] if i.what == what]
        header = f"{what} | change | old | new | relative"
        if what == "figure":
            told, header = [row[:2] for row in told], f"{what} | change"
        lines += _grid(header, told, shown, title.lower()) if told else []
    text = "\n".join(lines) + "\n"
    return text if len(text) <= LONGEST or shown == 1 else as_markdown(rows, results, problems, shown // 2)


def _cell(text: str) -> str:
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _grid(header: str, rows: list[tuple], shown: int, what: str) -> list[str]:
    """A Markdown table of the first rows, and a line that counts those left out."""
    lines = ["", f"| {header} |", "|" + "---|" * (header.count("|") + 1)]
    lines += ["| " + " | ".join(_cell(str(cell)) for cell in row) + " |" for row in rows[:shown]]
    return lines + ["", f"… and {len(rows) - shown} more {what}"] * (len(rows) > shown)
