"""Run the validators of others over metadata and exports, and the examples of EXPORTS.md; one line each.

Runs in the environment of requirements.txt beside it, from anywhere, after
`codebook` and `deposit`, with the network shut off.  Exit code 1 if anything fails.
"""

from __future__ import annotations

import csv
import importlib.resources
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATASET = ROOT / "dataset"
BUILD = Path(os.environ.get("CARD_BUILD", ROOT / "build"))
FORMATS = ("csv", "parquet", "stata", "stix")
CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def rows(name: str) -> int:
    """Number of rows of a table."""
    path = DATASET / "screening.csv" if name == "screening" else DATASET / "tables" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def frictionless(work: Path) -> str:
    """The data package is valid, and its keys are looked at: with one parent row taken away it is not."""
    import frictionless

    report = frictionless.validate(DATASET / "datapackage.json")
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "message"])[:5]
    shutil.copytree(DATASET, work / "broken", ignore=shutil.ignore_patterns("releases"))
    states = work / "broken" / "tables" / "states.csv"
    states.write_text("".join(line for line in states.open(encoding="utf-8") if not line.startswith("CHN,")), "utf-8")
    broken = frictionless.validate(work / "broken" / "datapackage.json")
    found = {error.type for task in broken.tasks for error in task.errors}
    assert "foreign-key" in found, f"a missing state went unseen: {found}"
    return f"{len(report.tasks)} resources valid; a broken key is found"


def croissant(work: Path) -> str:
    """Croissant loads without a remark, and every record of every table is read."""
    import mlcroissant

    data = mlcroissant.Dataset(DATASET / "croissant.json")
    assert not data.metadata.ctx.issues.errors and not data.metadata.ctx.issues.warnings, (
        data.metadata.ctx.issues.report()
    )
    read = {each.uuid: sum(1 for _ in data.records(each.uuid)) for each in data.metadata.record_sets}
    tables = {name: count for name, count in read.items() if not name.startswith("codes-")}
    assert tables and tables == {name: rows(name) for name in tables}, tables
    assert all(read.values())
    return f"{sum(tables.values())} records of {len(tables)} tables read, and {len(read) - len(tables)} code lists"


def exports(work: Path) -> str:
    """Two exports under other hash seeds, time zones and folders have the same bytes."""
    made = []
    for seed, zone in (("1", "UTC"), ("4242", "Asia/Kathmandu")):
        folder = work / seed / "build" / "exports"
        words = [sys.executable, "-m", "analysis", "export", *FORMATS, "--output", str(folder)]
        surroundings = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)}
        subprocess.run(words, cwd=work, env=surroundings, check=True, stdout=subprocess.DEVNULL)
        made.append({p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
    assert made[0].keys() == made[1].keys()
    apart = [name for name in made[0] if made[0][name] != made[1][name]]
    assert not apart, f"differ between two runs: {apart}"
    (work / "1" / "build").rename(work / "build")
    return f"{len(made[0])} files, the same bytes twice"


def parquet(work: Path) -> str:
    """Every Parquet file has the rows of its table, and integers stay whole where cells are empty."""
    import pyarrow.parquet

    folder = work / "build" / "exports"
    files = sorted((folder / "parquet").glob("*.parquet"))
    for file in files:
        table = pyarrow.parquet.read_table(file)
        assert file.stem == "dyads" or table.num_rows == rows(file.stem), file.name
        assert all(field.metadata[b"description"] for field in table.schema), file.name
    table = pyarrow.parquet.read_table(folder / "parquet" / "dyads.parquet")
    with (folder / "dyads.csv").open(encoding="utf-8", newline="") as file:
        flat = list(csv.DictReader(file))
    again = [{key: "" if value is None else str(value) for key, value in row.items()} for row in table.to_pylist()]
    assert again == flat, "dyads.parquet and dyads.csv differ"
    return f"{len(files)} files; the dyads equal those of the CSV file, cell by cell"


def stata(work: Path) -> str:
    """ReadStat reads every Stata file with labels of variables and values."""
    import pyreadstat

    files = sorted((work / "build" / "exports" / "stata").glob("*.dta"))
    for file in files:
        frame, meta = pyreadstat.read_dta(file)
        assert file.stem == "dyads" or len(frame) == rows(file.stem), file.name
        assert all(meta.column_labels), file.name
    _, meta = pyreadstat.read_dta(work / "build" / "exports" / "stata" / "attributions.dta")
    assert {"own", "joint"} <= set(meta.variable_value_labels["stance"].values())
    return f"{len(files)} files read, with labels"


def stix(work: Path) -> str:
    """stix2 takes the bundle without custom content, and every reference leads to an object of the bundle."""
    import stix2

    text = (work / "build" / "exports" / "stix.json").read_text("utf-8")
    parsed = stix2.parse(text, allow_custom=False)
    objects = json.loads(text)["objects"]
    known = {one["id"] for one in objects}
    assert len(known) == len(objects) == len(parsed.objects), "an id stands twice"
    for one in objects:
        ends = [one[key] for key in one if key.endswith("_ref")]
        ends += [end for key in one if key.endswith("_refs") for end in one[key]]
        assert set(ends) <= known - {one["id"]}, one["id"]
    return f"{len(objects)} objects parsed, references whole"


def crate(work: Path) -> str:
    """The RO-Crate of the deposit meets every requirement of the profile of RO-Crate 1.1."""
    import requests
    from rocrate.rocrate import ROCrate
    from rocrate_validator import models, services
    from rocrate_validator.utils.http import HttpRequester

    archives = sorted((BUILD / "zenodo" / "files").glob("*-crate.zip"))
    assert len(archives) == 1, "no crate in build/zenodo; make it with `python3 reproduce.py deposit`"
    with zipfile.ZipFile(archives[0]) as archive:
        archive.extractall(work / "crate")
    # The validator fetches the context; rocrate carries one (a later one, which keeps the terms of 1.1).
    context = importlib.resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()

    def get(self, url, **_):
        if url != CONTEXT:
            raise OSError(f"the network is shut off: {url}")
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = 200, context, url
        answer.headers["Content-Type"] = "application/ld+json"
        return answer

    HttpRequester.get = get
    settings = models.ValidationSettings(
        rocrate_uri=str(work / "crate"),
        profile_identifier="ro-crate-1.1",
        requirement_severity=models.Severity.RECOMMENDED,
        cache_path=work / "cache",
    )
    issues = services.validate(settings).get_issues()
    required = [issue.message for issue in issues if issue.severity >= models.Severity.REQUIRED]
    assert not required, required[:5]
    loaded = ROCrate(work / "crate")
    missing = [entity.id for entity in loaded.data_entities if not (work / "crate" / entity.id).exists()]
    assert loaded.data_entities and not missing, missing
    advice = "; ".join(sorted({str(issue.message) for issue in issues}))
    return f"{len(loaded.data_entities)} data entities, every requirement met" + (
        f" (advice: {advice})" if advice else ""
    )


def deposit(work: Path) -> str:
    """The hashes beside the files of the deposit are theirs."""
    folder = BUILD / "zenodo"
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder / "files", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    stated = json.loads((folder / "metadata.json").read_text("utf-8"))["metadata"]
    return f"{len(list((folder / 'files').iterdir()))} files for version {stated['version']}"


def examples(work: Path) -> str:
    """Every example of EXPORTS.md runs as it stands and prints something."""
    if not (work / "dataset").exists():
        (work / "dataset").symlink_to(DATASET)
    blocks = re.findall(r"```(python|r)\n(.*?)```", (DATASET / "EXPORTS.md").read_text("utf-8"), re.S)
    ran = {"python": 0, "r": 0}
    for language, code in blocks:
        if language == "r" and not shutil.which("Rscript"):
            assert not os.environ.get("CI"), "Rscript is missing (Debian: apt-get install r-base-core)"
            continue
        words = [sys.executable, "-c", code] if language == "python" else ["Rscript", "-e", code]
        done = subprocess.run(words, cwd=work, capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.strip(), f"{code}\n{done.stderr}"
        ran[language] += 1
    assert ran["python"] >= 6
    return f"{ran['python']} in Python, " + (
        f"{ran['r']} in R" if ran["r"] else "none in R, for Rscript is not installed"
    )


def main() -> int:
    """Run all; returns the exit code."""

    def refuse(*_):
        raise OSError("the network is shut off")

    socket.socket.connect = refuse
    socket.getaddrinfo = refuse
    failed = 0
    with tempfile.TemporaryDirectory(prefix="card-validators-") as folder:
        for check in (frictionless, croissant, exports, parquet, stata, stix, crate, deposit, examples):
            try:
                said = check(Path(folder))
            except Exception as error:
                failed += 1
                said = f"FAILED: {type(error).__name__}: {error}"
            print(f"{check.__name__}: {said}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
