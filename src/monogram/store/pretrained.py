"""Models as folders, in the manner of Hugging Face: config.json and model.safetensors.

A base's folder holds all its tensors, a person's only those that differ from its base's; with
`whole=True` a person's folder holds all of them and needs no base.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from monogram.errors import StoreError, shorten
from monogram.networks import (
    Answers,
    Prepared,
    check_answers,
    filled,
    rebuild,
    with_prior,
)
from monogram.networks.architecture import Factory
from monogram.store.delta import differing
from monogram.store.tensors import digest, from_bytes, to_bytes
from monogram.store.values import BaseModel, PersonalModel, plain

FORMAT = 1
NEEDED = {"kind", "base", "network", "sha256"}  # of a config
FILES = CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


def save_pretrained(
    folder: Path | str,
    base: BaseModel,
    base_weights: Mapping[str, Tensor],
    person: tuple[PersonalModel, Mapping[str, Tensor]] | None = None,
    *,
    whole: bool = False,
    answers: Answers = (),
) -> None:
    """Write a base, or one person's model on it, as `FILES`.

    Args:
        folder: need not exist yet.
        base: what it is.
        base_weights: all its tensors.
        person: a personal model and all its tensors; None: the base itself.
        whole: write all tensors of the person, not only those that differ.
        answers: of the person's whole model.

    Raises:
        StoreError: the folder cannot be written.
    """
    config: dict[str, Any] = {
        "monogram_format": FORMAT,
        "kind": _kind(None if person is None else person[0], whole=whole),
        "network": dict(base.description),
        "classes": list(base.classes),
        "base": base.hash,
        "answers": answers if person is not None and whole else base.answers,
    }
    tensors = dict(base_weights)
    if person is not None:
        model, weights = person
        names = base_weights if whole else differing(base_weights, weights)
        tensors = {name: weights[name] for name in names}
        config["personal"] = plain(model)
    content = to_bytes(tensors, {"base": base.hash})
    config["sha256"] = digest(content)
    text = json.dumps(config, indent=1)
    files = {Path(folder) / WEIGHTS_FILE: content, Path(folder) / CONFIG_FILE: text.encode()}
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for file, written in files.items():
            file.write_bytes(written)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}; choose another folder") from error


def _kind(model: PersonalModel | None, *, whole: bool) -> str:
    """What a folder holds: "base", also of somebody who keeps it, "personal", or "delta"."""
    if model is not None and not whole:
        return "delta"
    return "base" if model is None or model.keeps_base else "personal"


def from_pretrained(
    folder: Path | str, *, base: Path | str | None = None, factory: Factory | None = None
) -> Prepared:
    """The network in a folder, in evaluation mode.

    Args:
        folder: of `save_pretrained`.
        base: the base's folder, for a person's delta.
        factory: makes the bare network, where its name cannot be imported here.

    Raises:
        StoreError: the folder holds no such model, is damaged, or needs another base.
        NetworkError: the network cannot be made.
    """
    config, tensors = _read(Path(folder))
    network = rebuild(config["network"], factory)
    if config["kind"] == "delta":
        if base is None:
            raise StoreError(
                f"{folder} holds what one person's model differs in from base "
                f"{config['base'][:16]}: give that base's folder as `base`"
            )
        base_config, base_tensors = _read(Path(base))
        if base_config["kind"] != "base" or base_config["base"] != config["base"]:
            raise StoreError(
                f"{folder} needs base {config['base'][:16]}; {base} holds another model"
            )
        _filled(network, base_config, base_tensors)
        network.load_state_dict(tensors, strict=False)
        return network
    return _filled(network, config, tensors)


def _filled(
    network: Prepared, config: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> Prepared:
    """The network with the tensors of a folder, checked to compute what it did."""
    about = config["network"]
    filled(network, about["name"], with_prior(tensors, len(network.prior)))
    check_answers(network, about, config.get("answers", ()))
    return network


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        config = json.loads((folder / CONFIG_FILE).read_text("utf-8"))
        content = (folder / WEIGHTS_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise StoreError(f"{shorten(folder, 200)} holds no saved model: {error}") from error
    if not isinstance(config, dict) or config.get("monogram_format") != FORMAT:
        raise StoreError(
            f"{folder / CONFIG_FILE} was not written by this version of save_pretrained"
        )
    lacking = sorted(NEEDED - config.keys())
    if lacking:
        raise StoreError(
            f"{folder / CONFIG_FILE} was changed after it was written: it lacks "
            f"{', '.join(lacking)}; save the model again"
        )
    if digest(content) != config["sha256"]:
        raise StoreError(f"{folder / WEIGHTS_FILE} was changed after it was written; save it again")
    return config, from_bytes(content, str(folder / WEIGHTS_FILE))[0]
