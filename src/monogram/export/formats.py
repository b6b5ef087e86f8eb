"""Writing a network in one format, and reading it back as something that can be run.

ONNX needs the extra `export` (onnx, onnxscript, onnxruntime); the others need nothing more.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from monogram.errors import SettingError
from monogram.networks.architecture import Factory
from monogram.networks.example import example_inputs
from monogram.store import CONFIG_FILE, ONNX_FILE, PROGRAM_FILE, WEIGHTS_FILE, from_pretrained

Runnable = Callable[[Tensor], Tensor]
ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
EXPORTERS = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir", "onnxruntime")


@dataclass(frozen=True, eq=False)
class Subject:
    """What is exported.

    Attributes:
        description: of the network, as a store keeps it.
        model: in evaluation mode.
        save: writes it into a folder as Monogram reads it back.
        factory: makes the bare network, where its name cannot be imported here.
    """

    description: Mapping[str, Any]
    model: nn.Module
    save: Callable[[Path], None]
    factory: Factory | None = None

    @property
    def example(self) -> Tensor:
        """Inputs [3, *shape] to trace the network with."""
        return example_inputs(self.description, self.model.state_dict(), 3)


@dataclass(frozen=True)
class Format:
    """One way to write a network.

    Attributes:
        files: what is written into the folder; the first one is the network.
        write: writes them.
        read: gives what runs them.
    """

    files: tuple[str, ...]
    write: Callable[[Subject, Path], None]
    read: Callable[[Subject, Path], Runnable]


def write_pretrained(subject: Subject, folder: Path) -> None:
    """All tensors as safetensors, and `config.json` with what is needed to make the network."""
    subject.save(folder)


def read_pretrained(subject: Subject, folder: Path) -> Runnable:
    """The network that `monogram.store.from_pretrained` makes of them."""
    return from_pretrained(folder, factory=subject.factory)


def write_onnx(subject: Subject, folder: Path) -> None:
    """One ONNX file with any number of samples, its input named `inputs`, its output `logits`.

    Raises:
        SettingError: a package is missing.
    """
    _require(*ONNX_PACKAGES)
    with _quiet():
        program = torch.onnx.export(
            subject.model,
            (subject.example,),
            dynamo=True,
            input_names=["inputs"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )
        if program is None:
            raise RuntimeError("the exporter gave nothing")
        program.save(folder / ONNX_FILE, external_data=False)


def read_onnx(_: Subject, folder: Path) -> Runnable:
    """The file in onnxruntime, on the processor."""
    runtime = import_module("onnxruntime")
    session = runtime.InferenceSession(str(folder / ONNX_FILE), providers=["CPUExecutionProvider"])

    def run(inputs: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"inputs": inputs.numpy()})[0])

    return run


def write_program(subject: Subject, folder: Path) -> None:
    """A `torch.export` program with any number of samples."""
    with _quiet():
        program = torch.export.export(
            subject.model,
            (subject.example,),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
        torch.export.save(program, folder / PROGRAM_FILE)


def read_program(_: Subject, folder: Path) -> Runnable:
    """The program as a module."""
    with _quiet():
        run: Runnable = torch.export.load(folder / PROGRAM_FILE).module()
    return run


WAYS: Mapping[str, Format] = {
    "safetensors": Format((WEIGHTS_FILE, CONFIG_FILE), write_pretrained, read_pretrained),
    "onnx": Format((ONNX_FILE,), write_onnx, read_onnx),
    "torch-export": Format((PROGRAM_FILE,), write_program, read_program),
}


def _require(*packages: str) -> None:
    for package in packages:
        try:
            import_module(package)
        except ImportError as error:
            raise SettingError(
                f"this format needs the package {package}, which is not installed; run: pip "
                "install 'monogram[export]'"
            ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporters tell their maintainers much that a user can do nothing about."""
    levels = {name: logging.getLogger(name).level for name in EXPORTERS}
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
