"""Another process at the price of a fork.

A new Python needs more than a second to import PyTorch. One process does so, once; it has nothing
of the user's in it, neither code nor data, and whoever needs another process has that one fork.
What comes of it is as new as a process that was started, and there in a hundredth of the time. The
one that forks ends with the process that started it. Where forking a process with PyTorch in it is
not safe, other than on Linux, each is started.
"""

import atexit
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Lock
from typing import NoReturn

import numpy as np

from monogram.importing import import_uncollected

FORKS = sys.platform == "linux"
LOOK_SECONDS = 0.5  # between two looks whether the process that started this one is there
READY = b"r"
ALONE = {"OPENBLAS_NUM_THREADS": "1"}  # NumPy's library would start threads, which no fork has
LONGEST_NAME = 1000  # bytes
PROGRAM = """
import sys
from monogram.importing import import_uncollected
getattr(import_uncollected("monogram.forking"), sys.argv[1])(int(sys.argv[2]), *sys.argv[3:])
"""

_lock = Lock()
_server: "_ForkServer | None" = None
_started: list[Popen[bytes]] = []


def forks_at_once() -> bool:
    """Whether another process would be there in a hundredth of a second."""
    with _lock:
        return FORKS and _server is not None and _server.is_ready()


def fork(module: str, function: str) -> Connection:
    """Have another process call a function with its end of a connection; when it returns, it ends.

    It works in the same folder, with the same environment and `sys.path`. What is sent to it waits.

    Args:
        module: the function's.
        function: its name; called with a `Connection`.

    Returns:
        The caller's end.

    Raises:
        OSError: no process can be started, or it was killed at once.
    """
    mine, its = Pipe()
    with _lock, its:
        if FORKS:
            _fork(module, function, its)
        else:
            _started[:] = [process for process in _started if process.poll() is None]
            _started.append(_start(run.__name__, its.fileno(), module, function))
    mine.send(_Place.of_this_process())
    return mine


def _fork(module: str, function: str, end: Connection) -> None:
    """Have this process' server fork; another one where there is none, or it was killed."""
    global _server  # noqa: PLW0603 - one serves all that this process needs
    if _server is None or not _server.fork(module, function, end):
        if _server:
            _server.end()
        _server = _ForkServer(module)
        _server.fork(module, function, end)


def _start(program: str, descriptor: int, *arguments: str) -> Popen[bytes]:
    """Start a process that has nothing of the user's, and that Python finds Monogram in."""
    there: list[object] = [*sys.path]  # Python passes over what else a user may have put there
    folders = [folder for folder in there if isinstance(folder, str) and folder]
    return Popen(
        [sys.executable, "-P", "-c", PROGRAM, program, str(descriptor), *arguments],
        pass_fds=[descriptor],
        stdin=DEVNULL,
        env=os.environ | ALONE | {"PYTHONPATH": os.pathsep.join(folders)},
    )


class _ForkServer:
    """The process that others are forked from, as the one that started it sees it.

    Args:
        module: imported there.
    """

    def __init__(self, module: str) -> None:
        self._owner = os.getpid()
        self._ready = False
        self._control, its = socket.socketpair()
        with its:
            self._process = _start(serve.__name__, its.fileno(), str(self._owner), module)
        atexit.register(self.end)

    def is_ready(self) -> bool:
        """Whether it has imported all."""
        if not self._ready and self._is_mine() and wait([self._control], 0):
            with suppress(ConnectionResetError):  # it has just been killed
                self._ready = self._control.recv(1) == READY
        return self._ready and self._is_mine()

    def fork(self, module: str, function: str, end: Connection) -> bool:
        """Ask it to fork; whether it is there to be asked."""
        try:
            name = f"{module}:{function}".encode()
            return self._is_mine() and bool(socket.send_fds(self._control, [name], [end.fileno()]))
        except ConnectionError:
            return False

    def end(self) -> None:
        """End it; those that were forked end with their connections."""
        atexit.unregister(self.end)
        self._control.close()
        if self._is_mine():
            self._process.kill()
            self._process.wait()

    def _is_mine(self) -> bool:
        """Whether it runs, and this process started it, not one that this was forked from."""
        return self._owner == os.getpid() and self._process.poll() is None


@dataclass(frozen=True)
class _Place:
    """Where a process works, and what it finds there."""

    folder: str | None
    environment: dict[str, str]
    path: list[str]

    @classmethod
    def of_this_process(cls) -> "_Place":
        try:
            folder = str(Path.cwd())
        except FileNotFoundError:
            folder = None
        return cls(folder, dict(os.environ), sys.path.copy())

    def enter(self) -> None:
        if self.folder is not None:
            os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.path[:] = self.path


def serve(descriptor: int, parent: str, module: str) -> NoReturn:
    """Fork whenever it is asked for; the main function of the process that does.

    Args:
        descriptor: of the socket that it is asked through.
        parent: the process that asks.
        module: to import before.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that was started
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that have ended
    control = socket.socket(fileno=descriptor)
    import_uncollected(module)
    with suppress(BrokenPipeError):  # who asked has ended meanwhile
        control.send(READY)
    control.settimeout(LOOK_SECONDS)
    while asked := _next(control, int(parent)):
        name, end = asked
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run(end, *name.split(":"))
        os.close(end)
    os._exit(0)


def _next(control: socket.socket, parent: int) -> tuple[str, int] | None:
    """What the next one shall call, and its end of a connection; None: nobody will ask any more."""
    while os.getppid() == parent:
        try:
            name, ends, *_ = socket.recv_fds(control, LONGEST_NAME, 1)
        except TimeoutError:
            continue
        except ConnectionResetError:  # it has ended, and never heard that this one was ready
            return None
        return (name.decode(), ends[0]) if name else None
    return None


def run(descriptor: int, module: str, function: str) -> NoReturn:
    """Call a function with an end of a connection; all that a process does which was asked for.

    Args:
        descriptor: of its end.
        module: the function's.
        function: its name.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    np.random.seed()  # noqa: NPY002 - the user's code may draw from it, and not all the same
    try:
        called: Callable[[Connection], None] = getattr(import_uncollected(module), function)
        end = Connection(descriptor)
        end.recv().enter()
        called(end)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
