"""The folder of a job: pictures that can be trusted, logs that may be torn."""

from pathlib import Path

import pytest

from tintype.core.jobs import Painted, Pixels
from tintype.jobs import JobFolder, LoggedAnswer

DIGEST, OTHER = b"d" * 32, b"e" * 32
ANSWERS = [LoggedAnswer("float32", (2, 3), bytes(range(i, i + 24))) for i in range(3)]
MANY = 2**20


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """A folder nobody has written to."""
    return JobFolder(tmp_path / "job")


def written(folder: JobFolder, answers: list[LoggedAnswer], most_bytes: int = MANY) -> list[bool]:
    log = folder.log(0, DIGEST, most_bytes)
    done = [log.append(answer) for answer in answers]
    log.close()
    return done


def read(folder: JobFolder, digest: bytes = DIGEST) -> list[LoggedAnswer]:
    log = folder.log(0, digest, MANY)
    answers = list(log.answers())
    log.close()
    return answers


def test_pictures_come_back_as_they_were(folder: JobFolder) -> None:
    """With all that lies beside them, and whether they are partial."""
    whole = Painted(Pixels(2, 1, b"abcdef"), (Pixels(1, 1, b"wxyz", 4),))
    partial = Painted(Pixels(1, 1, b"abc"), is_partial=True)
    folder.keep(0, whole)
    folder.keep(12, partial)

    assert folder.kept() == {0, 12}
    assert folder.pictures() == {0: whole, 12: partial}
    folder.forget_partial()
    assert folder.kept() == {0}


def test_nothing_is_there_before_the_first_picture(folder: JobFolder) -> None:
    """A folder nobody has made holds no pictures and takes no room."""
    assert (folder.kept(), folder.pictures(), folder.picture(0), folder.size_bytes()) == (
        frozenset(),
        {},
        None,
        0,
    )


def test_half_a_picture_is_none(folder: JobFolder, tmp_path: Path) -> None:
    """What a killed process left under its other name is not seen."""
    folder.keep(1, Painted(Pixels(1, 1, b"abc")))
    (tmp_path / "job" / "0.picture.77.new").write_bytes(b"TTP1")

    assert folder.kept() == {1}


def test_answers_come_back_in_order(folder: JobFolder) -> None:
    """Over several attempts, each with the dtype and shape it had."""
    assert written(folder, ANSWERS[:2]) == [True, True]
    assert written(folder, ANSWERS[2:]) == [True]

    assert read(folder) == ANSWERS


@pytest.mark.parametrize("lost", range(1, 49, 7))
def test_a_torn_tail_is_cut_off(folder: JobFolder, tmp_path: Path, lost: int) -> None:
    """Whatever is missing at the end costs the last answer alone, and the log goes on."""
    written(folder, ANSWERS)
    path = tmp_path / "job" / "0.log"
    path.write_bytes(path.read_bytes()[:-lost])

    assert read(folder) == ANSWERS[:2]
    written(folder, ANSWERS[2:])
    assert read(folder) == ANSWERS


def test_a_wrong_byte_ends_a_log(folder: JobFolder, tmp_path: Path) -> None:
    """Answers behind a damaged one are not believed either."""
    written(folder, ANSWERS)
    path = tmp_path / "job" / "0.log"
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)

    assert read(folder) == []


def test_a_log_of_another_plan_is_begun_anew(folder: JobFolder) -> None:
    """The digest tells."""
    written(folder, ANSWERS)

    assert read(folder, OTHER) == []
    assert read(folder) == []


def test_a_full_log_stays_without_gaps(folder: JobFolder) -> None:
    """After the first answer without room none is written, even one that would fit."""
    small = LoggedAnswer("uint8", (1,), b"a")
    assert written(folder, [*ANSWERS, small], most_bytes=36 + 60) == [True, False, False, False]

    assert read(folder) == ANSWERS[:1]


def test_an_earlier_process_writes_into_nothing(folder: JobFolder) -> None:
    """A worker about to end cannot spoil the log of the next one."""
    early = folder.log(0, DIGEST, MANY)
    early.append(ANSWERS[0])
    late = folder.log(0, DIGEST, MANY)
    early.append(ANSWERS[2])
    late.append(ANSWERS[1])
    early.close()
    late.close()

    assert read(folder) == ANSWERS[:2]


def test_logs_can_be_dropped(folder: JobFolder) -> None:
    """Pictures stay."""
    folder.keep(0, Painted(Pixels(1, 1, b"abc")))
    written(folder, ANSWERS)
    folder.drop_logs()

    assert (read(folder), folder.kept()) == ([], {0})
    folder.remove()
    assert folder.size_bytes() == 0
