"""The dtype measurement: made once, remembered, and never a reason to fail."""

import json

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model import speed  # noqa: E402


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_COSYNTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(speed, "_SIDE", 16)
    return tmp_path / "cache" / "dtype.json"


@pytest.fixture
def network(make_unet):
    """Makes a network and counts how often it was asked to."""

    class Maker:
        made = 0

        def __call__(self):
            self.made += 1
            return make_unet()

    return Maker()


def test_the_second_call_remembers(network, cache):
    first = speed.fastest_dtype(network, "cpu", "tiny")
    assert first in ("float32", "bfloat16") and network.made == 1
    assert speed.fastest_dtype(network, "cpu", "tiny") == first and network.made == 1
    assert list(json.loads(cache.read_text(encoding="utf-8")).values()) == [first]


@pytest.mark.parametrize("seconds, dtype", [((1, 0.5), "bfloat16"), ((1, 0.95), "float32"), ((1, 2), "float32")])
def test_bfloat16_only_where_it_is_clearly_faster(network, monkeypatch, seconds, dtype):
    times = dict(zip(("float32", "bfloat16"), seconds, strict=True))
    monkeypatch.setattr(speed, "_seconds", lambda network, device, name: times[str(name).removeprefix("torch.")])
    monkeypatch.setattr(speed.torch, "float32", "float32", raising=False)
    monkeypatch.setattr(speed.torch, "bfloat16", "bfloat16", raising=False)
    assert speed.fastest_dtype(network, "cpu", "tiny") == dtype


def test_each_network_and_thread_count_is_measured_for_itself(network, monkeypatch):
    monkeypatch.setattr(speed, "_seconds", lambda *_: 1.0)
    speed.fastest_dtype(network, "cpu", "one")
    speed.fastest_dtype(network, "cpu", "two")
    assert network.made == 2
    threads = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    speed.fastest_dtype(network, "cpu", "one")
    assert network.made == 3


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"x": 3}'])
def test_a_damaged_cache_is_measured_anew(network, cache, text):
    cache.parent.mkdir()
    cache.write_text(text, encoding="utf-8")
    speed.fastest_dtype(network, "cpu", "tiny")
    speed.fastest_dtype(network, "cpu", "tiny")
    assert network.made == 1


def test_a_value_that_is_no_dtype_is_not_believed(network, cache):
    speed.fastest_dtype(network, "cpu", "tiny")
    (digest,) = json.loads(cache.read_text(encoding="utf-8"))
    cache.write_text(json.dumps({digest: "float8"}), encoding="utf-8")
    assert speed.fastest_dtype(network, "cpu", "tiny") in ("float32", "bfloat16")


def test_a_cache_folder_that_cannot_be_made_is_survived(network, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("NAPARI_COSYNTH_CACHE", str(tmp_path / "file" / "below"))
    assert speed.fastest_dtype(network, "cpu", "tiny") in ("float32", "bfloat16")


def test_a_full_disk_is_survived_and_leaves_nothing(network, monkeypatch, cache):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(speed.os, "replace", full)
    assert speed.fastest_dtype(network, "cpu", "tiny") in ("float32", "bfloat16")
    assert list(cache.parent.iterdir()) == []


def test_the_cache_lies_where_the_system_wants_it(monkeypatch, tmp_path):
    monkeypatch.delenv("NAPARI_COSYNTH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert speed.cache_file() == tmp_path / "napari-cosynth" / "dtype.json"
