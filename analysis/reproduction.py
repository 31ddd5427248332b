"""The whole reproduction: check, run, report, compare."""

from __future__ import annotations

import os
import time
from pathlib import Path

from analysis import cache, paths, runner
from analysis.errors import CardError, DatasetError, MismatchError

#: Surroundings of the second run under ``--verify``: nothing of them may show in any result.
ELSEWHERE = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}


def reproduce(
    jobs: int | None = None, verify: bool = False, say=print, version: str = "", force: bool = False, cold: bool = False
) -> None:
    """Check the dataset, run every notebook, make the report, and compare with the expected results.

    Parameters
    ----------
    jobs : int, optional
        Notebooks at once.
    verify : bool
        Run everything a second time in another folder, time zone, locale and hash
        seed, and demand the same bytes of every result and document.
    say : callable
        Takes one line of progress.
    version : str, optional
        Released version to reproduce, from its frozen tables and against the results
        kept for it; empty for the working tables.

    force : bool
        Run everything, even if nothing has changed since the last time.
    cold : bool
        Start an ordinary kernel for each notebook; `verify` always does.

    Raises
    ------
    DatasetError
        If the dataset breaks a rule.
    MismatchError
        If a number, table or figure differs from the expected one.
    """
    started = time.perf_counter()
    made_from = cache.everything(version)
    if not (verify or force) and (lines := cache.reproduction(paths.build(version), made_from)):
        say("nothing has changed since the last reproduction:")
        for line in lines:
            say(line)
        return
    # Imported here, so that the answer above comes at once.
    from analysis import codebook, releases, report, results

    build, expected, citation = paths.build(version), paths.EXPECTED, paths.CITATION
    if version:
        expected, citation = releases.kept(version), releases.unpacked(version) / "CITATION.cff"
        say(f"dataset {version}: the archive is the one released")
    else:
        _require_valid()
        say(f"dataset {codebook.current_version()}: no problems")
    runs = runner.plan(version=version)
    runner.run_all(runs, jobs, build, say=say, force=verify or force, cold=verify or cold)
    found = results.gather([run.name for run in runs], build)
    documents = report.build(found, build, citation)
    differences, notes = results.compare(found, expected)
    if verify and not differences:
        differences += _again(runs, jobs, found, documents, citation, say)
    for note in notes:
        say(note)
    lines = [f"{paths.shown(document)}  {document.stat().st_size:,} bytes" for document in documents]
    lines.append(
        f"{paths.shown(build / 'runs')}  {len(found.numbers)} numbers, {len(found.tables)} tables (CSV, Markdown, LaTeX), {len(found.figures)} figures (SVG, PNG, data)"
    )
    say("")
    for line in lines:
        say(line)
    if differences:
        raise MismatchError(differences)
    lines.append(f"all results match {paths.shown(expected)}")
    cache.keep_reproduction(build, made_from, lines)
    twice = ", twice with the same bytes" if verify else ""
    say(f"reproduced{twice}: all results match {paths.shown(expected)} ({time.perf_counter() - started:.0f} s)")


def _require_valid() -> None:
    from analysis import checks, codebook

    problems = checks.check()
    if problems:
        raise DatasetError(problems)
    for path, text in codebook.generated().items():
        if not path.is_file() or path.read_text("utf-8") != text:
            raise CardError(f"{paths.shown(path)} is stale; write it anew with `codebook`")


def _again(runs, jobs, found, documents: list[Path], citation: Path, say) -> list[str]:
    from analysis import report, results

    say("once more, in other surroundings")
    kept = dict(os.environ)
    second = paths.BUILD / "again"
    try:
        os.environ.update(ELSEWHERE)
        runner.run_all(runs, jobs, second, say=say, force=True, cold=True)
        repeated = results.gather([run.name for run in runs], second)
        copies = report.build(repeated, second, citation)
    finally:
        os.environ.clear()
        os.environ.update(kept)
    one, two = results.expected_files(found), results.expected_files(repeated)
    apart = [
        f"{name}: differs between two runs" for name in sorted(set(one) | set(two)) if one.get(name) != two.get(name)
    ]
    apart += [
        f"{document.name}: differs between two runs"
        for document, copy in zip(documents, copies, strict=True)
        if document.read_bytes() != copy.read_bytes()
    ]
    apart += [
        f"{document.name}: holds the path of this folder" for document in documents if report.names_a_folder(document)
    ]
    return apart
