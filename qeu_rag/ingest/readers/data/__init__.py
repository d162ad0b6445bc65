"""JSON, YAML, notebooks and subtitles."""
