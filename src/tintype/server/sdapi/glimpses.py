"""What callers who look again and again are shown of running jobs: previews at A1111's pace."""

from collections import OrderedDict
from dataclasses import dataclass

from tintype.core.jobs import Preview
from tintype.jobs import JobTable
from tintype.server.sdapi.options import Effective

_MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A preview that is shown.

    Attributes:
        number: counts the previews of its job, from 1.
    """

    number: int
    preview: Preview


class Glimpses:
    """The preview of each job that is shown just now."""

    def __init__(self, most: int = _MOST_REMEMBERED) -> None:
        self._most = most
        self._shown: OrderedDict[str, Glimpse] = OrderedDict()

    def of(self, job_id: str, jobs: JobTable, options: Effective) -> Glimpse | None:
        """What is shown of a running job, or None; who looks has previews made.

        The first preview is shown as soon as there is one. A newer one takes its place once its
        picture is `show_progress_every_n_steps` further, or when it is of another picture.

        Args:
            job_id: of the job.
            jobs: where it is.
            options: the server's; `live_previews_enable` false and a negative number of steps
                mean none.
        """
        every = options["show_progress_every_n_steps"]
        if not options["live_previews_enable"] or every < 0:
            return None
        newest = jobs.glance(job_id)
        return None if newest is None else self._renewed(job_id, newest, every)

    def _renewed(self, job_id: str, newest: Preview, every: float) -> Glimpse:
        last = self._shown.get(job_id)
        if last is None:
            self._shown[job_id] = last = Glimpse(1, newest)
        elif last.preview != newest and _is_further(newest, last.preview, every):
            self._shown[job_id] = last = Glimpse(last.number + 1, newest)
        while len(self._shown) > self._most:
            self._shown.popitem(last=False)
        return last


def _is_further(newest: Preview, last: Preview, every: float) -> bool:
    return newest.image != last.image or newest.step - last.step >= every
