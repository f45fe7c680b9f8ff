"""The section `service` of `deploy/<environment>.yaml`: how predictions are served."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from mainline.declared.quantities import Name, Positive, written
from mainline.declared.reading import Section

OWN = frozenset(
    {
        "predict", "outcomes", "livez", "readyz", "metrics", "admin", "monitor", "rollout", "rollout.json",
        "openapi.json", "docs", "v2", "graphql",
    }
)  # fmt: skip
"""First parts of the service's paths; a prefix that began with one could not be told from it."""
Place = Annotated[Path, BeforeValidator(lambda value: Path(value) if isinstance(value, str) else value)]
Count = Annotated[int, Field(ge=1)]
MOST_SLACK = 1000.0


def _check_prefix(value: str) -> str:
    if value and not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", value):
        raise ValueError("write a path such as /model: a slash in front of each part, none at the end")
    if value.split("/")[1:2] and value.split("/")[1] in OWN:
        raise ValueError(f"the service's own paths begin like this ({', '.join(sorted(OWN))}); name another one")
    return value


def _check_origin(value: str) -> str:
    matched = re.fullmatch(r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]*)?", value)
    if matched is None or (matched[1], matched[3]) in (("http", ":80"), ("https", ":443")):
        raise ValueError(
            "write each origin as browsers do, such as https://shop.example or http://localhost:3000: in lower case, "
            "the port where it is not the usual one, no path, no wildcard"
        )
    return value


Prefix = Annotated[str, AfterValidator(_check_prefix)]
Origin = Annotated[str, AfterValidator(_check_origin)]


class Limits(Section):
    """What a client may ask for; past it the answer is a 4xx, or a 503 where the service itself is full."""

    rows: Count = 1000
    body_bytes: Count = 2**20
    text_length: Count = 1000
    header_bytes: Count = 2**14
    connections: Count = 1000
    connections_per_address: Count = 250
    connections_reserved: int = Field(default=20, ge=0)
    queued_rows: Count = 5000
    handshake_seconds: Positive = 10.0
    first_request_seconds: Positive = 10.0
    read_seconds: Positive = 10.0
    idle_seconds: Positive = 75.0
    drain_seconds: Positive = 10.0


RedisUrl = Annotated[
    str,
    written(
        r"rediss?://([\w.-]+@)?([\w.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?(/[0-9]+)?",
        "write redis://HOST:PORT/NUMBER, or rediss:// with TLS; a password stays out of git: put it into a file, and "
        "name that in password_file",
    ),
]


class Shared(Section):
    """A Redis or Valkey by which servers count the requests of a key together; `name` is what they have in common."""

    url: RedisUrl
    password_file: Place | None = None
    name: Name = "mainline"


class Throttle(Section):
    """The token bucket of a key that declares none of its own.

    A bucket is a server's own, with all its workers, unless `shared` says by what servers share it.
    """

    requests_per_second: Positive = 1000.0
    burst: Count = 2000
    shared: Shared | None = None


class Log(Section):
    """The prediction log; without a directory nothing is logged.

    With `ship_seconds` a file ends after so long, whatever its size, and waits to be shipped.
    """

    directory: Place | None = None
    sample: float = Field(default=1.0, ge=0, le=1)
    flush_seconds: float = Field(default=0.5, gt=0, le=1)
    rotate_bytes: int = Field(default=2**26, ge=2**10)
    ship_seconds: float | None = Field(default=None, gt=0)
    keep_bytes: int = Field(default=2**33, ge=2**10)
    keep_days: Positive = 30.0


class Feed(Section):
    """A directory with newer rows of moving feature tables; without one the package's own rows answer."""

    directory: Place | None = None


class Unusual(Section):
    """Answers name what is outside of what the model has seen; of a number, by more than a share of its range."""

    slack: float = Field(ge=0, le=MOST_SLACK)


class Tls(Section):
    """The two files that make the service speak https."""

    certificate: Place
    private_key: Place


class Grpc(Section):
    """The port of gRPC at the same host; without this section it is not spoken."""

    port: int = Field(default=8081, ge=0, le=65535)


class WebSocket(Section):
    """Predictions over a WebSocket at the same port; without this section there is none.

    Of a connection so many messages are answered at a time, and no more is read. A client from which nothing came for
    `ping_seconds` is asked whether it is there, and has as long to answer.
    """

    under_way: Count = 16
    ping_seconds: Positive = 20.0


class GraphQl(Section):
    """Predictions by GraphQL at the same port; without this section there are none. It has no keys: write {}."""


class Traces(Section):
    """Where spans of requests go, by OTLP over HTTP, and how many requests have some; without this section none."""

    endpoint: Annotated[
        str,
        written(
            r"https?://([\w.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?(/[\w./~-]*)?",
            "write http://HOST:4318, or https://: /v1/traces is added; what needs a password stays out of git: send "
            "to a collector beside the server, which has it",
        ),
    ]
    sample: float = Field(default=0.01, ge=0, le=1)
    name: Name = "mainline"


class Budgets(Section):
    """What `check-package` allows a package to cost, in the environment that it would be served in."""

    load_seconds: Positive = 5.0
    memory_mib: Positive = 250.0
    p99_ms: Positive = 50.0
    rows_per_second: Count = 5000


class Settings(Section):
    """The whole section."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    keys: Place = Path("deploy/keys/clients.yaml")
    tls: Tls | None = None
    grpc: Grpc | None = None
    websocket: WebSocket | None = None
    graphql: GraphQl | None = None
    prefix: Prefix = ""
    origins: list[Origin] = Field(default_factory=list)
    open_docs: bool = False
    open_rollout: bool = False
    open_monitor: bool = False
    limits: Limits = Limits()
    throttle: Throttle = Throttle()
    log: Log = Log()
    feed: Feed = Feed()
    unusual: Unusual | None = None
    traces: Traces | None = None
    budgets: Budgets = Budgets()

    @property
    def slack(self) -> float | None:
        """The slack of `unusual`; None if no row is marked."""
        return self.unusual.slack if self.unusual else None
