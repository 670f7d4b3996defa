"""Bodies without their pictures."""

from tintype.server.calls.remembering import shown_request, without_pictures


def test_long_prompts_are_no_pictures() -> None:
    """Words stay as they are, however many."""
    prompt = "a cat, " * 2000

    assert without_pictures({"prompt": prompt}) == {"prompt": prompt}


def test_halves_of_surrogate_pairs_are_not_kept() -> None:
    """What no answer could carry becomes a question mark, in names too."""
    assert without_pictures({"a\ud800": ["\udfff"]}) == {"a?": ["?"]}


def test_other_dialects_show_what_they_kept() -> None:
    """What another room has kept is the request itself; a job that just begins shows none."""
    assert shown_request("sdapi/txt2img", {"prompt": "a"}) == {"prompt": "a"}
    assert shown_request("native", {"request": {"prompt": "a"}}) == {"prompt": "a"}
    assert shown_request("native", {}) == {}
