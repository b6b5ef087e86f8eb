"""Run benchmarks and write `benchmarks/results/*.json`: `python -m benchmarks [NAME …]`.

Without names what a model costs is compared with other ways to make it.
"""

import importlib
import json
import platform
import sys
from pathlib import Path

from monogram.engine.machine import fingerprint

BENCHMARKS = ("price",)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or BENCHMARKS:
        print(f"{name} …", flush=True)
        figures = importlib.import_module(f"benchmarks.{name}").run()
        for line in figures["lines"]:
            print(f"  {line}")
        record = {"on": fingerprint(), "python": platform.python_version()} | figures
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
