"""Checks ONNX files as strictly as ONNX's own package can; prints "FILE<tab>REASON" for each that fails."""
import sys

import onnx

for path in sys.argv[1:]:
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as exception:
        print(path, " ".join(str(exception).split()), sep="\t")
