package main

import (
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

const (
	collection = 10_000
	lists      = 7
)

func (s *server) collections(ctx context.Context) error {
	err := each(ctx, 32, collection, func(ctx context.Context, _, i int) error {
		_, err := s.pods.Create(ctx, samplePod(fmt.Sprintf("listed-%d", i)), metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	var bytes, decoded []time.Duration
	for range lists {
		before := time.Now()
		if err := s.drain(ctx); err != nil {
			return err
		}
		bytes = append(bytes, time.Since(before))
	}
	for range lists {
		before := time.Now()
		found, err := s.pods.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(found.Items) != collection {
			return fmt.Errorf("%d pods were made, %d were listed", collection, len(found.Items))
		}
		decoded = append(decoded, time.Since(before))
	}
	alone, err := s.decodeAlone(ctx)
	if err != nil {
		return err
	}
	say("list of 10,000 pods, to the last byte", "p50 %.0f ms", percentile(bytes, 0.5))
	say("list of 10,000 pods, decoded", "p50 %.0f ms", percentile(decoded, 0.5))
	say("the same bytes, decoded from memory", "p50 %.0f ms", percentile(alone, 0.5))
	before := time.Now()
	if err := s.empty(ctx); err != nil {
		return err
	}
	say("deletecollection of 10,000 pods", "%.2f s", time.Since(before).Seconds())
	return nil
}

// decodeAlone says what client-go takes for a list that it has already: no server can be faster for it.
func (s *server) decodeAlone(ctx context.Context) ([]time.Duration, error) {
	body, err := s.client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods").Do(ctx).Raw()
	var taken []time.Duration
	for range lists {
		before := time.Now()
		if err == nil {
			err = runtime.DecodeInto(scheme.Codecs.UniversalDeserializer(), body, &corev1.PodList{})
		}
		taken = append(taken, time.Since(before))
	}
	return taken, err
}

// drain reads a list without decoding it.
func (s *server) drain(ctx context.Context) error {
	body, err := s.client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods").Stream(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(io.Discard, body)
	return err
}
