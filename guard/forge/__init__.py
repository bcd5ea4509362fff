"""Sources of facts about a change: git alone (``plain``), a JSON file (``facts``)."""
