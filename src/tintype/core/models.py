"""What is known of a model file without loading its weights."""

from dataclasses import dataclass
from pathlib import Path

_SDXL_WIDTH = 768 + 1280  # of CLIP-L and OpenCLIP bigG side by side


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """What a checkpoint's header says about its networks.

    Attributes:
        input_channels: of the U-Net: 4, or 9 for inpainting, 8 for edit checkpoints.
        context_width: of its text conditioning (SD 1.x: 768).
    """

    input_channels: int = 4
    context_width: int = 768

    @property
    def is_sdxl(self) -> bool:
        """Of SDXL's family, by the width of its text conditioning; its refiner is not meant."""
        return self.context_width == _SDXL_WIDTH


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A checkpoint on disk.

    Attributes:
        name: path below the checkpoint folder, with extension, as A1111 calls it.
        path: where the file is.
        bytes: its size.
        modified: its modification time, in nanoseconds since 1970.
        sha256: hash of the whole file, or None while nobody has needed it.
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
        return self.path.stem

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
        return str(Path(self.name).with_suffix("")).replace("/", "_").replace("\\", "_")


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
    """

    name: str
    path: Path
    modified: int
    vectors: int
    widths: tuple[tuple[str, int], ...]
    hash: str | None = None
