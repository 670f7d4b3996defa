"""A snapshot in the words of Prometheus. Every name is described in `docs/reference/metrics.md`.

Numbers of the worker start again at 0 with each worker, as counters may. Labels are few: no
owners, no prompts, and models only as long as they are in memory.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from tintype.core.jobs import PRIORITIES, Tally
from tintype.server.seeing.counts import Counts, Histogram
from tintype.server.seeing.snapshot import Snapshot

MOST_MODELS = 32
"""Resident models that are named; further ones are one line, "other"."""

Labels = tuple[str, ...]
Key = TypeVar("Key", bound=Labels)


def exposed(snapshot: Snapshot, accept: str = "") -> tuple[bytes, str]:
    """The answer to a scrape.

    Args:
        snapshot: what to tell.
        accept: the scraper's `Accept` header, which chooses between the text forms.

    Returns:
        The text and its content type.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(snapshot))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def families(snapshot: Snapshot) -> Iterator[Metric]:
    """Every metric with its samples."""
    yield from _process(snapshot)
    yield from _queue(snapshot)
    yield from _jobs(snapshot.counts)
    yield from _worker(snapshot)
    yield from _passes(snapshot.tally)
    yield from _memory(snapshot.tally)
    yield from _http(snapshot.counts)


class _Once(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        return families(self._snapshot)


def _process(now: Snapshot) -> Iterator[Metric]:
    about = {"version": now.version, "python": platform.python_version()}
    yield InfoMetricFamily("tintype_build", "Version of the program and of Python.", about)
    yield _gauge("start_time_seconds", "When the front process began, unix seconds.", now.since)
    about_errors = "Failed jobs, and answers that were errors, by class."
    yield _counters("errors", about_errors, ("error", "where"), now.counts.errors)


def _queue(now: Snapshot) -> Iterator[Metric]:
    depth = dict.fromkeys(((priority,) for priority in PRIORITIES), 0.0)
    for line in now.waiting:
        depth[line.priority,] += line.jobs
    yield _gauges("queue_depth", "Jobs that wait.", ("priority",), depth)
    oldest = now.oldest_wait_seconds
    yield _gauge("queue_oldest_seconds", "How long the first of them has waited.", oldest)
    backlog = {} if now.backlog_seconds is None else {(): now.backlog_seconds}
    yield _gauges("queue_remaining_seconds", "Until all of them are done.", (), backlog)
    yield _gauge("jobs_running", "Jobs with the worker.", len(now.running))
    yield _gauge("images_running", "Their images that are not finished.", now.images_running)


def _jobs(counts: Counts) -> Iterator[Metric]:
    labels = ("dialect", "priority", "outcome")
    yield _counters("jobs", "Jobs that have ended.", labels, counts.jobs)
    phases = {(phase,): histogram for phase, histogram in counts.job_seconds.items()}
    yield _histograms("job_seconds", "Where the time of ended jobs went.", ("phase",), phases)
    yield _counter("images", "Finished images of ended jobs.", counts.images)
    yield _counter("steps", "Denoising steps of ended jobs.", counts.steps)
    yield _counter("steps_replayed", "Steps that a log answered.", counts.replayed)
    yield _counter("job_retries", "Times a job was given to a worker again.", counts.retries)


def _worker(now: Snapshot) -> Iterator[Metric]:
    worker = now.worker
    yield _gauge("worker_ready", "1 when the worker takes jobs, else 0.", worker.is_ready)
    yield _counter("worker_restarts", "Times the worker was started again.", worker.restarts)
    phases = {(phase,): seconds for phase, seconds in now.start_seconds.items()}
    yield _gauges("startup_seconds", "Phases of the worker's last start.", ("phase",), phases)


def _passes(tally: Tally) -> Iterator[Metric]:
    by_kind = ("kind",)
    yield _counters("passes", "Forward passes.", by_kind, _labelled(tally.passes))
    yield _counters("pass_rows", "Rows in them.", by_kind, _labelled(tally.rows))
    yield _counters("pass_seconds", "Time in them.", by_kind, _labelled(tally.seconds))
    yield _gauge("step_seconds", "Length of the last pass of the U-Net.", tally.step_seconds)
    yield _gauge("step_rows", "Rows of the last pass of the U-Net.", tally.step_rows)
    yield _gauge("images_active", "Images in the engine.", tally.active)
    hits, misses = tally.prompt_hits, tally.prompt_misses
    yield _counter("prompt_cache_hits", "Prompts found encoded.", hits)
    yield _counter("prompt_cache_misses", "Prompts that had to be encoded.", misses)
    splits = tally.out_of_memory
    yield _counter("out_of_memory", "Passes split for want of memory.", splits)


def _memory(tally: Tally) -> Iterator[Metric]:
    kinds = {("held",): tally.memory_bytes, ("all",): tally.memory_total_bytes}
    about = "Memory of the device: what the worker holds, and all there is."
    yield _gauges("memory_bytes", about, ("kind",), kinds)
    yield _gauge("models_resident_bytes", "Weights in memory.", tally.resident_bytes)
    named = dict.fromkeys(((model,) for model in tally.resident[:MOST_MODELS]), 1.0)
    if further := tally.resident[MOST_MODELS:]:
        named["other",] = float(len(further))
    yield _gauges("model_resident", "1 for each model in memory.", ("model",), named)
    yield _counter("model_loads", "Models read from disk.", tally.loads)
    yield _counter("model_load_seconds", "Time for that.", tally.load_seconds)


def _http(counts: Counts) -> Iterator[Metric]:
    labels = ("route", "method", "status")
    answers = {(r, method, str(status)): n for (r, method, status), n in counts.requests.items()}
    yield _counters("http_requests", "Answered requests.", labels, answers)
    about = "From the request's head to the answer's last byte."
    yield _histograms("http_request_seconds", about, labels[:2], counts.request_seconds)
    yield _gauge("http_requests_open", "Requests without a whole answer.", counts.open_requests)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tintype_{name}", about, float(value))


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"tintype_{name}", about, float(value))


def _gauges(name: str, about: str, labels: Labels, values: Mapping[Key, float]) -> Metric:
    family = GaugeMetricFamily(f"tintype_{name}", about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counters(name: str, about: str, labels: Labels, values: Mapping[Key, float]) -> Metric:
    family = CounterMetricFamily(f"tintype_{name}", about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histograms(name: str, about: str, labels: Labels, values: Mapping[Key, Histogram]) -> Metric:
    family = HistogramMetricFamily(f"tintype_{name}", about, labels=labels)
    for key, histogram in values.items():
        family.add_metric(key, histogram.cumulative(), histogram.total)
    return family


def _labelled(values: Mapping[str, float]) -> dict[tuple[str], float]:
    return {(key,): value for key, value in values.items()}
