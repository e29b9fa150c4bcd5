package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/spf13/cobra"
)

func newSimulate(s *shared) *cobra.Command {
	var address, dir string
	size := drchronotest.DefaultSize
	var seed uint64
	var faults []string
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve the simulated vendors until interrupted, with a config that points at them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return simulate(cmd.Context(), s, address, dir, seed, size, faults)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&address, "listen", "127.0.0.1:0", "loopback `ADDRESS` to serve on")
	flags.StringVar(&dir, "dir", "./simulate-out", "write config, lookups and secrets into `DIR`")
	flags.Uint64Var(&seed, "seed", demoSeed, "makes another practice")
	flags.StringArrayVar(&faults, "fault", nil, "misbehave: `VENDOR:NAME[:TIMES]`, such as rethink:reset-after:3 or drchrono:broken-json")
	flags.IntVar(&size.Patients, "patients", size.Patients, "patients of the practice")
	flags.IntVar(&size.Staff, "staff", size.Staff, "staff of the practice")
	flags.IntVar(&size.Appointments, "appointments", size.Appointments, "appointments of the practice")
	return cmd
}

func simulate(ctx context.Context, s *shared, address, dir string, seed uint64, size drchronotest.Size, faults []string) (err error) {
	clock := wallClock{}
	practice := drchronotest.NewPractice(seed, size, clock.Now())
	v, err := startVendors(address, practice, clock.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	for _, spec := range faults {
		if err := v.inject(spec); err != nil {
			return err
		}
	}
	config, err := v.writeFiles(dir, clock.Now().AddDate(0, -4, 0).Format(time.DateOnly))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Simulated vendors at %s. In another terminal:\n  chartbridge run --config %s\nThe config:\n\n%s\n",
		v.URL, config, v.configText(clock.Now().AddDate(0, -4, 0).Format(time.DateOnly)))
	<-ctx.Done()
	return nil
}
