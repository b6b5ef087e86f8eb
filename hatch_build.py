"""Compiles the C in src/monogram/native when Monogram is installed or packed, where that can be.

Without a C compiler, or for another kind of processor, Monogram is installed without it: networks
then compute with PyTorch's operations alone.
"""

import os
import platform
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("src", "monogram", "native")
PROCESSORS = {"avx2": "x86-64-v3", "avx512": "x86-64-v4"}
"""Which kinds it is compiled for: PyTorch's name and the compiler's."""
OPTIONS = ("-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
"""GNU's C, which lets a product and a sum be one instruction; nothing that reorders sums."""


class Native(BuildHookInterface):
    """One library for each kind of processor."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile; what was compiled goes into the wheel, which then is this platform's."""
        if platform.machine().lower() not in ("x86_64", "amd64"):
            return
        compiled = [self._compile(kind, target) for kind, target in PROCESSORS.items()]
        if all(compiled):
            system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["artifacts"].append(f"{NATIVE.as_posix()}/*.so")
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{system}"

    def _compile(self, kind: str, target: str) -> bool:
        folder = Path(self.root, NATIVE)
        made, sources = folder / f"native-{kind}.so", sorted(map(str, folder.glob("*.c")))
        compiler = shlex.split(os.environ.get("CC", "cc"))
        command = [*compiler, *OPTIONS, f"-march={target}", "-o", str(made)]
        try:
            subprocess.run([*command, *sources, "-lm"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"") or str(error).encode()
            made.unlink(missing_ok=True)
            self.app.display_warning(
                f"{command[0]} could not compile Monogram's C for {target}; it is installed "
                f"without, and trains some networks more slowly: {said.decode(errors='replace')}"
            )
            return False
        return True
