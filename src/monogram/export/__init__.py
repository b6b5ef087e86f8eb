"""One person's model as files for elsewhere, each checked by running it.

export_model(store, "anna", "exports/anna")     # safetensors and config, ONNX, torch.export
model = from_pretrained("exports/anna")         # of monogram.store: the first of them, read again
"""

from monogram.export.export import EXTENSIONS, FORMATS, Exported, export_model
from monogram.networks import example_inputs

__all__ = ["EXTENSIONS", "FORMATS", "Exported", "example_inputs", "export_model"]
