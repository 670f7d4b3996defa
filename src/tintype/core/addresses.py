"""What names and addresses say by themselves, before anybody is asked where they lead."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def address_in(name: str) -> IPv4Address | IPv6Address | None:
    """The address a text is, with brackets around it or not, or None."""
    try:
        return ip_address(name.strip("[]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine alone; "" would mean every address there is."""
    name = host.rstrip(".").casefold()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = address_in(name)
    return address is not None and address.is_loopback
