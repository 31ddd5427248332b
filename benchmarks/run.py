"""How long reruns take, side by side in one run: medians and ratios.

    .venv/bin/python benchmarks/run.py                   everything, three rounds
    .venv/bin/python benchmarks/run.py --rounds 1 rerun  one part: rerun, change, sweep, check, scale

Each way does the same work: the runs of notebooks/runs.toml with their parameters.  Ways alternate within a
round, so that a busy moment of the machine hits all of them.  Snakemake, pytask and frictionless are measured
where their commands are on PATH.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analysis import plans, runner, synthetic  # noqa: E402
from analysis.dataset import load  # noqa: E402

JOBS = os.cpu_count() or 1


def command(words: list[str], build: Path, **more: str) -> None:
    """Run a command of this interpreter; its output is dropped, its failure is not."""
    env = {**os.environ, **runner.KERNEL_ENV, "CARD_BUILD": str(build), "PYTHONPATH": str(ROOT), **more}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{shlex.join(words)[:500]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def ours(build: Path, *more: str) -> None:
    """This project: warm kernels."""
    command(["-m", "analysis", "run", "--force", *more], build)


def cold(build: Path) -> None:
    """This project without warm kernels: an ordinary kernel for each run."""
    command(["-m", "analysis", "run", "--force", "--cold"], build)


#: papermill's API in a pool of processes, forked with papermill imported; points of a sweep may leave nothing to analyse.
API = """
import json, sys
from concurrent.futures import ProcessPoolExecutor
import papermill
def one(*words):
    try:
        papermill.execute_notebook(*words)
    except papermill.exceptions.PapermillExecutionError as error:
        if error.ename != "EmptySelection":
            raise
jobs, *columns = json.loads(sys.argv[1])
with ProcessPoolExecutor(jobs) as pool:
    list(pool.map(one, *columns))
"""


def api(build: Path, points: list[tuple[str, dict]] | None = None) -> None:
    """papermill's API in as many processes, which take the next run as they end one."""
    points = points or [(str(run.notebook), run.parameters) for run in plans.plan()]
    build.mkdir(parents=True)
    outputs = [str(build / f"{number}.ipynb") for number in range(len(points))]
    columns = [[notebook for notebook, _ in points], outputs, [parameters for _, parameters in points]]
    command(["-c", API, json.dumps([JOBS, *columns])], build)


def loop(build: Path) -> None:
    """papermill's command line, one notebook after the other."""
    build.mkdir(parents=True)
    for run in plans.plan():
        command(["-m", "papermill", str(run.notebook), str(build / "out.ipynb"), *words(run)], build)


def scripts(build: Path) -> None:
    """The same code as plain scripts, as many at once."""
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda run: command(["-c", source(run)], build), plans.plan()))


def words(run: plans.Run) -> list[str]:
    """Parameters of a run for papermill's command line."""
    return [word for key, value in run.parameters.items() for word in ("-p", key, str(value))]


def source(run: plans.Run) -> str:
    """A notebook's code as one script, with the parameters of the run."""
    out = []
    for cell in json.loads(run.notebook.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            out.append("".join(cell["source"]))
        if "parameters" in cell["metadata"].get("tags", []):
            out += [f"{key} = {value!r}" for key, value in run.parameters.items()]
    return "\n".join(out)


def snakemake(build: Path) -> None:
    """Snakemake with one rule for each run, which calls papermill's command line."""
    rules = [
        f"rule {run.name}:\n    output: 'out/{run.name}.ipynb'\n    shell: "
        f'"{sys.executable} -m papermill {run.notebook} {{output}} {shlex.join(words(run))}"\n'
        for run in plans.plan()
    ]
    outputs = [f"out/{run.name}.ipynb" for run in plans.plan()]
    build.mkdir(parents=True, exist_ok=True)
    (build / "Snakefile").write_text(f"rule all:\n    input: {outputs!r}\n" + "".join(rules))
    tool(["snakemake", "-j", str(JOBS), "--forceall", "--directory", str(build), "-s", "Snakefile"], build)


def pytask(build: Path) -> None:
    """pytask with one task for each run, which calls papermill's command line; in parallel if pytask-parallel is there."""
    tasks = [
        f"def task_{run.name.replace('-', '_')}(produces=Path('out/{run.name}.ipynb')):\n    subprocess.run("
        f"{[sys.executable, '-m', 'papermill', str(run.notebook), str(build / 'out' / f'{run.name}.ipynb'), *words(run)]!r}, check=True)\n"
        for run in plans.plan()
    ]
    (build / "out").mkdir(parents=True)
    (build / "task_runs.py").write_text("import subprocess\nfrom pathlib import Path\n\n\n" + "\n\n".join(tasks))
    helped = subprocess.run(["pytask", "build", "--help"], capture_output=True, text=True).stdout
    tool(["pytask", *(["-n", str(JOBS)] if "--n-workers" in helped else []), str(build)], build)


def tool(words: list[str], build: Path) -> None:
    """Run another tool from PATH, in the folder of its results; its failure ends the benchmark."""
    env = {**os.environ, **runner.KERNEL_ENV, "CARD_BUILD": str(build), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=build, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{shlex.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def timed(ways: dict, rounds: int) -> dict[str, float]:
    """Median seconds of each way; the ways take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory(prefix="card-bench-") as scratch:
        for number in range(rounds):
            for name, way in ways.items():
                started = time.perf_counter()
                way(Path(scratch) / f"{name}-{number}".replace(" ", "-"))
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in seconds.items()}


def show(title: str, found: dict[str, float]) -> None:
    """One table: seconds, and how many times the first way's."""
    first = next(iter(found.values()))
    print(f"\n{title}\n{'way':46}{'seconds':>9}{'ratio':>8}")
    for name, seconds in found.items():
        print(f"{name:46}{seconds:9.2f}{seconds / first:8.2f}", flush=True)


def rerun(rounds: int) -> None:
    """A full rerun, by several means."""
    ways = {
        "warm kernels": ours,
        "plain scripts, parallel": scripts,
        "papermill API, parallel": api,
        "this project, ordinary kernels": cold,
        "papermill CLI loop": loop,
    }
    ways |= {way.__name__: way for way in (snakemake, pytask) if shutil.which(way.__name__)}
    show(f"full rerun of {len(plans.plan())} runs, {JOBS} at once", timed(ways, rounds))


def change(rounds: int) -> None:
    """What a rerun costs when nothing, one notebook, or one table has changed."""
    with tempfile.TemporaryDirectory(prefix="card-bench-") as scratch:
        copy = Path(scratch) / "card"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "build", "releases", "__pycache__"))
        build = Path(scratch) / "build"
        env = {**os.environ, "CARD_BUILD": str(build), "PYTHONPATH": str(copy)}

        def run(_: Path) -> None:
            subprocess.run(
                [sys.executable, "-m", "analysis", "run"], cwd=copy, env=env, check=True, capture_output=True
            )

        def after(path: Path, text: str):
            def way(where: Path) -> None:
                path.write_text(path.read_text("utf-8").replace(text, f"{text} "), "utf-8")
                run(where)

            return way

        run(build)
        ways = {
            "nothing changed": run,
            "one notebook changed": after(copy / "notebooks" / "04-denials.ipynb", "replies coded"),
            "one table changed (memberships)": lambda _: _touch(copy / "dataset" / "tables" / "memberships.csv", run),
        }
        show("run after a change", timed(ways, rounds))


def _touch(table: Path, run) -> None:
    """Swap the first two memberships for a moment's difference that the notebooks do not see."""
    lines = table.read_text("utf-8").splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    table.write_text("".join(lines), "utf-8")
    run(table)


#: Values of a sweep as its command line has them.
GRID = {
    "min_state_link": ["1", "2", "3", "4"],
    "bloc": ["", "FVEY", "NATO", "EU", "G7"],
    "accused": ["CHN", "RUS", "CHN+RUS", "PRK", "USA"],
}


def sweep(rounds: int) -> None:
    """A sweep of a hundred points."""
    grid = [word for name, values in GRID.items() for word in ("-g", f"{name}={','.join(values)}")]
    denials = next(run for run in plans.plan() if run.name == "denials")
    points = [
        (str(denials.notebook), {"min_state_link": int(link), "bloc": bloc, "accused": accused.split("+")})
        for link, bloc, accused in itertools.product(*GRID.values())
    ]

    def way(*more: str):
        return lambda build: command(["-m", "analysis", "sweep", "denials", *grid, *more], build)

    ways = {
        "warm kernels": way(),
        "papermill API, parallel": lambda build: api(build, points),
        "this project, ordinary kernels": way("--cold"),
    }
    show(f"sweep of {len(points)} points", timed(ways, rounds))


def check(rounds: int) -> None:
    """check against frictionless, on the same tables of some 100,000 attributions and their records."""
    with tempfile.TemporaryDirectory(prefix="card-bench-") as scratch:
        big = synthetic.scale(130, Path(scratch) / "big", citations=1)
        package = json.loads((ROOT / "dataset" / "datapackage.json").read_text("utf-8"))
        package["resources"] = [item for item in package["resources"] if (big / item["path"]).is_file()]
        for item in package["resources"]:
            for stated in ("bytes", "hash", "rows"):
                item.pop(stated, None)
        (big / "datapackage.json").write_text(json.dumps(package))
        ways = {"check": lambda build: command(["-m", "analysis", "check", "--dataset", str(big)], build)}
        if shutil.which("frictionless"):
            ways["frictionless"] = lambda build: tool(["frictionless", "validate", "datapackage.json"], big)
        show("check of some 100,000 attributions", timed(ways, rounds))


def scale(rounds: int) -> None:
    """What check and three measures cost as the dataset grows, up to a million attributions: seconds and gigabytes."""
    print("\ncost against size (CPU counts user and system time of all processes; measures are timed after loading)")
    heads = ["copies", "attributions", "rows", "check s", "CPU s", "s / 100,000 rows", "GB", *MEASURES]
    print("".join(f"{head:>{width(head)}}" for head in heads), flush=True)
    for times in (1, 10, 100):
        size(heads, times, measured=True, citations=1)
    # The densest incidents alone make a million attributions with the fewest other rows.
    counts = load().attributions["incident_id"].value_counts()
    size(heads, -(-1_000_000 // int(counts.iloc[:12].sum())), measured=False, citations=1, densest=12)


MEASURES = {
    "coalitions": "measures.coalitions(data)",
    "spells": "durations.spells(data, durations.last_day(data))",
    "dyads": "dyads.dyads(data)",
}


def size(heads: list[str], times: int, measured: bool, **how: int) -> None:
    """One line of the table: a synthetic dataset of so many copies."""
    with tempfile.TemporaryDirectory(prefix="card-bench-") as scratch:
        big = synthetic.scale(times, Path(scratch) / "big", **how)
        counts = {path.stem: path.read_bytes().count(b"\n") - 1 for path in big.rglob("*.csv")}
        rows = sum(counts.values())
        seconds, cpu, held = child(f"sys.exit(main(['check', '--dataset', {str(big)!r}]))")
        cells = [times, f"{counts['attributions']:,}", f"{rows:,}", f"{seconds:.1f}", f"{cpu:.1f}"]
        cells += [f"{1e5 * seconds / rows:.2f}", f"{held:.2f}"]
        for code in MEASURES.values():
            cells.append(f"{child(code, f'data = load({str(big)!r})')[0]:.2f}" if measured else "-")
        print("".join(f"{cell:>{width(head)}}" for cell, head in zip(cells, heads, strict=True)), flush=True)


def width(head: str) -> int:
    """Width of a column."""
    return max(len(head), 10) + 2


def child(code: str, before: str = "") -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak gigabytes of `code` in a process of its own; `before` is not timed."""
    script = f"""
import json, os, resource, sys, time
from analysis import durations, dyads, measures
from analysis.cli import main
from analysis.dataset import load
{before}
def used():
    return sum(os.times()[:4])
started, spent = time.perf_counter(), used()
try:
    {code}
except SystemExit as stop:
    if stop.code:
        raise
held = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps([time.perf_counter() - started, used() - spent, held / (1e9 if sys.platform == "darwin" else 1e6)]))
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{code} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return tuple(json.loads(done.stdout.splitlines()[-1]))


PARTS = {"rerun": rerun, "change": change, "sweep": sweep, "check": check, "scale": scale}


def main() -> None:
    """Measure the parts named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name in options.parts or PARTS:
        PARTS[name](options.rounds)


if __name__ == "__main__":
    main()
