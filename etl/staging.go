package etl

// A Row is one source record as a page brought it, before it is staged.
type Row struct {
	ID        string
	UpdatedAt string // the vendor's stamp, as sent
	Stamp     string // the same as naive text that sorts; "" where it is none or no date
	Patient   string // ids that most records hang on; "" if none
	Doctor    string
	Parts     []string // names of the objects of their own inside it: a patient's insurances, "primary"
	Verbose   bool
	Deleted   string // what in it says that it is deleted: deleted_flag, archived, inactive; "" if nothing does
	Hash      []byte // of the content, volatile fields left out
	Raw       []byte // the bytes of the wire
	Fault     string // why it cannot be read; it is staged all the same
	Problem   string // what is odd about a row that can be read, such as a stamp that is no date
}

// A Cursor says where one endpoint's stream stands.
type Cursor struct {
	Endpoint  string
	Lane      string // "nightly", or a backfill's id
	Watermark string // the server's own stamp; only a drained stream moves it
	Next      string // path and query to go on from; "" = no drain is open
	Since     string // lower bound of the open drain
	Began     string // the server's clock when the open drain began, or after OurClock ours; "" = its watermark stays where it is
	Newest    string // largest stamp seen in the open drain, at most Began
	Mark      int64  // change number when the open drain began
	IDs       string // digest of the last page's ids: a page that repeats them is no progress
	Page      int    // pages of the open or last drain
	Rows      int    // likewise, rows
	Changed   int    // likewise, rows that were new or differed
	Caught    int    // changed rows that only the overlap brought
	State     string // new, open, drained, unavailable, failed
	Note      string

	// Digest names the rows of the page just read, so that they can be known
	// again; "" = they are not to be. It is not kept with the cursor.
	Digest string `db:"-"`
}

// OurClock stands before a Began that the server did not tell: stamps later
// than it are passed over, and it is never a watermark.
const OurClock = "ours:"

// A Page is what is remembered of a page that was staged whole.
type Page struct {
	Rows   int
	Newest string // the largest stamp of its rows
	IDs    string // digest of its ids, as in the cursor that follows it
}

// Cursor states.
const (
	StreamNew         = "new"
	StreamOpen        = "open"
	StreamDrained     = "drained"
	StreamUnavailable = "unavailable" // the vendor does not let us read it
	StreamFailed      = "failed"
)

// NoID begins the name that staging gives a row without an id: it goes by its
// content, so after its next change it looks like another.
const NoID = "content:"

// A Source is a staged record, as the stages after extraction read it.
type Source struct {
	Ref
	Seq       int64
	UpdatedAt string
	Patient   string
	Doctor    string
	Gone      bool
	Fault     string
	Parts     []string // as staged in Row.Parts, of the last content that could be read
	Raw       []byte
}
