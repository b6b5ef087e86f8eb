"""What smaller deltas cost in accuracy: the paper's network at full width on real handwriting.

    python -m benchmarks.deltas     needs QMNIST (see `monogram sources`); about ten minutes

A base is trained on D_G; for each writer all weights, and the head alone, are fine-tuned for 20
iterations. Each delta is written by each encoding and read back; accuracies are of the writer's
held-out samples and of 1,000 of D_G's, against the lossless model's.
"""

import json
from dataclasses import replace
from pathlib import Path

import torch

from monogram import Study, load
from monogram.networks import laid_out
from monogram.store import decode, encode
from monogram.store.tensors import size_of
from monogram.training import Feed, Samples, State, as_samples, tally, train

FORMS = ("lossless", "half", "int8", "int4", "topk(0.05)", "lowrank(8)")
KINDS = {"full": "transfer(20)", "head": "global >> personal(20, train=head)"}
WRITERS, GLOBAL_SAMPLES, EPOCHS, GLOBAL_JUDGED = 8, 9_000, 5, 1_000
CPU = torch.device("cpu")


def run() -> dict:
    torch.set_num_threads(1)
    people = load("qmnist", individuals=WRITERS, global_samples=GLOBAL_SAMPLES)
    study = Study(people, tuple(KINDS.values()), network="paper(width=1)", epochs=EPOCHS)
    network = laid_out(study.architecture.build(0))
    shared = as_samples(people, people.global_data.train, CPU)
    (root,) = study.plan().roots
    base = train(network, State.of(network), root.stretch, feed(study, root, shared), study.recipe)
    judged = as_samples(people, people.global_data.test[:GLOBAL_JUDGED], CPU)
    rows = [
        row for node in root.children for row in costs(study, node, base, network, shared, judged)
    ]
    summary = [mean(rows, kind, form) for kind in KINDS for form in FORMS]
    lines = [
        "{kind} {form}: {bytes:.2f} % of the model's bytes, {personal:+.2f} points personal, "
        "{shared:+.2f} points global".format(**one)
        for one in summary
    ]
    return {"rows": rows, "summary": summary, "lines": lines}


def feed(study: Study, node, shared: Samples, own: Samples | None = None) -> Feed:
    return Feed(node.stretch, shared, own, study.recipe.batch_size)


def costs(study: Study, node, base: State, network, shared: Samples, judged: Samples):
    """One writer's accuracies under each encoding, one dictionary for each."""
    people, owner = study.population, node.stretch.owner
    own = as_samples(people, people.individuals[owner].train, CPU)
    start = replace(base, step=0, momentum={})
    end = train(network, start, node.stretch, feed(study, node, shared, own), study.recipe)
    split = people.individuals[owner]
    held_out = as_samples(people, range(split.validation.start, split.test.stop), CPU)
    kind = "head" if node.stretch.phase.train == "head" else "full"
    exact = None
    for form in FORMS:
        delta = encode(base.weights, end.weights, form)
        network.load_state_dict({**base.weights, **decode(base.weights, delta)})
        found = (tally(network, held_out).accuracy, tally(network, judged).accuracy)
        exact = exact or found
        yield {
            "kind": kind,
            "form": form,
            "bytes": 100 * len(delta) / size_of(base.weights),
            "personal": 100 * (found[0] - exact[0]),
            "shared": 100 * (found[1] - exact[1]),
            "accuracy": found,
        }


def mean(rows: list[dict], kind: str, form: str) -> dict:
    some = [row for row in rows if (row["kind"], row["form"]) == (kind, form)]
    figures = ("bytes", "personal", "shared")
    return {"kind": kind, "form": form} | {
        name: sum(row[name] for row in some) / len(some) for name in figures
    }


if __name__ == "__main__":
    figures = run()
    print("\n".join(figures["lines"]))
    out = Path(__file__).parent / "results" / "deltas.json"
    out.write_text(json.dumps(figures, indent=1))
