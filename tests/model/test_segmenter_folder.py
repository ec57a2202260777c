"""Saving the segmenter, and finding it again."""

import json

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.model.segmenter import Segmenter  # noqa: E402
from napari_cosynth.model.segmenter_folder import load_segmenter, save_segmenter  # noqa: E402


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Segmenter(taxonomy=BUNDLED.model_dump(mode="json"), channels=(8, 16), threshold=0.4, depth=0.2).eval()


def test_round_trip(network, tmp_path):
    (tmp_path / "README.md").write_text("card")
    save_segmenter(network, tmp_path)
    again = load_segmenter(tmp_path)
    assert again.taxonomy == BUNDLED and (again.config.threshold, again.config.depth) == (0.4, 0.2)
    assert again.dtype == network.dtype == torch.float32 and not again.training
    image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for before, after in zip(network(image), again(image), strict=True):
        torch.testing.assert_close(before, after, atol=0.02, rtol=0.02)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {"README.md", "config.json", "diffusion_pytorch_model.safetensors"}
    assert (tmp_path / "README.md").read_text() == "card"


def test_what_is_missing_or_foreign_is_named(network, tmp_path):
    with pytest.raises(FileNotFoundError, match="config.json is not there"):
        load_segmenter(tmp_path)
    save_segmenter(network, tmp_path / "run" / "model")
    with pytest.raises(FileNotFoundError, match=r"config.json is not there; the segmenter of this run is .*run.model"):
        load_segmenter(tmp_path / "run")
    save_segmenter(network, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"_class_name": "UNet2DModel"}))
    with pytest.raises(ValueError, match="describes a UNet2DModel"):
        load_segmenter(tmp_path)
    (tmp_path / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="safetensors is not there"):
        load_segmenter(tmp_path)
