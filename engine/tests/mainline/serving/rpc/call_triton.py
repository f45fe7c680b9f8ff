"""Ask a server of the Open Inference Protocol by NVIDIA's own client; `PORT KEY MODEL FILE`, the file has the tensors.

Prints a line of JSON with what came back.
"""

import json
import sys

import numpy as np
import tritonclient.grpc as triton

KINDS = {"FP64": np.float64, "INT64": np.int64, "BYTES": np.object_}


def main() -> None:
    """Ask for health, metadata and predictions, and for what is refused."""
    port, key, model, file = sys.argv[1:]
    headers = {"authorization": f"Bearer {key}"}
    with open(file, encoding="utf-8") as opened:
        sent = json.load(opened)
    inputs = []
    for tensor in sent:
        made = triton.InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
        made.set_data_from_numpy(np.array(tensor["data"], KINDS[tensor["datatype"]]))
        inputs.append(made)
    with triton.InferenceServerClient(f"127.0.0.1:{port}") as client:
        described = client.get_model_metadata(model, headers=headers)
        answer = client.infer(model, inputs, headers=headers, request_id="42")
        found = {
            "health": [
                client.is_server_live(),
                client.is_server_ready(),
                client.is_model_ready(model, headers=headers),
            ],
            "server": client.get_server_metadata(headers=headers).name,
            "inputs": [tensor.name for tensor in described.inputs],
            "id": answer.get_response().id,
            "outputs": {one.name: answer.as_numpy(one.name).tolist() for one in answer.get_response().outputs},
            "refusals": [refusal(client, model, inputs, {}), refusal(client, "other", inputs, headers)],
        }
    print(json.dumps(found))


def refusal(
    client: triton.InferenceServerClient, model: str, inputs: list[triton.InferInput], headers: dict[str, str]
) -> str:
    """Return the status of a call that is refused."""
    try:
        client.infer(model, inputs, headers=headers)
    except triton.InferenceServerException as error:
        return error.status()
    return ""


if __name__ == "__main__":
    main()
