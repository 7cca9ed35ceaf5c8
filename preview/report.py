"""The machine-readable report. Its form is a fixed interface: other tools read it."""

from __future__ import annotations

import json

from .evaluate import Evaluation

VERSION = 1
_OPTIONS = ("protect", "ignoreChanges", "deleteBeforeReplace", "replaceOnChanges", "dependsOn")


def to_json(evaluation: Evaluation) -> str:
    """The same bytes for the same input; secrets as `[secret]`, unknown values as `«name.property»`."""
    document = {
        "version": VERSION,
        "stack": evaluation.stack,
        "resources": [
            {
                "urn": resource.urn,
                "type": resource.type,
                "name": resource.name,
                "parent": resource.parent,
                "inputs": resource.inputs,
                "options": {name: resource.options[name] for name in _OPTIONS},
            }
            for resource in evaluation.resources
        ],
        "outputs": evaluation.outputs,
        "warnings": list(evaluation.warnings),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
