"""What every store does, on SQLite and on PostgreSQL alike."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.store.making import (
    DESCRIPTION,
    HEAD,
    KEPT,
    ORIGIN,
    SHAPE,
    add_base,
    changed,
    commit,
    same_tensors,
    small,
    statements,
    weights,
)

from monogram.errors import NetworkError, SettingError, StoreError, UnknownIndividualError
from monogram.networks import laid_out, rebuild
from monogram.store import Attempt, Decision, Entry, Figures, Provenance, Store

IDS = [
    "anna",
    "дмитрий/..",
    "../../etc/passwd",
    "a\0b",
    "lone \ud800",
    "'; DROP TABLE",
    "x" * 10_000,
]
STRATEGIES = {
    "head": HEAD,
    "normalisation": ("network.1.weight", "network.1.running_mean", "network.1.running_var"),
    "counters": ("network.1.num_batches_tracked",),
    "all": tuple(weights()),
}


@pytest.mark.parametrize("names", STRATEGIES.values(), ids=STRATEGIES)
def test_what_is_loaded_is_what_was_trained_bit_for_bit(place, names):
    with Store.create(place) as store:
        base = add_base(store)
        own = commit(store, base, "anna", names)
    with Store.open(place) as again:
        assert same_tensors(again.weights("anna"), own)
        assert same_tensors(dict(again.model("anna").state_dict()), own)
        assert not again.model("anna").training


def test_signs_of_zero_and_nan_payloads_survive(store):
    base = add_base(store)
    own = dict(store.base_weights())
    odd = torch.tensor([0, -(2**31), 0x7FC00001, 0x7F800001], dtype=torch.int32).view(torch.float32)
    name = "network.11.weight"
    own[name] = torch.cat([odd, own[name].reshape(-1)[4:]]).reshape(own[name].shape)
    store.commit("anna", own, base=base.hash, decision=KEPT, provenance=ORIGIN)
    assert same_tensors(store.weights("anna"), own)


def test_everything_known_of_a_model_comes_back(store):
    base = add_base(store, owners=("anna", "ben"))
    origin = Provenance(
        "transfer(20)", 3, "abc", "9.9", "2026-01-01T00:00:00+00:00", settings='{"floor": 0.8}'
    )
    tried = (Attempt("transfer(20)", Figures(0.8)), Attempt("halfway", Figures(0.9, None, 0.7)))
    decision = Decision("backed off", "better than the base: 0.90 > 0.85", tried)
    written = store.commit(
        "anna",
        changed(store.base_weights(), HEAD, 1),
        base=base.hash[:12],
        decision=decision,
        provenance=origin,
        figures=Figures(0.9, float("inf"), 0.7),
        base_figures=Figures(0.85),
        encoding="int8",
    )
    assert store.individual("anna") == written
    assert (written.decision, written.provenance) == (decision, origin)
    assert (written.encoding, written.base, written.version) == ("int8", base.hash, 1)
    assert store.base() == base
    assert base.provenance.global_owners == ("anna", "ben")
    assert base.input_shape == SHAPE


def test_laid_out_as_in_training_a_model_computes_what_the_engine_did(store):
    base = add_base(store)
    own = commit(store, base, "anna", STRATEGIES["all"])
    trained = laid_out(rebuild(DESCRIPTION))
    trained.load_state_dict(own)
    inputs = torch.randn(37, *SHAPE)
    with torch.inference_mode():
        assert torch.equal(laid_out(store.model("anna"))(inputs), trained(inputs))


@pytest.mark.parametrize("settings", ["recipe", "[1]", "3"])
def test_settings_that_are_no_json_object_are_refused(settings):
    with pytest.raises(SettingError, match="settings must be a JSON object"):
        Provenance("transfer(20)", 3, "abc", settings=settings)


def test_versions_count_up_and_old_ones_stay_until_asked(store):
    base = add_base(store)
    first, second, third = (commit(store, base, "anna", HEAD, seed) for seed in (1, 2, 3))
    commit(store, base, "ben", HEAD)
    assert [m.version for m in store.history("anna")] == [1, 2, 3]
    assert same_tensors(store.weights("anna"), third)
    assert same_tensors(store.weights("anna", 1), first)
    assert store.prune("anna", keep=2) == 1
    assert store.compact()
    assert [m.version for m in store.history("anna")] == [2, 3]
    assert same_tensors(store.weights("anna", 2), second)
    with pytest.raises(StoreError, match=r"'anna' has no version 1; it has \[2, 3\]"):
        store.model("anna", 1)
    assert len(store.history("ben")) == 1
    assert store.verify() == []


def test_what_is_known_of_a_model_is_read_without_its_weights(store):
    base = add_base(store)
    commit(store, base, "anna", HEAD)
    commit(store, base, "anna", HEAD, 2)
    with statements(store) as said:
        assert store.individual("anna").version == 2
        assert store.individual("anna", 1).version == 1
    assert not any("content" in statement for statement in said)


def test_who_keeps_the_base_has_a_row_without_tensors(store):
    base = add_base(store)
    model = store.commit(
        "anna", None, base=base.hash, decision=Decision("base", "3 samples"), provenance=ORIGIN
    )
    assert model.keeps_base
    assert store.individual("anna").decision.reason == "3 samples"
    assert same_tensors(store.weights("anna"), dict(store.base_weights()))
    store.commit("ben", weights(0), base=base.hash, decision=KEPT, provenance=ORIGIN)
    assert store.individual("ben").size == 0
    assert store.verify() == []


def test_ids_are_any_text_but_empty(store):
    base = add_base(store)
    for seed, id_ in enumerate(IDS):
        commit(store, base, id_, HEAD, seed)
    assert sorted(store.individuals()) == sorted(IDS)
    assert [m.individual for m in store.models()] == store.individuals()
    assert all(id_ in store for id_ in IDS)
    assert store.verify() == []
    for seed, id_ in enumerate(IDS):
        expected = changed(dict(store.base_weights()), HEAD, seed)
        assert same_tensors(store.weights(id_), expected)
    with pytest.raises(StoreError, match="must not be empty"):
        commit(store, base, "", HEAD)


def test_an_unknown_id_is_an_error_that_names_it_and_its_like(store):
    base = add_base(store)
    commit(store, base, "anna-17", HEAD)
    for use in (store.model, store.weights, store.individual, store.history, store.forget):
        with pytest.raises(UnknownIndividualError, match=r"'anna17'; similar: 'anna-17'"):
            use("anna17")
    with pytest.raises(UnknownIndividualError, match="'bob'"):
        store.predict(["anna-17", "bob"], torch.zeros(2, *SHAPE))


def test_all_of_a_transaction_or_none(store):
    base = add_base(store)
    own = changed(store.base_weights(), HEAD, 1)
    good = Entry("anna", own, base.hash, KEPT, ORIGIN)
    bad = Entry("ben", {"other": torch.zeros(1)}, base.hash, KEPT, ORIGIN)
    with pytest.raises(StoreError, match="not of the base's network"):
        store.commit_all([good, bad])
    assert len(store) == 0
    assert [m.version for m in store.commit_all([good, good])] == [1, 2]


def test_weights_of_another_shape_or_type_are_refused(store):
    base = add_base(store)
    own = dict(store.base_weights())
    own["network.11.bias"] = torch.zeros(4)
    with pytest.raises(StoreError, match=r"network.11.bias is torch.float32 \[4\]"):
        store.commit("anna", own, base=base.hash, decision=KEPT, provenance=ORIGIN)


def test_a_personal_model_cannot_claim_other_peoples_data(store):
    base = add_base(store)
    origin = Provenance("transfer(20)", 0, "f", global_owners=("ben",))
    with pytest.raises(StoreError, match="belong to its base"):
        store.commit("anna", None, base=base.hash, decision=KEPT, provenance=origin)


def test_the_same_base_is_kept_once_and_the_latest_is_the_default(store):
    first, second = add_base(store), add_base(store, seed=1)
    assert add_base(store).hash == first.hash
    assert [b.hash for b in store.bases()] == [first.hash, second.hash]
    assert store.base().hash == second.hash
    with pytest.raises(StoreError, match="0 bases named 'none'"):
        store.base("none")
    with pytest.raises(StoreError, match="0 bases"):
        store.commit("anna", None, base="none", decision=KEPT, provenance=ORIGIN)


def test_an_empty_store_says_that_it_has_no_base(store):
    with pytest.raises(StoreError, match="no base yet"):
        store.base_model()


def test_a_store_is_not_made_twice(place):
    with Store.create(place) as store:
        add_base(store)
    with pytest.raises(StoreError, match="holds a store already"):
        Store.create(place)
    with Store.open(place, create=True) as again:
        assert len(again.bases()) == 1


def test_nothing_is_made_by_opening(tmp_path):
    with pytest.raises(StoreError, match="there is no store at"):
        Store.open(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "text.db").write_text("not a database at all")
    with pytest.raises(StoreError, match="no SQLite database"):
        Store.open(tmp_path / "text.db", create=True)
    with pytest.raises(StoreError, match="a store is an SQLite file"):
        Store.open("mysql://localhost/x")


def test_a_server_that_is_not_there_is_said_so_without_the_password():
    with pytest.raises(StoreError, match="check the address") as caught:
        Store.open("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_a_network_without_a_name_needs_its_factory(store):
    nameless = {**DESCRIPTION, "name": "__main__:small"}
    base = store.add_base(nameless, ["a", "b", "c"], weights(), provenance=ORIGIN)
    own = commit(store, base, "anna", HEAD)
    with pytest.raises(NetworkError, match=r"package\.module:factory, or give `factory`"):
        store.model("anna")
    assert same_tensors(dict(store.model("anna", factory=small).state_dict()), own)
    assert store.predict(["anna"], torch.zeros(1, *SHAPE), factory=small).shape == (1, 3)


def test_a_model_is_the_callers_own(store):
    base = add_base(store)
    own = commit(store, base, "anna", HEAD)
    with torch.no_grad():
        for parameter in store.model("anna").parameters():
            parameter.zero_()
    assert same_tensors(dict(store.model("anna").state_dict()), own)
    assert same_tensors(dict(store.base_model().state_dict()), weights())


def test_prune_keeps_something(store):
    base = add_base(store)
    commit(store, base, "anna", HEAD)
    with pytest.raises(SettingError, match="forget"):
        store.prune("anna", keep=0)


def test_another_process_predicts_the_same(place, tmp_path):
    inputs = torch.randn(4, *SHAPE)
    with Store.create(place) as store:
        base = add_base(store)
        commit(store, base, "anna", tuple(weights()))
        expected = store.model("anna")(inputs)
    torch.save(inputs, tmp_path / "inputs.pt")
    code = (
        "import sys, torch; from monogram.store import Store; "
        "x = torch.load(sys.argv[2], weights_only=True); "
        "y = Store.open(sys.argv[1]).model('anna')(x); "
        "torch.save(y.detach(), sys.argv[3])"
    )
    out = tmp_path / "out.pt"
    command = [sys.executable, "-c", code, place, str(tmp_path / "inputs.pt"), str(out)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=120)
    assert torch.equal(torch.load(out, weights_only=True), expected)
