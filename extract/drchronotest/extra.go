package drchronotest

import (
	"encoding/xml"
	"fmt"
	"net/http"
)

// extra answers what hangs below one patient: ccda and qrda1 are XML, and
// onpatient_access is a list.
func (s *Server) extra(w http.ResponseWriter, name, id, what string) {
	if name != "patients" || s.p.one(specs["patients"], id, false) == nil {
		fail(w, http.StatusNotFound, "Not found.")
		return
	}
	switch what {
	case "ccda", "qrda1":
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, `%s<ClinicalDocument xmlns="urn:hl7-org:v3"><id extension="%s"/><title>%s</title></ClinicalDocument>`, xml.Header, id, what)
	case "onpatient_access":
		at := stamp(s.p.Now().AddDate(0, -1, 0))
		s.writePage(w, page{rows: marshal(fields{
			"id": 1, "doctor": firstDoctor, "enabled_by": firstUser, "enabled_on": at,
			"activated_on": nil, "disabled_by": nil, "disabled_on": nil,
		})})
	default:
		fail(w, http.StatusNotFound, "Not found.")
	}
}
