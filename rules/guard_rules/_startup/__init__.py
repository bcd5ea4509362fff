"""What the rules over runs of the code share: from an exception to its cause and its mend."""
