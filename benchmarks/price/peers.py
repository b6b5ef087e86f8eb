"""Who else does the work: Flower's simulation, and Apple's pfl.

What a side needs before the first person (processes, data and the base in them) is not timed. A
peer that is not installed is left out.
"""

import importlib.util
import logging
import os
import socket
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from typing import Any

import torch

from benchmarks.price.sides import Accuracies, Do
from benchmarks.price.textbook import Textbook
from monogram.engine.machine import cores

CORES = cores()
POLL = 0.1  # seconds between looks whether Flower's nodes are there

_users: Any = None


@contextmanager
def in_flower(textbook: Textbook) -> Iterator[Do]:
    """A client of Flower's simulation for each person, one for each core at a time.

    Everybody is a node, and a call is a round of one message to each of some nodes, which its
    client answers with the accuracies of the textbook loop. One simulation stays open for all
    rounds: its actors have the data and the base before the first. It has a process of its own,
    because a process can be in one cluster of Ray only, and its actors keep all cores of theirs.

    Timed with a round: up to 0.2 seconds, however many people, in which Flower's two queues wait
    for their next look.
    """
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_simulate, args=(there, textbook))
    process.start()
    there.close()
    try:
        do = partial(_ask, here)
        do(list(textbook.individuals)[: 4 * CORES])
        yield do
    finally:
        here.close()
        process.join()


def _ask(simulation: Connection, individuals: Sequence[str]) -> Accuracies:
    simulation.send(list(individuals))
    found: Accuracies = simulation.recv()
    return found


def _simulate(asked: Connection, textbook: Textbook) -> None:
    """Run the simulation until nobody can ask any more."""
    os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
    # Not everybody has them, and Flower reads the above when it is imported.
    import ray  # noqa: PLC0415
    from flwr.clientapp import ClientApp  # noqa: PLC0415
    from flwr.serverapp import ServerApp  # noqa: PLC0415
    from flwr.simulation import run_simulation  # noqa: PLC0415

    ray.init(num_cpus=CORES, include_dashboard=False, log_to_driver=False)
    logging.getLogger("flwr").setLevel(logging.ERROR)  # it would rather be run by its own command
    client, server = ClientApp(), ServerApp()
    client.train()(partial(_answer, ray.put(textbook)))
    server.main()(partial(_serve, asked, len(textbook.individuals)))
    one_core = {"num_cpus": 1, "num_gpus": 0.0}
    run_simulation(
        server, client, len(textbook.individuals), backend_config={"client_resources": one_core}
    )


def _serve(asked: Connection, people: int, grid: Any, context: Any) -> None:  # noqa: ARG001
    """What Flower calls its server: a round for each question."""
    while len(nodes := list(grid.get_node_ids())) < people:
        time.sleep(POLL)
    with suppress(EOFError):
        while True:
            asked.send(_round(grid, nodes, asked.recv()))


def _round(grid: Any, nodes: Sequence[int], individuals: Sequence[str]) -> Accuracies:
    """A message to each person's node, and all answers."""
    from flwr.app import ConfigRecord, Message, MessageType, RecordDict  # noqa: PLC0415

    who = dict(zip(nodes, individuals, strict=False))
    answers = grid.send_and_receive(
        Message(RecordDict({"who": ConfigRecord({"id": id_})}), node, MessageType.TRAIN)
        for node, id_ in who.items()
    )
    found = {who[answer.metadata.src_node_id]: answer.content["found"] for answer in answers}
    return {id_: (record["personal"], record["global"]) for id_, record in found.items()}


def _answer(textbook: Any, message: Any, context: Any) -> Any:  # noqa: ARG001
    """What Flower calls a client: a person's work, asked for by message."""
    from flwr.app import Message, MetricRecord, RecordDict  # noqa: PLC0415

    torch.set_num_threads(1)
    personal, shared = _kept(textbook).of(message.content["who"]["id"])
    found = MetricRecord({"personal": personal, "global": shared})
    return Message(RecordDict({"found": found}), reply_to=message)


@cache
def _kept(textbook: Any) -> Textbook:
    """What Ray's store has, fetched once by each process."""
    import ray  # noqa: PLC0415

    found: Textbook = ray.get(textbook)
    return found


@contextmanager
def in_pfl(textbook: Textbook) -> Iterator[Do]:
    """A user of pfl for each person: its own training and judging, in a process for each core.

    The processes are the workers of one simulation, with one thread each; pfl deals users out to
    them. They have the data and the base before the first call, which is one cohort.
    """
    addresses = ",".join([f"localhost:{_free_port()}"] * CORES)
    spawn = get_context("spawn")
    with ExitStack() as opened:
        workers = [
            opened.enter_context(
                ProcessPoolExecutor(1, spawn, _join, (str(rank), addresses, textbook))
            )
            for rank in range(CORES)
        ]

        def do(individuals: Sequence[str]) -> Accuracies:
            parts = [worker.submit(_cohort, list(individuals)) for worker in workers]
            return {id_: found for part in parts for id_, found in part.result().items()}

        do(list(textbook.individuals)[: 4 * CORES])
        yield do


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        port: int = listening.getsockname()[1]
    return port


def _join(rank: str, addresses: str, textbook: Textbook) -> None:
    """Become a worker of pfl, once all others do."""
    global _users  # noqa: PLW0603 - a process works for one textbook
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "`torch.distributed.reduce_op`", FutureWarning)
    os.environ["PFL_WORKER_RANK"], os.environ["PFL_WORKER_ADDRESSES"] = rank, addresses
    current_process().name = "MainProcess"  # others are no workers to pfl
    from benchmarks.price.users import Users  # noqa: PLC0415 - joins when imported

    _users = Users(textbook)


def _cohort(individuals: Sequence[str]) -> Accuracies:
    found: Accuracies = _users.accuracies(individuals)
    return found


def _installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


SIDES: Mapping[str, Any] = {
    **({"Flower, a client per person": in_flower} if _installed("flwr", "ray") else {}),
    **({"pfl, a user per person": in_pfl} if _installed("pfl") else {}),
}
