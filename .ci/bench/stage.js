// Usage: node stage.js LIST_URL DATABASE   (follows next; prints the number of rows)
// With better-sqlite3 where it is installed, else with Node's own sqlite (22.5 and later), else with the sqlite3 shell.
const { createHash } = require("node:crypto");
const { spawn } = require("node:child_process");
const { once } = require("node:events");

const [first, path] = process.argv.slice(2);
const schema = "CREATE TABLE IF NOT EXISTS raw (id TEXT PRIMARY KEY, updated_at TEXT, hash TEXT, payload TEXT);";
const pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

function driver() {
  for (const load of [() => new (require("better-sqlite3"))(path), () => new (require("node:sqlite").DatabaseSync)(path)]) {
    try { return load(); } catch { /* the next one */ }
  }
  return null;
}

function prepared(db) {
  db.exec(pragmas + schema);
  const put = db.prepare("INSERT INTO raw VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, hash = excluded.hash, payload = excluded.payload WHERE hash <> excluded.hash");
  return {
    page(rows) { db.exec("BEGIN"); for (const r of rows) put.run(...r); db.exec("COMMIT"); },
    async end() { console.log(db.prepare("SELECT count(*) AS n FROM raw").get().n); },
  };
}

function shell() {
  const sqlite = spawn("sqlite3", [path], { stdio: ["pipe", "inherit", "inherit"] });
  sqlite.stdin.write(".output /dev/null\n" + pragmas + schema + "\n.output stdout\n");
  const quote = (s) => "'" + s.replaceAll("'", "''") + "'";
  return {
    async page(rows) {
      const room = sqlite.stdin.write("BEGIN;INSERT OR REPLACE INTO raw VALUES " + rows.map((r) => "(" + r.map(quote).join(",") + ")").join(",") + ";COMMIT;\n");
      if (!room) await once(sqlite.stdin, "drain");
    },
    end() { sqlite.stdin.end("SELECT count(*) FROM raw;\n"); return new Promise((done) => sqlite.on("close", done)); },
  };
}

(async () => {
  const db = driver();
  const sink = db ? prepared(db) : shell();
  for (let url = first; url; ) {
    const page = await (await fetch(url)).json();
    await sink.page(page.results.map((row) => {
      const text = JSON.stringify(row);
      return [row.id, row.updated_at, createHash("sha256").update(text).digest("hex"), text];
    }));
    url = page.next;
  }
  await sink.end();
})();
