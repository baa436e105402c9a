"""From the frames of a stream to events: what happened, when and where."""
