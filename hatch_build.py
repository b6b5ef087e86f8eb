"""Compiles the C in src/monogram/native when Monogram is installed or packed, where that can be.

Without a C compiler, or for another kind of processor, Monogram is installed without it: networks
then compute with PyTorch's operations alone.
"""

import os
import shlex
import subprocess
import sysconfig
from hashlib import sha256
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("src", "monogram", "native")
PLATFORM = "linux-x86_64"
AVX2 = ("-mavx2", "-mfma")
AVX512 = (*AVX2, "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq")
PROCESSORS = {"avx2": AVX2, "avx512": AVX512}
"""Which kinds it is compiled for, by PyTorch's names, and what PyTorch takes such a one to have."""
OPTIONS = ("-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
"""GNU's C, which lets a product and a sum be one instruction; nothing that reorders sums."""


class Native(BuildHookInterface):
    """One library for each kind of processor, named by what it was compiled from."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile; what was compiled goes into the wheel, which then is this platform's."""
        if sysconfig.get_platform() != PLATFORM:
            return
        made = [name for kind in PROCESSORS if (name := self._compiled(kind))]
        if made:
            build_data["artifacts"] += [f"{NATIVE.as_posix()}/{name}" for name in made]
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{PLATFORM.replace('-', '_')}"

    def _compiled(self, kind: str) -> str | None:
        """The name of the library of a kind, or None where it could not be compiled."""
        folder = Path(self.root, NATIVE)
        name = f"native-{kind}-{_digest(folder)}.so"
        part = folder / f".{name}.{os.getpid()}"
        try:
            compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
            sources = sorted(map(str, folder.glob("*.c")))
            command = [*compiler, *OPTIONS, *PROCESSORS[kind], "-o", str(part), *sources, "-lm"]
            subprocess.run(command, check=True, capture_output=True)
            for before in folder.glob(f"native-{kind}-*.so"):
                before.unlink()
            part.replace(folder / name)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", b"") or b"").decode(errors="replace")
            self.app.display_warning(
                f"Monogram's C could not be compiled for {kind} ({error}); it is installed "
                f"without, and trains some networks more slowly. {said}"
            )
            return None
        return name


def _digest(folder: Path) -> str:
    """As monogram.native.library has it."""
    files = sorted([*folder.glob("*.c"), *folder.glob("*.h")])
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
