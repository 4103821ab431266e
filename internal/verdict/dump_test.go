package verdict_test
import ("testing";"fmt";"time"
"github.com/tollgate-dev/tollgate/internal/verdict"
"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest")
func TestDump(t *testing.T){
 t0:=time.Now()
 d:=verdicttest.Data(7)
 t1:=time.Now()
 a,err:=verdict.Analyze(d)
 fmt.Println(t1.Sub(t0), time.Since(t1))
 if err!=nil{t.Fatal(err)}
 fmt.Println(a.Outcome,a.Reasons)
 for _,c:=range a.Controls{fmt.Printf("%+v\n",c)}
 for i,l:=range a.Toll{ for k,e:=range l.Effects{ fmt.Printf("%d %-11s %-12s base %.5g val %.5g diff %.4g ratio %.4f sig %v det %.4f n %d note %d\n",i,l.Arm.Name,e.Metric.ID,a.Baseline[k].Value,e.Value,e.Diff,e.Ratio,e.Significant,e.Detectable,e.Rounds,e.Note)}}
 fmt.Println(a.Shapes[0])
 for _,f:=range a.Catch.Faults{ fmt.Println(f.Fault.ID,len(f.Phases)); for _,p:=range f.Phases{fmt.Print(p.Name," ",p.End.Sub(p.Start)," ")}; fmt.Println(); for _,c:=range f.Cells{fmt.Printf("   %s %s alert=%s det=%v floor=%v clear=%v also=%v false=%v ev=%q diag=%v spans=%d note=%d\n",c.Level,c.State,c.Alert,c.Detect,c.Floor,c.Clear,c.Also,c.False,c.Evidence,c.Diagnosed,len(c.Spans),c.Note)}}
 for i,n:=range a.Notes{fmt.Println(i+1,n)}
}
