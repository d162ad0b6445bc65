"""English catalogue."""

MESSAGES: dict[str, str] = {
    "error.read_encrypted": "The file is protected by a password{detail}.",
    "next.read_encrypted": "Save a copy without the password.",
    "error.read_no_text": "The file holds no text{detail}.",
    "next.read_no_text": "If it is a scan, run it through text recognition first.",
    "error.read_unknown_type": "This type of file is not read{detail}.",
    "next.read_unknown_type": "Save it as PDF, Word, Excel, PowerPoint, HTML, Markdown, text, CSV or EML, or list it in .qeuignore.",
    "error.read_damaged": "The file is damaged{detail}.",
    "next.read_damaged": "Open it in its own program and save it again.",
    "error.read_too_large": "The file is too large{detail}.",
    "next.read_too_large": "Split it, or raise ingest.max_file_mb in the profile.",
    "error.read_undecodable": "The file's character encoding was not recognised{detail}.",
    "next.read_undecodable": "Save it as UTF-8.",
    "error.read_timeout": "Reading took longer than the time limit{detail}.",
    "next.read_timeout": "Simplify the file, or raise ingest.timeout_s in the profile.",
    "error.read_memory": "Reading needed more than the memory limit{detail}.",
    "next.read_memory": "Simplify the file, or raise ingest.memory_mb in the profile.",
    "error.read_unreadable": "The file may not be read{detail}.",
    "next.read_unreadable": "Check its permissions.",
    "error.read_empty": "The file is empty{detail}.",
    "next.read_empty": "Nothing to do, unless it should hold something.",
}
