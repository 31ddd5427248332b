"""A sweep on a real Dask cluster: a scheduler and two worker processes on this machine, one of them killed midway.

    PYTHON tests/cluster/check.py

PYTHON must have the packages of requirements.lock and `distributed`.  The table must be the one that a sweep without a
cluster gives, nothing lost and nothing twice.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from analysis import runner, sweep  # noqa: E402

SOURCE = """import time
from analysis.results import Handover
time.sleep(0.5)
out = Handover("demo")
out.number("twice", 2 * size, "twice the size")
out.done()"""


def base(folder: Path) -> runner.Run:
    """A run of a small notebook."""
    cells = [
        {"cell_type": "code", "id": "p", "metadata": {"tags": ["parameters"]}, "source": "size: int = 1  # a size"},
        {"cell_type": "code", "id": "c", "metadata": {}, "source": SOURCE},
    ]
    cells = [{**cell, "outputs": [], "execution_count": None} for cell in cells]
    meta = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}))
    return runner.Run("demo", path, {}, {"numbers": ["twice"]}, ())


def main() -> None:
    """Start the cluster, sweep, kill a worker after the second point, and compare."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    where = [str(Path(part).resolve()) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *where]),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "3",
    }
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    work = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env, "cwd": tempfile.gettempdir()}
    processes = [subprocess.Popen([*dask, "--no-dashboard"], **quiet)]
    try:
        time.sleep(2)
        processes += [subprocess.Popen(work, **quiet) for _ in range(2)]
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            run, values = base(folder), {"size": [str(n) for n in range(10)]}
            there = sweep.Sweep(run, values, folder / "cluster")
            ended = []

            def say(line: str) -> None:
                ended.append(line)
                if len(ended) == 3:  # the first line counts the points; two have ended
                    os.kill(processes[1].pid, signal.SIGKILL)
                print(line, flush=True)

            failed = there.go(sweep.on_a_cluster(address), say)
            here = sweep.Sweep(run, values, folder / "here")
            here.go(sweep.on_this_machine(2), lambda line: None)
            assert failed == [], failed
            assert there.table() == here.table(), "the cluster's table differs"
            assert there.table().count(",ok,twice,") == 10 and processes[1].wait(10) == -signal.SIGKILL
    finally:
        for process in processes:
            process.kill()
    print("10 points on two workers, one of them killed midway: nothing lost, the same table as without a cluster")


if __name__ == "__main__":
    main()
