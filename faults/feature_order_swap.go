package faults

import (
	"context"
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/artefact"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// featureOrderSwap: the encoder that comes with the model has two columns in the wrong order, and nobody compares it with the
// schema of the training. About half of the users get what users of another age like.
func featureOrderSwap() Fault {
	one, other := artefact.Column("age", population.AgeBands[1]), artefact.Column("age", population.AgeBands[3])
	return Fault{
		ID:    "feature-order-swap",
		Group: "model",
		Title: "the encoder of the model has two columns swapped: " + one + " and " + other,
		Felt:  "plausible content that fits somebody else, for about half of the users; nothing fails",
		Signs: map[string]int{"errors": 0, "click_through": -1},
		Least: "metrics",
		Runbook: "Version, inputs, scores and latency are all normal, and click-through sinks. Look at it by segment: two age " +
			"bands lose, the others do not. Then compare the feature vector in the debug log with the schema of the training: the " +
			"hash of the encoder's columns (perso.features.encoder) must be that of the model (perso.model.schema). Deploy the " +
			"encoder that belongs to the model.",
		Levers: []string{lever.ReadModel, lever.LoadModel, lever.TryModel},
		Expect: []string{"ClickThroughLow"},
		Allow:  []string{"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh", "ModelVersionChanged"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.features.encoder": encoderOf(one, other),
		}},
		Unseen: true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return loadModel(ctx, site, 0, func(m artefact.Model) artefact.Model { return m.Swapped(one, other) })
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			served, values, err := servedModel(ctx, site)
			return Effect{
				Present: served.Encoder != served.Schema && served.Changed > 0,
				Gone:    served.Ranked > 0 && served.Encoder == served.Schema && served.Changed == 0,
				Detail: fmt.Sprintf("encoder %s, schema %s; other items for %.0f %% of the segments", served.Encoder, served.Schema,
					100*served.Changed),
				Values: values,
			}, err
		},
	}
}

// encoderOf is the hash of the columns of the training with two of them swapped.
func encoderOf(one, other string) string {
	trained := artefact.Model{Columns: slices.Concat(columns("age", population.AgeBands), columns("tier", population.Tiers))}
	return artefact.Hash(trained.Swapped(one, other).Columns)
}

func columns(feature string, values []string) (out []string) {
	for _, value := range values {
		out = append(out, artefact.Column(feature, value))
	}
	return out
}
