"""Finished pictures: where they are kept, and the index of them."""

from tintype.imagestore.disk import PARAMETERS_FILE, DiskImages, Place
from tintype.imagestore.gallery import GALLERY_FILE, Gallery
from tintype.imagestore.names import check_folder, outdir, safe_folders
from tintype.imagestore.patterns import Naming, filled
from tintype.imagestore.records import (
    Change,
    Kept,
    Looked,
    Picture,
    PictureFacts,
    PicturePage,
    Reader,
    Search,
)
from tintype.imagestore.searching import words_of
from tintype.imagestore.thumbnails import Thumbnails
from tintype.imagestore.watching import Watcher

__all__ = [
    "GALLERY_FILE",
    "PARAMETERS_FILE",
    "Change",
    "DiskImages",
    "Gallery",
    "Kept",
    "Looked",
    "Naming",
    "Picture",
    "PictureFacts",
    "PicturePage",
    "Place",
    "Reader",
    "Search",
    "Thumbnails",
    "Watcher",
    "check_folder",
    "filled",
    "outdir",
    "safe_folders",
    "words_of",
]
