"""A plugin for the command line's own tests: cross-file findings without any Python semantics.

A comment ``# use X`` is a finding where no file has ``# define X``. ``# crash`` makes the rule
crash, ``# unsure`` leaves the file unjudged, ``# exit`` makes the rule try to end the process.
"""

from __future__ import annotations

import re

from guard.hookspecs import hookimpl
from guard.model import Finding, Level, Place, Stage, Step, Unjudged, Use, When
from guard.rule import SourceRule

WORD = re.compile(r"# (use|define) (\w+)")


class LostWord(SourceRule):
    id = "lost-word"
    summary = "A word is used that no file defines."

    def check(self, project, options):
        uses = {}
        defined = set()
        for path in project.paths():
            text = project.read(path).decode("utf-8", "replace")
            if "# crash" in text:
                raise ZeroDivisionError(f"in {path}")
            if "# exit" in text:
                raise SystemExit(0)
            if "# unsure" in text:
                yield Unjudged(path, "it is not sure", 1)
            for number, line in enumerate(text.split("\n"), 1):
                for match in WORD.finditer(line):
                    column = match.start(2) + 1
                    if match[1] == "define":
                        defined.add(match[2])
                    else:
                        place = Place(path, number, column, number, match.end(2) + 1)
                        uses.setdefault((match[2], path), []).append(place)
        for (word, _), places in uses.items():
            if word not in defined:
                yield self._finding(word, places)

    def _finding(self, word, places):
        return Finding(
            rule=self.id,
            place=places[0],
            name=word,
            message=f"`{word}` is defined nowhere.",
            raises=f"NameError: name '{word}' is not defined",
            when=When.IMPORT,
            fix=f"Define `{word}`.",
            guard=Place(places[0].path, 1, 1),
            uses=tuple(Use(place, When.IMPORT) for place in places),
            chain=(Step(places[0], "start"),),
        )


class AnyWord(SourceRule):
    id = "any-word"
    summary = "A word is used at all."
    default_level = Level.OFF
    stages = frozenset({Stage.PULL_REQUEST})

    def check(self, project, options):
        for path in project.paths():
            if b"# use" in project.read(path):
                place = Place(path, 1, 1)
                yield Finding(self.id, place, "use", "A word.", "", When.IMPORT, "Be silent.")


@hookimpl
def guard_rules():
    return (LostWord(), AnyWord())
