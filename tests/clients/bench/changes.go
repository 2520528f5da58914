package main

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
)

// Each caller has a pod of its own, so that nobody waits for another's write.
func (s *server) changes(ctx context.Context) error {
	err := each(ctx, 16, 64, func(ctx context.Context, _, i int) error {
		_, err := s.pods.Create(ctx, samplePod(podOf(i)), metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	for _, load := range []struct {
		work    string
		callers int
		do      call
	}{
		{"gets", 64, s.get},
		{"strategic patches", 16, s.patch},
		{"server-side applies", 16, s.apply},
	} {
		figure, err := underLoad(ctx, load.callers, s.duration, load.do)
		if err != nil {
			return fmt.Errorf("%s: %w", load.work, err)
		}
		say(fmt.Sprintf("%s, %s", load.work, counted(load.callers)), "%s", figure)
	}
	return s.empty(ctx)
}

func podOf(caller int) string {
	return fmt.Sprintf("changed-%d", caller)
}

func (s *server) get(ctx context.Context, caller, _ int) error {
	_, err := s.pods.Get(ctx, podOf(caller), metav1.GetOptions{})
	return err
}

func (s *server) patch(ctx context.Context, caller, turn int) error {
	body := fmt.Appendf(nil, `{"metadata":{"annotations":{"patched":"%d"}}}`, turn)
	_, err := s.pods.Patch(ctx, podOf(caller), types.StrategicMergePatchType, body, metav1.PatchOptions{})
	return err
}

// The whole pod is applied, with one annotation that changes.
func (s *server) apply(ctx context.Context, caller, turn int) error {
	document, err := json.Marshal(samplePod(podOf(caller)))
	if err != nil {
		return err
	}
	applied := applycorev1.Pod(podOf(caller), namespace)
	if err := json.Unmarshal(document, applied); err != nil {
		return err
	}
	// A configuration says only what its owner wants, and a Pod always writes these.
	applied.Status = nil
	applied.WithAnnotations(map[string]string{"applied": fmt.Sprint(turn)})
	_, err = s.pods.Apply(ctx, applied, metav1.ApplyOptions{FieldManager: "bench", Force: true})
	return err
}
