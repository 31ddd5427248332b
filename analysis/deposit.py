"""What a repository of research data takes: an RO-Crate of report, code and data, and a folder for Zenodo.

Both describe what the last reproduction made, so they are made under ``build/``
and never kept.  Nothing is uploaded.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from analysis import codebook, exports, metadata, paths, releases, results, runner
from analysis.dataset import read_tables
from analysis.errors import CardError

REPORTS = ("report.html", "report.pdf", "report.docx")
MIT = "https://spdx.org/licenses/MIT"
OFL = "https://spdx.org/licenses/OFL-1.1"
LICENCES = {
    metadata.LICENCE["path"]: metadata.LICENCE["title"],
    MIT: "MIT License",
    OFL: "SIL Open Font License 1.1",
}
#: Folders of the crate: what they hold, and under which licence.
FOLDERS = {
    "dataset/": ("The dataset: tables, codebook, coding rules, second codings, released versions", metadata.LICENCE["path"]),
    "analysis/": ("The code: checks, measures, figures, report", MIT),
    "notebooks/": ("Parameterised notebooks, one per question of the report", MIT),
    "report/": ("Prose of the report, template and expected results", metadata.LICENCE["path"]),
    "report/fonts/": ("Fonts of the report", OFL),
    "tests/": ("Tests of code and data", MIT),
}  # fmt: skip
#: Files that are described one by one, apart from the CSV tables; a file not named here lies in a folder above.
FILES = {
    "README.md": "How to reproduce the report",
    "CITATION.cff": "How to cite",
    "codemeta.json": "The software described in CodeMeta",
    "LICENSE": "Licences of code and data",
    "reproduce.py": "The program that makes the environment and reproduces the report",
    "requirements.lock": "The packages, pinned with their hashes",
    "dataset/README.md": "Coverage, licence, citation and versions of the dataset",
    "dataset/CODEBOOK.md": "Every table, column, code and rule",
    "dataset/CODING.md": "How each variable is decided",
    "dataset/datapackage.json": "The tables described as a Frictionless Data Package",
    "dataset/croissant.json": "The tables described in Croissant",
    "build/report.html": "The report as HTML",
    "build/report.pdf": "The report as PDF",
    "build/report.docx": "The report as DOCX",
}
TYPES = {".cff": "text/yaml", ".lock": "text/plain", ".md": "text/markdown", ".csv": "text/csv", "": "text/plain",
         ".py": "text/x-python", ".json": "application/json", ".html": "text/html", ".pdf": "application/pdf",
         ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}  # fmt: skip


def crate(version: str) -> dict[str, bytes]:
    """The RO-Crate of report, code and data as file names with contents.

    It holds the files of the repository, as after a reproduction, and ``ro-crate-metadata.json``.

    Parameters
    ----------
    version : str
        Version of the dataset.

    Raises
    ------
    CardError
        If the report has not been made, or is not that of the expected results.
    """
    files = {name: (paths.ROOT / name).read_bytes() for name in _repository()}
    files |= {f"build/{name}": _report(name).read_bytes() for name in REPORTS}
    text = json.dumps(ro_crate(files, version), indent=1, ensure_ascii=False) + "\n"
    return {"ro-crate-metadata.json": text.encode("utf-8"), **files}


def _repository() -> list[str]:
    """Names of the files that make the repository: those that git keeps, or all but what is made when there is no git."""
    made = {"build", "__pycache__"}
    try:
        git = ["git", "-C", str(paths.ROOT), "ls-files", "-z"]
        found = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
    except (FileNotFoundError, subprocess.CalledProcessError):
        every = (path.relative_to(paths.ROOT) for path in paths.ROOT.rglob("*"))
        found = [path.as_posix() for path in every if not any(p in made or p.startswith(".") for p in path.parts)]
    return sorted(name for name in found if name and (paths.ROOT / name).is_file())


def _report(name: str) -> Path:
    file = paths.BUILD / name
    if not file.is_file():
        raise CardError(f"{paths.shown(file)} is missing; make it with `reproduce` first")
    return file


def ro_crate(files: dict[str, bytes], version: str) -> dict:
    """The metadata of an RO-Crate 1.1 that holds the given files, as JSON-LD."""
    cited = metadata.citation()
    tables = sorted(name for name in files if name.startswith("dataset/") and name.endswith(".csv"))
    described = {name: about for name, about in FILES.items() if name in files}
    described |= {name: f"Table {Path(name).stem}" for name in tables}
    folders = [name for name in FOLDERS if any(file.startswith(name) for file in files)]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{cited['title']}: report, code and data",
        "description": " ".join(_said(cited)),
        "version": version,
        "datePublished": str(cited["date-released"]),
        "license": {"@id": metadata.LICENCE["path"]},
        "author": {"@id": "#authors"},
        "publisher": {"@id": "#authors"},
        "keywords": cited["keywords"],
        "hasPart": [{"@id": name} for name in [*folders, *described]],
        "mentions": {"@id": "#reproduction"},
    }
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
        {"@id": "#authors", "@type": "Organization", "name": " and ".join(a["name"] for a in cited["authors"])},
    ]
    for address, name in LICENCES.items():
        graph.append({"@id": address, "@type": "CreativeWork", "name": name, "description": f"The licence {name}"})
    for name in folders:
        about, licence = FOLDERS[name]
        graph.append({"@id": name, "@type": "Dataset", "name": name, "description": about, "license": {"@id": licence}})
    for name, about in described.items():
        graph.append(_file(name, about, files[name]))
    graph.append(
        {
            "@id": "#reproduction",
            "@type": "CreateAction",
            "name": "Reproduction of the report from the dataset",
            "description": "python3 reproduce.py",
            "instrument": {"@id": "reproduce.py"},
            "object": [{"@id": name} for name in tables],
            "result": [{"@id": f"build/{name}"} for name in REPORTS if f"build/{name}" in files],
            "agent": {"@id": "#authors"},
        }
    )
    # The context of 1.1 does not know sha256 yet.
    context = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
    return {"@context": context, "@graph": graph}


def _said(cited: dict) -> list[str]:
    """What every description says: what it is, what to know before counting, who coded it."""
    return [cited["abstract"], *metadata.LIMITS, metadata.coders(read_tables())]


def _file(name: str, about: str, content: bytes) -> dict:
    program = name.endswith(".py")
    data = name.startswith(("dataset/", "build/")) or name == "CITATION.cff"
    return {
        "@id": name,
        "@type": ["File", "SoftwareSourceCode"] if program else "File",
        "name": name,
        "description": about,
        "encodingFormat": TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
        "license": {"@id": metadata.LICENCE["path"] if data else MIT},
        **({"programmingLanguage": "Python"} if program else {}),
    }


def zenodo(version: str) -> dict:
    """Metadata of a deposit as Zenodo's interface for programs takes them."""
    cited = metadata.citation()
    notes = "Data: CC BY 4.0. Code in the archive: MIT. Fonts in the archive: SIL Open Font License 1.1."
    if "+" in version:
        notes = "A working state after a release, made to try the deposit; not for upload. " + notes
    return {
        "metadata": {
            "title": cited["title"],
            "upload_type": "dataset",
            "publication_date": str(cited["date-released"]),
            "creators": [{"name": author["name"]} for author in cited["authors"]],
            "description": "".join(f"<p>{sentence}</p>" for sentence in _said(cited)),
            "access_right": "open",
            "license": "cc-by-4.0",
            "keywords": cited["keywords"],
            "version": version,
            "language": "eng",
            "notes": notes,
        }
    }


def deposit() -> tuple[str, list[Path]]:
    """Make ``build/zenodo``: ``metadata.json``, and under ``files/`` what is to be uploaded.

    The files are the RO-Crate as an archive, the report as PDF, the dyadic table as CSV
    and for Stata, the STIX bundle, and ``SHA256SUMS``.  An earlier folder is replaced whole.

    Returns
    -------
    version : str
        Version of the dataset; a working state ends in ``+unreleased``.
    files : list of pathlib.Path

    Raises
    ------
    CardError
        If the report has not been made, or the results beside it are not the expected ones.
    """
    version = codebook.current_version()
    for path, text in codebook.generated().items():
        if not path.is_file() or path.read_text("utf-8") != text:
            raise CardError(f"{paths.shown(path)} is stale; write it anew with `codebook`")
    _require_expected()
    stem = f"card-{version}"
    files = {
        f"{stem}-crate.zip": releases.zipped(crate(version)),
        f"{stem}-report.pdf": _report("report.pdf").read_bytes(),
    }
    place = paths.BUILD / "zenodo"
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".zenodo-", dir=place.parent))
    try:
        for path in exports.export(["csv", "stata", "stix"], output=work / "exports"):
            if path.stem in ("dyads", "stix"):
                files[f"{stem}-{path.name}"] = path.read_bytes()
        shutil.rmtree(work / "exports")
        sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
        (work / "files").mkdir()
        for name, content in {**files, "SHA256SUMS": sums.encode()}.items():
            (work / "files" / name).write_bytes(content)
        (work / "metadata.json").write_text(json.dumps(zenodo(version), indent=1, ensure_ascii=False) + "\n", "utf-8")
        shutil.rmtree(place, ignore_errors=True)
        work.chmod(0o755)
        os.replace(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return version, sorted(path for path in place.rglob("*") if path.is_file())


def _require_expected() -> None:
    """Refuse a report whose results are not those that are kept: it is of other tables."""
    _report("report.pdf")
    found = results.gather([run.name for run in runner.plan()])
    differences, _ = results.compare(found, paths.EXPECTED)
    if differences:
        raise CardError(
            f"the last results are not the expected ones ({len(differences)} differences, first: {differences[0]}); "
            "run `reproduce` until it matches, then make the deposit"
        )
