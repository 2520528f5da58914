package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (s *server) creates(ctx context.Context) error {
	for _, callers := range []int{1, 16, 64} {
		figure, err := underLoad(ctx, callers, s.duration, func(ctx context.Context, caller, turn int) error {
			_, err := s.pods.Create(ctx, samplePod(fmt.Sprintf("c%d-%d-%d", callers, caller, turn)), metav1.CreateOptions{})
			return err
		})
		if err != nil {
			return err
		}
		say(fmt.Sprintf("creates, %s", counted(callers)), "%s", figure)
		if err := s.empty(ctx); err != nil {
			return err
		}
	}
	return nil
}

func counted(callers int) string {
	if callers == 1 {
		return "1 caller"
	}
	return fmt.Sprintf("%d callers", callers)
}
