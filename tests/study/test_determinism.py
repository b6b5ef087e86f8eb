"""The same numbers however a study is run: workers, order, company, seeds, interruptions."""

import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from tests import nets
from tests.holding import held
from tests.people import PEOPLE, make_population

from monogram.curriculum import Recipe, parse
from monogram.engine import Display, read_journal, read_points
from monogram.errors import DataError, RunError
from monogram.study import Results, Study
from monogram.study.study import resume

ROOT = Path(__file__).parents[2]
TIMES = ("seconds", "shared_seconds", "evaluation_seconds")
CURRICULA = (
    "baseline",
    "early-shaping(5)",
    "sample-weighting(2)",
    "transfer(4)",
    "transfer(15)",
    "global >> mixed(2, iterations=6)",
    "global >> personal(4, train=head)",
    "global >> personal(5, runs=3)",
)


def make_study(population=None, **options):
    """The study that all tests here run, with the network given by name as a user would."""
    settings: dict[str, Any] = {"network": "tests.nets:Deadly", "curricula": CURRICULA}
    settings |= {"epochs": 2, "recipe": Recipe(batch_size=8)}
    return Study(population or make_population(), **(settings | options))


def numbers(results):
    """Everything but the times, by model."""
    return {
        row.identity: {k: v for k, v in row.as_dict().items() if k not in TIMES}
        for row in results.rows
    }


def curves(folder):
    """The points of all learning curves."""
    return read_points(folder / "curves")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run in one go."""
    folder = tmp_path_factory.mktemp("reference")
    make_study().run(folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def reference(finished):
    return numbers(Results.open(finished))


def test_two_workers_give_the_numbers_of_one(reference, finished, tmp_path):
    assert numbers(make_study().run(tmp_path, workers=2)) == reference
    assert curves(tmp_path) == curves(finished)


def test_the_order_of_the_individuals_does_not_matter(reference, tmp_path):
    reversed_ = make_population(dict(reversed(PEOPLE.items())))
    assert numbers(make_study(reversed_).run(tmp_path, workers=1)) == reference


def test_who_else_is_there_does_not_matter(reference, tmp_path):
    few = make_population().only(["anna", "cleo", "дмитрий/.."])
    rows = numbers(make_study(few).run(tmp_path, workers=1))
    assert {individual for _, individual, _ in rows} == set(few.individuals)
    changed = [identity for identity in rows if rows[identity] != reference[identity]]
    assert len(changed) == 1
    assert parse(changed[0][0]).on_other


def test_the_other_seeds_do_not_matter(reference, tmp_path):
    rows = numbers(make_study(seeds=(7, 0)).run(tmp_path, workers=1))
    assert len(rows) == 2 * len(reference)
    assert {identity: rows[identity] for identity in reference} == reference
    others = {identity: row for identity, row in rows.items() if identity[2] == 7}
    assert [row["global_loss"] for row in others.values()] != [
        row["global_loss"] for row in reference.values()
    ]


def test_other_curricula_do_not_matter(reference, tmp_path):
    rows = numbers(make_study(curricula=["transfer(15)"]).run(tmp_path, workers=1))
    assert rows.items() <= reference.items()


def test_a_study_that_is_finished_trains_nothing_again(tmp_path):
    some = {"curricula": ["transfer(1)", "personal(1) >> global"], "epochs": 1}
    before = make_study(**some).run(tmp_path, workers=1)
    nets.Deadly.passes = 0
    said = StringIO()
    display = Display(console=Console(file=said))
    again = make_study(**some).run(tmp_path, workers=1, display=display)
    assert numbers(again) == numbers(before)
    assert nets.Deadly.passes == 1  # the network was tried out
    models = len(before.rows)
    assert f"{models} of {models} models finished before" in said.getvalue()


# --- Interruptions -----------------------------------------------------------------------


def run_until_killed(folder, at_pass, checkpoint_seconds):
    """Run in a process of its own that is killed (signal 9) at a training pass."""
    code = (
        "from tests.study.test_determinism import make_study; "
        f"make_study().run({str(folder)!r}, workers=1, checkpoint_seconds={checkpoint_seconds})"
    )
    environment = os.environ | {"DIE_AT_PASS": str(at_pass), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert ended.returncode == -9


@pytest.mark.parametrize("at_pass", [4, 150], ids=["in the trunk", "in a branch"])
def test_a_killed_study_goes_on_from_its_last_step(at_pass, reference, finished, tmp_path):
    run_until_killed(tmp_path, at_pass, checkpoint_seconds=0)
    assert not (tmp_path / "results.parquet").exists()
    assert 0 < len(curves(tmp_path)) < len(curves(finished))
    nets.Deadly.passes = 0
    assert numbers(make_study().run(tmp_path, workers=1)) == reference
    tried_out, unfinished = 1, 1
    steps_before = at_pass - tried_out - unfinished
    assert nets.Deadly.passes == tried_out + make_study().plan().steps - steps_before
    assert curves(tmp_path) == curves(finished)
    assert not (tmp_path / "checkpoints").exists()


def test_a_study_killed_without_checkpoints_loses_one_individual_at_most(
    reference, finished, tmp_path
):
    run_until_killed(tmp_path, 120, checkpoint_seconds=1000)
    assert 0 < len(read_journal(tmp_path / "journal")) < len(reference)
    assert numbers(make_study().run(tmp_path, workers=1)) == reference
    assert curves(tmp_path) == curves(finished)


@pytest.mark.slow
def test_a_killed_worker_ends_the_run_which_can_go_on(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("DIE_AT_PASS", "20")
    monkeypatch.setattr(nets.Deadly, "passes", 1_000_000)  # here nobody dies
    monkeypatch.setattr(nets.Deadly, "pause", 0.1)  # nor is all done before others have begun
    with pytest.raises(RunError, match="a worker process ended without an answer"):
        make_study().run(tmp_path, workers=2, checkpoint_seconds=0)
    monkeypatch.delenv("DIE_AT_PASS")
    monkeypatch.setattr(nets.Deadly, "pause", 0.0)
    assert numbers(make_study().run(tmp_path, workers=1)) == reference


# --- The run directory -------------------------------------------------------------------


def test_a_second_process_is_refused(tmp_path):
    with held(tmp_path), pytest.raises(RunError, match="another process is running"):
        make_study().run(tmp_path, workers=1)
    make_study(curricula=["transfer(1)"]).run(tmp_path, workers=1)  # the dead hold nothing


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"epochs": 3}, "epochs: 2 there, 3 now"),
        ({"seeds": (1,)}, "seeds: only there: 0; only now: 1"),
        ({"curricula": ["transfer(5)"]}, "curricula: "),
        ({"recipe": Recipe(batch_size=4)}, r"recipe: batch_size 8 there, 4 now\)"),
        (
            {"population": make_population(shared=48)},
            r"the data: \w{8} there, \w{8} now; the network\'s first weights",
        ),
        ({"population": make_population().only(["anna", "ben"])}, "individuals: only there: "),
    ],
    ids=["epochs", "seeds", "curricula", "recipe", "data", "individuals"],
)
def test_another_study_in_the_same_directory_is_refused(other, named, tmp_path):
    make_study(curricula=["transfer(1)"]).run(tmp_path, workers=1)
    with pytest.raises(RunError, match=named):
        make_study(**({"curricula": ["transfer(1)"]} | other)).run(tmp_path, workers=1)


def test_damaged_data_are_written_again_before_anything_is_trained(reference, tmp_path):
    run = tmp_path / "run"
    make_study().begin(run)
    inputs = np.load(run / "population" / "inputs.npy", mmap_mode="r+")
    inputs[:] = 0
    inputs.flush()
    assert numbers(make_study().run(run, workers=1)) == reference


@pytest.mark.parametrize("line", ["[]", "{}", '{"curriculum": 1}', "nonsense"])
def test_a_damaged_line_of_the_journal_is_named(finished, tmp_path, line):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    file = next((run / "journal").glob("*.jsonl"))
    file.write_text(f"{line}\n{file.read_text()}")
    with pytest.raises(RunError, match=rf"{file}, line 1 is damaged; delete the line"):
        Results.open(run)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", '{"format": 2}', "lacks what was asked"),
        ("config.json", "{", "holds no run"),
        ("population/population.json", '{"format": 1}', "population.json is damaged"),
    ],
)
def test_damaged_settings_and_indices_are_named(finished, tmp_path, name, content, said):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    (run / name).write_text(content)
    with pytest.raises((RunError, DataError), match=said):
        resume(run)


def test_a_directory_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match=r"is not empty and holds no run \(found thesis.tex\)"):
        make_study().run(tmp_path, workers=1)
    assert [file.name for file in tmp_path.iterdir() if file.name != ".lock"] == ["thesis.tex"]


# --- A full disk -------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system in memory, and what gives it another size; needs the right to mount."""

    def mount(kilobytes, *more):
        options = f"size={kilobytes}k{','.join(['', *more])}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    if not (sys.platform == "linux" and os.geteuid() == 0 and mount(8)):
        pytest.skip("file systems cannot be mounted here")
    yield tmp_path, lambda kilobytes: mount(kilobytes, "remount")
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_ends_the_run_which_can_go_on_when_there_is_room(reference, small_disk):
    folder, resize = small_disk
    complaints = []
    for kilobytes in (*range(8, 64, 4), *range(64, 256, 16), 10_000):
        assert resize(kilobytes)
        try:
            results = make_study().run(folder / "run", workers=1, checkpoint_seconds=0)
        except OSError as error:
            complaints.append(str(error))
        else:
            assert numbers(results) == reference
            break
    assert len(complaints) > 3
    assert all("No space left" in complaint for complaint in complaints), complaints
