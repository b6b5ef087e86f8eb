"""This machine: what tells it from others, its free memory, and what was measured on it before."""

import hashlib
import json
import os
import platform
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import torch

KIBIBYTE = 1024
GENERATION = 13  # of the engine: what one measured says nothing of a faster one


def fingerprint() -> str:
    """Changes with what a measurement of speed depends on: processor, cores, libraries."""
    libraries = [torch.__version__, f"engine {GENERATION}"]
    about = [_processor(), platform.machine(), f"{cores()} cores", *libraries]
    if torch.cuda.is_available():
        about.append(torch.cuda.get_device_name())
    return " / ".join(about)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers(device: str) -> int:
    """How many workers compute side by side: one for each core, one alone on an accelerator."""
    return cores() if device == "cpu" else 1


def free_memory() -> int:
    """Bytes that new work may take without driving other memory to the disk."""
    return int(psutil.virtual_memory().available)


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(psutil.Process().memory_info().rss)


def peak_since(work: Callable[[], object]) -> int:
    """The most bytes that this process held while it did something, more than before.

    Where the system cannot forget an earlier peak (other than Linux), only what exceeds that.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = resident()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(0, (peak if sys.platform == "darwin" else peak * KIBIBYTE) - before)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within, PyTorch computes with that many threads in this process, as it does in a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Measurements:
    """What was measured on this machine, in a file of the user's cache.

    A file that cannot be read or written is no reason to stop: then it is measured again.

    Args:
        file: where; None: the default, $XDG_CACHE_HOME/monogram/engines.json.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or _cache() / "monogram" / "engines.json"

    def get(self, *what: str) -> Any:
        """The values kept for something here, or None."""
        return self._all().get(_key(what))

    def keep(self, values: Any, *what: str) -> None:
        """Keep values for something; all others stay."""
        kept = self._all() | {_key(what): values}
        part = self._file.with_suffix(f".{os.getpid()}.part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(kept, indent=1), "utf-8")
            part.replace(self._file)
        except OSError:
            with suppress(OSError):
                part.unlink()

    def _all(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return dict(kept) if isinstance(kept, dict) else {}


def _cache() -> Path:
    """The user's cache; the system's folder for temporary files where there is no home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser()
    except RuntimeError:
        return Path(tempfile.gettempdir())


def _key(what: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join([fingerprint(), *what]).encode()).hexdigest()[:24]


def _processor() -> str:
    """Its model, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
