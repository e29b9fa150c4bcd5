package reports

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// Colours of series (Okabe and Ito), told apart also by their order and, of
// lines, by their dashes.
const (
	chartBlue   = "0072B2"
	chartOrange = "D55E00"
	chartYellow = "E69F00"
	chartSky    = "56B4E9"
	chartGrey   = "7F7F7F"
	chartText   = "404040" // axes: 10.4 to 1 on white
)

func (w *writer) column(n, last int) string {
	return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", w.place.sheet, letter(n), firstRow, letter(n), last)
}

func (w *writer) headCell(n int) string {
	return fmt.Sprintf("'%s'!$%s$%d", w.place.sheet, letter(n), headRow)
}

// chart puts a chart below the rows. alt is what it shows in words, for whom
// cannot see it.
func (w *writer) putChart(title, alt string, main *excelize.Chart, more ...*excelize.Chart) error {
	main.Title = excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title, Font: &excelize.Font{Size: 13, Bold: true, Color: chartText}}}}
	main.Legend = excelize.ChartLegend{Position: "bottom", Font: &excelize.Font{Size: 10, Color: chartText}}
	main.Dimension = excelize.ChartDimension{Width: 1000, Height: max(360, main.Dimension.Height)}
	main.Format = excelize.GraphicOptions{AltText: alt + " The numbers stand on this sheet.", OffsetX: 4, OffsetY: 6, Positioning: "oneCell"}
	axis := excelize.Font{Size: 10, Color: chartText}
	main.XAxis.Font, main.YAxis.Font = axis, axis
	main.YAxis.MajorGridLines = true
	for _, c := range more {
		c.XAxis.Font, c.YAxis.Font = axis, axis
	}
	w.charts++
	return w.b.f.AddChart(w.place.sheet, cellName(1, w.row+2+(w.charts-1)*chartHigh), main, more...)
}

// chartHigh is how many rows a chart covers, with one to part it from the next.
const chartHigh = 20

func fill(colour string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
}

func (w *writer) series(name, labels, values int, last int, colour string) excelize.ChartSeries {
	return excelize.ChartSeries{Name: w.headCell(name), Categories: w.column(labels, last), Values: w.column(values, last), Fill: fill(colour)}
}

// backlogChart is the backlog over the nights: what waits, and what came new.
func (w *writer) backlogChart() error {
	last := w.row
	waiting := w.series(14, 17, 14, last, chartBlue)
	waiting.Line = excelize.LineOptions{Width: 2.5}
	fresh := w.series(9, 17, 9, last, chartOrange)
	fresh.Line = excelize.LineOptions{Width: 2, Dash: excelize.LineDashDash}
	fresh.Marker, waiting.Marker = excelize.ChartMarker{Symbol: "diamond", Size: 7, Fill: fill(chartOrange)}, excelize.ChartMarker{Symbol: "circle", Size: 6, Fill: fill(chartBlue)}
	c := &excelize.Chart{Type: excelize.Line, Series: []excelize.ChartSeries{waiting, fresh}}
	zero := 0.0
	c.YAxis.Minimum = &zero
	if err := w.putChart("Backlog over the nights", "A line chart: records that wait at the end of each run, and those that came new in it.", c); err != nil {
		return err
	}
	return w.nightsChart(last)
}

// nightsChart is what each night opened and closed.
func (w *writer) nightsChart(last int) error {
	c := &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{w.series(9, 17, 9, last, chartOrange), w.series(10, 17, 10, last, chartYellow),
		w.series(11, 17, 11, last, chartBlue), w.series(12, 17, 12, last, chartSky)}}
	return w.putChart("What each night opened and closed", "Columns: breaks that were new or reopened in each run, and those that it resolved or people had decided.", c)
}

// agingChart is stacked columns, by how long records have waited.
func (w *writer) agingChart() error {
	last := w.row
	colours := []string{chartSky, chartBlue, chartYellow, chartOrange, chartGrey, "000000"}
	c := &excelize.Chart{Type: excelize.ColStacked}
	for i := range ageBuckets {
		c.Series = append(c.Series, w.series(2+i, 1, 2+i, last, colours[i]))
	}
	return w.putChart("Nights waited, by destination and object", "Stacked columns: how many records of each object wait, by nights.", c)
}

// paretoBars is how many causes the chart shows.
const paretoBars = 10

// paretoSlant is by how many degrees the causes lean, so that none is broken
// within a word.
const paretoSlant = -30

// paretoChart is the commonest causes with the share that they add up to.
func (w *writer) paretoChart() error {
	last := min(w.row, headRow+paretoBars)
	bars := w.series(1, 2, 1, last, chartBlue)
	c := &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{bars}}
	c.XAxis.Alignment.TextRotation, c.Dimension.Height = paretoSlant, 520
	gap := uint(40)
	c.GapWidth = &gap
	share := w.series(3, 2, 3, last, chartOrange)
	share.Line, share.Marker = excelize.LineOptions{Width: 2}, excelize.ChartMarker{Symbol: "diamond", Size: 7, Fill: fill(chartOrange)}
	line := &excelize.Chart{Type: excelize.Line, Series: []excelize.ChartSeries{share}}
	line.YAxis.Secondary = true
	zero, hundred := 0.0, 100.0
	line.YAxis.Minimum, line.YAxis.Maximum = &zero, &hundred
	return w.putChart("What to mend first", "Columns: how many records each cause keeps back, the commonest first; a line: the share of all that they add up to, in per cent.", c, line)
}
