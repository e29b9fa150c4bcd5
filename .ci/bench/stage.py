# Usage: python3 stage.py LIST_URL DATABASE   (follows next; prints the number of rows)
import hashlib, json, sqlite3, sys, urllib.request

url, db = sys.argv[1], sqlite3.connect(sys.argv[2], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE IF NOT EXISTS raw (id TEXT PRIMARY KEY, updated_at TEXT, hash BLOB, payload TEXT)")
while url:
    with urllib.request.urlopen(url) as reply:
        page = json.load(reply)
    rows = []
    for row in page["results"]:
        text = json.dumps(row, separators=(",", ":"))
        rows.append((row["id"], row["updated_at"], hashlib.sha256(text.encode()).digest(), text))
    db.execute("BEGIN")
    db.executemany("INSERT INTO raw VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at,"
                   " hash = excluded.hash, payload = excluded.payload WHERE hash <> excluded.hash", rows)
    db.execute("COMMIT")
    url = page["next"]
print(db.execute("SELECT count(*) FROM raw").fetchone()[0])
