package faults

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Param is a parameter of a fault: a number from Least to Most, or one of some words.
type Param struct {
	Name    string // snake_case, as experiments write it
	Title   string // what it is, as a clause
	Unit    string // of a number: Share, a unit of time (ms, s), or a word such as records; "" for a plain number
	Default float64
	Least   float64
	Most    float64
	Words   []string // legal words, the default first; the parameter is then no number
	Falls   bool     // the fault grows as the number falls
	Whole   bool     // what is behind the decimal point has no effect
}

// Share is the unit of a number that is a part of 1. It may be written as a percentage.
const Share = "share"

// Range is what is legal, for people: from 1 % to 100 %, or one of age, tier.
func (p Param) Range() string {
	if p.Words != nil {
		return "one of " + strings.Join(p.Words, ", ")
	}
	return "from " + p.number(p.Least) + " to " + p.number(p.Most)
}

// Usual is the default, for people.
func (p Param) Usual() string {
	if p.Words != nil {
		return p.Words[0]
	}
	return p.number(p.Default)
}

// number writes a value with its unit.
func (p Param) number(v float64) string {
	switch p.Unit {
	case Share:
		return strconv.FormatFloat(math.Round(v*1e8)/1e6, 'f', -1, 64) + " %"
	case "":
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + " " + p.Unit
}

// Parse reads what an experiment says: a number with or without its unit, or a word. The error says what is legal.
func (p Param) Parse(text string) (Value, error) {
	text = strings.TrimSpace(text)
	if p.Words != nil {
		if !slices.Contains(p.Words, text) {
			return Value{}, fmt.Errorf("%s must be %s, got %q", p.Name, p.Range(), text)
		}
		return Value{Word: text, text: text}, nil
	}
	n, err := p.parse(text)
	if err != nil || math.IsNaN(n) || n < p.Least || n > p.Most {
		return Value{}, fmt.Errorf("%s must be %s, got %q", p.Name, p.Range(), text)
	}
	return Value{Number: n, text: p.number(n)}, nil
}

func (p Param) parse(text string) (float64, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n, nil
	}
	if rest, ok := strings.CutSuffix(text, "%"); ok && p.Unit == Share {
		n, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
		return n / 100, err
	}
	if unit, ok := map[string]time.Duration{"ms": time.Millisecond, "s": time.Second}[p.Unit]; ok {
		d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
		return float64(d) / float64(unit), err
	}
	rest, ok := strings.CutSuffix(text, p.Unit)
	if !ok {
		return 0, errors.New("another unit")
	}
	return strconv.ParseFloat(strings.TrimSpace(rest), 64)
}

// Value is the value of a parameter.
type Value struct {
	Number float64
	Word   string
	text   string
}

// String is the value for people, with its unit.
func (v Value) String() string { return v.text }

// Values are the values of all parameters of a fault, by name.
type Values map[string]Value

// Number is the number of a parameter that the fault has.
func (v Values) Number(name string) float64 { return v.of(name).Number }

// Word is the word of a parameter that the fault has.
func (v Values) Word(name string) string { return v.of(name).Word }

// Seconds is the time of a parameter that the fault has, in seconds.
func (v Values) Seconds(name string) time.Duration {
	return time.Duration(v.Number(name) * float64(time.Second))
}

// of panics for a parameter that the entry does not have: a mistake in the catalogue, which its tests find.
func (v Values) of(name string) Value {
	value, ok := v[name]
	if !ok {
		panic(fmt.Sprintf("faults: no parameter %q: there are %v", name, slices.Sorted(maps.Keys(v))))
	}
	return value
}

// usual are the defaults of parameters.
func usual(params []Param) Values {
	values := Values{}
	for _, p := range params {
		v := Value{Number: p.Default, text: p.Usual()}
		if p.Words != nil {
			v.Number, v.Word = 0, p.Words[0]
		}
		values[p.Name] = v
	}
	return values
}

// set gives a fault the values of a text such as share=0.1, attribute=tier. Everything else keeps its default.
func (f *Fault) set(text string) error {
	f.Given = map[string]string{}
	for _, part := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); !ok {
			return fmt.Errorf("want NAME=VALUE, got %q", strings.TrimSpace(part))
		}
		if _, twice := f.Given[name]; twice {
			return fmt.Errorf("%s is given twice", name)
		}
		at := slices.IndexFunc(f.Params, func(p Param) bool { return p.Name == name })
		if at < 0 {
			return fmt.Errorf("unknown parameter %q: %s", name, f.legal())
		}
		v, err := f.Params[at].Parse(value)
		if err != nil {
			return err
		}
		f.Given[name], f.Values[name] = strings.TrimSpace(value), v
	}
	return nil
}

// Spanning is Lookup of a fault whose parameter, a number, takes values between two. Texts of the fault name both, as in 1 % to 50 %.
func Spanning(text, param string, least, most float64) (Fault, error) {
	f, err := read(text)
	if err != nil {
		return Fault{}, err
	}
	at := slices.IndexFunc(f.Params, func(p Param) bool { return p.Name == param && p.Words == nil })
	if at < 0 {
		return Fault{}, fmt.Errorf("%s has no parameter %q that is a number", f.ID, param)
	}
	f.Values[param] = Value{Number: most, text: f.Params[at].number(least) + " to " + f.Params[at].number(most)}
	f.fill()
	return f, nil
}

// legal lists the parameters of a fault.
func (f *Fault) legal() string {
	if len(f.Params) == 0 {
		return f.ID + " has no parameters"
	}
	var names []string
	for _, p := range f.Params {
		names = append(names, p.Name)
	}
	return "legal parameters of " + f.ID + " are " + strings.Join(names, ", ")
}

// fill puts the values into {braces} of a text.
func (v Values) fill(text string) string {
	for name, value := range v {
		text = strings.ReplaceAll(text, "{"+name+"}", value.String())
	}
	return text
}
