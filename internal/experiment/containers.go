package experiment

import (
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// Containers is for the environment of that name.
type Containers struct {
	Registry string            `yaml:"registry"` // prefix of every standard image
	Images   map[string]string `yaml:"images"`   // references by the names of `tollgate images list`
	Backends []string          `yaml:"backends"` // NAME or NAME=ADDRESS: back ends in addition to Jaeger
	Networks []string          `yaml:"networks"` // that the Collectors join, to reach such addresses
}

// Choice is which images the experiment wants.
func (c Containers) Choice() images.Choice {
	return images.Choice{Registry: c.Registry, Refs: c.Images}
}

// Targets are the back ends that the experiment wants.
func (c Containers) Targets() ([]collector.Target, error) {
	var targets []collector.Target
	for _, text := range c.Backends {
		t, err := collector.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (e *Experiment) validateContainers(c *complaints) {
	if err := e.Containers.Choice().Check(); err != nil {
		c.add("containers.images: %v", err)
	}
	if _, err := e.Containers.Targets(); err != nil {
		c.add("containers.backends: %v", err)
	}
}
