"""The fork server: a process that imports modules once and forks a kernel for each client that asks.

:class:`analysis.warm.Server` starts it as a script, so it imports nothing of the package around it.
It has one thread, no event loop and no ZeroMQ context, so a fork finds none half-copied.

A client connects, is told what the server is (one line of JSON), and sends one line of JSON for each
wish: ``launch`` a kernel, ``signal`` it.  It hears ``ready`` and ``exit`` of the kernel.  The connection
is the kernel's life: when it ends, the kernel is killed and its folder removed.
"""

import builtins
import contextlib
import ctypes
import gc
import importlib.util
import io
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import types
import warnings
from dataclasses import dataclass, field
from pathlib import Path

#: What every kernel imports while it starts.
KERNEL = [
    "ipykernel.debugger", "ipykernel.kernelapp", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.core.logger", "IPython.core.oinspect", "IPython.extensions.storemagic", "tornado.platform.asyncio",
    "tornado.queues", "faulthandler", "psutil", "sqlite3",
]  # fmt: skip
PR_SET_PDEATHSIG = 1


class Shell:
    """What an import sees of the shell of a kernel: that it has a kernel.  pandas asks, to set its width."""

    kernel = None

    def __init__(self, said):
        self._said = said

    def __getattr__(self, name):
        self._said.append(f"it uses the shell ({name})")
        raise AttributeError(name)


@contextlib.contextmanager
def kernel_like():
    """Let modules find what they would find in a kernel.

    Yields
    ------
    list of str
        What they said or wanted that no notebook would notice later.
    """
    from IPython.core.interactiveshell import InteractiveShell

    said = []
    stream = io.TextIOWrapper(io.BytesIO(), "UTF-8", write_through=True)  # a kernel's, in capitals
    shell, shown = Shell(said), warnings.showwarning
    builtins.get_ipython = lambda: shell
    InteractiveShell.initialized = classmethod(lambda cls: said.append("it joins the shell") or False)
    warnings.showwarning = lambda message, *_, **__: said.append(f"it warns: {message}")
    IPKernelApp = sys.modules["ipykernel.kernelapp"].IPKernelApp
    IPKernelApp.init_path(types.SimpleNamespace(ignore_cwd=False))  # the kernel's folder
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            yield said
    finally:
        said += [f"it prints: {line}" for line in stream.buffer.getvalue().decode().splitlines()]
        warnings.showwarning = shown
        del builtins.get_ipython, InteractiveShell.initialized
        with contextlib.suppress(ValueError):
            sys.path.remove("")


def preload(names):
    """Import modules as a kernel that was started here would.

    Returns
    -------
    str
        Why a fork would not be like an ordinary kernel; empty when it would.
    """
    if not sys.flags.safe_path:
        del sys.path[0]  # this script's folder
    with contextlib.redirect_stderr(io.StringIO()):  # debugpy has advice, before a kernel has a client to hear it
        for name in KERNEL:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    for name in names:
        try:
            with kernel_like() as said:
                importlib.import_module(name)
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}")
        if said:
            return f"{name} cannot be imported ahead; {said[0]}"
    for thing in gc.get_objects():
        kind = type(thing)
        if kind.__module__ in ("zmq.sugar.context", "zmq.asyncio") or kind.__name__.endswith("EventLoop"):
            return f"a module that was imported ahead has made a {kind.__module__}.{kind.__name__}"
    return ""


def hazard():
    """Why this process must not fork now, or an empty text."""
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        return f"a module that was imported ahead has started {threads - 1} threads (is OPENBLAS_NUM_THREADS=1 set?)"
    return ""


@dataclass
class Client:
    """A connection, and the kernel that lives as long as it."""

    socket: socket.socket
    folder: Path
    pid: int = 0
    text: bytes = b""
    files: list = field(default_factory=list)

    def tell(self, **message):
        with contextlib.suppress(OSError):
            self.socket.sendall(json.dumps(message).encode() + b"\n")

    def signal(self, number):
        if self.pid:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:  # it has not made its own group yet
                os.kill(self.pid, number)

    def drop_files(self):
        while self.files:
            os.close(self.files.pop())


class Forks:
    """Answers clients in one loop until the owner's pipe ends."""

    def __init__(self, listener, folder, hello):
        self.listener, self.folder, self.hello = listener, folder, hello
        self.count = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(0, selectors.EVENT_READ)
        self.deaths, self.waker = socket.socketpair()
        self.waker.setblocking(False)
        self.selector.register(self.deaths, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)

    def clients(self):
        return [key.data for key in self.selector.get_map().values() if key.data]

    def run(self):
        """Serve; returns None in the server at its end, and the client and its wish in each fork."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj == 0:
                    return self.end()
                elif key.fileobj is self.deaths:
                    self.deaths.recv(4096)
                    self.reap()
                elif key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj.fileno() >= 0 and (wish := self.hear(key.data)):
                    return key.data, wish

    def accept(self):
        connection, _ = self.listener.accept()
        self.count += 1
        client = Client(connection, self.folder / str(self.count))
        client.folder.mkdir(0o700)
        self.selector.register(connection, selectors.EVENT_READ, client)
        client.tell(**{**self.hello, "folder": str(client.folder), "refusal": self.hello["refusal"] or hazard()})

    def hear(self, client):
        """Do what a client asks; returns its wish in the fork that it asked for."""
        try:
            data, files, *_ = socket.recv_fds(client.socket, 65536, 2)
            client.files += files
            *lines, client.text = (client.text + data).split(b"\n")
            wishes = [json.loads(line) for line in lines]
        except (OSError, ValueError):  # the client was killed, or is none
            data, wishes = b"", []
        for wish in wishes:
            if "signal" in wish:
                client.signal(wish["signal"])
            elif self.fork(client):
                return self.become(client, wish)
        if not data:
            self.leave(client)

    def fork(self, client):
        """Fork, if nothing speaks against it; true in the fork."""
        refusal = "it has a kernel already" if client.pid else hazard()
        if not refusal:
            try:
                client.pid = os.fork()
            except OSError as error:
                refusal = f"the server cannot fork ({error})"
            else:
                if not client.pid:
                    return True
        if refusal:
            client.tell(refusal=refusal)
        client.drop_files()

    def become(self, client, wish):
        """In a fork: keep nothing of the server but the connection to the one client."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in self.clients():
            if other is not client:
                other.socket.close()
                other.drop_files()
        self.selector.close()
        for held in (self.listener, self.deaths, self.waker):
            held.close()
        return wish

    def reap(self):
        for client in self.clients():
            if client.pid:
                pid, status = os.waitpid(client.pid, os.WNOHANG)
                if pid:
                    client.pid = 0
                    client.tell(exit=os.waitstatus_to_exitcode(status))

    def leave(self, client):
        client.signal(signal.SIGKILL)
        if client.pid:
            os.waitpid(client.pid, 0)
        self.selector.unregister(client.socket)
        client.socket.close()
        client.drop_files()
        shutil.rmtree(client.folder, ignore_errors=True)

    def end(self):
        for client in self.clients():
            self.leave(client)
        shutil.rmtree(self.folder, ignore_errors=True)


def kernel(client, wish, server, changes):
    """Run an ordinary IPython kernel in this fork."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)
    for number, source in enumerate([os.open(os.devnull, os.O_RDONLY), *client.files]):
        os.dup2(source, number)
        os.close(source)
    os.environ.clear()
    os.environ.update(wish["env"], **changes, JPY_PARENT_PID=str(server))
    time.tzset()
    sys.orig_argv[:] = wish["argv"]
    sys.argv[:] = [importlib.util.find_spec(wish["argv"][2]).origin, *wish["argv"][3:]]
    if numbers := sys.modules.get("numpy.random"):
        numbers.seed()  # the random module does so by itself
    importlib.invalidate_caches()  # of folders, which may have filled since
    gc.enable()
    app = sys.modules["ipykernel.kernelapp"].IPKernelApp.instance(parent_handle=server)
    app.initialize(sys.argv[1:])
    client.tell(ready=True)
    client.socket.close()
    app.start()


def main():
    """Serve as the one argument, a JSON object, says: ``socket``, ``folder``, ``preload``, ``vary``."""
    options = json.loads(sys.argv[1])
    listener = socket.socket(fileno=options["socket"])
    environment = dict(os.environ)
    gc.disable()
    refusal = preload(options["preload"]) or hazard()
    if refusal and "again" not in options:
        # What happens once on a machine (matplotlib makes its font cache, with a thread that says so) is no reason.
        again = [sys.executable, sys.argv[0], json.dumps({**options, "again": True})]
        os.execve(sys.executable, again, environment)
    hello = {
        "refusal": refusal,
        "executable": sys.executable,
        "cwd": os.getcwd(),
        "env": environment,
        "vary": options["vary"],
        "changes": {
            key: text for key, text in os.environ.items() if text != environment.get(key) and key not in options["vary"]
        },
    }
    gc.collect()
    gc.freeze()
    server = os.getpid()
    if forked := Forks(listener, Path(options["folder"]), hello).run():
        kernel(*forked, server, hello["changes"])


if __name__ == "__main__":
    main()
