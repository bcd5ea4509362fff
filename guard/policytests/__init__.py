"""Tests of a policy: facts in, the verdicts that they must have, and what no test would notice."""
