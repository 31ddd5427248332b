"""A small dataset that breaks no rule, and copies of it that break one."""

import datetime as dt
import shutil
import tomllib
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
CASES = tomllib.loads((DATA / "cases.toml").read_text("utf-8"))
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def tiny(tmp_path) -> Path:
    """A writable copy of the small dataset."""
    return Path(shutil.copytree(DATA / "base", tmp_path / "tiny"))


@pytest.fixture
def broken(tiny):
    """Function that breaks the small dataset in the named way and returns its folder."""

    def make(name: str) -> Path:
        for file in (DATA / name).iterdir():
            if file.name == "missing.txt":
                (tiny / "tables" / file.read_text().strip()).unlink()
            else:
                shutil.copyfile(file, tiny / file.name if file.stem == "screening" else tiny / "tables" / file.name)
        return tiny

    return make
