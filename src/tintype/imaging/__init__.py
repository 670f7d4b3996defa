"""Pixels: files and base64 in and out, sizes, masks, colours, sheets and tiles."""

from tintype.imaging.annotations import Label, annotated
from tintype.imaging.colour import matched_colours
from tintype.imaging.extras import blended, extras, extras_note
from tintype.imaging.files import MEDIA_TYPES, encoded, infotext_in
from tintype.imaging.grids import grid, grid_rows
from tintype.imaging.inpaint import InpaintPictures, Masking, prepare_inpaint
from tintype.imaging.masks import composited, mask_composite, mask_picture, overlay_of
from tintype.imaging.png import encode_png, picture_of, pixels_of
from tintype.imaging.png_text import read_png_infotext
from tintype.imaging.read import decoded, flattened, picture_from
from tintype.imaging.resize import resized, sharply_resized, upscaled
from tintype.imaging.tiles import Tile, TileGrid, combine_grid, split_grid

__all__ = [
    "MEDIA_TYPES",
    "InpaintPictures",
    "Label",
    "Masking",
    "Tile",
    "TileGrid",
    "annotated",
    "blended",
    "combine_grid",
    "composited",
    "decoded",
    "encode_png",
    "encoded",
    "extras",
    "extras_note",
    "flattened",
    "grid",
    "grid_rows",
    "infotext_in",
    "mask_composite",
    "mask_picture",
    "matched_colours",
    "overlay_of",
    "picture_from",
    "picture_of",
    "pixels_of",
    "prepare_inpaint",
    "read_png_infotext",
    "resized",
    "sharply_resized",
    "split_grid",
    "upscaled",
]
