package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func moneySection(a *verdict.Analysis) []section {
	m := a.Money
	if m == nil {
		return nil
	}
	const legend = "A cell is the quantity, and what it comes to at the price: quantity × price = amount."
	title := moneyTitle(m)
	below, left := para{Only: inText, Text: say(legend)}, list{Only: inMarkdown}
	blocks := []block{
		lead{Only: inText, Text: say(title)},
		para{Only: inMarkdown, Text: say(title + ". " + legend)},
		para{Only: inHTML, Text: say(capital(title) + ".")},
		moneyTable(m),
		moneyByLevel(m),
	}
	for _, text := range m.Left {
		below.More = append(below.More, say(text))
		left.Items = append(left.Items, item{Sign: "-", Text: text})
	}
	blocks = append(blocks, below, left)
	for _, text := range m.Left {
		blocks = append(blocks, para{Only: inHTML, Text: say(text), Class: "muted"})
	}
	return []section{{ID: "money", Heading: "Money", Sub: true, Fold: true, Blocks: append(blocks, moneyRecords(m))}}
}

// moneyTitle is the head of the bills.
func moneyTitle(m *verdict.Bills) string {
	text := "what a million requests cost in " + string(m.Currency)
	if m.Currency == verdict.Money {
		text = "what a million requests cost in money"
	}
	if m.Rate > 0 {
		text += fmt.Sprintf("; one arm stands for %s requests/s, so that they take %s h", plain(m.Rate), figure(1e6/m.Rate/3600))
	}
	return text
}

// moneyTable is every line of the bills: quantity × price = amount, and the totals.
func moneyTable(m *verdict.Bills) table {
	out := table{Only: inText | inMarkdown, Columns: heads(true, "item", "price")}
	total := texts("total", "")
	for _, b := range m.Bills {
		out.Columns = append(out.Columns, column{Head: cell{Text: b.Arm.Name}, Right: true})
		total = append(total, cell{Text: figure(b.Total)})
	}
	for i, it := range itemsOf(m) {
		row := []cell{{Text: it.What}, {Text: plain(it.Price), Gloss: []string{"per " + it.Unit}}}
		for _, b := range m.Bills {
			of := verdict.Item{Quantity: math.NaN(), Amount: math.NaN()}
			if i < len(b.Items) {
				of = b.Items[i]
			}
			row = append(row, cell{Text: figure(of.Quantity), Gloss: []string{"= " + figure(of.Amount)}})
		}
		out.Rows = append(out.Rows, row)
	}
	out.Rows = append(out.Rows, total)
	return out
}

// moneyByLevel is the same for the page, which has room for more levels than items beside each other; with what a level adds to the
// one before it.
func moneyByLevel(m *verdict.Bills) table {
	out := table{Only: inHTML, Columns: heads(true, "Level"), Label: "Money by level", Class: "numbers bill",
		Caption: "An amount is quantity × price; below it the quantity, and by how much the amount is more than that of the level above it"}
	for _, it := range itemsOf(m) {
		out.Columns = append(out.Columns, column{Head: cell{Text: it.What, Gloss: []string{plain(it.Price) + " per " + it.Unit}}, Right: true})
	}
	out.Columns = append(out.Columns, column{Head: cell{Text: "Total"}, Right: true})
	for _, b := range m.Bills {
		row := []cell{armCell(b.Arm)}
		for _, it := range b.Items {
			row = append(row, cell{Text: figure(it.Amount), Gloss: append([]string{figure(it.Quantity)}, moreMoney(it.Over)...)})
		}
		out.Rows = append(out.Rows, append(row, cell{Text: figure(b.Total), Strong: true, Gloss: moreMoney(b.Over)}))
	}
	return out
}

// moreMoney is by how much an amount is more than that of the level before; nothing where that is not known or is nothing.
func moreMoney(x float64) []string {
	if !known(x) || x == 0 {
		return nil
	}
	if x > 0 {
		return []string{"+" + figure(x)}
	}
	return []string{figure(x)}
}

// moneyRecords are a line per item of a bill.
func moneyRecords(m *verdict.Bills) table {
	var records []map[string]any
	for _, b := range m.Bills {
		for _, i := range b.Items {
			records = append(records, ofArm(map[string]any{"unit": string(m.Currency), "per": string(verdict.PerMillion), "value": i.Amount,
				"item": i.What, "quantity": i.Quantity, "of": i.Unit, "price": i.Price}, b.Arm))
		}
	}
	return recordsOf(records)
}

// itemsOf are the items of all bills, by the first; none if an odd analysis has none.
func itemsOf(m *verdict.Bills) []verdict.Item {
	if len(m.Bills) == 0 {
		return nil
	}
	return m.Bills[0].Items
}

// figure is a quantity or an amount to four significant digits, however small: a request costs little.
func figure(x float64) string {
	if !known(x) || x == 0 || math.Abs(x) >= 1 {
		return fixed(x, digits(x, 4))
	}
	if math.Abs(x) < 1e-9 {
		return "0"
	}
	return strings.Replace(strconv.FormatFloat(x, 'f', 3-int(math.Floor(math.Log10(math.Abs(x)))), 64), "-", "−", 1)
}

// plain is a number as the user has written it.
func plain(x float64) string {
	if !known(x) {
		return fixed(x, 0)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}
