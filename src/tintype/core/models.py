"""What is known of a model file without loading its weights."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tintype.core.families import Family, Prediction, latent_scale
from tintype.core.noise_levels import NoiseSchedule

_SD1_SCALE = latent_scale("sd1")
_SDXL_WIDTH = 768 + 1280  # of CLIP-L and OpenCLIP bigG side by side


ModelKind = Literal[
    "checkpoint",
    "diffusers",
    "lora",
    "vae",
    "embedding",
    "controlnet",
    "upscaler",
    "captioner",
    "face",
    "vae_approx",
    "hypernetwork",
]
"""What a model folder is for; "diffusers" are checkpoints that are folders."""

_ENDINGS = (".safetensors", ".ckpt")  # of checkpoints; a folder's name may have a dot as well


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """What a checkpoint's header says about its networks.

    Attributes:
        input_channels: of the U-Net: 4, or 9 for inpainting, 8 for edit checkpoints.
        context_width: of its text conditioning (SD 1.x: 768).
        family: None where the file is no checkpoint we serve, or cannot be read.
        looks_like: what it is then, in words ("a LoRA, which belongs in models/Lora"); None for
            checkpoints, and for files that cannot be read.
        prediction: what its U-Net answers with.
        noise: the noise it was trained on.
        scale: factor from its autoencoder's latents to those its U-Net works on.
    """

    input_channels: int = 4
    context_width: int = 768
    family: Family | None = None
    looks_like: str | None = None
    prediction: Prediction = "eps"
    noise: NoiseSchedule = field(default_factory=NoiseSchedule)
    scale: float = _SD1_SCALE

    @property
    def is_sdxl(self) -> bool:
        """Of SDXL's family, by the width of its text conditioning; its refiner is not meant."""
        return self.context_width == _SDXL_WIDTH

    @property
    def edit_scale(self) -> float:
        """Factor between latents as encoded and as edit networks want the picture beside them.

        InstructPix2Pix and its relatives see it unscaled; CosXL Edit, which predicts "edm_v", as
        it sees its own.
        """
        return 1.0 if self.prediction == "edm_v" else 1 / self.scale


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A checkpoint on disk: a file, or a folder in the layout of diffusers.

    Attributes:
        name: path below the checkpoint folder, with extension, as A1111 calls it.
        path: where the file is.
        bytes: its size; of a folder that of all its files.
        modified: its modification time, in nanoseconds since 1970; of a folder the newest.
        sha256: hash of the whole file, or of the weights of a folder's U-Net; None while nobody
            has needed it.
        config_path: LDM config beside the file (`<stem>.yaml`), if there is one.
    """

    name: str
    path: Path
    bytes: int
    modified: int
    sha256: str | None = None
    config_path: Path | None = None

    @property
    def version(self) -> tuple[Path, int]:
        """The file as it is now; what is remembered of its contents goes by this."""
        return self.path, self.modified

    @property
    def stem(self) -> str:
        """File name without extension: "Model" in infotext."""
        return model_stem(self.path.name)

    @property
    def shorthash(self) -> str | None:
        """First ten digits of the hash, as A1111 shows it."""
        return None if self.sha256 is None else self.sha256[:10]

    @property
    def title(self) -> str:
        """A1111's title: `name [shorthash]` once hashed."""
        return self.name if self.sha256 is None else f"{self.name} [{self.shorthash}]"

    @property
    def short_title(self) -> str:
        """A1111's short title, as infotext names further checkpoints: `stem [shorthash]`."""
        return self.stem if self.sha256 is None else f"{self.stem} [{self.shorthash}]"

    @property
    def model_name(self) -> str:
        """A1111's `model_name`: the relative path without extension, slashes as underscores."""
        return model_stem(self.name).replace("/", "_").replace("\\", "_")


@dataclass(frozen=True, slots=True)
class VaeRecord:
    """An autoencoder in a file of its own.

    Attributes:
        name: file name with extension, as A1111's option `sd_vae` has it.
        path: where the file is.
        bytes: its size.
        modified: its modification time, in nanoseconds since 1970.
        sha256: hash of the whole file, or None while nobody has needed it.
    """

    name: str
    path: Path
    bytes: int
    modified: int
    sha256: str | None = None

    @property
    def version(self) -> tuple[Path, int]:
        """The file as it is now."""
        return self.path, self.modified

    @property
    def shorthash(self) -> str | None:
        """First ten digits of the hash: "VAE hash" in infotext."""
        return None if self.sha256 is None else self.sha256[:10]


_REAL_ESRGAN = {
    "realesr-general-x4v3": "R-ESRGAN General 4xV3",
    "realesr-general-wdn-x4v3": "R-ESRGAN General WDN 4xV3",
    "realesr-animevideov3": "R-ESRGAN AnimeVideo",
    "RealESRGAN_x4plus": "R-ESRGAN 4x+",
    "RealESRGAN_x4plus_anime_6B": "R-ESRGAN 4x+ Anime6B",
    "RealESRGAN_x2plus": "R-ESRGAN 2x+",
}
A1111_UPSCALERS = {
    **_REAL_ESRGAN,
    "DAT_x2": "DAT x2",
    "DAT_x3": "DAT x3",
    "DAT_x4": "DAT x4",
    "SwinIR_4x": "SwinIR 4x",
}
"""What A1111 calls the upscalers that it brings itself, by the stems of their files."""


@dataclass(frozen=True, slots=True)
class UpscalerRecord:
    """A network that enlarges pictures, on disk.

    Attributes:
        name: A1111's name for it: the file's stem, but for those it brings itself.
        path: where the file is.
        bytes: its size.
        modified: its modification time, in nanoseconds since 1970.
        scale: factor of both sides; 4, which A1111 says of all, where only its family's own
            library could tell.
    """

    name: str
    path: Path
    bytes: int
    modified: int
    scale: int = 4

    @property
    def version(self) -> tuple[Path, int]:
        """The file as it is now."""
        return self.path, self.modified

    @property
    def is_real_esrgan(self) -> bool:
        """One of the six that A1111 lists as Real-ESRGAN's."""
        return self.path.stem in _REAL_ESRGAN

    @property
    def names(self) -> tuple[str, str, str]:
        """What it is known by, the best first."""
        return self.name, self.path.stem, self.path.name


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """A LoRA or one of its relatives on disk.

    Attributes:
        name: file stem, as prompts name it.
        path: where the file is.
        bytes: its size.
        modified: its modification time, in nanoseconds since 1970.
        alias: `ss_output_name` of its metadata, or the name.
        hash: first twelve digits of A1111's hash, or None while nobody has needed it.
    """

    name: str
    path: Path
    bytes: int
    modified: int
    alias: str
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingRecord:
    """A textual inversion on disk: a word of our own for the text encoder.

    Attributes:
        name: file stem, the word that calls it up.
        path: where the file is.
        modified: its modification time, in nanoseconds since 1970.
        vectors: places it takes in a chunk.
        widths: width of its vectors for each text encoder it serves ("clip_l": 768, …).
        hash: first twelve digits of its SHA-256, or None while nobody has needed it.
        step: steps it was trained for, or None where the file does not say.
        sd_checkpoint: A1111's hash of the checkpoint it was trained on, or None.
        sd_checkpoint_name: that one's name, or None.
        is_bundled: it lies in the file of a LoRA, and is known while that one is in use.
    """

    name: str
    path: Path
    modified: int
    vectors: int
    widths: tuple[tuple[str, int], ...]
    hash: str | None = None
    step: int | None = None
    sd_checkpoint: str | None = None
    sd_checkpoint_name: str | None = None
    is_bundled: bool = False

    @property
    def width(self) -> int:
        """Of its vectors, side by side: a checkpoint's text conditioning must be as wide."""
        return sum(columns for _, columns in self.widths)


def model_stem(name: str) -> str:
    """A model's file name without extension; names of folders may have dots in them."""
    ending = next((e for e in _ENDINGS if name.lower().endswith(e)), "")
    return name[: len(name) - len(ending)]
