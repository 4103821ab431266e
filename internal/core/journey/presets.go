package journey

import "time"

// What people do on a page of an item, and do not do in our stack.
const nowhere = ""

// presets are the layouts of click streams that are published, as their makers describe them. What opens an item is a click, what buys
// it is a purchase; all else has no place in a journey, and is left out and counted.
var presets = []layout{
	{
		name: "yoochoose", title: "RecSys Challenge 2015, yoochoose-clicks.dat", format: csvFormat,
		header:  []string{"Session ID", "Timestamp", "Item ID", "Category"},
		columns: map[string]string{colSession: "Session ID", colItem: "Item ID", colTime: "Timestamp"},
	},
	{
		name: "yoochoose-buys", title: "RecSys Challenge 2015, yoochoose-buys.dat", format: csvFormat,
		header:  []string{"Session ID", "Timestamp", "Item ID", "Price", "Quantity"},
		columns: map[string]string{colSession: "Session ID", colItem: "Item ID", colTime: "Timestamp"},
		events:  map[string]string{"": Purchase}, anyOrder: true,
	},
	{
		name: "retailrocket", title: "Retailrocket, events.csv", format: csvFormat,
		columns: map[string]string{colSession: "visitorid", colUser: "visitorid", colItem: "itemid", colTime: "timestamp", colEvent: "event"},
		clock:   "ms", events: map[string]string{"view": Click, "addtocart": nowhere, "transaction": Purchase},
		idle: 30 * time.Minute, anyOrder: true,
		note: "the file has visitors and no sessions: one ends after 30 minutes without an event",
	},
	{
		name: "diginetica", title: "CIKM Cup 2016, train-item-views.csv", format: csvFormat, separator: ';',
		columns: map[string]string{colSession: "sessionId", colUser: "userId", colItem: "itemId", colTime: "eventdate", colOffset: "timeframe"},
		clock:   time.DateOnly, nobody: "NA", anyOrder: true,
		note: "the file has the day of a session and not its time of day: all sessions of a day begin near midnight",
	},
	{
		name: "otto", title: "OTTO, *.jsonl with a session in each line", format: jsonl,
		clock: "ms", events: map[string]string{"clicks": Click, "carts": nowhere, "orders": Purchase}, nested: true,
	},
	{
		name: "trivago", title: "RecSys Challenge 2019, train.csv", format: csvFormat,
		columns: map[string]string{
			colSession: "session_id", colUser: "user_id", colItem: "reference", colTime: "timestamp", colEvent: "action_type", colChannel: "device",
		},
		clock: "s", channels: map[string]string{"desktop": Web, "mobile": App, "tablet": App},
		events: map[string]string{
			"clickout item": Click, "search for item": Click, "interaction item image": View, "interaction item info": View,
			"interaction item rating": View, "interaction item deals": View, "search for destination": nowhere, "search for poi": nowhere,
			"filter selection": nowhere, "change of sort order": nowhere,
		},
	},
	{
		name: "rees46", title: "REES46, cosmetics shop and multi-category store, 2019-Oct.csv", format: csvFormat,
		columns: map[string]string{colSession: "user_session", colUser: "user_id", colItem: "product_id", colTime: "event_time", colEvent: "event_type"},
		clock:   "2006-01-02 15:04:05 UTC", gaps: true, anyOrder: true,
		events: map[string]string{"view": Click, "cart": nowhere, "remove_from_cart": nowhere, "purchase": Purchase},
	},
	{
		name: "taobao", title: "Taobao, UserBehavior.csv", format: csvFormat,
		header:  []string{"user", "item", "category", "behavior", "timestamp"},
		columns: map[string]string{colSession: "user", colUser: "user", colItem: "item", colTime: "timestamp", colEvent: "behavior"},
		clock:   "s", events: map[string]string{"pv": Click, "buy": Purchase, "cart": nowhere, "fav": nowhere},
		idle: 30 * time.Minute, anyOrder: true,
		note: "the file has users and no sessions: one ends after 30 minutes without an event",
	},
}

// Presets are the names of layouts, in display order.
func Presets() []string {
	var names []string
	for _, p := range presets {
		names = append(names, p.name)
	}
	return names
}

// Preset is a layout that has a name, for people.
type Preset struct{ Name, Title, Note string }

// ListPresets are the presets with what they are, in display order.
func ListPresets() []Preset {
	var out []Preset
	for _, p := range presets {
		out = append(out, Preset{p.name, p.title, p.note})
	}
	return out
}
