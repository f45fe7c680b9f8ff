"""What of the environment is taken out of a text."""

from pathlib import Path

import pytest

from mainline import credentials


@pytest.mark.parametrize(
    ("name", "value", "text", "shown"),
    [
        ("DB_PASSWORD", "open-sesame", "no open-sesame here", "no *** here"),
        ("API_TOKEN", "t0ken", "Bearer t0ken", "Bearer ***"),
        ("AWS_SECRET_ACCESS_KEY", "a/b+c=", "signed by a/b+c=", "signed by ***"),
        ("WAREHOUSE_URL", "postgresql://me:p%40ss@host/db", "me:p%40ss@host", "me:***@host"),
        ("WAREHOUSE_URL", "postgresql://me:p%40ss@host/db", "password p@ss of me", "password *** of me"),
        ("FILE_URL", "https://host/file?token=abcdef&n=2000", "GET ?token=abcdef&n=2000", "GET ?token=***&n=2000"),
        ("FILE_URL", "https://host/file", "https://host/file is gone", "https://host/file is gone"),
        ("PIN_KEY", "abc", "abc", "abc"),
        ("LANGUAGE", "english", "english", "english"),
        ("MONKEYS", "chimpanzee", "chimpanzee", "chimpanzee"),
        ("TOKENIZERS_PARALLELISM", "false", "it is false", "it is false"),
        ("CONNECTION_TIMEOUT", "3000", "3000 rows", "3000 rows"),
        ("SORTED_BY_KEY", "true", "it is true", "it is true"),
        ("DB_PASSWORD", "ab://cd-secret", "not ab://cd-secret", "not ***"),
        ("DB_PASSWORD", "p@ss/word", "me:p%40ss%2Fword@host", "me:***@host"),
        ("MYSQL_PWD", "hunter22", "not hunter22", "not ***"),
        ("REPOSITORY_URL", "https://ghp_abcdef@host/x", "clone https://ghp_abcdef@host/x", "clone https://***@host/x"),
        ("WAREHOUSE_URL", "postgresql://me:pa/ss#1@host/db", "me:pa/ss#1@host", "me:***@host"),
        ("FILE_URL", "https://host/c?sv=1&sig=SIGNATURE", "GET /c?sv=1&sig=SIGNATURE", "GET /c?sv=1&sig=***"),
        ("HTTPS_PROXY", "http://me:proxied@proxy:1", "by http://me:proxied@proxy:1", "by http://me:***@proxy:1"),
        ("GOOGLE_CREDENTIALS", '{"private_key": "abcdef", "at": "https://host"}', "key abcdef", "key ***"),
        ("SERVICE", "host=db user=me password=hunter22", "password=hunter22 is wrong", "password=*** is wrong"),
        ("RUNNER", f"ghp_{'a' * 36}", f"by ghp_{'a' * 36}", "by ***"),
        ("STORE_CONNECTION_STRING", "AccountKey=Eby8vd;Blob=http://host/", "AccountKey=Eby8vd", "AccountKey=***"),
    ],
)  # fmt: skip
def test_values_of_credentials_are_hidden(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str, shown: str
) -> None:
    """Passwords, tokens and keys are stars; addresses lose their password alone, and short or other values nothing."""
    monkeypatch.setenv(name, value)
    assert credentials.hide(text) == shown


def test_the_place_of_a_key_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable that names the file of a key does not hide the file's name, which an error needs."""
    file = tmp_path / "key.pem"
    file.touch()
    monkeypatch.setenv("SIGNING_KEY", str(file))
    assert credentials.hide(f"{file} is empty") == f"{file} is empty"


SECRETS = {
    "GITLAB_PAT": "abcd", "AZURE_SAS": "abcd", "NPM_AUTH": "abcd", "SESSION_COOKIE": "abcd", "SERVICE_JWT": "abcd",
    "STORE_KEY1": "abcd", "KEY2": "abcd", "URL_SIG": "abcd", "WEBHOOK_SIGNATURE": "abcd", "api-key": "abcd",
    "X-Auth-Token": "abcd", "DB_PW": "x", "DB_PASSWORDS": "abcd", "OAUTH2": "abcd", "SIGNING_KEY": "/etc/hostname",
    "WAREHOUSE": "postgresql://me:abcd@warehouse/flights", "SERVICE": "host=db password=abcd",
    "RUNNER": "glpat-abcdefghijklmnop1234", "LOGIN": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-d",
    "DEPLOY": "-----BEGIN EC {} KEY-----\nabcd".format("PRIVATE"), "FILES": "https://host/c?X-Amz-Signature=abcd",
}  # fmt: skip
PLAIN = {
    "REGION": "north", "SORTED_BY_KEY": "true", "TOKENIZERS_PARALLELISM": "false", "MONKEYS": "chimpanzee",
    "PATTERN": "a.*b", "AUTHOR": "me", "PATH_PREFIX": "/a", "SIGMA": "0.5", "FILE_URL": "https://host/file",
    "PASSENGERS": "110", "TZ": "UTC", "DB_PASSWORD": "", "SASKATCHEWAN": "1", "KEYBOARD": "de",
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_known_by_its_name_or_its_value(name: str) -> None:
    """By words of the name, by an address or a pair in the value, or by a service's own form."""
    assert credentials.is_secret(name, SECRETS[name])


@pytest.mark.parametrize("name", PLAIN)
def test_other_settings_are_no_secrets(name: str) -> None:
    """A longer word, a plain answer and an address without a password are not."""
    assert not credentials.is_secret(name, PLAIN[name])
