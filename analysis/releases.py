"""Released versions: frozen archives, read again years later.

``dataset/releases/releases.json`` lists the versions with the SHA-256 of their
archives.  An archive holds what a repository of that day held: ``dataset/``,
``report/expected/`` and ``CITATION.cff``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import csvtext, fields, migrations, paths, schemas
from analysis.errors import CardError, ParameterError


@dataclass(frozen=True)
class Release:
    """One released version.

    Attributes
    ----------
    version, date : str
        Semantic version; day of the release, ISO text.
    archive : str
        Name of the archive's file, beside ``releases.json``.
    sha256 : str
        Its hash.
    """

    version: str
    date: str
    archive: str
    sha256: str


def index(folder: Path | None = None) -> dict[str, Release]:
    """The released versions in their order, by version; empty if nothing was released."""
    file = (folder or paths.RELEASES) / "releases.json"
    if not file.is_file():
        return {}
    entries = [Release(**entry) for entry in json.loads(file.read_text("utf-8"))]
    return {entry.version: entry for entry in sorted(entries, key=lambda entry: migrations.number(entry.version))}


def verified(version: str, folder: Path | None = None) -> Path:
    """The archive of a version, after its hash was found to be the recorded one.

    Raises
    ------
    ParameterError
        If no such version was released.
    CardError
        If the archive is missing or is not the one that was released.
    """
    folder = folder or paths.RELEASES
    known = index(folder)
    if version not in known:
        raise ParameterError(f"no version {version!r} was released; there are {', '.join(known) or 'none yet'}")
    path = folder / known[version].archive
    if not path.is_file():
        raise CardError(f"{paths.shown(path)} is missing; fetch it again with `git checkout -- {paths.shown(path)}`")
    if hashlib.sha256(path.read_bytes()).hexdigest() != known[version].sha256:
        raise CardError(
            f"{paths.shown(path)} is not the archive that was released as {version} (its SHA-256 differs from "
            f"releases.json); restore it with `git checkout -- {paths.shown(path)}`"
        )
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    """A ZIP file of the given names and contents; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, files[name], compresslevel=9)
    return buffer.getvalue()


def unpacked(version: str, folder: Path | None = None) -> Path:
    """A folder laid out like the repository with the state that was released; made once, then reused.

    Beside the frozen ``dataset/`` and ``report/expected/`` it holds ``migrated/``:
    the same dataset in the columns and codes of today.

    Raises
    ------
    ParameterError, CardError
        As :func:`verified` does.
    """
    archive = verified(version, folder)
    # The name tells archive, schemas and migrations, so that a change of any of them makes a fresh folder.
    code = hashlib.sha256(archive.read_bytes())
    for module in (migrations, fields, schemas):
        code.update(Path(module.__file__).read_bytes())
    place = paths.BUILD / "released" / f"{version}-{code.hexdigest()[:16]}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=place.parent))
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(work)
        _migrate(work, version)
        os.replace(work, place)
    except OSError:
        # Another process may have put the same folder there first.
        if not place.is_dir():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place


def _migrate(work: Path, version: str) -> None:
    shutil.copytree(work / "dataset", work / "migrated")
    old, new = work / "dataset", work / "migrated"
    tables = {}
    for path in sorted(path for path in old.rglob("*.csv")):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        cells = [[cell or None for cell in row] for row in rows[1:]]
        name = f"reliability/{path.stem}" if path.parent.name == "reliability" else path.stem
        tables[name] = pd.DataFrame(cells, columns=rows[0], dtype=object)
    for name, frame in migrations.migrate(tables, version).items():
        if name.startswith("reliability/"):
            frame.to_csv(new / f"{name}.csv", index=False, lineterminator="\n")
            continue
        paths.table(new, name).write_text(csvtext.render(name, frame), "utf-8", newline="")


def locate(dataset_dir: str = "", dataset_version: str = "") -> Path:
    """The dataset folder that a notebook's parameters name.

    Parameters
    ----------
    dataset_dir : str
        A folder laid out like ``dataset/``; empty for the repository's.
    dataset_version : str
        A released version; empty for the working tables.

    Raises
    ------
    ParameterError
        If both are given, or no such version was released.
    """
    if dataset_dir and dataset_version:
        raise ParameterError("dataset_dir and dataset_version are both given; give one of them")
    if dataset_version:
        return unpacked(dataset_version) / "migrated"
    return Path(dataset_dir) if dataset_dir else paths.DATASET


def kept(version: str) -> Path:
    """The results that a version must match: those it was released with, or those renewed for today's analysis."""
    renewed = paths.RENEWED / version
    return renewed if renewed.is_dir() else unpacked(version) / "report" / "expected"
