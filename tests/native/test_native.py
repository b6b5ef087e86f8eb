"""The C that is compiled when Monogram is installed."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from monogram import native

CAPABLE = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
IS_MISSING = """
import torch
from torch import nn
from monogram import native
from monogram.networks import natively
assert not native.is_available()
layer, inputs = nn.BatchNorm2d(8), torch.randn(3, 8, 4, 4).to(memory_format=torch.channels_last)
with natively(layer):
    layer(inputs)
print("computed without")
"""


@pytest.mark.skipif(
    not (CAPABLE and platform.machine() == "x86_64" and shutil.which("cc")),
    reason="it is compiled for x86-64 processors with AVX2, by a C compiler",
)
def test_it_is_there_where_it_can_be():
    assert native.is_available()


def test_a_processor_that_it_is_not_compiled_for_does_without():
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "default"}
    done = subprocess.run(
        [sys.executable, "-c", IS_MISSING],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "computed without\n", done.stderr


def test_what_was_compiled_of_other_files_does_not_count(tmp_path):
    """As after an update of the source without an installation."""
    package = Path(native.__file__).parents[1]
    shutil.copytree(package, tmp_path / "monogram", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "monogram" / "native" / "draw.h").open("a") as file:
        file.write("/* another version */")
    done = subprocess.run(
        [sys.executable, "-c", IS_MISSING],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "computed without\n", done.stderr
