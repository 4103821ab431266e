package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Turn is the value of one slot in a crossover: which arm had it, and which the slot before.
type Turn struct {
	Launch, Round int // Round counts within its launch
	Arm, Before   int // from 0
	Value         float64
}

// spareTurns are the fewest degrees of freedom by which the noise of a slot may be judged.
const spareTurns = 10

// Predecessors estimates what it does to a slot that an arm had the one before: for every arm, the effect on the slot
// after it against the mean over all arms. The model is additive, value = round + arm in its launch + predecessor + noise,
// the predecessors adding up to 0, and is fitted by least squares: what a round shares (drift), what an arm costs and the
// luck of its deployment are out of it, so that there is nothing left for a bootstrap over launches to find.
//
// Each interval holds with the confidence given, by Student's t on the residuals. Noise need not be alike in all arms: of
// the plain standard error and the one that allows for it (HC3: every squared residual, corrected for how much its slot
// pulls the fit, stands for the variance of its own slot) the larger is taken.
//
// Sources: B. Jones, M. G. Kenward: Design and Analysis of Cross-Over Trials, on first-order carry-over; J. G. MacKinnon,
// H. White: Some heteroskedasticity-consistent covariance matrix estimators, Journal of Econometrics 29 (1985).
//
// False if the turns do not tell predecessors from arms: fewer than three arms, too few rounds, an arm that nothing follows.
func Predecessors(turns []Turn, arms int, confidence float64) ([]Interval, bool) {
	if arms < 3 || len(turns) == 0 {
		return nil, false
	}
	d := newCrossover(turns, arms)
	n, p := d.x.Dims()
	df := n - d.rounds - p
	if df < spareTurns {
		return nil, false
	}
	beta, residuals, inverse, ok := d.fit()
	if !ok {
		return nil, false
	}
	noise := mat.Dot(residuals, residuals) / float64(df)
	robust := d.sandwich(residuals, inverse)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(df)}.Quantile(1 - (1-confidence)/2)
	out := make([]Interval, arms)
	for i := range out {
		pick := mat.NewVecDense(p, nil)
		for j := range arms - 1 {
			switch i {
			case j:
				pick.SetVec(j, 1)
			case arms - 1: // the last predecessor's effect is less the sum of all others
				pick.SetVec(j, -1)
			}
		}
		variance := max(noise*mat.Inner(pick, inverse, pick), mat.Inner(pick, robust, pick), 0)
		mid, half := mat.Dot(pick, beta), t*math.Sqrt(variance)
		out[i] = Interval{mid - half, mid, mid + half}
	}
	return out, true
}

// crossover is the design of a crossover with the mean of every round taken out of values and columns alike, which is the
// same as fitting the rounds (R. Frisch, F. V. Waugh, 1933) and a smaller problem.
type crossover struct {
	x      *mat.Dense // predecessors (sum to zero) first, then the arms of every launch (against the last)
	y      *mat.VecDense
	share  []float64 // by row: how much of its round's mean it is
	rounds int
}

func newCrossover(turns []Turn, arms int) crossover {
	launches := map[int]int{} // to the first column of its arms
	rounds := map[[2]int][]int{}
	columns := arms - 1
	for i, t := range turns {
		if _, seen := launches[t.Launch]; !seen {
			launches[t.Launch] = columns
			columns += arms - 1
		}
		key := [2]int{t.Launch, t.Round}
		rounds[key] = append(rounds[key], i)
	}
	c := crossover{mat.NewDense(len(turns), columns, nil), mat.NewVecDense(len(turns), nil), make([]float64, len(turns)), len(rounds)}
	for i, t := range turns {
		c.y.SetVec(i, t.Value)
		if t.Arm < arms-1 {
			c.x.Set(i, launches[t.Launch]+t.Arm, 1)
		}
		for j := range arms - 1 {
			switch t.Before {
			case j:
				c.x.Set(i, j, 1)
			case arms - 1:
				c.x.Set(i, j, -1)
			}
		}
	}
	for _, in := range rounds {
		c.centre(in)
	}
	return c
}

// centre takes the mean of the rows out of each of them.
func (c crossover) centre(rows []int) {
	_, columns := c.x.Dims()
	for j := range columns {
		mean := 0.0
		for _, i := range rows {
			mean += c.x.At(i, j) / float64(len(rows))
		}
		for _, i := range rows {
			c.x.Set(i, j, c.x.At(i, j)-mean)
		}
	}
	mean := 0.0
	for _, i := range rows {
		mean += c.y.AtVec(i) / float64(len(rows))
	}
	for _, i := range rows {
		c.y.SetVec(i, c.y.AtVec(i)-mean)
		c.share[i] = 1 / float64(len(rows))
	}
}

// fit is least squares: the coefficients, what they leave, and the inverse of the columns' products; false if some
// coefficient cannot be told from the others.
func (c crossover) fit() (beta, residuals *mat.VecDense, inverse *mat.SymDense, ok bool) {
	var gram mat.SymDense
	gram.SymOuterK(1, c.x.T())
	var chol mat.Cholesky
	if !chol.Factorize(&gram) || chol.Cond() > 1e8 {
		return nil, nil, nil, false
	}
	var xy mat.VecDense
	xy.MulVec(c.x.T(), c.y)
	beta, residuals, inverse = new(mat.VecDense), new(mat.VecDense), new(mat.SymDense)
	if chol.SolveVecTo(beta, &xy) != nil || chol.InverseTo(inverse) != nil {
		return nil, nil, nil, false
	}
	residuals.MulVec(c.x, beta)
	residuals.SubVec(c.y, residuals)
	return beta, residuals, inverse, true
}

// sandwich is the covariance of the coefficients by HC3.
func (c crossover) sandwich(residuals *mat.VecDense, inverse *mat.SymDense) mat.Matrix {
	var weighted mat.Dense
	weighted.CloneFrom(c.x)
	for i := range residuals.Len() {
		row := mat.NewVecDense(c.x.RawMatrix().Cols, weighted.RawRowView(i))
		pull := c.share[i] + mat.Inner(row, inverse, row)
		row.ScaleVec(residuals.AtVec(i)/max(1-pull, 1e-6), row)
	}
	var meat, out mat.Dense
	meat.Mul(weighted.T(), &weighted)
	out.Product(inverse, &meat, inverse)
	return &out
}
