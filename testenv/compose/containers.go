package compose

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Labels that the plugin and docker-compose put on every container.
const (
	labelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
)

// Container is a container of a project.
type Container struct {
	ID      string
	Service string
	Running bool
	Status  string // for people: "Exited (1) 2 seconds ago"
	Failed  bool   // it has ended with another exit code than 0
}

// Containers returns the containers of a project, also those that have ended.
func Containers(ctx context.Context, c *client.Client, project string) ([]Container, error) {
	list, err := c.ContainerList(ctx, client.ContainerListOptions{
		All: true, Filters: make(client.Filters).Add("label", labelProject+"="+project),
	})
	if err != nil {
		return nil, fmt.Errorf("compose: containers of %s: %w", project, err)
	}
	var out []Container
	for _, item := range list.Items {
		ended := item.State == container.StateExited || item.State == container.StateDead
		out = append(out, Container{
			ID: item.ID, Service: item.Labels[labelService], Running: item.State == container.StateRunning, Status: item.Status,
			Failed: ended && !strings.HasPrefix(item.Status, "Exited (0)"),
		})
	}
	slices.SortFunc(out, func(a, b Container) int { return strings.Compare(a.Service+a.ID, b.Service+b.ID) })
	return out, nil
}
