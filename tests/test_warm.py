"""Forked kernels: like ordinary ones in what they compute, alone in what they keep, and gone when they should be."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from analysis import paths, warm
from analysis.warm import server as owner
from analysis.warm.engine import WarmEngine
from analysis.warm.kernels import WarmProvisioner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
ENV = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
NAMED = r"ipykernel_\d+"  # the file that a kernel takes its cells for is named after its process
PATIENCE = 120  # seconds until a test gives up; nothing waits that long on a machine that works


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    """Where ordinary kernels keep their files; nothing may be left there either."""
    place = tmp_path / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(place))
    owner.say.cache_clear()
    yield place
    assert not place.exists() or not list(place.iterdir())


def start(folder, preload=(), more=()):
    return warm.Server(
        preload, vary=["JUPYTER_RUNTIME_DIR", "MARK"], cwd=folder, env={**os.environ, **ENV, **dict(more)}
    )


@pytest.fixture(scope="module")
def shared(folder):
    with start(folder, ["pandas", "matplotlib.pyplot"], more={"MARK": "of the server"}) as server:
        yield server


@pytest.fixture
def server(shared):
    """A server for every kernel of a test, which leaves none."""
    yield shared
    assert owner.say.cache_info().misses == 0, "a kernel was an ordinary one"
    eventually(lambda: os.listdir(Path(shared.address).parent) == ["socket"])
    assert not children(shared._process.pid)


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def eventually(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def write(path, cells):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell, id=f"c{i}") for i, cell in enumerate(cells)]
    )
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


def run(tmp_path, folder, *cells, server="", env=(), **options):
    """Outputs of cells, each a list."""
    done = warm.execute(
        write(tmp_path / "in.ipynb", cells), tmp_path / "out.ipynb",
        server=server, cwd=options.pop("cwd", folder), env={**ENV, **dict(env)}, **options,
    )  # fmt: skip
    return [cell.outputs for cell in done.cells]


def said(outputs):
    """What one cell printed, as JSON."""
    return json.loads("".join(output.text for output in outputs if output.name == "stdout"))


def whole(outputs):
    """Outputs of one cell, each stream in one piece: how many messages carry a stream is a matter of the moment."""
    streams = {
        name: "".join(each.text for each in outputs if each.get("name") == name) for name in ("stdout", "stderr")
    }
    return [streams, *(each for each in outputs if each.output_type != "stream")]


PARENT = "import json, os, sys\nprint(json.dumps(os.getppid()))"
KINDS = [  # one cell for each kind of output
    "import pandas as pd, matplotlib.pyplot as plt, warnings, subprocess, pickle, sys, os\nprint('a'); print('b', file=sys.stderr)",
    "pd.DataFrame([[0.1] * 30] * 3)",
    "plt.plot([1, 3, 2]); plt.title('figure')",
    "fig, axes = plt.subplots(1, 2); axes[0].bar([0, 1], [2, 1]); fig",
    "warnings.warn('shown'); warnings.warn('old', DeprecationWarning)",
    "!echo shell; echo error >&2",
    "print(subprocess.run(['echo', 'captured'], capture_output=True, text=True).stdout)\n_ = subprocess.run(['echo', 'not captured'])",
    "class Kept:\n    def __repr__(self):\n        return 'kept'\npickle.loads(pickle.dumps(Kept()))",
    "from IPython.display import HTML, display\nh = display(HTML('<b>x</b>'), display_id='x'); h.update(HTML('<i>y</i>')); display({'a': 1})",
    "%%capture caught\nprint('hidden')",
    "caught.stdout",
    "try:\n    input()\nexcept Exception as error:\n    print(type(error).__name__)",
    "os.system('echo from the shell'); os.write(2, b'to the descriptor\\n'); sys.__stdin__.read()",
]  # fmt: skip
STATE = """
import gc, json, locale, logging, multiprocessing, os, signal, sys, warnings
import matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, pandas as pd
import pandas._config.config as options
known = {key: value for key, value in os.environ.items() if key not in ("JPY_PARENT_PID", "MARK", "JUPYTER_RUNTIME_DIR")}
print(json.dumps({
    "rcParams": {key: repr(mpl.rcParams._get(key)) for key in mpl.rcParams},
    "pandas": {key: repr(pd.get_option(key)) for key in options._registered_options if "use_inf" not in key and "data_manager" not in key},
    "numpy": [repr(np.get_printoptions()), repr(np.geterr())],
    "environment": known, "folder": os.getcwd(), "path": sys.path, "program": [sys.argv[0], *sys.argv[3:], sys.executable, *sys.orig_argv[:4]],
    "flags": repr(sys.flags), "signals": {str(each): repr(signal.getsignal(each)) for each in signal.valid_signals()},
    "filters": sorted(map(repr, warnings.filters)), "locale": locale.setlocale(locale.LC_ALL),
    "loggers": {name: [each.level, each.disabled, len(each.handlers)] for name, each in logging.root.manager.loggerDict.items() if isinstance(each, logging.Logger)},
    "gc": [gc.isenabled(), gc.get_threshold()], "umask": [os.umask(0o22), os.umask(0o22)][1], "session": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "names": sorted(vars(sys.modules["__main__"])), "backend": mpl.get_backend(), "figures": plt.get_fignums(),
    "shell": {name: [each.__qualname__ for each in found] for name, found in get_ipython().events.callbacks.items()},
    "streams": [[each.encoding, each.errors] for each in (sys.stdin, sys.stdout, sys.__stdout__, sys.__stderr__)],
    "patched": [oct(8), pd.DataFrame.__repr__.__qualname__, json.dumps.__module__], "start": multiprocessing.get_start_method(allow_none=True),
}, default=repr))
"""
SPOIL = """
import gc, logging, os, signal, sys, warnings, matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, pandas as pd
mpl.rcParams["font.size"] = 31; pd.set_option("display.max_columns", 3); np.set_printoptions(precision=1); np.random.seed(1)
os.environ["LEAK"] = "1"; os.environ["OMP_NUM_THREADS"] = "7"; os.mkdir("elsewhere"); os.chdir("elsewhere"); os.rmdir("../elsewhere")
sys.path.insert(0, "/leak"); sys.argv.append("leak"); warnings.simplefilter("ignore"); logging.getLogger("pandas").setLevel(1)
signal.signal(signal.SIGTERM, signal.SIG_IGN); os.umask(0); gc.disable(); pd.DataFrame.__repr__ = lambda self: "leak"
plt.plot([1]); import builtins; builtins.oct = lambda number: "0"
"""


def test_a_notebook_runs_in_a_fork_that_has_its_modules(tmp_path, folder, server):
    first = run(tmp_path, folder, f"{PARENT}\nassert 'pandas' in sys.modules", server=server.address)
    assert said(first[0]) == server._process.pid != os.getpid()


def test_without_a_server_a_notebook_runs_in_an_ordinary_kernel_and_nothing_is_said(tmp_path, folder, caplog):
    assert said(run(tmp_path, folder, PARENT)[0]) == os.getpid()
    assert not caplog.records


@pytest.mark.parametrize("backend", [{}, {"MPLBACKEND": "agg"}], ids=["inline", "agg"])
def test_outputs_are_those_of_an_ordinary_kernel_byte_for_byte(tmp_path, folder, backend):
    with start(folder, ["pandas", "matplotlib.pyplot"], backend) as server:
        forked = run(tmp_path, folder, PARENT, *KINDS, server=server.address, env=backend)
        assert said(forked.pop(0)) == server._process.pid
    ordinary = run(tmp_path, folder, PARENT, *KINDS, env=backend)[1:]
    hashes = {
        hashlib.sha256(re.sub(NAMED, "", json.dumps([whole(outputs) for outputs in each])).encode()).hexdigest()
        for each in (forked, ordinary)
    }
    assert len(hashes) == 1
    assert ("image/png" in json.dumps(ordinary[2])) == (not backend)


def test_an_error_is_that_of_an_ordinary_kernel(tmp_path, folder, server):
    errors = []
    for address in (server.address, ""):
        with pytest.raises(PapermillExecutionError) as caught:
            run(tmp_path, folder, "def f():\n    return 1 / 0", "f()", server=address)
        errors.append((caught.value.ename, caught.value.evalue, re.sub(NAMED, "", str(caught.value))))
    assert errors[0] == errors[1]


def test_the_state_of_a_fork_is_that_of_an_ordinary_kernel(tmp_path, folder, server):
    forked, ordinary = (said(run(tmp_path, folder, STATE, server=address)[0]) for address in (server.address, ""))
    for key in ordinary:
        assert forked[key] == ordinary[key], key


def test_nothing_that_a_notebook_changes_is_seen_by_the_next(tmp_path, folder, server):
    before = said(run(tmp_path, folder, STATE, server=server.address)[0])
    run(tmp_path, folder, SPOIL, server=server.address)
    assert said(run(tmp_path, folder, STATE, server=server.address)[0]) == before


def test_random_numbers_differ_between_forks(tmp_path, folder, server):
    cell = """
import json, random, tempfile, uuid, numpy as np
print(json.dumps([random.random(), np.random.random(), np.random.default_rng().random(), str(uuid.uuid4()), tempfile.mktemp()]))"""
    drawn = [said(run(tmp_path, folder, cell, server=server.address)[0]) for _ in range(2)]
    assert all(one != other for one, other in zip(*drawn, strict=True))


def test_each_run_has_its_own_environment_and_the_caller_keeps_his(tmp_path, folder, server):
    cell = "import json, os\nprint(json.dumps(os.environ.get('MARK')))"
    marks = [said(run(tmp_path, folder, cell, server=server.address, env=env)[0]) for env in ({"MARK": "1"}, {})]
    assert marks == ["1", None] and "MARK" not in os.environ


@pytest.mark.parametrize(
    "cell", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "import os; os.kill(os.getpid(), 9)"],
    ids=["crash", "segmentation fault", "kill"],
)  # fmt: skip
def test_a_dead_kernel_is_an_error_and_the_server_goes_on(tmp_path, folder, server, cell):
    with pytest.raises(DeadKernelError):
        run(tmp_path, folder, cell, server=server.address)
    assert said(run(tmp_path, folder, PARENT, server=server.address)[0]) == server._process.pid


def test_a_cell_that_takes_too_long_is_an_error_and_its_kernel_is_killed(tmp_path, folder, server):
    with pytest.raises(CellTimeoutError):
        run(tmp_path, folder, "import time\ntime.sleep(1000)", server=server.address, timeout=1)


def test_a_cell_can_be_interrupted(tmp_path, folder, server):
    with pytest.raises(PapermillExecutionError) as caught:
        run(
            tmp_path,
            folder,
            "import time\ntime.sleep(1000)",
            server=server.address,
            timeout=1,
            interrupt_on_timeout=True,
        )
    assert caught.value.ename == "KeyboardInterrupt"


def test_a_kernel_may_end_by_itself(tmp_path, folder, server):
    run(tmp_path, folder, "import atexit, pathlib; _ = atexit.register(pathlib.Path('ended').touch)",
        server=server.address, shutdown_kernel="graceful")  # fmt: skip
    (folder / "ended").unlink()


def test_eight_kernels_run_at_once(tmp_path, folder, server):
    cell = f"""
import os, pathlib, time
pathlib.Path("at-once-" + os.environ["MARK"]).touch()
end = time.monotonic() + {PATIENCE}
while len(list(pathlib.Path().glob("at-once-*"))) < 8:
    assert time.monotonic() < end
    time.sleep(0.01)
"""

    def one(number):
        (tmp_path / str(number)).mkdir()
        return run(tmp_path / str(number), folder, cell, PARENT, server=server.address, env={"MARK": str(number)})

    with ThreadPoolExecutor(8) as pool:
        assert {said(outputs[1]) for outputs in pool.map(one, range(8))} == {server._process.pid}


def test_when_the_server_is_killed_its_kernels_die_and_later_ones_are_ordinary(tmp_path, folder, caplog):
    with start(folder) as server:
        pid, place = server._process.pid, Path(server.address).parent
        cell = "import os, pathlib, signal\npathlib.Path('pid').write_text(str(os.getpid()))\nos.kill(os.getppid(), signal.SIGKILL)\nimport ctypes; ctypes.PyDLL(None).sleep(1000)"  # no thread of the kernel runs
        with pytest.raises(DeadKernelError):
            run(tmp_path, folder, cell, server=server.address)
        eventually(lambda: not lives((folder / "pid").read_text()))
        for _ in range(2):
            assert said(run(tmp_path, folder, PARENT, server=server.address)[0]) == os.getpid()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("analysis.warm")] == [
        f"notebooks run in ordinary kernels, which start more slowly: no fork server answers at {place / 'socket'} "
        "([Errno 111] Connection refused)"
    ]
    assert not lives(pid) and not place.exists()


CLIENT = """
import os, sys
from pathlib import Path
from analysis import warm
if __name__ == "__main__":
    notebook, folder, address = sys.argv[1:]
    server = None if address else warm.Server([], cwd=folder)
    print(server and server.address, flush=True)
    warm.execute(notebook, None, server=address or server.address, cwd=folder)
"""


@pytest.mark.parametrize("owns", [False, True], ids=["client", "owner"])
def test_a_kernel_dies_with_its_client_and_a_server_with_its_owner(tmp_path, folder, server, owns):
    cell = "import os, pathlib, signal\npathlib.Path('part').write_text(f'{os.getpid()} {os.getppid()}')\nos.replace('part', 'pids')\nsignal.pause()"
    notebook = write(tmp_path / "in.ipynb", [cell])
    pids = folder / "pids"
    pids.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(notebook), str(folder), "" if owns else server.address],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **ENV},
        start_new_session=True,
    ) as client:  # fmt: skip
        address = client.stdout.readline().strip()
        eventually(lambda: pids.exists() or client.poll() is not None)
        kernel, parent = map(int, pids.read_text().split())
        assert lives(kernel) and (parent != server._process.pid) == owns
        client.send_signal(signal.SIGKILL)
    eventually(lambda: not lives(kernel))
    if owns:
        eventually(lambda: not lives(parent) and not Path(address).parent.exists())


def refused(caplog):
    (line,) = [each.getMessage() for each in caplog.records if each.name.startswith("analysis.warm")]
    return line.removeprefix("notebooks run in ordinary kernels, which start more slowly: ")


def test_a_kernel_with_another_environment_is_an_ordinary_one(tmp_path, folder, shared, caplog):
    outputs = run(tmp_path, folder, PARENT, server=shared.address, env={"PANDAS_COPY_ON_WRITE": "1"})
    assert said(outputs[0]) == os.getpid()
    assert refused(caplog) == "the environment variable PANDAS_COPY_ON_WRITE is not the server's"


def test_a_kernel_in_another_folder_is_an_ordinary_one(tmp_path, folder, shared, caplog):
    assert said(run(tmp_path, folder, PARENT, server=shared.address, cwd=tmp_path)[0]) == os.getpid()
    assert refused(caplog) == f"the folder {tmp_path} is not the server's {folder}"


def test_a_kernel_of_another_interpreter_is_an_ordinary_one(tmp_path, folder, caplog, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    spec = tmp_path / "kernels" / "other" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = ["python", "-Xint_max_str_digits=999", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "language": "python", "display_name": "Other"}))
    with start(folder) as server:
        cell = "import json, sys\nprint(json.dumps(sys.flags.int_max_str_digits))"
        assert said(run(tmp_path, folder, cell, server=server.address, kernel_name="other")[0]) == 999
    assert "is another interpreter than the server's" in refused(caplog)


@pytest.mark.parametrize(
    "source, reason",
    [
        (
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
            "has started 1 threads",
        ),
        ("import asyncio\nloop = asyncio.new_event_loop()", "has made a asyncio.unix_events._UnixSelectorEventLoop"),
        ("import zmq\ncontext = zmq.Context()", "has made a zmq.sugar.context.Context"),
        ("print('hello')", "ahead_ cannot be imported ahead; it prints: hello"),
        ("import warnings\nwarnings.warn('old')", "ahead_ cannot be imported ahead; it warns: old"),
        ("import IPython\nIPython.get_ipython()", "ahead_ cannot be imported ahead; it joins the shell"),
        ("get_ipython().events", "ahead_ cannot be imported ahead; it uses the shell (events)"),
        ("import nothing_of_this_name", "ahead_ cannot be imported ahead; ModuleNotFoundError"),
    ],
    ids=["thread", "event loop", "zmq context", "print", "warning", "shell", "shell of the cell", "missing"],
)
def test_modules_that_cannot_be_imported_ahead_make_kernels_ordinary(tmp_path, caplog, source, reason):
    (tmp_path / "ahead_.py").write_text(source)
    with start(tmp_path, ["ahead_"]) as server:
        outputs = run(tmp_path, tmp_path, PARENT, server=server.address)
    assert said(outputs[0]) == os.getpid()
    assert reason in refused(caplog)


def test_what_a_module_says_only_the_first_time_on_a_machine_is_no_reason(tmp_path, caplog):
    (tmp_path / "ahead_.py").write_text(
        "import pathlib\nif not pathlib.Path('cache').exists():\n    print('making a cache')\n    pathlib.Path('cache').touch()"
    )
    with start(tmp_path, ["ahead_"]) as server:
        assert said(run(tmp_path, tmp_path, PARENT, server=server.address)[0]) == server._process.pid
    assert not caplog.records


def test_where_kernels_cannot_be_forked_they_are_ordinary(tmp_path, folder, caplog, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with start(folder) as server:
        assert server.address == ""
    assert refused(caplog) == "forking a kernel is not known to be safe on darwin"


def test_a_module_in_the_folder_is_imported_as_a_kernel_there_would(tmp_path):
    (tmp_path / "beside_.py").write_text("import os\nHERE = __file__\nos.environ['SET_BY_IMPORT'] = '1'")
    cell = "import json, os, sys\nthere = 'beside_' in sys.modules\nimport beside_\nprint(json.dumps([there, beside_.HERE, os.environ['SET_BY_IMPORT']]))"
    with start(tmp_path, ["beside_"]) as server:
        forked = said(run(tmp_path, tmp_path, cell, server=server.address)[0])
        # A client that has imported it too, since the server started, asks for the same kernel.
        assert said(run(tmp_path, tmp_path, cell, server=server.address, env={"SET_BY_IMPORT": "1"})[0]) == forked
    ordinary = said(run(tmp_path, tmp_path, cell)[0])
    assert (forked, ordinary) == ([True, *ordinary[1:]], [False, *forked[1:]])


def test_only_this_user_reaches_a_server_and_it_leaves_nothing(folder):
    server = start(folder)
    address, pid = Path(server.address), server._process.pid
    assert stat.S_IMODE(address.stat().st_mode) == 0o600
    assert stat.S_IMODE(address.parent.stat().st_mode) == 0o700
    server.close()
    server.close()
    assert server.address == "" and not address.parent.exists() and not lives(pid)


def reproduce():
    spec = importlib.util.spec_from_file_location("reproduce_", paths.ROOT / "reproduce.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_environment_that_reproduce_makes_offers_the_engine_and_the_provisioner(tmp_path):
    reproduce().show(tmp_path)
    (found,) = importlib.metadata.distributions(path=[str(tmp_path)])
    offered = {(point.group, point.name): point.load() for point in found.entry_points}
    assert offered == {
        ("papermill.engine", "warm"): WarmEngine,
        ("jupyter_client.kernel_provisioners", "warm"): WarmProvisioner,
    }
    assert (tmp_path / "card.pth").read_text() == f"{paths.ROOT}\n"


def test_papermills_command_finds_the_engine_and_jupyter_the_provisioner(tmp_path, folder, server):
    place = tmp_path / "site"
    place.mkdir()
    reproduce().show(place)
    around = {**os.environ, **ENV, "WARM_KERNELS": server.address, "JUPYTER_DEFAULT_PROVISIONER_NAME": "warm"}
    around.pop("MARK", None)
    notebook = write(tmp_path / "in.ipynb", [PARENT])
    # A folder with a .pth file is one of Python's own only as a site; entry points are found on any path.
    find = f"import site, sys; site.addsitedir({str(place)!r}); "
    papermill = "from papermill.__main__ import papermill; papermill()"
    command = [
        sys.executable,
        "-c",
        find + papermill,
        "--engine",
        "warm",
        "--no-progress-bar",
        str(notebook),
        "out.ipynb",
    ]
    subprocess.run(command, cwd=folder, env=around, check=True)
    outputs = nbformat.read(folder / "out.ipynb", 4).cells[0].outputs
    (folder / "out.ipynb").unlink()
    assert said(outputs) == server._process.pid
    jupyter = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
client.execute_interactive("import os; print(os.getppid())")
client.stop_channels(); manager.shutdown_kernel(now=True)"""
    done = subprocess.run(
        [sys.executable, "-c", find + jupyter], cwd=folder, env=around, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) == server._process.pid
