"""Ask Compose about every file of the corpus again, and keep its answers: `python -m tests.model.compose.record`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.model.compose.corpus import ANSWERS, ask, texts


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        answers = [ask(text, Path(folder)) for text in texts()]
    lines = ",\n".join(json.dumps(answer, sort_keys=True) for answer in answers)
    ANSWERS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
