package reports
import ("testing";"os";"strings")
func TestZZ(t *testing.T){ os.MkdirAll("/tmp/odd",0o755); for n,a := range oddities(){ n=strings.ReplaceAll(n," ","-"); os.WriteFile("/tmp/odd/"+n+".html",[]byte(render(t,"html",a)),0o644); os.WriteFile("/tmp/odd/"+n+".txt",[]byte(render(t,"text",a)),0o644)} }
