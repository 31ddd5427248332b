"""Hashes of what a result is made from, by the standard library alone, so that “nothing has changed” is said at once."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from analysis import paths


def of(content: bytes | str) -> str:
    """SHA-256 of a text or of bytes."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def files(listed: Iterable[Path], base: Path) -> dict[str, str]:
    """Hash of every file, by its name relative to `base`; missing files are left out."""
    return {path.relative_to(base).as_posix(): of(path.read_bytes()) for path in sorted(set(listed)) if path.is_file()}


def folder(place: Path) -> dict[str, str]:
    """Hash of every file below a folder, by relative name; hidden files and byte code are left out."""
    found = [
        path
        for path in place.rglob("*")
        if not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(place).parts)
    ]
    return files(found, place)


def notebook(path: Path) -> str:
    """Hash of what a notebook does: kinds, tags and sources of its cells, without outputs, counts and ids."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    kept = [(cell["cell_type"], cell["metadata"].get("tags", []), "".join(cell["source"])) for cell in cells]
    return of(json.dumps(kept))


def modules(source: str, package: Path | None = None) -> dict[str, str]:
    """Hash of every module of the package that a source imports, directly or through others.

    Parameters
    ----------
    source : str
        Python code; only its import statements are read, nothing is imported.
    package : path, optional
        Folder of the package; by default that of ``analysis``.

    Returns
    -------
    dict of str to str
        Name of the module (without the package's) to hash of its file.
    """
    package = package or Path(__file__).resolve().parent
    out, left = {}, list(_imported(source, package))
    while left:
        name = left.pop()
        if name in out:
            continue
        text = _file(name, package).read_text("utf-8")
        out[name] = of(text)
        left += _imported(text, package)
    return dict(sorted(out.items()))


def _file(name: str, package: Path) -> Path:
    place = package.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@functools.cache
def _imported(source: str, package: Path) -> frozenset[str]:
    """Modules that a source names; runs share most modules, and each is parsed once."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package.name:
            inner = node.module.partition(".")[2]
            names = [f"{inner}.{alias.name}".strip(".") for alias in node.names] + [inner] * bool(inner)
        elif isinstance(node, ast.Import):
            names = [a.name.partition(".")[2] for a in node.names if a.name.split(".")[0] == package.name]
        else:
            continue
        # Importing a module runs the packages above it, too.
        parts = [name.split(".") for name in names if name]
        found |= {".".join(some[:depth]) for some in parts for depth in range(1, len(some) + 1)}
    return frozenset(name for name in found if _file(name, package).is_file())


def surroundings() -> dict[str, str]:
    """What every result depends on: the lock, the fonts, and the version of Python."""
    return {
        "lock": of(paths.LOCK.read_bytes()),
        "fonts": of(json.dumps(folder(paths.FONTS))),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
