package main

import (
	"encoding/json"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
	"github.com/chartbridge/chartbridge/load/rethink"
	"github.com/chartbridge/chartbridge/transform"
)

// BenchmarkMap decodes, maps, checks and encodes appointments on every
// processor, from the bytes of their rows to payload and verdict: what the
// rules cost, without the database.
func BenchmarkMap(b *testing.B) {
	for _, n := range benchRows() {
		s := newBench(b, 5000)
		p := s.open()
		d := destinationNamed(b, p, rethink.Name)
		env, sources := s.judged(d.env)
		shape := d.shapes[len(d.shapes)-1]
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			cpu := processorTime()
			for b.Loop() {
				mapAll(b, shape, env, sources, n)
			}
			reportRows(b, n, cpu)
		})
		p.close()
	}
}

// mapAll judges n records on every processor.
func mapAll(b *testing.B, shape transform.Shape, env transform.Env, sources []etl.Source, n int) {
	b.Helper()
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		all.Go(func() {
			own := env
			for i := worker; i < n; i += workers {
				if got := shape.Judge(&transform.Case{Env: &own, Source: sources[i%len(sources)]}); len(got) != 1 {
					b.Errorf("%d verdicts, want 1", len(got))
				}
			}
		})
	}
	all.Wait()
}

// reportRows reports what n rows an iteration took, since a processor time.
func reportRows(b *testing.B, n int, since time.Duration) {
	b.Helper()
	cpu, rows := processorTime()-since, float64(n*b.N)
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(cpu.Nanoseconds())/1000/rows, "cpu-us/row")
	b.ReportMetric(rows/cpu.Seconds()*float64(runtime.GOMAXPROCS(0)), "rows/s-undisturbed")
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
