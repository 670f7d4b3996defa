"""Which addresses the server may be sent to."""

import asyncio
import socket
import threading

import pytest

from tintype.errors import InvalidRequest
from tintype.server.outgoing.addresses import is_public, public_address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "fec0::1",
        "192.0.0.192",
        "2002:7f00:1::",
    ],
)
def test_no_way_inside(address: str) -> None:
    """Loopback, private, link-local, shared, multicast and metadata addresses are not public."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111"])
def test_the_public_internet(address: str) -> None:
    """What anybody may reach is public."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "::1"])
def test_spellings_of_this_machine(host: str) -> None:
    """However it is written, it is looked at after it was resolved."""
    with pytest.raises(InvalidRequest, match="private"):
        asyncio.run(public_address(host, 80))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "", "a..b", "\0"])
def test_unknown_names(host: str) -> None:
    """A name that means nothing is refused as such, under the caller's field."""
    with pytest.raises(InvalidRequest, match=r"^webhook: "):
        asyncio.run(public_address(host, 80, "webhook"))


def test_a_public_address_is_returned() -> None:
    """An address stays what it is."""
    assert asyncio.run(public_address("8.8.8.8", 443)) == "8.8.8.8"


def test_slow_names_hold_up_no_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for at once: whoever names a slow name server stops nobody else."""
    answered = threading.Event()

    def slow_name_server(*_: object, **__: object) -> list[object]:
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow_name_server)

    async def scene() -> str:
        lookups = [asyncio.create_task(public_address("slow.example", 80)) for _ in range(100)]
        await asyncio.sleep(0)  # all of them have begun
        try:
            async with asyncio.timeout(10):
                return await asyncio.to_thread(str, "other work")
        finally:
            for lookup in lookups:
                lookup.cancel()
            answered.set()

    assert asyncio.run(scene()) == "other work"
