"""The only module that knows where things are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATASET = ROOT / "dataset"
RELEASES = DATASET / "releases"
NOTEBOOKS = ROOT / "notebooks"
RUNS = NOTEBOOKS / "runs.toml"
REPORT = ROOT / "report"
EXPECTED = REPORT / "expected"
RENEWED = REPORT / "renewed"
CITATION = ROOT / "CITATION.cff"
FONTS = REPORT / "fonts"
LOCK = ROOT / "requirements.lock"
BUILD = Path(os.environ.get("CARD_BUILD", ROOT / "build"))


def tables(dataset: Path) -> Path:
    """Folder of the CSV tables in a folder laid out like ``dataset/``."""
    return Path(dataset) / "tables"


def table(dataset: Path, name: str) -> Path:
    """File of one table; the screening log lies beside the folder of the tables that make the dataset."""
    return Path(dataset) / "screening.csv" if name == "screening" else tables(dataset) / f"{name}.csv"


def build(version: str = "") -> Path:
    """Folder of everything generated from the working tables, or from a released version."""
    return BUILD / "versions" / version if version else BUILD


def shown(path: Path) -> str:
    """`path` as messages show it: relative to the working folder or the root, never absolute if it can be helped."""
    path = Path(path)
    for base in (Path.cwd(), ROOT):
        try:
            return path.resolve().relative_to(base.resolve()).as_posix()
        except ValueError:
            continue
    return path.as_posix()
