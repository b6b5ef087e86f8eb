"""What holds for every named source, and the errors of `load`."""

import pytest

from monogram.datasets import SOURCES, load
from monogram.errors import DataError, SettingError


def test_names_are_the_sources_own():
    assert {name: source.name for name, source in SOURCES.items()} == {n: n for n in SOURCES}
    assert list(SOURCES) == ["watch", "digits", "fashion-mnist", "qmnist", "nist-sd19"]
    assert {source.kind for source in SOURCES.values()} == {"class counts", "hidden factors"}
    assert [name for name, source in SOURCES.items() if source.bundled] == ["watch", "digits"]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match=r"'wach'; did you mean 'watch'\? The sources are watch, d"):
        load("wach")
    with pytest.raises(DataError, match="The sources are"):
        load("😀" * 1000)


def test_a_file_in_place_of_a_name_is_told_where_to_give_it(tmp_path):
    (tmp_path / "people.parquet").touch()
    with pytest.raises(DataError, match="data of your own: give it with --data"):
        load(str(tmp_path / "people.parquet"))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("watch", {"part": "nist"}, "watch has no part 'nist'; it has no parts"),
        ("qmnist", {"part": "test"}, "its parts are train, nist"),
        ("digits", {"global_samples": 10}, "digits's global data is fixed"),
        ("qmnist", {"global_samples": 0}, "0 global samples were asked for"),
        ("watch", {"individuals": 7}, "7 individuals were asked for; its data allows 1 to 6"),
        ("watch", {"individuals": 0}, "0 individuals were asked for"),
        ("digits", {"individuals": 11}, "its data allows 1 to 10"),
    ],
)
def test_options_out_of_range(name, options, message):
    with pytest.raises(SettingError, match=message):
        load(name, **options)


@pytest.mark.parametrize("name", ["watch", "digits"])
def test_the_bundled_sources_load_by_themselves(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MONOGRAM_DATA", str(tmp_path))
    population = load(name)
    assert len(population.individuals) == SOURCES[name].individuals
    assert not population.set_aside
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["fashion-mnist", "qmnist"])
def test_the_published_sources_load(name, published):
    population = load(name, data_dir=published)
    assert len(population.individuals) == 50
    assert len(population.global_data) == 30_000
    assert population.input_shape == (1, 32, 32)
    assert population.inputs.dtype == "uint8"
    assert not population.set_aside
