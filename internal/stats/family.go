package stats

// Decision is what became of one test.
type Decision int

// Decisions.
const (
	Open Decision = iota
	Passed
	Failed
)

// Family decides on several tests, each of which may pass or fail, such that the chance of any wrong pass or any wrong fail
// among them all stays within the error rate, whatever depends on what. That is Holm's procedure, twice: passes are one family
// of one-sided tests, at half of the error rate, and fails another. A family starts from Bonferroni, every interval at
// 1 − error/n; each pass leaves one fewer to be wrong about, so that the rest may be judged for passing at
// 1 − error/(n − passes), and so on until nothing more is decided; fails likewise. Passes do not make failing easier, nor the
// other way round.
//
// A family may be looked at several times while the data grow, each time with an error rate of that look's own: see
// Spend. What was decided stays decided, and leaves fewer for the looks to come. The error rates of the looks add up.
//
// Sources: S. Holm: A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979);
// Y. Ye, A. Li, L. Liu, B. Yao: A group sequential Holm procedure with multiple primary endpoints, Statistics in Medicine
// 32 (2013).
type Family struct {
	decided        []bool
	passed, failed int
}

// NewFamily is a family of n tests.
func NewFamily(n int) *Family { return &Family{decided: make([]bool, n)} }

// Open is how many are not decided yet.
func (f *Family) Open() int { return len(f.decided) - f.passed - f.failed }

// IsOpen says that test i is not decided yet.
func (f *Family) IsOpen(i int) bool { return !f.decided[i] }

// Look asks decide about every test that is open with the confidence of the interval whose upper end must be under the
// limit (passAt), and of the one whose lower end must be over it (failAt), and again as long as that decides anything.
func (f *Family) Look(confidence float64, decide func(i int, passAt, failAt float64) Decision) {
	for before := -1; f.passed+f.failed > before && f.Open() > 0; {
		before = f.passed + f.failed
		n := len(f.decided)
		passAt, failAt := 1-(1-confidence)/float64(n-f.passed), 1-(1-confidence)/float64(n-f.failed)
		for i := range n {
			if f.decided[i] {
				continue
			}
			switch decide(i, passAt, failAt) {
			case Passed:
				f.decided[i] = true
				f.passed++
			case Failed:
				f.decided[i] = true
				f.failed++
			}
		}
	}
}
