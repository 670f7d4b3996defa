"""A wire between a client and a server that is cut where a test says so."""

import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

_PIECE = 65536


@dataclass
class CuttingProxy:
    """Listens, and passes everything on.

    Attributes:
        url: where it listens.
        cuts: what has to come back on the first, second, … connection for that one to be cut
            before it gets any further; connections beyond them are never cut.
        done: how many were cut.
    """

    url: str
    cuts: list[bytes]
    done: int = 0
    _open: list[socket.socket] = field(default_factory=list[socket.socket])

    def serve(self, listener: socket.socket, server: tuple[str, int]) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            cut = self.cuts.pop(0) if self.cuts else None
            back = socket.create_connection(server)
            self._open += [client, back]
            Thread(target=_pump, args=(client, back), daemon=True).start()
            Thread(target=self._return, args=(back, client, cut), daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for one in self._open:
            _hang_up(one)

    def _return(self, back: socket.socket, client: socket.socket, cut: bytes | None) -> None:
        seen = b""
        with suppress(OSError):
            while piece := back.recv(_PIECE):
                seen += piece
                if cut is not None and cut in seen:
                    self.done += 1
                    break
                client.sendall(piece)
        _hang_up(client)
        _hang_up(back)


@contextmanager
def cutting_proxy(server: tuple[str, int], cuts: Sequence[bytes]) -> Generator[CuttingProxy]:
    """A proxy before a server; ended at the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        proxy = CuttingProxy(f"http://127.0.0.1:{port}", list(cuts))
        thread = Thread(target=proxy.serve, args=(listener, server))
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            proxy.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
