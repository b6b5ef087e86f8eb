"""Studies for the tests of stacks and of who is in one, and running their engine alone."""

from dataclasses import replace

from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.engine import Display, execute, layout, read_journal
from monogram.population import save_population
from monogram.study import Study

PEOPLE = {"anna": 70, "ben": 45, "cleo": 12, "dora": 44, "emil": 70, "fay": 33, "gil": 3, "hal": 2}
CURRICULA = (
    "baseline",
    "union >> personal(4)",
    "early-shaping(5)",
    "sample-weighting(2)",
    "transfer(4)",
    "transfer(15)",
    "global >> mixed(1/2, iterations=6, decay=0.1, decay_at=0.5)",
    "global >> personal(4, train=head)",
    "head-then-all(3)",
    "global >> prior >> personal(epochs=2)",
    "transfer(9) >> blend",
    "global >> personal(4, runs=3) >> personal(2)",
    "global >> mixed(2, iterations=4, decay=0.1, decay_at=0.5, runs=2)",
    "global >> personal(9, pull=0.1) >> blend(0.3)",
    "global >> prior(5)",
)


def make_study(network, curricula=CURRICULA, population=None, **options):
    """Batches of 8, which most people fill and some do not."""
    recipe = Recipe(batch_size=8, clip_norm=options.pop("clip_norm", None))
    people = make_population(PEOPLE, shared=60) if population is None else population
    return Study(people, curricula, network=network, epochs=2, recipe=recipe, **options)


def run(study, folder, engine, **options):
    """Rows by identity, and what did not work."""
    layout.prepare(folder)
    save_population(study.population, layout.population(folder))
    job = replace(study.job(folder), engine=engine, **options.pop("job", {}))
    failures = execute(study.plan(), job, study.population, **options)
    rows = read_journal(layout.journal(folder))
    return {row.identity: row for row in rows}, failures


class Listening(Display):
    """Keeps what is said."""

    def __init__(self):
        super().__init__(quiet=True)
        self.heard = []

    def say(self, text):
        self.heard.append(text)
