"""The words of the command line: commands, their options, and what to type instead of a mistyped one."""

from __future__ import annotations

import argparse
import difflib
import os
from pathlib import Path


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def share(text: str) -> float:
    """A number between 0 and 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1, such as 0.2")
    return number


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="reproduce.py", description="CARD: check the dataset, run the notebooks, make the report."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, about: str, dataset: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        if dataset:
            command.add_argument(
                "--dataset", type=Path, metavar="DIR", help="folder laid out like dataset/ (default: the repository's)"
            )
        return command

    add("check", "report every problem of the dataset; exit 1 if there is any", dataset=True)
    add("format", "put the tables into canonical form", dataset=True)
    add("codebook", "write CODEBOOK.md and datapackage.json anew from the schemas and tables")
    show = add("show", "print one incident as a story with its sources", dataset=True)
    show.add_argument("incident", metavar="INCIDENT")
    new = add(
        "new",
        "add an incident, or a row to one: asks, or takes --set or --answers; writes only what breaks no rule",
        dataset=True,
    )
    new.add_argument("kind", choices=("incident", "attribution", "response", "denial", "target", "source"))
    new.add_argument(
        "incident", nargs="?", default="", metavar="INCIDENT", help="the incident it belongs to; not for `new incident`"
    )
    new.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an answer: COLUMN=… of the row, or SECTION.COLUMN=…",
    )
    new.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="a TOML file with one table per section, [[section]] for several rows",
    )
    new.add_argument("--coder", default=os.environ.get("CARD_CODER", ""), help="your ORCID (default: $CARD_CODER)")
    diff = add(
        "diff", "rows, cells and results that differ between two states (released versions, folders or git revisions)"
    )
    diff.add_argument("old", metavar="A")
    diff.add_argument("new", metavar="B", nargs="?", default="", help="default: the working tree")
    diff.add_argument("--format", choices=("text", "csv", "html", "markdown"), default="text")
    diff.add_argument("--output", type=Path, metavar="FILE", help="write there instead of printing")
    summary = add("summary", "a page for reviewers: problems, rows and results that differ from a base")
    summary.add_argument(
        "base", metavar="BASE", nargs="?", default="", help="git revision (default: origin/main, else main)"
    )
    run = add("run", "run notebooks by the names in notebooks/runs.toml (default: all)")
    run.add_argument("names", nargs="*", metavar="NAME")
    run.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a parameter; lists are a,b,c",
    )
    run.add_argument("--list", action="store_true", help="list the runs with their parameters, and run nothing")
    run.add_argument("--explain", action="store_true", help="say why each run is fresh or stale, and run nothing")
    sweep = add("sweep", "run one notebook over a grid of parameters; goes on where it was stopped")
    sweep.add_argument("name", metavar="NAME", help="a run of notebooks/runs.toml")
    sweep.add_argument(
        "-g", action="append", default=[], metavar="KEY=V1,V2", help="values of a parameter; items of a list: A+B"
    )
    sweep.add_argument("--grid", type=Path, metavar="FILE", help="a TOML file with a table [grid]: key = [v1, v2]")
    sweep.add_argument("--jobs", type=count, metavar="N", help="points at once (default: one per processor)")
    sweep.add_argument("--scheduler", default="", metavar="tcp://…", help="send the points to this Dask cluster")
    sweep.add_argument("--curve", default="", metavar="NUMBER", help="draw the specification curve of this number, too")
    sweep.add_argument(
        "--output", type=Path, metavar="DIR", help="folder of points and table (default: build/sweeps/NAME)"
    )
    report = add("report", "make HTML, PDF and DOCX from the results of the last runs")
    reproduce = add("reproduce", "check, run everything, make the report, compare with the expected results")
    reproduce.add_argument(
        "--verify",
        action="store_true",
        help="run every notebook twice, under two hash seeds and time zones, and compare both",
    )
    accept = add("accept", "make the results of the last runs the expected ones")
    accept.add_argument(
        "--why", default="", metavar="TEXT", help="with --dataset-version: what changed in the analysis"
    )
    twins = add("near-duplicates", "list pairs of incidents that may be one, to be read side by side", dataset=True)
    twins.add_argument("--days", type=count, default=120, metavar="N", help="days that their periods may lie apart")
    sample = add(
        "sample",
        "draw incidents for a second, blind coding: at random, by accused state; or rows for an audit",
        dataset=True,
    )
    sample.add_argument("--share", type=share, default=0.2, metavar="X", help="part of all incidents (default: 0.2)")
    instead = sample.add_mutually_exclusive_group()
    instead.add_argument(
        "--replies", type=count, metavar="N", help="draw N single replies instead, to code their wording again"
    )
    instead.add_argument(
        "--dates",
        type=count,
        metavar="N",
        help="draw N incidents and N acts of each table instead, to code their dates again",
    )
    instead.add_argument(
        "--rows",
        type=count,
        metavar="N",
        help="draw N rows of every table instead, to be read again against their pages",
    )
    sample.add_argument("--seed", type=int, default=20240325, metavar="N")
    export = add(
        "export", "write the dataset for other programs, to build/exports (default: csv stata stix)", dataset=True
    )
    export.add_argument(
        "formats", nargs="*", metavar="FORMAT", help="csv (one flat dyadic table), parquet (needs pyarrow), stata, stix"
    )
    export.add_argument("--output", type=Path, metavar="DIR", help="write there instead")
    add("deposit", "make the folder to upload to Zenodo, build/zenodo, from the tables and the last report")
    release = add("release", "freeze the dataset as a version: archive, hash, change log; commits nothing")
    release.add_argument("version", metavar="VERSION", help="three numbers, such as 0.2.0")
    release.add_argument(
        "--meaning", default="", metavar="TEXT", help="what a column or code now means, if that changed: a major step"
    )
    for command in (run, sweep, report, reproduce, accept, export):
        command.add_argument(
            "--dataset-version", default="", metavar="V", help="a released version (default: the working tables)"
        )
    for command in (run, reproduce):
        command.add_argument("--force", action="store_true", help="run everything, even what is unchanged")
    for command in (run, sweep, reproduce):
        command.add_argument("--cold", action="store_true", help="start an ordinary kernel for each notebook, no fork")
    for command in (run, report, reproduce):
        command.add_argument("--jobs", type=count, metavar="N", help="notebooks at once (default: one per processor)")
    return top


def suggestion(word: str) -> str:
    """What to type instead of a word that is no command; empty if it is one."""
    choices = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    if word in choices:
        return ""
    found = difflib.get_close_matches(word, list(choices), 1)
    return f"did you mean {found[0]!r}?" if found else f"the commands are {', '.join(choices)}"
