// Package artefact is the document in which a trained model comes from its training to the service that serves it: weights, the
// encoder that says what each column of the feature vector is, and the distributions of the inputs in training. A model service
// loads such a document at its start and whenever an operator hands it another one.
package artefact

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Model is one artefact: a logistic regression for a click on an item.
type Model struct {
	Version string `json:"version"` // names the training and its outcome
	Release int    `json:"release"` // number in the registry: counts up from 1
	// Schema is the Hash of the columns with which the weights were trained. An encoder that was changed after that has another one.
	Schema string `json:"schema"`

	Columns    []string    `json:"columns"` // the encoder: what each column of the feature vector stands for, as Column writes it
	Weights    [][]float64 `json:"weights"` // by column, then by category of the item
	Affinity   float64     `json:"affinity"`
	Popularity float64     `json:"popularity"`
	Bias       float64     `json:"bias"`
	Positions  []float64   `json:"positions"` // relative to the first position on the slate

	Baseline map[string]Distribution `json:"baseline"` // of the inputs, in training
}

// Distribution is the distribution of one input. The bin "missing" is last, with share 0 in training.
type Distribution struct {
	Bins   []string  `json:"bins"`
	Shares []float64 `json:"shares"`
}

// Served is what a model service answers when it is asked for its model: what it has loaded, and how it ranks.
type Served struct {
	Version string `json:"version"`
	Release int    `json:"release"`
	Schema  string `json:"schema"`  // what the artefact says
	Encoder string `json:"encoder"` // the Hash of the columns that are in use
	// Changed is the share of the segments whose best items are not those that the newest release of the registry gives them.
	Changed float64 `json:"changed"`
	// Spread is the mean difference between the best and the worst probability of a click of a segment.
	Spread float64 `json:"spread"`
	// Ranked is how many segments were ranked; 0 tells nothing.
	Ranked int `json:"ranked"`
}

// Column names the column of one value of a feature, e.g. age=25-34.
func Column(feature, value string) string { return feature + "=" + value }

// Hash names an order of columns.
func Hash(columns []string) string {
	sum := sha256.Sum256([]byte(strings.Join(columns, "\n")))
	return hex.EncodeToString(sum[:4])
}

// Swapped returns the artefact with two columns of its encoder changed for each other. All else is as it was, also what the
// artefact says of its schema. Without these columns it changes nothing.
func (m Model) Swapped(one, other string) Model {
	m.Columns = slices.Clone(m.Columns)
	i, j := slices.Index(m.Columns, one), slices.Index(m.Columns, other)
	if i >= 0 && j >= 0 {
		m.Columns[i], m.Columns[j] = m.Columns[j], m.Columns[i]
	}
	return m
}

// Flat returns the artefact with all weights lost, as by an export that wrote zeros. Only the bias is left, so that all users
// and all items have the same score.
func (m Model) Flat() Model {
	m.Affinity, m.Popularity = 0, 0
	m.Weights = slices.Clone(m.Weights)
	for i, row := range m.Weights {
		m.Weights[i] = make([]float64, len(row))
	}
	return m
}
