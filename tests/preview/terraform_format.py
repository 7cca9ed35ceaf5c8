"""The form of `terraform show -json`, as a schema."""

from __future__ import annotations

from typing import Any

import jsonschema

IDENTITY = {
    "address": {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[A-Za-z_]\w*$"},
    "mode": {"const": "managed"},
    "type": {"type": "string", "pattern": "^(aws|cloudflare|random)_[a-z0-9_]+$"},
    "name": {"type": "string"},
}
PROVIDER = {
    "enum": [
        "registry.terraform.io/hashicorp/aws",
        "registry.terraform.io/cloudflare/cloudflare",
        "registry.terraform.io/hashicorp/random",
    ]
}


def closed(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


EXPRESSION: dict[str, Any] = {
    "oneOf": [
        closed({"constant_value": {}}),
        closed({"references": {"type": "array", "minItems": 1, "items": {"type": "string"}}}),
        {"const": {}},
        {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"$ref": "#/$defs/expression"}},
        },
    ]
}
VALUES = closed(
    {
        **IDENTITY,
        "provider_name": PROVIDER,
        "schema_version": {"const": 0},
        "values": {"type": "object"},
        "sensitive_values": {"type": "object"},
    }
)
OUTPUT = closed({"sensitive": {"type": "boolean"}, "value": {}}, ("value",))
CHANGE = closed(
    {
        "actions": {
            "enum": [
                ["create"],
                ["no-op"],
                ["update"],
                ["delete"],
                ["delete", "create"],
                ["create", "delete"],
            ]
        },
        "before": {"type": ["object", "null"]},
        "after": {"type": ["object", "null"]},
        "after_unknown": {"type": "object"},
        "before_sensitive": {"type": ["object", "boolean"]},
        "after_sensitive": {"type": ["object", "boolean"]},
        "replace_paths": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
    },
    ("replace_paths",),
)
STATE = closed(
    {
        "outputs": {"additionalProperties": OUTPUT},
        "root_module": closed({"resources": {"type": "array", "items": VALUES}}),
    }
)
# As https://developer.hashicorp.com/terraform/internals/json-format describes the format's version 1.2.
FORMAT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"expression": EXPRESSION},
    **closed(
        {
            "format_version": {"const": "1.2"},
            "terraform_version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
            "planned_values": STATE,
            "resource_changes": {
                "type": "array",
                "items": closed({**IDENTITY, "provider_name": PROVIDER, "change": CHANGE}),
            },
            "output_changes": {"type": "object"},
            "configuration": closed(
                {
                    "provider_config": {
                        "additionalProperties": closed(
                            {"name": {}, "full_name": PROVIDER, "expressions": {}}, ("expressions",)
                        )
                    },
                    "root_module": closed(
                        {
                            "resources": {
                                "type": "array",
                                "items": closed(
                                    {
                                        **IDENTITY,
                                        "provider_config_key": {"enum": ["aws", "cloudflare", "random"]},
                                        "schema_version": {"const": 0},
                                        "expressions": {
                                            "type": "object",
                                            "additionalProperties": {"$ref": "#/$defs/expression"},
                                        },
                                    }
                                ),
                            }
                        }
                    ),
                }
            ),
            "applyable": {"const": True},
            "complete": {"const": True},
            "errored": {"const": False},
            "prior_state": closed(
                {"format_version": {"const": "1.0"}, "terraform_version": {}, "values": STATE}
            ),
        },
        ("prior_state",),
    ),
}
VALIDATOR = jsonschema.Draft202012Validator(FORMAT)
