#!/usr/bin/env bash
# Usage: stage-curl.sh LIST_URL DATABASE PAGES   (the number of pages is known; prints the number of rows)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
curl -sSf "$1?page=[0-$(($3 - 1))]" -o "$dir/#1.json"
{
  printf '%s\n' '.output /dev/null' 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;' '.output stdout' \
    'CREATE TABLE raw (id TEXT PRIMARY KEY, updated_at TEXT, payload TEXT);'
  for ((i = 0; i < $3; i++)); do
    echo "INSERT INTO raw SELECT value ->> 'id', value ->> 'updated_at', value FROM json_each(readfile('$dir/$i.json'), '\$.results');"
  done
  echo 'SELECT count(*) FROM raw;'
} | sqlite3 "$2"
