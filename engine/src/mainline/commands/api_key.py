"""`key`: make an API key; its hash goes into the file, the key itself to the terminal."""

from pathlib import Path

from mainline.declared import environments
from mainline.serving import keys


def make_key(environment: Path, name: str, *, admin: bool) -> str:
    """Return the new key, and where its hash is.

    Raises:
        ParamsError: when the settings, the file of keys or the name is not valid.
    """
    file = environments.load_server(environment).service.keys
    key = keys.make(file, name, "admin" if admin else "predict")
    return f"{key}\n  shown once; its hash is in {file}, which running servers read again within seconds"
