"""Another process that has a run directory to itself."""

import subprocess
import sys
from contextlib import contextmanager

HOLD = """
import sys, time
from pathlib import Path
from monogram.study import RunDirectory
with RunDirectory(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def held(folder):
    """Within, another process runs in a folder; then it is killed."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.kill()
