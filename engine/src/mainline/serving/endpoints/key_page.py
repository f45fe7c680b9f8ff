"""The page that a browser gets in the place of the answer 401, since it cannot send a key.

It is the same for every path, there or not, and repeats nothing of the request: a stranger learns nothing by it.
"""

from html import escape

from mainline.serving.answering.messages import Request
from mainline.serving.answering.problems import Problem

MEDIA_TYPE = b"text/html; charset=utf-8"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
pre { background: #f4f4f4; padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } pre { background: #222; } }
"""


def is_due(problem: Problem, request: Request) -> bool:
    """Say whether a browser asks for a page without a key."""
    accepted = request.headers.get(b"accept", b"")
    return problem.kind == "unauthorized" and request.method in ("GET", "HEAD") and b"text/html" in accepted


def render(prefix: str) -> bytes:
    """Return the page of a service that its proxy shows under a prefix."""
    docs, rollout, monitor = (f"<code>{escape(prefix)}/{page}</code>" for page in ("docs", "rollout", "monitor"))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>An API key is needed</title><style>{_STYLE}</style></head>
<body><main><h1>An API key is needed</h1>
<p>This service answers requests that carry a key, and a browser sends none. Fetch a page with your key, and open the
file. ADDRESS is how the address above begins, such as https://models.example:</p>
<pre>curl -H "Authorization: Bearer KEY" ADDRESS{escape(prefix)}/docs -o docs.html</pre>
<p>Whoever runs the service gives you a key. They may also show pages to everybody who reaches it, by the settings
<code>open_docs</code> for {docs}, <code>open_rollout</code> for {rollout} and <code>open_monitor</code> for
{monitor}.</p></main></body></html>
""".encode()
