package verdict_test
import ("testing";"fmt"
"github.com/tollgate-dev/tollgate/internal/verdict"
"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest")
func TestFP(t *testing.T){
 for _,launchSD:=range []float64{0,0.01}{ for _,L:=range []int{1,2,3}{
 n:=60; sig:=map[string]int{}; out:=map[verdict.Outcome]int{}; why:=map[string]int{}; w:=map[string]float64{}
 for i:=range n { s:=verdicttest.Default(int64(1000+i)); s.Effect=nil; s.Catch=false; s.Launches=L; s.Rounds=42/L; s.LaunchSD=launchSD; s.Spikes=0.01
 a,err:=verdict.Analyze(verdicttest.Build(s)); if err!=nil{t.Fatal(err)}
 out[a.Outcome]++
 for _,c:=range a.Controls{ if !c.OK {why[c.Name]++}}
 for _,l:=range a.Toll{ if l.Arm.Role!="level"{continue}; for _,e:=range l.Effects[:7]{ if e.Significant{sig[e.Metric.ID]++}; w[e.Metric.ID]+=e.Detectable/float64(3*n)}}}
 fmt.Println(launchSD,L,out,why); for k,v:=range sig{fmt.Printf(" %s %.3f", k,float64(v)/float64(3*n))}; fmt.Println(); fmt.Println(w)
 }}
}
