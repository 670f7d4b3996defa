"""The text that Prometheus reads."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes.views import NOW, TALLY, ended_job, moment

from tintype.errors import EngineError
from tintype.server.seeing.counts import Answered, Counts
from tintype.server.seeing.metrics import MOST_MODELS, exposed, families
from tintype.server.seeing.snapshot import Snapshot

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "metrics.md"


def counted() -> Counts:
    """With something in every metric."""
    counts = Counts()
    counts.note_job(ended_job())
    counts.note_job(ended_job(state="failed", error=EngineError("on fire")))
    counts.note_request(Answered("/readyz", "GET", 200, 0.01))
    return counts


def read(snapshot: Snapshot) -> dict[str, Metric]:
    text, _ = exposed(snapshot)
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(snapshot: Snapshot, name: str, **labels: str) -> float:
    """Of the one sample that has these labels."""
    (found,) = (
        sample.value
        for family in read(snapshot).values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    )
    return found


def test_queue_by_priority_and_its_oldest_job() -> None:
    """Every priority is there, also with nobody waiting; owners are summed."""
    assert value(moment(), "tintype_queue_depth", priority="normal") == 5
    assert value(moment(), "tintype_queue_depth", priority="interactive") == 0
    assert value(moment(), "tintype_queue_oldest_seconds") == 30


def test_an_empty_queue_has_waited_for_nothing() -> None:
    """0, so that an alert over it is quiet."""
    assert value(moment(waiting=()), "tintype_queue_oldest_seconds") == 0


def test_what_the_worker_counts_is_told_as_it_is() -> None:
    """The tally goes through at scrape time."""
    now = moment()
    assert value(now, "tintype_pass_rows_total", kind="denoise") == 260
    assert value(now, "tintype_passes_total", kind="decode") == 2
    assert value(now, "tintype_memory_bytes", kind="all") == 8 * 2**30
    assert value(now, "tintype_startup_seconds", phase="load") == 2.0


def test_job_phases_are_histograms() -> None:
    """With sum and count, in buckets of seconds."""
    now = moment(counts=counted())
    assert value(now, "tintype_job_seconds_count", phase="sample") == 2
    assert value(now, "tintype_job_seconds_sum", phase="sample") == 12
    assert value(now, "tintype_job_seconds_bucket", phase="sample", le="5.0") == 0
    assert value(now, "tintype_job_seconds_bucket", phase="sample", le="10.0") == 2


def test_models_in_labels_are_bounded() -> None:
    """Beyond so many the rest are one line."""
    many = tuple(f"m{number}" for number in range(MOST_MODELS + 7))
    now = moment(tally=replace(TALLY, resident=many))

    assert len(read(now)["tintype_model_resident"].samples) == MOST_MODELS + 1
    assert value(now, "tintype_model_resident", model="other") == 7


def test_no_label_says_who_asked_or_for_what() -> None:
    """Neither owners nor prompts nor job ids."""
    text, _ = exposed(moment(counts=counted()))

    for secret in (b"ana", b"bob", b"secret", b"j1", b"on fire"):
        assert secret not in text


def test_both_text_forms() -> None:
    """OpenMetrics for who asks for it, the plain text else, each with its content type."""
    plain, plain_type = exposed(moment())
    fancy, fancy_type = exposed(moment(), "application/openmetrics-text; version=1.0.0")

    assert plain_type == "text/plain; version=0.0.4; charset=utf-8"
    assert fancy_type.startswith("application/openmetrics-text; version=1.0.0")
    assert fancy.endswith(b"# EOF\n")
    assert b"# EOF" not in plain


def test_each_name_comes_once_and_is_described() -> None:
    """Prometheus refuses a scrape with a name twice."""
    names = [family.name for family in families(moment(counts=counted()))]

    assert len(names) == len(set(names))
    assert all(family.documentation for family in families(moment()))


def test_the_page_has_every_metric_and_no_other() -> None:
    """With its kind and its labels."""
    shown = set(told(moment(counts=counted(), now=NOW)))

    assert set(described()) == shown


def told(snapshot: Snapshot) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Name, kind and labels of each metric that is served."""
    endings = {"counter": "_total", "info": "_info"}
    for family in families(snapshot):
        assert family.samples, f"{family.name} has no sample: its labels cannot be seen"
        labels = frozenset(family.samples[0].labels) - {"le"}
        kind = "gauge" if family.type == "info" else family.type
        yield family.name + endings.get(family.type, ""), kind, labels


def described() -> Iterator[tuple[str, str, frozenset[str]]]:
    """The same of each row of the page's table."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `tintype_"):
            name, kind, labels, _ = (cell.strip() for cell in line.strip("|").split("|"))
            named = frozenset(label.strip("` ") for label in labels.split(",") if label)
            yield name.strip("`"), kind, named
