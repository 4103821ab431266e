package stack

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/artefact"
)

// Features that the encoder turns into columns.
const (
	featureAge  = "age"
	featureTier = "tier"
)

// registry are the artefacts of one training, the oldest release first. Its last one is what a deployment loads.
type registry []artefact.Model

// newest returns the last release.
func (r registry) newest() artefact.Model { return r[len(r)-1] }

// columnsTrained are the columns of the feature vector in the order of the training.
func columnsTrained() []string {
	var out []string
	for _, band := range population.AgeBands {
		out = append(out, artefact.Column(featureAge, band))
	}
	for _, tier := range population.Tiers {
		out = append(out, artefact.Column(featureTier, tier))
	}
	return out
}

// artefact writes down what has been learned so far.
func (m *ranker) artefact(seed int64, release int, inputs map[string]distribution) artefact.Model {
	columns := columnsTrained()
	a := artefact.Model{
		Release: release, Schema: artefact.Hash(columns), Columns: columns,
		Affinity: m.affinity, Popularity: m.popular, Bias: m.bias, Baseline: inputs,
	}
	h := sha256.New()
	for _, row := range slices.Concat(m.age, m.tier) {
		a.Weights = append(a.Weights, slices.Clone(row[:]))
		for _, w := range row {
			_, _ = h.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(w)))
		}
	}
	for i := range slotsMost { // what is learned up to trainSlots is constant after that
		a.Positions = append(a.Positions, m.position[min(i, trainSlots-1)])
	}
	a.Version = fmt.Sprintf("lr-%d.%d-%s", seed, release, hex.EncodeToString(h.Sum(nil)[:4]))
	return a
}

// load makes an artefact a ranker of the items. It is the only way to one, at the start of the service and later.
//
// The encoder decides which weights belong to which value. Like most services, this one takes the encoder's word for it, and does not
// compare it with the schema of the training.
func load(items []population.Item, a artefact.Model) (*ranker, error) {
	m := &ranker{
		items: items, affinity: a.Affinity, popular: a.Popularity, bias: a.Bias,
		version: a.Version, release: a.Release, schema: a.Schema,
		encoder: artefact.Hash(a.Columns), columns: slices.Clone(a.Columns),
		base: baseline{Version: a.Version, Features: a.Baseline},
	}
	if a.Version == "" || len(a.Weights) != len(a.Columns) || len(a.Positions) != slotsMost {
		return nil, fmt.Errorf("artefact %q is not whole: it has %d columns, weights for %d, and %d of %d positions",
			a.Version, len(a.Columns), len(a.Weights), len(a.Positions), slotsMost)
	}
	copy(m.position[:], a.Positions)
	var err error
	if m.age, err = rows(a, featureAge, population.AgeBands); err != nil {
		return nil, err
	}
	m.tier, err = rows(a, featureTier, population.Tiers)
	return m, err
}

// rows finds the weights of every value of a feature.
func rows(a artefact.Model, feature string, values []string) ([][population.Categories]float64, error) {
	out := make([][population.Categories]float64, len(values))
	for i, value := range values {
		at := slices.Index(a.Columns, artefact.Column(feature, value))
		if at < 0 || len(a.Weights[at]) != population.Categories {
			return nil, fmt.Errorf("artefact %q has no %d weights for %s", a.Version, population.Categories, artefact.Column(feature, value))
		}
		copy(out[i][:], a.Weights[at])
	}
	return out, nil
}

// encode returns the feature vector of a request in the order of the encoder's columns, with the affinities after them.
func (m *ranker) encode(req rankRequest) []float64 {
	out := make([]float64, 0, len(m.columns)+population.Categories)
	band, tier := artefact.Column(featureAge, population.AgeBands[req.AgeBand]), artefact.Column(featureTier, population.Tiers[req.Tier])
	for _, column := range m.columns {
		value := 0.0
		if column == band || column == tier {
			value = 1
		}
		out = append(out, value)
	}
	for c := range population.Categories {
		out = append(out, affinity(&req.Clicks, c))
	}
	return out
}
