"""What ``notebooks/runs.toml`` plans: runs, their parameters, and whether both fit the notebooks."""

from __future__ import annotations

import ast
import difflib
import json
import tokenize
import tomllib
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

from analysis import paths
from analysis.errors import CardError, ParameterError

TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list[str]": list}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook: its type, default and meaning, as its ``parameters`` cell says."""

    name: str
    type: str
    default: object
    about: str


@dataclass(frozen=True)
class Run:
    """One notebook with the parameters it runs with, the tables it reads and the results it promises."""

    name: str
    notebook: Path
    parameters: dict = field(default_factory=dict)
    promises: dict = field(default_factory=dict)
    reads: tuple[str, ...] | None = None


def plan(
    names: list[str] | None = None,
    overrides: dict[str, str] | None = None,
    file: Path | None = None,
    version: str = "",
) -> list[Run]:
    """The runs to do, parameters checked, before any kernel starts.

    Parameters
    ----------
    names : list of str, optional
        Names of runs; all by default.
    overrides : dict of str to str, optional
        Parameters as typed on a command line; each must be known to every run named.
    file : path, optional
        The runs file; by default ``notebooks/runs.toml``.
    version : str, optional
        Released version that every run reads; empty for the working tables.

    Raises
    ------
    ParameterError
        If a run, a parameter or a version is unknown, or a value has the wrong type.
    """
    file = file or paths.RUNS
    if version:
        from analysis import releases

        releases.verified(version)
    entries = {
        entry["name"]: Run(
            entry["name"],
            file.parent / entry["notebook"],
            entry.get("parameters", {}),
            entry.get("promises", {}),
            tuple(entry["reads"]) if "reads" in entry else None,
        )
        for entry in tomllib.loads(file.read_text("utf-8"))["run"]
    }
    for name in names or []:
        if name not in entries:
            raise ParameterError(f"no run is called {name!r}{_near(name, entries)}; the runs are {', '.join(entries)}")
    runs = []
    for run in (entries[name] for name in names or entries):
        known = parameters(run.notebook)
        typed = {key: _parse(run.name, key, text, known) for key, text in (overrides or {}).items()}
        for key, value in run.parameters.items():
            _require(run.name, key, value, known)
        released = {"dataset_version": version} if version else {}
        runs.append(replace(run, parameters={**run.parameters, **released, **typed}))
    return runs


def parameters(notebook: Path) -> dict[str, Parameter]:
    """Parameters that a notebook declares in its cell tagged ``parameters``.

    Each is written ``name: type = default  # meaning`` with a type of ``str``, ``int``,
    ``float``, ``bool`` or ``list[str]``.
    """
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    source = next(("".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", [])), "")
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    out = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or ast.unparse(node.annotation) not in TYPES:
            raise CardError(
                f"{paths.shown(notebook)}: line {node.lineno} of the parameters cell is not `name: type = default  # meaning`"
            )
        name = node.target.id
        out[name] = Parameter(
            name, ast.unparse(node.annotation), ast.literal_eval(node.value), comments.get(node.lineno, "")
        )
    return out


def _near(word: str, known) -> str:
    found = difflib.get_close_matches(word, list(known), 1)
    return f", did you mean {found[0]!r}?" if found else ""


def _require(run: str, key: str, value, known: dict[str, Parameter]) -> None:
    if key not in known:
        raise ParameterError(f"{run} has no parameter {key!r}{_near(key, known)}; it knows {', '.join(known)}")
    kind = TYPES[known[key].type]
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if kind is list:
        fits = fits and all(isinstance(item, str) for item in value)
    if not fits and not (kind is float and isinstance(value, int) and not isinstance(value, bool)):
        raise ParameterError(f"{run}: {key} must be {known[key].type}, not {value!r}; it means: {known[key].about}")


def _parse(run: str, key: str, text: str, known: dict[str, Parameter]):
    """Value of a parameter from a command line: lists are separated by commas."""
    if key not in known:
        _require(run, key, text, known)
    kind = known[key].type
    value: object = text
    if kind == "list[str]":
        value = [part.strip() for part in text.split(",") if part.strip()]
    elif kind == "bool":
        value = {"true": True, "false": False}.get(text.lower(), text)
    elif kind in ("int", "float"):
        try:
            value = TYPES[kind](text)
        except ValueError:
            value = text
    _require(run, key, value, known)
    return value


def typed(run: str, key: str, value, known: dict[str, Parameter]):
    """A parameter's value, from text (list items joined by ``+``) or as given; ParameterError if it does not fit."""
    if isinstance(value, str):
        return _parse(
            run, key, value.replace("+", ",") if key in known and known[key].type == "list[str]" else value, known
        )
    _require(run, key, value, known)
    return value
