package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	watchers = 100
	writes   = 200
)

// watches measures from the call of a write until each of the watchers has decoded the event.
func (s *server) watches(ctx context.Context) error {
	maps := s.client.CoreV1().ConfigMaps(namespace)
	seen := make(chan time.Time, watchers)
	for range watchers {
		opened, err := maps.Watch(ctx, metav1.ListOptions{LabelSelector: "bench=watch"})
		if err != nil {
			return err
		}
		defer opened.Stop()
		go func() {
			for event := range opened.ResultChan() {
				if event.Type == watch.Added {
					seen <- time.Now()
				}
			}
		}()
	}
	var delays []time.Duration
	for i := range writes {
		object := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("watched-%d", i), Labels: map[string]string{"bench": "watch"}},
			Data:       map[string]string{"i": fmt.Sprint(i)},
		}
		before := time.Now()
		if _, err := maps.Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return err
		}
		for range watchers {
			delays = append(delays, (<-seen).Sub(before))
		}
	}
	say(fmt.Sprintf("one write to %d watchers", watchers), "%s", percentiles(delays))
	return maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "bench=watch"})
}
