package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

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
