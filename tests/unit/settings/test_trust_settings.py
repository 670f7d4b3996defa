"""Whom flags and variables tell the server to believe."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tintype.cli import main
from tintype.core.settings import TrustConfig
from tintype.errors import SetupError
from tintype.keystore import KEYS_FILE, KeyStore
from tintype.settings import read_settings
from tintype.wiring import check_login


def trust(environment: dict[str, str] | None = None, **flags: Any) -> TrustConfig:
    """What is read from flags, with _ for -."""
    given = {name.replace("_", "-"): value for name, value in flags.items()}
    return read_settings(given, environment or {}).trust


def test_nothing_is_believed_by_default() -> None:
    """No password, no site, no name, no proxy, no fetching."""
    assert trust() == TrustConfig()


def test_everything_can_be_told() -> None:
    """Commas separate; a password may have a colon in it."""
    told = trust(
        auth="ann:one,bob:t:wo",
        allow_host=["studio", "*.example.org"],
        cors_allow_origins="http://a:3000, https://b,null",
        cors_allow_origins_regex=r"https://.*\.example\.org",
        allow_url_inits=True,
        forwarded_allow_ips="127.0.0.1,10.0.0.0/8",
    )

    assert told == TrustConfig(
        passwords=(("ann", "one"), ("bob", "t:wo")),
        allowed_hosts=("studio", "*.example.org"),
        cors_origins=("http://a:3000", "https://b", "null"),
        cors_pattern=r"https://.*\.example\.org",
        fetches_urls=True,
        forwarded_by=("127.0.0.1", "10.0.0.0/8"),
    )


def test_variables_tell_the_same() -> None:
    """Each flag has its variable."""
    told = trust({"TINTYPE_AUTH": "ann:one", "TINTYPE_ALLOW_HOST": "a,b"})
    assert (told.passwords, told.allowed_hosts) == ((("ann", "one"),), ("a", "b"))
    assert trust({"TINTYPE_NO_AUTH": "1"}).no_login
    assert not trust({"TINTYPE_NO_AUTH": "false"}).no_login


def test_passwords_come_from_a_file(tmp_path: Path) -> None:
    """One user a line, empty lines left out, beside those of the flag."""
    file = tmp_path / "users"
    file.write_text("ann:one\n\nbob:t,w:o\n")

    told = trust(auth="eve:three", auth_file=str(file))

    assert told.passwords == (("eve", "three"), ("ann", "one"), ("bob", "t,w:o"))


def test_passwords_are_not_shown() -> None:
    """Settings that end in a log have no password in them."""
    assert "sesame" not in repr(trust(auth="ann:sesame"))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ({"auth": "sesame"}, "--auth: expected user:password"),
        ({"auth": "ann:"}, "--auth: expected user:password"),
        ({"auth": ":sesame"}, "--auth: expected user:password"),
        ({"auth": "ann:one,"}, "--auth: expected user:password"),
        ({"auth_file": "gone"}, "--auth-file: gone cannot be read"),
        ({"auth": "ann:one", "no_auth": True}, "contradict"),
        ({"no_auth": "perhaps"}, "--no-auth: 'perhaps' is not 1 or 0"),
        ({"allow_host": ["http://x"]}, "--allow-host: 'http://x' is not a host name"),
        ({"cors_allow_origins": "x"}, "--cors-allow-origins: 'x' is not an origin"),
        ({"cors_allow_origins": "http://x/y"}, "is not an origin"),
        ({"cors_allow_origins_regex": "("}, "is not a regular expression"),
        ({"forwarded_allow_ips": "proxy"}, "--forwarded-allow-ips: 'proxy' is not an address"),
    ],
)
def test_what_is_of_no_use_is_refused(flags: dict[str, Any], complaint: str) -> None:
    """The refusal names the flag, and no password."""
    with pytest.raises(SetupError, match=complaint) as refused:
        trust(**flags)
    assert "sesame" not in str(refused.value)


def test_a_file_without_users_is_refused(tmp_path: Path) -> None:
    """An empty file would lock everybody out, or be a mistake."""
    file = tmp_path / "users"
    file.write_text("\n")
    with pytest.raises(SetupError, match="there is no user in"):
        trust(auth_file=str(file))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "studio", "127.0.0.1.nip.io"])
def test_a_network_is_not_served_without_a_login(host: str, tmp_path: Path) -> None:
    """The refusal names the three ways out, and each of them is one."""
    told = {"host": host, "data": str(tmp_path)}

    with pytest.raises(SetupError, match=r"--auth .*tintype keys add.* --no-auth"):
        check_login(read_settings(told, {}))
    check_login(read_settings(told | {"auth": "ann:one"}, {}))
    check_login(read_settings(told | {"no-auth": True}, {}))
    keys = KeyStore(tmp_path / KEYS_FILE)
    keys.add("app")
    keys.close()
    check_login(read_settings(told, {}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST."])
def test_this_machine_is_served_without_a_login(host: str, tmp_path: Path) -> None:
    """Loopback needs none of it."""
    check_login(read_settings({"host": host, "data": str(tmp_path)}, {}))


def test_an_open_server_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 and one line, before anything listens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tintype", "serve", "--host", "0.0.0.0", "--port", "0"])
    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("tintype: on 0.0.0.0 others can reach this server, and it has no login")
    assert error.count("\n") == 1
