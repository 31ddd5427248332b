"""Freeze a version: refuse what is not fit, choose the number by rule, write archive, index and change log.

The rule for the number (semantic versioning of data):

* *patch* when only wording changed (titles, summaries, notes, quoted words, addresses);
* *minor* when rows were added or removed, or coded values changed;
* *major* when columns, codes or keys changed, or the meaning of a code did.

While a version begins with 0, a major change may raise the second number.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

from analysis import changes, checks, codebook, csvtext, migrations, paths, releases, reproduction, results, schemas
from analysis.errors import CardError, DatasetError

LEVELS = ("none", "patch", "minor", "major")
VERSION = re.compile(r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$")
#: Heading under which CHANGELOG.md gathers what the next version brings, in words.
UNRELEASED = "## Unreleased"


def is_wording(table: str, column: str) -> bool:
    """Whether a column is free text: not a key, code, reference, date or number."""
    definition = schemas.columns(table)[column]
    return column not in schemas.KEYS[table] and not definition.metadata and str(definition.dtype) == "str"


def level(old: Path, new: Path) -> tuple[str, list[str]]:
    """Smallest kind of version step that a change of the dataset needs, and why.

    Parameters
    ----------
    old, new : pathlib.Path
        Folders laid out like ``dataset/``, each with its datapackage.json.

    Returns
    -------
    level : str
        ``none``, ``patch``, ``minor`` or ``major``.
    reasons : list of str
        One line for each kind of change found.
    """
    found: Counter[tuple[int, str]] = Counter()
    before, after = (_definitions(folder) for folder in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            what = "is gone" if name not in after else "is new" if name not in before else "changed its type or codes"
            found[3, f"{name} {what}"] += 1
    for change in changes.table_changes(old, new):
        if change.kind in ("added", "removed"):
            found[2, f"{change.table}: rows {change.kind}"] += 1
        elif change.kind == "changed":
            wording = is_wording(change.table, change.column)
            found[1 if wording else 2, f"{change.table}.{change.column}: cells changed"] += 1
    top = max((rank for rank, _ in found), default=0)
    ordered = sorted(found.items(), key=lambda item: (-item[0][0], item[0][1]))
    return LEVELS[top], [f"{LEVELS[rank]}: {said}" + f" ({n})" * (n > 1) for (rank, said), n in ordered]


def _definitions(dataset: Path) -> dict[str, tuple]:
    """Column and key of every table as the data package of a version defines them."""
    package = json.loads((dataset / "datapackage.json").read_text("utf-8"))
    out = {}
    for resource in package["resources"]:
        if resource["path"].startswith("reliability/"):
            continue  # second codings follow the columns of the tables
        schema = resource["schema"]
        out[f"key of {resource['name']}"] = tuple(schema["primaryKey"])
        for field in schema["fields"]:
            codes = field.get("constraints", {}).get("enum", [])
            out[f"{resource['name']}.{field['name']}"] = (field["type"], tuple(map(str, codes)))
    return out


def require_step(last: str, version: str, needed: str) -> None:
    """Raise CardError unless `version` is a big enough step from `last`.

    Examples
    --------
    >>> require_step("0.1.0", "0.1.1", "minor")
    Traceback (most recent call last):
        ...
    analysis.errors.CardError: 0.1.1 is too small a step from 0.1.0: the change is minor; the next version is 0.2.0
    """
    old, new = migrations.number(last), migrations.number(version)
    if new <= old:
        raise CardError(f"{version} does not come after {last}; the next version is {following(last, needed)}")
    if new < migrations.number(following(last, needed)):
        raise CardError(
            f"{version} is too small a step from {last}: the change is {needed}; the next version is {following(last, needed)}"
        )


def following(last: str, needed: str) -> str:
    """The smallest version that may follow `last` after a change of the level `needed`."""
    major, minor, patch = migrations.number(last)
    if needed == "major" and major:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if needed in ("major", "minor") else f"{major}.{minor}.{patch + 1}"


def pack(root: Path, version: str) -> bytes:
    """The archive of a state of the repository: the same state gives the same bytes.

    A ZIP file of ``CITATION.cff``, ``dataset/`` without releases, and ``report/expected/``.
    """
    files = [root / "CITATION.cff"]
    files += [path for path in (root / "dataset").rglob("*") if "releases" not in path.relative_to(root).parts]
    files += (root / "report" / "expected").rglob("*")
    return releases.zipped({path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.is_file()})


def record(root: Path, version: str, date: str) -> Path:
    """Write the archive of a state of the repository and enter it in ``releases.json``.

    Raises
    ------
    CardError
        If the version is in the index already: a released version never changes.
    """
    folder = root / "dataset" / "releases"
    known = releases.index(folder)
    if version in known:
        raise CardError(f"{version} is released already, and a released version never changes; take the next number")
    content = pack(root, version)
    name = f"card-{version}.zip"
    csvtext.write_atomic(folder / name, content)
    known[version] = releases.Release(version, date, name, hashlib.sha256(content).hexdigest())
    entries = [vars(known[key]) for key in sorted(known, key=migrations.number)]
    csvtext.write_atomic(folder / "releases.json", json.dumps(entries, indent=1) + "\n")
    return folder / name


def section(old: Path | None, new: Path, version: str, date: str, words: str) -> str:
    """The section of CHANGELOG.md for a version: words, then counts per table and per accused state."""
    tables = changes.read_tables(new)
    moved = changes.table_changes(old, new) if old else []
    lines = [f"## {version} ({date})", "", *([words.strip(), ""] if words.strip() else [])]
    lines += ["| table | rows | added | changed | removed |", "|---|--:|--:|--:|--:|"]
    for name, table in tables.items():
        ours = [change for change in moved if change.table == name]
        kinds = Counter(change.kind for change in ours)
        rows = len({change.key for change in ours if change.kind == "changed"})
        added = kinds["added"] if old else len(table.frame)
        lines.append(f"| {name} | {len(table.frame)} | {added} | {rows} | {kinds['removed']} |")
    lines += ["", "| accused | incidents | attributions | replies |", "|---|--:|--:|--:|"]
    accusations, replies = tables["attributions"].frame, tables["denials"].frame
    for state, count in accusations["accused_state"].value_counts(sort=False).sort_index().sort_values(
        ascending=False, kind="stable"
    ).items():  # fmt: skip
        incidents = accusations.loc[accusations["accused_state"].eq(state), "incident_id"].nunique()
        lines.append(f"| {state} | {incidents} | {count} | {int(replies['accused_state'].eq(state).sum())} |")
    return "\n".join(lines) + "\n"


def release(version: str, meaning: str = "", date: str = "", say=print) -> Path:
    """Freeze the working tree as a version.

    Parameters
    ----------
    version : str
        Three numbers, such as ``0.2.0``.
    meaning : str, optional
        One sentence, if the meaning of a column or code changed though its name did not: makes the step major.
    date : str, optional
        Day of the release, ISO text; by default today.
    say : callable
        Takes one line of progress.

    Returns
    -------
    pathlib.Path
        The archive.  Nothing is committed.

    Raises
    ------
    CardError
        If the number has not the form, is released or too small; if the working tree is dirty; if the
        dataset, its tests or the results fail.  Nothing is written then.
    """
    if not VERSION.match(version):
        raise CardError(f"{version!r} is no version; write three numbers, such as 0.2.0")
    if version in releases.index():
        raise CardError(f"{version} is released already, and a released version never changes; take the next number")
    problems = checks.check()  # refuses, too, when pandera is switched off
    if problems:
        raise DatasetError(problems)
    last = list(releases.index())[-1:]
    old = releases.unpacked(last[0]) / "dataset" if last else None
    reasons = [f"major: {meaning}"] if meaning else []
    if old:
        needed, found = level(old, paths.DATASET)
        reasons += found
        require_step(last[0], version, "major" if meaning else needed)
    _require_clean()
    say("the working tree is clean; tests of the data …")
    tested = subprocess.run([sys.executable, "-m", "pytest", "-q", "tests/test_dataset.py"], cwd=paths.ROOT)
    if tested.returncode:
        raise CardError("the tests of the data fail (see above); a version is released only when they pass")
    reproduction.reproduce(say=say)
    day = date or dt.date.today().isoformat()
    written = _bump(version, day, old)
    try:
        _renew_version_in_results(version)
        archive = record(paths.ROOT, version, day)
    except BaseException:
        for path, content in written.items():
            csvtext.write_atomic(path, content)
        raise
    for reason in reasons:
        say(reason)
    return archive


def _require_clean() -> None:
    try:
        said = subprocess.run(
            ["git", "-C", str(paths.ROOT), "status", "--porcelain"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
    except (FileNotFoundError, subprocess.CalledProcessError):
        raise CardError("a release needs git and a repository, so that it can be traced to a commit") from None
    if said:
        raise CardError("the working tree has changes that are not committed; commit them first:\n" + "\n".join(said))


def _bump(version: str, day: str, old: Path | None) -> dict[Path, bytes]:
    """Write the version into the places that state it; returns the former contents, expected results included."""
    project = paths.ROOT / "pyproject.toml"
    changelog = paths.DATASET / "CHANGELOG.md"
    touched = [paths.CITATION, project, changelog, *codebook.generated(), *paths.EXPECTED.rglob("*.json")]
    former = {path: path.read_bytes() for path in touched}
    citation = former[paths.CITATION].decode()
    citation = re.sub(r"^version: .*$", f"version: {version}", citation, count=1, flags=re.M)
    citation = re.sub(r"^date-released: .*$", f'date-released: "{day}"', citation, count=1, flags=re.M)
    csvtext.write_atomic(paths.CITATION, citation)
    stated = tomllib.loads(former[project].decode())["project"]["version"]
    text = former[project].decode().replace(f'version = "{stated}"', f'version = "{version}"', 1)
    csvtext.write_atomic(project, text)
    text = former[changelog].decode()
    head, _, rest = text.partition(UNRELEASED)
    words, mark, earlier = rest.partition("\n## ")
    if UNRELEASED not in text:
        head, mark, earlier = text.partition("\n## ")
        head, words = head + "\n", ""
    new = section(old, paths.DATASET, version, day, words)
    csvtext.write_atomic(changelog, head + new + (mark + earlier if mark else ""))
    for path, content in codebook.generated(version=version).items():
        csvtext.write_atomic(path, content)
    return former


def _renew_version_in_results(version: str) -> None:
    """Write the version into the kept results, where it is a number like any other, and nowhere else."""
    file = paths.EXPECTED / "numbers.json"
    numbers = json.loads(file.read_text("utf-8"))
    numbers["reliability.version"].update(text=version, value=version)
    csvtext.write_atomic(file, results.as_json(numbers))
    stored = json.loads((paths.EXPECTED / "hashes.json").read_text("utf-8"))
    stored["sha256"]["numbers.json"] = hashlib.sha256(file.read_bytes()).hexdigest()
    csvtext.write_atomic(paths.EXPECTED / "hashes.json", results.as_json(stored))


def renew(version: str, why: str, say=print) -> list[str]:
    """Keep the results of the last ``reproduce --dataset-version`` as those that a released version must match.

    The archive stays as it is; what moved, and why, is added to ``report/renewed/VERSION/RENEWED.md``.

    Parameters
    ----------
    version : str
        A released version that has been rerun.
    why : str
        One sentence: what changed in the analysis.

    Returns
    -------
    list of str
        The lines of what moved; empty if nothing did, and then nothing is written.
    """
    from analysis import runner

    if not why.strip():
        raise CardError("renewing the results of a released version needs a reason: give --why TEXT")
    found = results.gather([run.name for run in runner.plan(version=version)], paths.build(version))
    before = releases.kept(version)
    moved, _ = results.compare(found, before)
    if not moved:
        return []
    place = paths.RENEWED / version
    log = place / "RENEWED.md"
    told = log.read_text("utf-8") if log.is_file() else f"# Results of version {version}, renewed\n"
    results.accept(found, place, keep=("RENEWED.md",))
    lines = [f"\n## {dt.date.today().isoformat()}: {why.strip()}\n", *(f"- {line}" for line in moved)]
    csvtext.write_atomic(log, told + "\n".join(lines) + "\n")
    return moved
