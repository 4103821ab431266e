package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

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

// moneyTable is every line of the bills: quantity × price = amount, and the totals. Lines of a cell are joined by newline.
func moneyTable(m *verdict.Bills, newline string) [][]string {
	head, total := []string{"item", "price"}, []string{"total", ""}
	for _, b := range m.Bills {
		head, total = append(head, b.Arm.Name), append(total, figure(b.Total))
	}
	table := [][]string{head}
	for i, item := range itemsOf(m) {
		row := []string{item.What, plain(item.Price) + newline + "per " + item.Unit}
		for _, b := range m.Bills {
			of := verdict.Item{Quantity: math.NaN(), Amount: math.NaN()}
			if i < len(b.Items) {
				of = b.Items[i]
			}
			row = append(row, figure(of.Quantity)+newline+"= "+figure(of.Amount))
		}
		table = append(table, row)
	}
	return append(table, total)
}

// itemsOf are the items of all bills, by the first; none if an odd analysis has none.
func itemsOf(m *verdict.Bills) []verdict.Item {
	if len(m.Bills) == 0 {
		return nil
	}
	return m.Bills[0].Items
}

const moneyLegend = "A cell is the quantity, and what it comes to at the price: quantity × price = amount."

func textMoney(b *strings.Builder, m *verdict.Bills) {
	b.WriteString("\n" + wrap("", "", "money: "+moneyTitle(m)) + "\n" + grid(moneyTable(m, "\n")).String())
	b.WriteString("\n" + wrap("", "", moneyLegend))
	for _, left := range m.Left {
		b.WriteString(wrap("", "", left))
	}
}

func markdownMoney(b *strings.Builder, m *verdict.Bills) {
	b.WriteString("\n<details><summary>Money</summary>\n\n" + markdown(moneyTitle(m)) + ". " + markdown(moneyLegend) + "\n\n")
	markdownTable(b, moneyTable(m, " "), "---:")
	for _, left := range m.Left {
		b.WriteString("\n- " + markdown(left) + "\n")
	}
	b.WriteString("\n</details>\n")
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

type jsonMoney struct {
	Currency string     `json:"currency"`
	Rate     number     `json:"rate_per_second"`
	Bills    []jsonBill `json:"bills"`
	Left     []string   `json:"left_out"`
}

type jsonBill struct {
	Arm   jsonArm    `json:"arm"`
	Items []jsonItem `json:"items"`
	Total number     `json:"total"`
}

type jsonItem struct {
	Item     string `json:"item"`
	Quantity number `json:"quantity"`
	Unit     string `json:"unit"`
	Price    number `json:"price"`
	Amount   number `json:"amount"`
}

func jsonMoneyOf(m *verdict.Bills) *jsonMoney {
	if m == nil {
		return nil
	}
	out := &jsonMoney{string(m.Currency), number(m.Rate), []jsonBill{}, list(m.Left)}
	for _, b := range m.Bills {
		bill := jsonBill{jsonArmOf(b.Arm), []jsonItem{}, number(b.Total)}
		for _, i := range b.Items {
			bill.Items = append(bill.Items, jsonItem{i.What, number(i.Quantity), i.Unit, number(i.Price), number(i.Amount)})
		}
		out.Bills = append(out.Bills, bill)
	}
	return out
}

func csvMoney(a *verdict.Analysis) []map[string]string {
	if a.Money == nil {
		return nil
	}
	var rows []map[string]string
	for _, b := range a.Money.Bills {
		for _, i := range b.Items {
			rows = append(rows, map[string]string{
				"section": "money", "arm": csvText(b.Arm.Name), "role": csvText(b.Arm.Role), "level": csvText(b.Arm.Level),
				"unit": csvText(string(a.Money.Currency)), "per": string(verdict.PerMillion), "value": csvNumber(i.Amount),
				"item": csvText(i.What), "quantity": csvNumber(i.Quantity), "of": csvText(i.Unit), "price": csvNumber(i.Price),
			})
		}
	}
	return rows
}
