"""The client's side for jupyter_client: kernels that are forks of a server's process, or ordinary ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import uuid
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase, LocalProvisioner
from jupyter_client.utils import ensure_async
from traitlets import Dict, Float, Type, Unicode, default

from .server import say

#: Names a server's address where no argument does.
ADDRESS = "WARM_KERNELS"
#: Set for each process by shells, launchers, pytest and papermill's command; no module computes otherwise for them.
PER_PROCESS = {
    "_", "PWD", "OLDPWD", "SHLVL", "JPY_PARENT_PID", "JPY_SESSION_NAME", "JUPYTER_DEFAULT_PROVISIONER_NAME",
    "PYDEVD_DISABLE_FILE_VALIDATION", "PYTEST_CURRENT_TEST", ADDRESS,
}  # fmt: skip
#: What jupyter_client takes for this interpreter in the command of a kernel.
PYTHONS = {"python", "python3", f"python3.{sys.version_info.minor}"}


class Fork:
    """A forked kernel, through the connection to its server; the part of `subprocess.Popen` that is needed."""

    stdin = stdout = stderr = None

    def __init__(self, address: str):
        self.returncode: int | None = None
        self.text = b""
        self.heard: list[dict] = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        self.socket.connect(address)

    async def hear(self) -> dict:
        """The next message of the server; ``exit`` if it is gone, for its kernels die with it."""
        while not self.heard:
            try:
                self._take(await asyncio.get_running_loop().sock_recv(self.socket, 65536))
            except ConnectionError:
                self._take(b"")
        return self.heard.pop(0)

    def _take(self, data: bytes) -> None:
        *lines, self.text = (self.text + data).split(b"\n")
        self.heard += map(json.loads, lines)
        if not data:
            self.heard.append({"exit": -signal.SIGKILL})
        for message in self.heard:
            self.returncode = message.get("exit", self.returncode)

    async def launch(self, argv: list[str], env: dict[str, str], patience: float) -> str:
        """Fork a kernel, and wait until it can be connected to; returns why it was not forked, if it was not."""
        self.returncode = None
        self.heard.clear()
        wish = json.dumps({"argv": argv, "env": env}).encode() + b"\n"
        files = [os.open(os.devnull, os.O_WRONLY) if not _is_open(number) else os.dup(number) for number in (1, 2)]
        try:
            socket.send_fds(self.socket, [wish[:1]], files)
        finally:
            for file in files:
                os.close(file)
        await asyncio.get_running_loop().sock_sendall(self.socket, wish[1:])
        answer = await asyncio.wait_for(self.hear(), patience)
        if "exit" in answer:
            raise RuntimeError(f"the kernel ended while it started (exit {answer['exit']})")
        return answer.get("refusal", "")

    def poll(self) -> int | None:
        while self.returncode is None:
            try:
                self._take(self.socket.recv(65536))
            except BlockingIOError:
                break
            except ConnectionError:
                self._take(b"")
        return self.returncode

    def wait(self) -> int | None:
        return self.poll()

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(json.dumps({"signal": int(number)}).encode() + b"\n")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class WarmProvisioner(LocalProvisioner):
    """A forked kernel where a server is there and fits, else an ordinary one, after a line that says why."""

    server = Unicode(config=True, help="Address of the fork server; empty for an ordinary kernel.")
    patience = Float(120, config=True, help="Seconds to wait for the server's imports and for a kernel's start.")

    fork: Fork | None = None

    @default("server")
    def _server_default(self) -> str:
        return os.environ.get(ADDRESS, "")

    async def pre_launch(self, **kwargs):
        folder = await self._find_folder(kwargs) if self.server else None
        if folder:
            manager = self.parent
            manager.transport, manager.cache_ports = "ipc", False
            manager.connection_file, manager.ip = os.path.join(folder, "kernel.json"), os.path.join(folder, "ipc")
            kwargs["transport_encryption"] = "disabled"  # the folder is this user's alone
        return await super().pre_launch(**kwargs)

    async def _find_folder(self, kwargs: dict) -> str | None:
        """The folder that the server offers for the kernel's files, if it can fork this kernel."""
        try:
            self.fork = Fork(self.server)
            hello = await asyncio.wait_for(self.fork.hear(), self.patience)
        except OSError as error:
            reason = f"no fork server answers at {self.server} ({error or 'it is silent'})"
        else:
            reason = hello["refusal"] if "folder" in hello else "the fork server has ended"
            reason = reason or self._difference(hello, **await KernelProvisionerBase.pre_launch(self, **kwargs))
        if not reason:
            return hello["folder"]
        say(reason)
        self._leave()
        return None

    def _difference(self, hello: dict, env: dict[str, str], cwd: str | None = None, **_) -> str:
        """How the wanted kernel would differ from a fork of the server, if it would."""
        program, *options = self.kernel_spec.argv[:3]
        program = sys.executable if program in PYTHONS else program
        if not _same_program(program, hello["executable"]) or options != ["-m", "ipykernel_launcher"]:
            return f"{' '.join([program, *options])} is another interpreter than the server's {hello['executable']}"
        if os.path.realpath(cwd or os.getcwd()) != os.path.realpath(hello["cwd"]):
            return f"the folder {cwd or os.getcwd()} is not the server's {hello['cwd']}"
        for name in sorted({*env, *hello["env"]} - PER_PROCESS - {*hello["vary"]}):
            # A client may have imported the same modules, and so have the variables that they set.
            if env.get(name) not in (hello["env"].get(name), hello["changes"].get(name, hello["env"].get(name))):
                return f"the environment variable {name} is not the server's"
        return ""

    async def launch_kernel(self, cmd, **kwargs):
        if not self.fork:
            return await super().launch_kernel(cmd, **kwargs)
        try:
            refusal = await self.fork.launch(cmd, kwargs["env"], self.patience)
        except TimeoutError:
            self._leave()
            raise RuntimeError(f"the kernel did not start in {self.patience:g} seconds") from None
        except BaseException:
            self._leave()
            raise
        if refusal:  # an ordinary kernel can use the files in the server's folder too
            say(refusal)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = self.fork
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel, and wait until it is dead; the manager looks for that only each tenth of a second."""
        await super().kill(restart)
        end = time.monotonic() + 5
        while await self.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0.002)

    async def cleanup(self, restart: bool = False) -> None:
        await super().cleanup(restart)
        if not restart:
            self._leave()

    def _leave(self) -> None:
        if self.fork:
            self.fork.socket.close()
        self.fork = None


def _same_program(one: str, other: str) -> bool:
    # Environments share a real interpreter, so the folders count too; python and python3 of one are the same.
    return os.path.realpath(one) == os.path.realpath(other) and os.path.dirname(one) == os.path.dirname(other)


class WarmClient(AsyncKernelClient):
    """A client that waits for what happens rather than for a fixed time."""

    def start_channels(self, shell=True, iopub=True, stdin=True, hb=False, control=True):
        """Start the channels but the heartbeat's: the manager knows whether its kernel lives."""
        super().start_channels(shell, iopub, stdin, hb, control)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until a request is answered on both channels, so that no output can be missed.

        The last message of a request on the output channel is its ``idle``.  Nothing that was sent before can
        come after it, and so nothing need be listened for.
        """
        end = time.monotonic() + (timeout or float("inf"))
        with contextlib.suppress(Empty):  # a kernel greets its subscriber
            await ensure_async(self.iopub_channel.get_msg(timeout=0.2))
        while True:
            request = self.kernel_info()
            with contextlib.suppress(Empty):
                while True:
                    reply = await ensure_async(self.shell_channel.get_msg(timeout=1))
                    if reply["parent_header"].get("msg_id") == request:
                        break
                self._handle_kernel_info_reply(reply)
                while True:
                    message = await ensure_async(self.iopub_channel.get_msg(timeout=0.2))
                    if (
                        message["parent_header"].get("msg_id") == request
                        and message["content"].get("execution_state") == "idle"
                    ):
                        return
            if not await ensure_async(self.parent.is_alive()):
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")


class WarmManager(AsyncKernelManager):
    """A manager of one kernel, forked from a server if it can be."""

    client_factory = Type(klass="jupyter_client.asynchronous.AsyncKernelClient", default_value=WarmClient)
    server = Unicode(config=True, help="Address of the fork server; empty for an ordinary kernel.")

    @default("server")
    def _server_default(self) -> str:
        return os.environ.get(ADDRESS, "")

    cwd = Unicode(config=True, help="Folder of the kernel; that of this process if empty.")
    env = Dict(config=True, help="Environment variables for the kernel beside those of this process.")

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kernel_id = self.kernel_id or str(uuid.uuid4())
        self.provisioner = WarmProvisioner(
            parent=self, kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, server=self.server
        )

    async def start_kernel(self, **kwargs):
        """Start the kernel in its folder and environment."""
        kwargs.setdefault("cwd", self.cwd or os.getcwd())
        kwargs.setdefault("env", {**os.environ, **self.env})
        if not os.path.isdir(kwargs["cwd"]):
            raise NotADirectoryError(f"a kernel cannot start in {kwargs['cwd']}: there is no such folder")
        await super().start_kernel(**kwargs)

    async def shutdown_kernel(self, now: bool = False, restart: bool = False):
        """Shut the kernel down; when that is to be now, without an interrupt before, of which it would complain."""
        if now and self.has_kernel:
            await self.provisioner.kill(restart)
        await super().shutdown_kernel(now, restart)
