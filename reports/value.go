package reports

import (
	"time"
)

// str, num, blob and instant take a value out of a snapshot's row.
func str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

func num(v any) int {
	n, _ := v.(int64)
	return int(n)
}

func blob(v any) []byte {
	b, _ := v.([]byte)
	return b
}

func instant(v any) time.Time {
	t, err := time.Parse(time.RFC3339Nano, str(v))
	if err != nil {
		return time.Time{}
	}
	return t
}
