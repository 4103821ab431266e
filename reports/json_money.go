package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

// jsonMoney is what a million requests cost.
type jsonMoney struct {
	Currency string     `json:"currency"`        // money where none is named
	Rate     number     `json:"rate_per_second"` // requests over which is spread what costs by the hour; 0: it is left out
	Bills    []jsonBill `json:"bills"`           // the baseline first
	Left     []string   `json:"left_out"`        // what has a price and is in no bill, and why
}

type jsonBill struct {
	Arm   jsonArm    `json:"arm"`
	Items []jsonItem `json:"items"`
	Total number     `json:"total"`
}

type jsonItem struct {
	Item     string `json:"item"`
	Quantity number `json:"quantity"` // in unit, per million requests
	Unit     string `json:"unit"`
	Price    number `json:"price"`  // of one unit
	Amount   number `json:"amount"` // quantity × price
}

func jsonMoneyOf(m *verdict.Bills) *jsonMoney {
	if m == nil {
		return nil
	}
	out := &jsonMoney{string(m.Currency), number(m.Rate), []jsonBill{}, listed(m.Left)}
	for _, b := range m.Bills {
		bill := jsonBill{jsonArmOf(b.Arm), []jsonItem{}, number(b.Total)}
		for _, i := range b.Items {
			bill.Items = append(bill.Items, jsonItem{i.What, number(i.Quantity), i.Unit, number(i.Price), number(i.Amount)})
		}
		out.Bills = append(out.Bills, bill)
	}
	return out
}
