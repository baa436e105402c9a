"""From the scores of a stream's frames to events: what happened, when and where."""
