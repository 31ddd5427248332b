"""Which runs must be done anew, and why: a run is fresh while everything it was made from, and everything it made, is the same.

A run is made from its notebook (without outputs), its typed parameters, the tables
that ``runs.toml`` says it reads, the modules of ``analysis`` that it imports, its promises, the
lock, the fonts and the version of Python.  A record of the last good run keeps the hashes
of these and of its results; both must match, or the run is stale.
"""

from __future__ import annotations

import json
from pathlib import Path

from analysis import fingerprint, paths

#: What a run reads that declares nothing: every table, and the second codings.
ALL = (
    "incidents", "targets", "actors", "attributions", "responses", "denials", "statements", "sources", "citations", "states",
    "memberships", "screening", "reliability",
)  # fmt: skip


def ingredients(run, version: str = "") -> dict[str, str]:
    """Hash of each thing that a run is made from.

    Parameters
    ----------
    run : analysis.runner.Run
    version : str
        Released version that it reads; empty for the tables that its parameters name.

    Returns
    -------
    dict of str to str
        What (“table denials”, “module measures”, “parameters” …) to hash.
    """
    cells = json.loads(run.notebook.read_text("utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    reads = ALL if run.reads is None else run.reads
    out = {
        "notebook": fingerprint.notebook(run.notebook),
        "parameters": fingerprint.of(json.dumps(run.parameters, sort_keys=True)),
        "promises": fingerprint.of(json.dumps([run.promises, list(reads)], sort_keys=True)),
    }
    # What executes a run is not imported by its notebook, but shapes its results all the same.
    for name, value in fingerprint.modules(code + "\nfrom analysis import runner").items():
        out[f"module {name}"] = value
    out.update(fingerprint.surroundings())
    version = version or run.parameters.get("dataset_version", "")
    if version:
        archive = paths.RELEASES / f"card-{version}.zip"
        out[f"release {version}"] = fingerprint.of(archive.read_bytes()) if archive.is_file() else ""
        return out
    folder = Path(run.parameters.get("dataset_dir") or paths.DATASET)
    for name in reads:
        if name == "reliability":
            out["second codings"] = fingerprint.of(json.dumps(fingerprint.folder(folder / name)))
            continue
        file = paths.table(folder, name)
        out[f"table {name}"] = fingerprint.of(file.read_bytes()) if file.is_file() else ""
    package = folder / "datapackage.json"
    out["version"] = json.loads(package.read_text("utf-8"))["version"] if package.is_file() else ""
    return out


def _record(name: str, build: Path) -> Path:
    return build / "cache" / f"{name}.json"


def recorded(name: str, build: Path) -> dict:
    """The record of the last good run of this name: ``made_from``, ``results``, ``seconds``; empty if there is none."""
    try:
        return json.loads(_record(name, build).read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def reasons(run, build: Path) -> list[str]:
    """Why a run must be done anew; empty if its last results still hold.

    Parameters
    ----------
    run : analysis.runner.Run
    build : pathlib.Path
        Folder that holds ``runs/`` and ``cache/``.
    """
    last = recorded(run.name, build)
    if not last:
        return ["it has not been run yet"]
    before, now = last["made_from"], ingredients(run)
    out = [f"{what} is new" for what in now if what not in before]
    out += [f"{what} changed" for what in now if what in before and before[what] != now[what]]
    out += [f"{what} is no longer used" for what in before if what not in now]
    results = fingerprint.folder(build / "runs" / run.name)
    if results != last["results"]:
        names = sorted(name for name in {*results, *last["results"]} if results.get(name) != last["results"].get(name))
        out.append(f"its results were changed or removed ({', '.join(names[:3])}{' …' if len(names) > 3 else ''})")
    return out


def explain(runs: list, build: Path) -> list[str]:
    """One line for each run: fresh, or why it is stale."""
    out = []
    for run in runs:
        why = reasons(run, build)
        out.append(f"{run.name}: stale: {'; '.join(why)}" if why else f"{run.name}: fresh")
    return out


def everything(version: str = "") -> dict[str, str]:
    """Hash of all that the whole reproduction is made from: dataset, notebooks, code, report, lock, version of Python."""
    out = {"version": version, **fingerprint.surroundings()}
    for place in (paths.DATASET, paths.NOTEBOOKS, paths.REPORT, paths.ROOT / "analysis"):
        out.update({f"{place.name}/{name}": value for name, value in fingerprint.folder(place).items()})
    out.update(fingerprint.files([paths.CITATION], paths.ROOT))
    return out


def made(build: Path) -> dict[str, str]:
    """Hash of every result and document of a reproduction."""
    return {**fingerprint.folder(build / "runs"), **fingerprint.files(build.glob("report.*"), build)}


def keep_reproduction(build: Path, made_from: dict[str, str], lines: list[str]) -> None:
    """Keep that everything was reproduced, with what was said at the end."""
    _write(build / "cache" / "_reproduction.json", {"made_from": made_from, "results": made(build), "lines": lines})


def reproduction(build: Path, made_from: dict[str, str]) -> list[str]:
    """What was said at the end of the last reproduction if nothing has changed since; else empty."""
    last = recorded("_reproduction", build)
    same = last and last["made_from"] == made_from and last["results"] == made(build)
    return last["lines"] if same else []


def record(run, build: Path, made_from: dict[str, str], seconds: float) -> None:
    """Keep what a run was made from, what it made, and how long it took."""
    entry = {
        "made_from": made_from,
        "results": fingerprint.folder(build / "runs" / run.name),
        "seconds": round(seconds, 3),
    }
    _write(_record(run.name, build), entry)


def _write(place: Path, entry: dict) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    part.write_text(json.dumps(entry, indent=1, sort_keys=True) + "\n", "utf-8")
    part.replace(place)
