"""Keeping the pictures of an answer on disk, where and as A1111's options say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from tintype.core.requests import Plan
from tintype.core.samplers import find_sampler
from tintype.imagestore import DiskImages, Kept, Naming, Place, filled, outdir, safe_folders
from tintype.prompt import without_comments
from tintype.server.sdapi.answering.encoding import Files, way_of, written
from tintype.server.sdapi.answering.finished import Finished
from tintype.server.sdapi.answering.pages import Beside, Page, Picture
from tintype.server.sdapi.asking.fields import Img2ImgBody
from tintype.server.sdapi.asking.work import Lines, Pictures, Turns

if TYPE_CHECKING:
    from PIL import Image

_MIB = 2**20
_JPEGS = ("jpg", "jpeg")
_INIT_DIGITS = 32
_WISHES: Mapping[Beside, str] = {
    "mask": "save_mask",
    "mask-composite": "save_mask_composite",
    "before-face-restoration": "save_images_before_face_restoration",
}
_BY_SEED, _BY_SEED_AND_PROMPT = "[seed]", "[seed]-[prompt_spaces]"


class Index(Protocol):
    """Whoever wants to know of pictures that were kept; see `imagestore.Gallery`."""

    def add(self, kept: Kept) -> None:
        """Note a picture that was just written."""
        ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where pictures go that somebody wants kept.

    Attributes:
        images: the disk.
        index: told of each picture, or None.
    """

    images: DiskImages
    index: Index | None = None


def keep(finished: Finished, page: Page, files: Files, shelf: Shelf) -> None:
    """Keep what the body and the options want kept; blocks until all of it is on disk.

    Raises:
        SetupError: something cannot be written.
    """
    for picture in [*page.pictures, *page.kept]:
        if _is_wanted(finished, picture):
            _keep_one(finished, picture, files, shelf)
    if finished.asked.body.save_images and finished.asked.options["save_init_img"]:
        _keep_inits(finished, shelf.images)


def _is_wanted(finished: Finished, picture: Picture) -> bool:
    """By its options; scripts keep their own even where the body asks for nothing, as in A1111."""
    sheet, options = finished.asked.work.sheet, finished.asked.options
    has_script = not isinstance(sheet, Pictures | Lines)
    is_asked = finished.asked.body.save_images
    if picture.is_sheet:
        return bool(options["grid_save"] and (is_asked or has_script))
    if picture.is_partial and not options["save_incomplete_images"]:
        return False
    if picture.beside is not None:
        return bool(is_asked and options[_WISHES[picture.beside]])
    return bool(options["samples_save"] and (is_asked or isinstance(sheet, Turns)))


def _keep_one(finished: Finished, picture: Picture, files: Files, shelf: Shelf) -> None:
    options, images = finished.asked.options, shelf.images
    way = way_of(options, options["grid_format" if picture.is_sheet else "samples_format"])
    data = files.of(picture, way)
    path = images.save(data, _place_of(finished, picture), way.kind)
    if options["save_txt"] and picture.beside is None:
        images.save_beside(f"{picture.infotext}\n".encode("utf-8", "replace"), path, "txt")
    _note(finished, picture, path, shelf)
    if options["export_for_4chan"] and way.kind not in _JPEGS:
        _keep_small_copy(finished, picture, files, path, len(data), images)


def _note(finished: Finished, picture: Picture, path: Path, shelf: Shelf) -> None:
    if shelf.index is None:
        return
    shelf.index.add(
        Kept(
            path=path,
            infotext=picture.infotext if finished.asked.options["enable_pnginfo"] else "",
            width=picture.image.width,
            height=picture.image.height,
            job_id=finished.job_id,
            owner=finished.owner,
            made=finished.began,
            is_sheet=picture.is_sheet,
        )
    )


def _keep_small_copy(
    finished: Finished, picture: Picture, files: Files, path: Path, size: int, images: DiskImages
) -> None:
    """A JPEG beside a file that many sites would not take."""
    options, image = finished.asked.options, picture.image
    longest = round(options["target_side_length"])
    is_long = max(image.size) > longest
    if is_long or size > options["img_downscale_threshold"] * _MIB:
        small = _shrunk(image, longest) if is_long else image
        data = files.fresh(small, picture.infotext, way_of(options, "jpg"))
        images.save_beside(data, path, "jpg")


def _shrunk(image: "Image.Image", longest: int) -> "Image.Image":
    small = image.copy()
    small.thumbnail((longest, longest))
    return small


def _place_of(finished: Finished, picture: Picture) -> Place:
    options, naming = finished.asked.options, _naming(finished, picture)
    in_folders = options["grid_save_to_dirs" if picture.is_sheet else "save_to_dirs"]
    folder = _outdir(finished, is_sheet=picture.is_sheet)
    if in_folders:
        folder /= safe_folders(filled(options["directories_filename_pattern"], naming))
    usual = _BY_SEED if in_folders else _BY_SEED_AND_PROMPT
    name = filled(options["samples_filename_pattern"] or usual, naming)
    if picture.is_sheet:
        return Place(folder, name if options["grid_extended_filename"] else "", first="grid")
    return Place(
        folder,
        name,
        suffix="" if picture.beside is None else f"-{picture.beside}",
        is_numbered=options["save_images_add_number"],
        replaces=options["save_images_replace_action"] == "Replace",
    )


def _outdir(finished: Finished, *, is_sheet: bool) -> PurePosixPath:
    options = finished.asked.options
    tab = "img2img" if isinstance(finished.asked.body, Img2ImgBody) else "txt2img"
    if is_sheet:
        return outdir(options["outdir_grids"] or options[f"outdir_{tab}_grids"])
    return outdir(options["outdir_samples"] or options[f"outdir_{tab}_samples"])


def _naming(finished: Finished, picture: Picture) -> Naming:
    plan, body, plans = picture.plan, finished.asked.body, finished.plans
    strength = plan.init or plan.hires
    checkpoint, vae = plan.network.checkpoint, plan.network.vae
    return Naming(
        prompt=plan.prompt,
        plain_prompt=without_comments(body.prompt) if plan.styles else plan.prompt,
        negative_prompt=plan.negative_prompt,
        styles=plan.styles,
        seed=plan.seed,
        first_seed=plans[0].seed,
        last_seed=plans[-1].seed,
        steps=plan.settings.steps,
        cfg_scale=plan.guidance.cfg_scale,
        width=picture.image.width,
        height=picture.image.height,
        sampler=plan.settings.sampler,
        schedule=_schedule(plan),
        clip_skip=plan.text.clip_skip,
        denoising_strength=None if strength is None else strength.denoising_strength,
        model_name=checkpoint.stem,
        model_hash=checkpoint.shorthash or "",
        vae_name=None if vae is None else vae.path.stem,
        place=picture.place,
        batch_size=max(body.batch_size, 1),
        images=len(plans),
        user=finished.owner,
        began=finished.began,
        now=datetime.now(),
        prompt_words=finished.asked.options["directories_max_prompt_words"],
        image_hash=lambda: sha256(picture.image.tobytes()).hexdigest(),
    )


def _schedule(plan: Plan) -> str:
    """The one that was used, also where the sampler has chosen it."""
    named = plan.settings.schedule
    if named != "Automatic":
        return named
    return find_sampler(plan.settings.sampler)[0].default_schedule or "Automatic"


def _keep_inits(finished: Finished, images: DiskImages) -> None:
    """Each picture the job began with, once, as PNG under its digest."""
    from tintype.imaging import picture_from

    options = finished.asked.options
    folder = outdir(options["outdir_init_images"])
    for data in _inits(finished):
        name = sha256(data).hexdigest()[:_INIT_DIGITS]
        if not images.has(folder, f"{name}.png"):
            picture = picture_from(data, "init_images")
            file = written(picture, None, way_of(options, "png"))
            images.save(file, Place(folder, name, is_numbered=False), "png")


def _inits(finished: Finished) -> Iterator[bytes]:
    yield from dict.fromkeys(plan.init.picture for plan in finished.plans if plan.init is not None)
