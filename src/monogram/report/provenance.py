"""How a study was run, as names and values for the page."""

from collections.abc import Mapping
from shlex import join

from monogram.engine.progress import duration
from monogram.formats import count
from monogram.report.view import View
from monogram.study import Results

Facts = list[tuple[str, str]]


def study_facts(results: Results) -> Facts:
    """What was asked."""
    study, population = results.config["study"], results.population
    protocol = population.protocol
    floor = study.get("min_global_accuracy")
    least = "2 points under the global-only model" if floor is None else f"{floor:g}"
    split = (
        f"{protocol.train:.0%} training, {protocol.validation:.0%} validation, "
        f"{protocol.test:.0%} test; figures are from {protocol.reports_on} data"
    )
    return [
        ("Data", population.name),
        ("Individuals", f"{len(population.individuals):,}, with {population.samples_each}"),
        ("Global data", count(len(population.global_data), "sample")),
        ("Classes", f"{len(population.classes):,}: {', '.join(population.classes)}"),
        ("Inputs", f"{list(population.input_shape)} {population.inputs.dtype}"),
        ("Split", split),
        ("Network", str(study.get("network"))),
        ("Inputs standardised", "yes" if study.get("standardize") else "no"),
        ("Epochs", str(study.get("epochs"))),
        ("Seeds", ", ".join(map(str, study.get("seeds", ())))),
        ("Least global accuracy", least),
        *_recipe_facts(study["recipe"]),
    ]


def _recipe_facts(recipe: Mapping[str, float | None]) -> Facts:
    """The settings of the training; those that are off are left out."""
    said = {name: value for name, value in recipe.items() if value is not None}
    return [(name.replace("_", " ").capitalize(), f"{value:g}") for name, value in said.items()]


def machine_facts(results: Results) -> Facts:
    """What with, and how long it took."""
    environment, study = results.config.get("environment", {}), results.config["study"]
    libraries = environment.get("libraries", {})
    own, shared = _training_seconds(results)
    return [
        ("Command", join(environment.get("command", ()))),
        ("Versions", ", ".join(f"{name} {version}" for name, version in libraries.items())),
        ("Python", str(environment.get("python"))),
        ("Git revision", environment.get("git_revision") or "not a git checkout"),
        ("Machine", f"{environment.get('machine')}, {environment.get('processor_cores')} cores"),
        ("Device", f"{study.get('device')}, {count(study.get('threads') or 1, 'thread')} a worker"),
        ("Models", f"{len(results.rows):,}"),
        ("Own training", f"about {duration(own)}, summed over models"),
        ("Shared training", f"about {duration(shared)}, of what takes longest"),
        ("Judging", f"about {duration(sum(r.evaluation_seconds for r in results.rows))}"),
        ("Data fingerprint", str(study.get("fingerprint"))),
    ]


def curriculum_facts(shown: tuple[View, ...]) -> Facts:
    """Each curriculum by its name and its text form."""
    return [(view.name, view.summary.curriculum) for view in shown]


def _training_seconds(results: Results) -> tuple[float, float]:
    """Of all models after what all share, and of the longest that all share, for all seeds."""
    longest: dict[int, float] = {}
    for row in results.rows:
        longest[row.seed] = max(longest.get(row.seed, 0.0), row.shared_seconds)
    return sum(row.seconds for row in results.rows), sum(longest.values())
