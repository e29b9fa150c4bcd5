package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/transform"
)

// BenchmarkJudge decodes, maps, checks and encodes appointments on every
// processor, without the database: what the rules cost.
func BenchmarkJudge(b *testing.B) {
	s := newBench(b, 5000)
	p := s.open()
	defer p.close()
	d := destinationNamed(b, p, rethink.Name)
	env, sources := s.judged(d.env)
	shape := d.shapes[len(d.shapes)-1]
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if got := shape.Judge(&transform.Case{Env: &env, Source: sources[i%len(sources)]}); len(got) != 1 {
				b.Errorf("%d verdicts, want 1", len(got))
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func destinationNamed(b *testing.B, p *practice, name string) destination {
	b.Helper()
	for _, d := range p.destinations() {
		if d.name == name {
			return d
		}
	}
	b.Fatalf("no destination %s", name)
	return destination{}
}

// judged gives the practice's appointments as staging holds them, and the env
// that their judge needs.
func (s *bench) judged(env transform.Env) (transform.Env, []etl.Source) {
	s.Helper()
	env.Object, env.Now = "appointment", time.Now()
	env.Doctors, env.Patients = map[string]transform.Doctor{}, map[string]transform.Patient{}
	for _, src := range s.sources("doctors") {
		d, _ := (&transform.Case{Source: src}).AsDoctor()
		env.Doctors[src.ID] = d
	}
	for _, src := range s.sources("patients") {
		p, _ := (&transform.Case{Source: src}).AsPatient()
		env.Patients[src.ID] = p
	}
	return env, s.sources("appointments")
}

// sources are an endpoint's records as staging holds them.
func (s *bench) sources(endpoint string) []etl.Source {
	s.Helper()
	e, _ := extract.Find(endpoint)
	var list []etl.Source
	for _, row := range s.v.Practice.Rows(endpoint) {
		raw, err := json.Marshal(row)
		if err != nil {
			s.Fatal(err)
		}
		r := extract.ReadRow(e, raw, "")
		list = append(list, etl.Source{Ref: etl.Ref{Endpoint: endpoint, ID: r.ID}, Patient: r.Patient, Doctor: r.Doctor, Parts: r.Parts, Raw: raw})
	}
	if len(list) == 0 {
		s.Fatalf("the practice has no %s", endpoint)
	}
	return list
}
