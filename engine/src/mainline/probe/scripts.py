"""The golden requests of a package as a load test for Locust or k6, for those who have them."""

import json
from pathlib import Path

from mainline import files
from mainline.probe.smoke import PREDICT, read

REQUESTS = "requests.json"
_HEAD = "Written by `./mainline render` for {way}; render it again instead of changing it."
_LOCUST = '''"""{head}

MAINLINE_API_KEY=... locust --headless --host https://models.example.org/churn --users 20 --run-time 1m
"""

import json
import os
from itertools import cycle
from pathlib import Path

from locust import HttpUser, constant_throughput, task

REQUESTS = cycle(json.loads(Path(__file__).with_name("{requests}").read_text(encoding="utf-8")))
HEADERS = {{"Authorization": f"Bearer {{os.environ.get('MAINLINE_API_KEY', '')}}"}}


class Client(HttpUser):
    """Sends a golden request a second."""

    wait_time = constant_throughput(1)

    @task
    def predict(self):
        self.client.post("{path}", json=next(REQUESTS), headers=HEADERS)
'''
_K6 = """// {head}
// MAINLINE_API_KEY=... BASE=https://models.example.org/churn k6 run load.js
import http from "k6/http";
import {{ check }} from "k6";

const requests = JSON.parse(open("./{requests}"));
export const options = {{
  scenarios: {{
    steady: {{ executor: "constant-arrival-rate", rate: 50, timeUnit: "1s", duration: "1m", preAllocatedVUs: 50 }},
  }},
  thresholds: {{ http_req_failed: ["rate<0.001"], http_req_duration: ["p(99)<50"] }},
}};

export default function () {{
  const body = JSON.stringify(requests[__ITER % requests.length]);
  const headers = {{ "Content-Type": "application/json", Authorization: `Bearer ${{__ENV.MAINLINE_API_KEY}}` }};
  const answer = http.post(`${{__ENV.BASE}}{path}`, body, {{ headers }});
  check(answer, {{ "answered with 200": (it) => it.status === 200 }});
}}
"""
WAYS = {"locust": ("locustfile.py", _LOCUST), "k6": ("load.js", _K6)}


def write(way: str, package: Path, folder: Path) -> str:
    """Write the script and the requests beside it into a folder; return what was written.

    Raises:
        MainlineError: when there is no such package.
    """
    name, template = WAYS[way]
    _, golden = read(package)
    text = template.format(head=_HEAD.format(way=way), requests=REQUESTS, path=PREDICT)
    files.replace(folder / REQUESTS, json.dumps(golden["requests"], indent=1) + "\n")
    files.replace(folder / name, text)
    return f"{folder}: {name}, {REQUESTS}"
