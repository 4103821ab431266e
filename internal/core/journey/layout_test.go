package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A few lines of every preset, in the form that its makers describe, with what is read of them.
var presetFiles = []struct{ columns, name, text, want, left string }{
	{"yoochoose", "yoochoose-clicks.dat", "1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,S\n2,2014-04-07T13:56:37.614Z,214662742,0\n",
		"1:click/web/214536502@2014-04-07T10:51:09.277 click/web/214536500@2014-04-07T10:54:09.868; 2:click/web/214662742@2014-04-07T13:56:37.614", ""},
	{"yoochoose-buys", "yoochoose-buys.dat", "420374,2014-04-06T18:44:58.325Z,214537850,10471,1\n420374,2014-04-06T18:44:58.314Z,214537888,12462,1\n",
		"420374:purchase/web/214537888@2014-04-06T18:44:58.314 purchase/web/214537850@2014-04-06T18:44:58.325", ""},
	{"retailrocket", "events.csv", "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n1433224214164,992329,view,248676,\n" +
		"1433221999827,257597,transaction,356475,4000\n1433221955914,257597,addtocart,367447,\n1433311332117,257597,view,355908,\n",
		"257597-1:click/web/355908@2015-06-02T05:02:12.117 purchase/web/356475@2015-06-02T05:13:19.827 user 257597; " +
			"992329-1:click/web/248676@2015-06-02T05:50:14.164 user 992329; 257597-2:click/web/355908@2015-06-03T06:02:12.117 user 257597",
		`1 Event "addtocart" has no place in a journey [5]`},
	{"diginetica", "train-item-views.csv", "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n1;NA;31331;1031018;2016-05-09\n2;7;32118;243569;2016-05-09\n1;NA;9;26309;2016-05-09\n",
		"1:click/web/9@2016-05-09T00:00:26.309 click/web/81766@2016-05-09T00:08:46.309 click/web/31331@2016-05-09T00:17:11.018; 2:click/web/32118@2016-05-09T00:04:03.569 user 7", ""},
	{"otto", "train.jsonl", `{"session":0,"events":[{"aid":1517085,"ts":1659304800025,"type":"clicks"},{"aid":1563459,"ts":1659304904511,"type":"carts"},{"aid":16246,"ts":1659367719997,"type":"orders"}]}` + "\n",
		"0:click/web/1517085@2022-07-31T22:00:00.025 purchase/web/16246@2022-08-01T15:28:39.997", `1 Event "carts" has no place in a journey [1]`},
	{"trivago", "train.csv", "user_id,session_id,timestamp,step,action_type,reference,platform,city,device,current_filters,impressions,prices\n" +
		"00RL8Z82B2Z1,aff3928535f48,1541037460,1,search for poi,Newtown,AU,\"Sydney, Australia\",mobile,,,\n" +
		"00RL8Z82B2Z1,aff3928535f48,1541037522,2,interaction item image,666856,AU,\"Sydney, Australia\",mobile,,,\n" +
		"00RL8Z82B2Z1,aff3928535f48,1541037532,3,clickout item,109038,AU,\"Sydney, Australia\",desktop,,3400638|1253714,95|66\n",
		"aff3928535f48:view/app/666856@2018-11-01T01:58:42.000 click/web/109038@2018-11-01T01:58:52.000 user 00RL8Z82B2Z1",
		`1 Event "search for poi" has no place in a journey [2]`},
	{"rees46", "2019-Oct.csv", "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n" +
		"2019-10-01 00:00:00 UTC,cart,5773203,1487580005134238553,,runail,2.62,463240011,26dd6e6e\n" +
		"2019-10-01 00:00:03 UTC,view,5773353,1487580005134238553,,runail,2.62,463240011,26dd6e6e\n" +
		"2019-10-01 00:00:07 UTC,view,5881589,2151191071051219817,,lovely,13.48,429681830,\n" +
		"2019-10-01 00:01:07 UTC,purchase,5773353,1487580005134238553,,runail,2.62,463240011,26dd6e6e\n",
		"26dd6e6e:click/web/5773353@2019-10-01T00:00:03.000 purchase/web/5773353@2019-10-01T00:01:07.000 user 463240011",
		`1 Event "cart" has no place in a journey [2]; 1 user_session is empty [4]`},
	{"taobao", "UserBehavior.csv", "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,fav,1511561733\n1,2576651,149192,buy,1511572885\n",
		"1-1:click/web/2268318@2017-11-24T17:21:10.000 user 1; 1-2:purchase/web/2576651@2017-11-25T01:21:25.000 user 1",
		`1 Event "fav" has no place in a journey [2]`},
}

// dated is show with times of day.
func dated(sessions Sessions) string {
	var out []string
	for _, s := range sessions {
		text := s.id + ":"
		for i, e := range s.events {
			if i > 0 {
				text += " "
			}
			text += e.kind + "/" + e.channel + "/" + e.item + "@" + e.at.Format("2006-01-02T15:04:05.000")
		}
		if s.user != "" {
			text += " user " + s.user
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func leftOf(r Report) string {
	var out []string
	for _, l := range r.Left {
		out = append(out, fmt.Sprint(l.Lines, " ", l.Why, " ", l.First))
	}
	return strings.Join(out, "; ")
}

func TestPresets(t *testing.T) {
	tried := map[string]bool{}
	for _, tt := range presetFiles {
		tried[tt.columns] = true
		for name, text := range map[string]string{tt.name: tt.text, tt.name + ".gz": zipped(tt.text)} {
			f := read(t, name, text, Reading{Columns: tt.columns})
			if got := dated(all(f.store)); got != tt.want {
				t.Errorf("%s:\n got %s\nwant %s", tt.columns, got, tt.want)
			}
			if got := leftOf(f.Report); got != tt.left || f.Damaged() != 0 {
				t.Errorf("%s: left out %s, want %s", tt.columns, got, tt.left)
			}
		}
		if _, err := Read(tt.name, strings.NewReader(tt.text), Reading{Names: Options{Columns: "--columns %s"}}); err == nil {
			t.Errorf("%s is read without its layout", tt.columns)
		} else if strings.Contains(tt.text[:12], "ser_id,") && !strings.Contains(err.Error(), "--columns "+tt.columns) {
			t.Errorf("%s: %v", tt.columns, err)
		}
	}
	for _, name := range Presets() {
		if !tried[name] {
			t.Errorf("no file of %s was read", name)
		}
	}
}

func TestColumnPairs(t *testing.T) {
	for _, tt := range []struct{ columns, name, text, want string }{
		{"SessionId=visit,ItemId=sku,Time=ts,time=ms", "c.csv", "visit,sku,ts,Time\nv,x,1700000000500,7\n", "v:click/web/x@2023-11-14T22:13:20.500"},
		{"Time=ts,time=us,separator=semicolon,UserId=who,Channel=on,web=browser,store=pos|till", "c.txt",
			"SessionId;ItemId;ts;who;on\nv;x;1700000000500000;ann;till\n", "v:click/store/x@2023-11-14T22:13:20.500 user ann"},
		{"header=none,SessionId=2,ItemId=1,Time=3,time=ns,separator=pipe", "c.log", "x|v|1700000000123456789\n", "v:click/web/x@2023-11-14T22:13:20.123"},
		{"Time=at,time=2006-01-02 15:04:05,Event=did,click=open,purchase=buy|order,ignore=scroll,order=any", "c.tsv",
			"SessionId\tItemId\tat\tdid\nv\tx\t2024-05-01 10:00:05\tbuy\nv\ty\t2024-05-01 10:00:00\topen\nv\ty\t2024-05-01 10:00:01\tscroll\n",
			"v:click/web/y@2024-05-01T10:00:00.000 purchase/web/x@2024-05-01T10:00:05.000"},
		{"SessionId=who,UserId=who,Time=at,idle=1m", "c.jsonl", `{"who":"ann","ItemId":1,"at":1700000000}` + "\n" + `{"who":"ann","ItemId":2,"at":1700000061}`,
			"ann-1:click/web/1@2023-11-14T22:13:20.000 user ann; ann-2:click/web/2@2023-11-14T22:14:21.000 user ann"},
	} {
		if got := dated(all(read(t, tt.name, tt.text, Reading{Columns: tt.columns}).store)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.columns, got, tt.want)
		}
	}
}

func TestColumnErrors(t *testing.T) {
	for columns, want := range map[string]string{
		"criteo":                      `unknown layout "criteo": legal are yoochoose, yoochoose-buys, retailrocket,`,
		"Time=ts,sep=x":               `unknown key "sep": legal are SessionId, ItemId, Time,`,
		"Time=ts,time=hours":          `time must be one of ms, ns, s, us, rfc3339`,
		"Time=ts,time=2006-01-02 MST": "must not name a zone by letters",
		"Time=":                       "want pairs such as Time=ts",
		"separator=x":                 "separator must be one of comma, pipe, semicolon, space, tab",
		"header=none,Time=1":          "header=none needs the number of the column SessionId",
		"header=none,SessionId=a,ItemId=2,Time=3": "columns are called by their numbers",
		"idle=30":           "idle must be a duration",
		"order=time":        "order must be any",
		"SessionId=nowhere": `c.csv:1: column nowhere is missing, which is SessionId in this layout; the header has ["SessionId" "ItemId" "Time" "Time"]`,
		"Time=Time":         "c.csv:1: column Time is there twice, as columns 3 and 4",
		"header=none,SessionId=1,ItemId=2,Time=20": "column 20 is missing",
	} {
		_, err := Read("c.csv", strings.NewReader("SessionId,ItemId,Time,Time\na,b,1700000000,1\n"), Reading{Columns: columns})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", columns, err, want)
		}
	}
}

// No time is taken for another that is a thousand times as far.
func TestUnits(t *testing.T) {
	file := func(at string) string { return "SessionId,ItemId,Time\na,b," + at + "\n" }
	for _, tt := range []struct{ unit, at, want string }{
		{"s", "1700000000500", "is in ms by its size, and the layout says s"},
		{"ms", "1700000000", "is in s by its size, and the layout says ms"},
		{"us", "1700000000500", "is in ms by its size, and the layout says us"},
		{"ms", "1700000000500000", "is in us by its size, and the layout says ms"},
		{"", "1700000000500", "not milliseconds"},
		{"", "1700000000500000", "not microseconds"},
		{"ms", "-1", "must be a number of ms"},
		{"ms", "NaN", "must be a number of ms"},
	} {
		columns := ""
		if tt.unit != "" {
			columns = "time=" + tt.unit
		}
		_, err := Read("c.csv", strings.NewReader(file(tt.at)), Reading{Columns: columns})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v, want %s", tt.at, tt.unit, err, tt.want)
		}
	}
	for _, columns := range []string{"", "time=ms"} { // too small to tell
		if f := read(t, "c.csv", file("1500"), Reading{Columns: columns}); len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "too early to tell their unit") {
			t.Errorf("%s: notes %q", columns, f.Notes)
		}
	}
}

// A file that does not fit into memory is read as one that does.
func TestOnDisk(t *testing.T) {
	var text strings.Builder
	text.WriteString("SessionId,ItemId,Time,UserId,Channel\n")
	for i := range 5000 { // interleaved sessions, some of one user on two channels
		session := i * 7919 % 701
		fmt.Fprintf(&text, "s%d,i%d,%d.25,%s,%s\n", session, i, 1700000000+i, [...]string{"", fmt.Sprintf("u%d", session/2)}[session%3/2], [...]string{"web", "app"}[session%2])
	}
	for _, how := range []Reading{{}, {Columns: "order=any"}, {Columns: "SessionId=UserId,idle=1m", LeaveOut: true}, {From: 10 * time.Minute}} {
		memory := read(t, "c.csv", text.String(), how)
		how.held = 100
		disk := read(t, "c.csv", text.String(), how)
		if !disk.OnDisk || memory.OnDisk {
			t.Fatalf("%+v: on disk %t and %t", how, disk.OnDisk, memory.OnDisk)
		}
		if a, b := all(memory.store), all(disk.store); !reflect.DeepEqual(a, b) || len(a) < 100 {
			t.Errorf("%+v: %d sessions in memory, %d on disk, and they differ", how, len(a), len(b))
		}
		if memory.Identity != disk.Identity || memory.Lines != disk.Lines || memory.Early != disk.Early || leftOf(memory.Report) != leftOf(disk.Report) {
			t.Errorf("%+v:\n%+v\n%+v", how, memory.Report, disk.Report)
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "tollgate-sessions-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files that have names: %v, %v", left, err)
	}
}

func TestIdentity(t *testing.T) {
	f := read(t, "c.csv", "SessionId,ItemId,Time,UserId,Channel\na,i,1700000001,,web\na,i,1700000002,ann,web\nb,i,1700000003,ann,app\nc,i,1700000004,,store\n"+
		"d,i,1700000005,ben,web\ne,i,1700000006,ann,store\nd,i,1700000007,ben,app\n", Reading{})
	want := Identity{Users: 2, Stitched: 3, Across: 2, Late: 1, Anonymous: 1, Several: 1}
	if f.Identity != want {
		t.Errorf("got %+v, want %+v", f.Identity, want)
	}
	source := FromFile(f, Replay{Speed: 1}, People{Seed: 1, Users: 500, Items: 10})
	who := map[string]string{}
	for n := range 5 {
		steps := source.Journey(n, 0, func(name string) string { return name })
		who[steps[0].Journey.Session] = steps[0].Journey.User.ID
	}
	if who["a"] != who["b"] || who["a"] != who["e"] || who["a"] == who["d"] {
		t.Errorf("users %v: want one for a, b and e, and another for d", who)
	}
}

// Lines that are damaged are left out where that is asked for, each with its number and its reason; else the first is an error.
func TestLeftOut(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	head := "SessionId\tItemId\tTime\n"
	text := head + "a\ti\t1700000000\na\ti\n\na\ti\t1699999990\na\ti\tnoon\n" + long + "\na\tcaf\xe9\t1700000001\na\ti\t1700000002\na\t\x00\t1700000003\na\ti\t17000"
	f := read(t, "c.tsv", text, Reading{LeaveOut: true})
	want := "1 another number of columns than the header has [3]; 1 time goes back within a session [5]; 1 Time cannot be read [6]; 1 too long [7]; " +
		"1 not UTF-8 [8]; 1 a byte 0 [10]; 1 Time is far from the others [11]"
	if got := leftOf(f.Report); got != want || f.Events != 2 || f.Lines != 9 || f.Damaged() != 7 {
		t.Errorf("%d lines, %d events, left out\n%s\nwant\n%s", f.Lines, f.Events, got, want)
	}
	if len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "the last line has no end") {
		t.Errorf("notes %q", f.Notes)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"cut.tsv":   {head + "a\ti\t1700000000\nb\ti", "cut.tsv:3: 2 columns, but the header has 3 (the file ends within this line"},
		"cut.csv":   {strings.ReplaceAll(head, "\t", ",") + "a,i,1700000000\nb,i", "cut.csv:3: 2 columns, but the header has 3 (the file ends within this line"},
		"early.csv": {strings.ReplaceAll(head, "\t", ",") + "b,i\na,i,1700000000\nb,i", "early.csv:2: 2 columns, but the header has 3"},
		"long.tsv":  {head + long, "long.tsv:2: the line has more than 1048576 bytes"},
		"open.csv":  {strings.ReplaceAll(head, "\t", ",") + "a,\"i,1700000000\n" + strings.Repeat("a,i,1700000000\n", 200_000), "open.csv:2: the record that begins here has more than 1048576 bytes: a quotation mark in it is probably not closed"},
		"mixed.csv": {strings.ReplaceAll(head, "\t", ",") + "a;i;1700000000\n", "mixed.csv:2: 1 columns, but the header has 3"},
		"gone.csv":  {"", "gone.csv: the file is empty"},
	} {
		if _, err := Read(name, strings.NewReader(tt.text), Reading{}); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %.200v, want %s", name, err, tt.want)
		} else if name == "early.csv" && strings.Contains(err.Error(), "ends within") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f := read(t, "q.csv", "SessionId,ItemId,Time,Note\na,i,1700000000,\"two\nlines\"\na,i,1700000001,\n", Reading{}); f.Events != 2 {
		t.Errorf("%d events beside a quoted line feed", f.Events)
	}
}

// Played once, the file ends; from an offset, what is before is left out.
func TestOnceAndFrom(t *testing.T) {
	people := People{Seed: 1, Users: 10, Items: 10}
	for _, recorded := range []bool{true, false} {
		f := read(t, "c.tsv", fixture, Reading{From: 2 * time.Second}) // s1 begins at 0.5 s, s2 at 3 s, s3 at 1 s
		if f.Sessions != 1 || f.Early != 2 {
			t.Fatalf("%d sessions, %d early", f.Sessions, f.Early)
		}
		source := FromFile(f, Replay{Speed: 1, Once: true, Recorded: recorded}, people)
		stream := NewStream(source, 3, "s", 1)
		stream.SetRate(10, 0)
		steps := 0
		for ; stream.Peek() < never; steps++ {
			stream.Pop()
		}
		if want := 1 + 2*3; steps != want || !source.Over(1) || source.Over(0) {
			t.Errorf("recorded %t: %d steps, want %d", recorded, steps, want)
		}
		stream.Span(0, 5) // must return
	}
	if _, err := Read("c.tsv", strings.NewReader(fixture), Reading{From: time.Hour}); err == nil || !strings.Contains(err.Error(), "no session begins 1h after the first one") {
		t.Error(err)
	}
}
