"""The end of the front process, wished for or not."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fakes.front import FAKE_WORKER, is_alive, running_front, start_front
from tests.fakes.waiting import until


def test_worker_does_not_outlive_a_killed_front(tmp_path: Path) -> None:
    """kill -9 of the front, and its worker ends by itself."""
    with running_front(tmp_path) as front:
        pid = front.wait_until_ready()["worker"]["pid"]
        front.process.kill()
        front.process.wait(30)

        until(lambda: not is_alive(pid))


def test_hanging_worker_does_not_outlive_a_killed_front(tmp_path: Path) -> None:
    """A worker that never looks at its pipe again is ended hard, after its time."""
    with running_front(tmp_path) as front, ThreadPoolExecutor() as callers:
        pid = front.wait_until_ready()["worker"]["pid"]
        call = callers.submit(front.txt2img, "hang")
        until(lambda: front.progress()["state"]["sampling_step"] == 1)
        front.process.kill()

        assert call.exception() is not None
        until(lambda: not is_alive(pid))


def test_stop_lets_running_pictures_finish_and_refuses_waiting_ones(tmp_path: Path) -> None:
    """SIGTERM: the running call gets its picture, the queued one 503, and the worker is gone."""
    with (
        running_front(tmp_path, worker={"in_flight": 1}) as front,
        ThreadPoolExecutor() as callers,
    ):
        pid = front.wait_until_ready()["worker"]["pid"]
        running = callers.submit(front.txt2img, "hold")
        front.wait_until_held()
        waiting = callers.submit(front.txt2img)
        until(lambda: front.ready()["jobs"]["waiting"] == 1)
        front.process.send_signal(signal.SIGTERM)
        refused = waiting.result()
        front.gate.touch()

        assert running.result().status_code == 200
        assert (refused.status_code, refused.json()["detail"]) == (503, "the server is stopping")
        assert front.process.wait(30) == 0
        assert not is_alive(pid)
    assert "Traceback" not in front.log


def test_stop_ends_a_worker_that_does_not_listen(tmp_path: Path) -> None:
    """A hanging worker gets its time, then SIGTERM; the front ends all the same."""
    told = {"stop_seconds": 0.1, "terminate_seconds": 5.0}
    with running_front(tmp_path, worker=told) as front:
        pid = front.wait_until_ready()["worker"]["pid"]
        with socket.create_connection(front.address, timeout=30) as client:
            body = b'{"prompt": "hang"}'
            client.sendall(
                b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
                b"Content-Type: application/json\r\n\r\n%s" % (len(body), body)
            )
            until(lambda: front.progress()["state"]["sampling_step"] == 1)
        front.process.send_signal(signal.SIGTERM)

        front.process.wait(30)
        assert not is_alive(pid)


def test_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    """Ctrl+C twice: the running call is told why there is no picture, and all is over."""
    with running_front(tmp_path) as front, ThreadPoolExecutor() as callers:
        pid = front.wait_until_ready()["worker"]["pid"]
        running = callers.submit(front.txt2img, "hold")
        front.wait_until_held()
        front.process.send_signal(signal.SIGINT)
        assert front.process.stdout is not None
        until(lambda: "Stopping" in front.process.stdout.readline())  # type: ignore[union-attr]
        front.process.send_signal(signal.SIGINT)
        told = running.result()

        assert (told.status_code, told.json()["error"]) == (503, "WorkerUnavailable")
        assert "the server stopped" in told.json()["detail"]
        assert front.process.wait(30) == 0
        until(lambda: not is_alive(pid))


def test_nobody_needs_to_read_what_it_prints(tmp_path: Path) -> None:
    """With a closed pipe as its output (`tintype serve | head -1`) it serves and ends in order."""
    with running_front(tmp_path) as front:
        pid = front.wait_until_ready()["worker"]["pid"]
        assert front.process.stdout is not None
        front.process.stdout.close()
        front.process.send_signal(signal.SIGTERM)

        assert front.process.wait(30) == 0
        assert not is_alive(pid)
    assert "Traceback" not in front.log


def test_stop_does_not_wait_for_a_worker_that_is_still_warming(tmp_path: Path) -> None:
    """Ctrl+C while the worker is starting ends both, without an error."""
    command = [*FAKE_WORKER, "--start-gate", str(tmp_path / "never")]
    with running_front(tmp_path, command) as front:
        pid = front.ready()["worker"]["pid"]
        front.process.send_signal(signal.SIGINT)

        assert front.process.wait(30) == 0
        assert not is_alive(pid)
    assert "Traceback" not in front.log


def test_taken_port_is_named_with_a_way_out(tmp_path: Path) -> None:
    """A port in use ends the start, with its number and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start_front(tmp_path, port=port) as process:
            assert process.wait(30) == 1

    complaint = (tmp_path / "log").read_text()
    assert f"SetupError: port {port} on 127.0.0.1 is taken" in complaint
    assert "--port" in complaint
