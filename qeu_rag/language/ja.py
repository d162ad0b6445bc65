"""Japanese catalogue."""

MESSAGES: dict[str, str] = {
    "error.read_encrypted": "ファイルはパスワードで保護されています{detail}。",
    "next.read_encrypted": "パスワードなしの写しを保存してください。",
    "error.read_no_text": "ファイルに文字がありません{detail}。",
    "next.read_no_text": "スキャン画像であれば、先に文字認識にかけてください。",
    "error.read_unknown_type": "この種類のファイルは読めません{detail}。",
    "next.read_unknown_type": "PDF・Word・Excel・PowerPoint・HTML・Markdown・テキスト・CSV・EML で保存するか、.qeuignore に書いてください。",
    "error.read_damaged": "ファイルが壊れています{detail}。",
    "next.read_damaged": "元のプログラムで開いて保存し直してください。",
    "error.read_too_large": "ファイルが大きすぎます{detail}。",
    "next.read_too_large": "分割するか、プロファイルの ingest.max_file_mb を大きくしてください。",
    "error.read_undecodable": "文字コードを判別できません{detail}。",
    "next.read_undecodable": "UTF-8 で保存してください。",
    "error.read_timeout": "読み込みが制限時間を超えました{detail}。",
    "next.read_timeout": "ファイルを簡単にするか、プロファイルの ingest.timeout_s を大きくしてください。",
    "error.read_memory": "読み込みがメモリの上限を超えました{detail}。",
    "next.read_memory": "ファイルを簡単にするか、プロファイルの ingest.memory_mb を大きくしてください。",
    "error.read_unreadable": "ファイルを読む権限がありません{detail}。",
    "next.read_unreadable": "アクセス権を確かめてください。",
    "error.read_empty": "ファイルが空です{detail}。",
    "next.read_empty": "中身があるはずのものでなければ、そのままで構いません。",
}
