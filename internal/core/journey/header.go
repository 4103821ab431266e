package journey

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
)

// other are names that columns have elsewhere, folded, by the name that they have here.
var other = map[string][]string{
	colSession: {"session", "sid", "sessid", "visit", "visitid", "usersession"},
	colItem:    {"item", "itemno", "product", "productid", "sku", "article", "articleid", "contentid", "url"},
	colTime:    {"timestamp", "timestamps", "ts", "datetime", "eventtime", "eventtimestamp", "date", "createdat", "unixtime", "epoch"},
	colUser:    {"user", "uid", "customer", "customerid", "visitor", "visitorid", "memberid"},
	colChannel: {"device", "platform", "source"},
	colEvent:   {"eventtype", "eventname", "action", "type", "behavior", "behaviortype"},
}

// fold takes out of a column's name what people write differently.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "", `"`, "").Replace(name))
}

// meant is the column that a name which is none was probably meant to be, "" if no column is like it.
func meant(name string) string {
	folded := fold(name)
	for _, column := range columns {
		if folded == fold(column) || slices.Contains(other[column], folded) {
			return column
		}
	}
	if len(folded) < 4 {
		return ""
	}
	for _, column := range columns {
		if d := levenshtein.ComputeDistance(folded, fold(column)); d == 1 || len(folded) > 5 && d == 2 {
			return column
		}
	}
	return ""
}

// faultsOf are all faults of the names of columns, each with what to do. Names that are like no column are passed over; one
// that is like a column which is missing is a fault even where that column is optional, since it was hardly meant to be
// passed over.
func faultsOf(names []string) (faults []string) {
	like := map[string][]string{} // by column that is missing: what may be meant by it
	for i, name := range names {
		switch column := meant(name); {
		case slices.Contains(columns, name):
			if first := slices.Index(names, name); first < i {
				faults = append(faults, fmt.Sprintf("column %s is there twice, as columns %d and %d: take one of them out", name, first+1, i+1))
			}
		case column != "" && !slices.Contains(names, column):
			like[column] = append(like[column], fmt.Sprintf("%q", name))
		}
	}
	for i, column := range columns {
		required, alike := i < 3, like[column]
		switch {
		case slices.Contains(names, column):
		case len(alike) > 0 && required:
			faults = append(faults, fmt.Sprintf("column %s is missing: if %s is meant, call it %s", column, strings.Join(alike, " or "), column))
		case len(alike) > 0:
			faults = append(faults, fmt.Sprintf("column %s is not known: if %s is meant, call it so, else call it otherwise",
				strings.Join(alike, " or "), column))
		case required:
			faults = append(faults, fmt.Sprintf("column %s is missing", column))
		}
	}
	return faults
}

// checkHeader refuses a header line with all its faults, each on a line of its own.
func checkHeader(name string, line int, format string, header []string, o Options) error {
	faults := faultsOf(header)
	if len(faults) == 0 {
		return nil
	}
	if like := likely(header); like != "" && o.Columns != "" {
		return fmt.Errorf("%s:%d: the header is that of %s: set "+o.Columns, name, line, like, like)
	}
	if text := separated(format, header, o); text != "" {
		return fmt.Errorf("%s:%d: %s", name, line, text)
	}
	if isData(header) {
		return fmt.Errorf("%s:%d: this line is no header, it has values: put a line with the names of the columns above it: %s, and optionally %s",
			name, line, strings.Join(columns[:3], ", "), strings.Join(columns[3:], ", "))
	}
	if quoted(header) && format == tsv {
		faults = append(faults, "names are in quotation marks: TSV has none, so take them out of the file, or write it as CSV")
	}
	var text strings.Builder
	for _, fault := range faults {
		fmt.Fprintf(&text, "%s:%d: %s\n", name, line, fault)
	}
	other := ""
	if o.Columns != "" {
		other = "; name its columns: " + fmt.Sprintf(o.Columns, "SessionId=visit,ItemId=sku,Time=ts")
	}
	return fmt.Errorf("%s%s:%d: the header has %s%s", text.String(), name, line, strings.Join(header, ", "), other)
}

// likely is the preset whose columns a header has, "" if there is none.
func likely(header []string) string {
	header = strings.FieldsFunc(strings.Join(header, "\x00"), func(r rune) bool { return r == 0 || r == ';' })
	for _, p := range presets {
		if len(p.header) > 0 || p.nested {
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(p.columns)), func(column string) bool { return !slices.Contains(header, column) }) {
			return p.name
		}
	}
	return ""
}

// separated says that the columns are separated otherwise than the format has it, "" if they are not.
func separated(format string, header []string, o Options) string {
	if len(header) == 0 {
		return ""
	}
	known := func(separator string) int {
		n := 0
		for _, name := range strings.Split(strings.Join(header, ","), separator) {
			if name = strings.Trim(name, `" `); slices.Contains(columns, name) || meant(name) != "" {
				n++
			}
		}
		return n
	}
	rename := func(format string) string {
		if o.Format != "" {
			return fmt.Sprintf("let its name end in .%s, or set "+o.Format, format, format)
		}
		return "let its name end in ." + format
	}
	if n := len(header); n == 1 || known(";") > known(",") {
		switch text := strings.Join(header, ","); {
		case strings.Contains(text, ";") && known(";") > 1:
			return "the columns are separated by semicolons: separate them by commas (and write decimals with a point), or by tabs and " +
				rename(tsv) + `; if no value has a comma, a tab or quotation marks: tr ';' '\t' < FILE > clicks.tsv`
		case strings.Contains(text, "\t") && known("\t") > 1:
			return "the columns are separated by tabs, and the file is read as CSV: " + rename(tsv)
		case strings.Contains(text, "|") && known("|") > 1:
			return "the columns are separated by |: separate them by commas, or by tabs and " + rename(tsv)
		case format == tsv && strings.Contains(text, ",") && known(",") > 1:
			return "the columns are separated by commas, and the file is read as TSV: " + rename(csvFormat)
		case strings.Contains(text, " ") && known(" ") > 1:
			return "the columns are separated by spaces: separate them by commas, or by tabs and " + rename(tsv)
		}
	}
	return ""
}

// isData says that a line looks like one of values: no name of a column is in it, and a number or a time is.
func isData(header []string) bool {
	values := false
	for _, text := range header {
		text = strings.Trim(text, `" `)
		if slices.Contains(columns, text) || meant(text) != "" {
			return false
		}
		_, err := parseTime(text)
		_, date := time.Parse(time.DateTime, text)
		values = values || err == nil || date == nil
	}
	return values
}

func quoted(header []string) bool {
	return slices.ContainsFunc(header, func(name string) bool { return strings.HasPrefix(name, `"`) })
}
