"""Model files on disk: find them, name them, hash them, describe them; never their weights."""

from tintype.modelstore.cards import (
    CARD_KINDS,
    Card,
    CardKind,
    Entry,
    alias_of,
    card_of,
    cards_of,
    entries,
    family_in,
    find_entry,
    is_known,
    preview_picture,
)
from tintype.modelstore.facts import INDEX_FILE, FileState
from tintype.modelstore.keeper import Keeper
from tintype.modelstore.places import Places, checkpoint_folder
from tintype.modelstore.store import ModelStore, open_models
from tintype.modelstore.wildcards import WildcardListing

__all__ = [
    "CARD_KINDS",
    "INDEX_FILE",
    "Card",
    "CardKind",
    "Entry",
    "FileState",
    "Keeper",
    "ModelStore",
    "Places",
    "WildcardListing",
    "alias_of",
    "card_of",
    "cards_of",
    "checkpoint_folder",
    "entries",
    "family_in",
    "find_entry",
    "is_known",
    "open_models",
    "preview_picture",
]
