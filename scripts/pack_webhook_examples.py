"""Pack GitHub's examples of webhook payloads for the tests of the event reader.

    python scripts/pack_webhook_examples.py FOLDER

FOLDER is the unpacked npm package ``@octokit/webhooks-examples``. Writes
``tests/github/schemas/webhook-examples.json.xz``: a list of ``{"event", "payload"}``, the payloads
as they are. They repeat each other so much that all of them take no more room than a picture.
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
OUT = TOP / "tests" / "github" / "schemas" / "webhook-examples.json.xz"


def main(arguments: list[str]) -> None:
    """Write the file from the folder."""
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    events = json.loads((Path(arguments[0]) / "api.github.com" / "index.json").read_text())
    found = [
        {"event": each["name"], "payload": payload}
        for each in events
        for payload in each["examples"]
    ]
    data = json.dumps(found, separators=(",", ":"), sort_keys=True).encode("ascii")
    OUT.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main(sys.argv[1:])
