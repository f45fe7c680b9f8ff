"""What a machine and its user bring along, kept away from what tests start."""

import os
import re
import signal
from collections.abc import Mapping

_PERSONAL = re.compile(
    r"(AWS|DVC|GIT|GITHUB|LC|MAINLINE|OTEL|XDG)_.*|.*_proxy|LANG|LANGUAGE|TZ|"
    r"COLUMNS|FORCE_COLOR|NO_COLOR|MAKEFLAGS|MAKELEVEL|MFLAGS|PYTHON(OPTIMIZE|UTF8|WARNINGS)|VENV",
    re.IGNORECASE,
)
"""What says which store, clone, environment, time, language and look somebody works with."""

_NOWHERE = "/proc/nowhere"
"""Nobody can make it. `/nonexistent` is there as soon as a program runs with it as home, and keeps its cache in it."""

_EMPTY = {
    "AWS_CONFIG_FILE": _NOWHERE,
    "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
    "DVC_GLOBAL_CONFIG_DIR": _NOWHERE,
    "DVC_NO_ANALYTICS": "1",
    "DVC_SYSTEM_CONFIG_DIR": _NOWHERE,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
"""Files of the user and of the machine that programs read without being told to."""

_GIVEN_BACK = {signal.SIGPIPE, signal.SIGXFSZ}
"""Python ignores them; `subprocess` gives them back to what it starts."""


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what differs between users and machines and changes what programs do."""
    return {name: value for name, value in environment.items() if not _PERSONAL.fullmatch(name)} | _EMPTY


def heed_signals() -> None:
    """Let what is started from here get every signal, also where it is ignored here, as under `nohup` or after `&`.

    A signal that is ignored is inherited so; one with a handler is not. This process goes on ignoring it.
    """
    for number in signal.valid_signals() - _GIVEN_BACK:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
