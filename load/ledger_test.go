package load_test

import (
	dbsql "database/sql"
	"time"
)

// ask asks the database with a connection of the test's own.
func (w *world) ask(into any, query string, args ...any) {
	w.Helper()
	db, err := dbsql.Open("sqlite3", w.store.Path())
	w.must(err)
	defer db.Close()
	w.must(db.QueryRow(query, args...).Scan(into))
}

// exec changes the database behind the store's back, as another verb would.
func (w *world) exec(query string, args ...any) {
	w.Helper()
	db, err := dbsql.Open("sqlite3", w.store.Path())
	w.must(err)
	defer db.Close()
	_, err = db.Exec(query, args...)
	w.must(err)
}

func (w *world) number(query string, args ...any) (n int) {
	w.Helper()
	w.ask(&n, query, args...)
	return n
}

// count is how many targets are in an outcome, for a cause if that is given.
func (w *world) count(outcome, cause string) int {
	w.Helper()
	return w.number(`SELECT count(*) FROM target WHERE outcome = ? AND ? IN ('', cause)`, outcome, cause)
}

// theirs is the crosswalk's id of a record; "" if there is none.
func (w *world) theirs(object, id string) (theirs string) {
	w.Helper()
	w.ask(&theirs, `SELECT coalesce(max(target_id), '') FROM crosswalk WHERE object = ? AND source_id = ?`, object, id)
	return theirs
}

// message is what a person reads of a record.
func (w *world) message(object, id string) (text string) {
	w.Helper()
	w.ask(&text, `SELECT message FROM target WHERE object = ? AND source_id = ?`, object, id)
	return text
}

// approve is a person's word for the payload as it maps now.
func (w *world) approve(object, id string) {
	w.Helper()
	const stamp = "2006-01-02T15:04:05.000Z"
	w.exec(`INSERT INTO approval (destination, object, source_id, hash, by, at, expires_at)
		SELECT destination, object, source_id, hash, 'ana', ?, ? FROM target WHERE object = ? AND source_id = ?`,
		w.clock.Now().Format(stamp), w.clock.Now().Add(72*time.Hour).Format(stamp), object, id)
}
