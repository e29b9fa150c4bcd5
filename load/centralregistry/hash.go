package centralregistry

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

// algorithms are those of config hash_algorithm, by the names of PHP's
// hash_hmac, "the source method used for reference". The document does not say
// which one the registry uses; its sample has 256 bits. Weak ones are among
// them because the choice is the registry's.
var algorithms = map[string]func() hash.Hash{
	"":           sha256.New,
	"sha256":     sha256.New,
	"sha384":     sha512.New384,
	"sha512":     sha512.New,
	"sha1":       sha1.New,
	"md5":        md5.New,
	"sha512/256": sha512.New512_256,
	"sha3-256":   func() hash.Hash { return sha3.New256() },
}

// identification is the hash of the date of birth: "The origin of the hash
// should be the patient's date of birth in ISO8601 format (YYYY-MM-DD)", "in
// hex format". Neither the date nor the hash ever stands in a problem.
func identification(o ShapeOptions, d discharge, c *transform.Case) transform.Value {
	birth := d.BirthDate.String()
	day, err := time.Parse(time.DateOnly, birth)
	algorithm := algorithms[o.HashAlgorithm]
	switch {
	case algorithm == nil:
		return c.Problem(etl.CodeRange, "identification_hash needs an algorithm that we know; correct hash_algorithm in the config")
	case o.HashKey == "":
		return c.Problem(etl.CodeRequired, "identification_hash needs the registry's secret key; set hash_key in the config")
	case birth == "":
		return c.Problem(etl.CodeRequired, "identification_hash needs the date of birth and the patient has none; fill it in in DrChrono")
	case err != nil:
		return c.Problem(etl.CodeFormat, "identification_hash needs a date of birth of the form YYYY-MM-DD; correct it in DrChrono")
	case birth > c.Now.In(c.Zone).Format(time.DateOnly):
		return c.Problem(etl.CodeRange, "identification_hash needs a date of birth that is not in the future; correct it in DrChrono")
	case day.Year() < earliestBirth:
		return c.Problem(etl.CodeRange, "identification_hash needs a date of birth that a living person can have; correct it in DrChrono")
	}
	mac := hmac.New(algorithm, []byte(o.HashKey))
	mac.Write([]byte(birth))
	return transform.String(hex.EncodeToString(mac.Sum(nil)))
}

// earliestBirth is the year before which a birth date is a slip of the pen.
const earliestBirth = 1880

// samePatient is equal for patients with the same CRID; nil where it is none.
// It is made with the secret key: a CRID has too few characters for a hash
// without one to hide it.
func samePatient(o ShapeOptions, crid string) []byte {
	if o.HashKey == "" || !cridForm.MatchString(crid) {
		return nil
	}
	mac := hmac.New(sha256.New, []byte(o.HashKey))
	mac.Write([]byte("crid " + crid))
	return mac.Sum(nil)[:16:16]
}
