// Command bench measures an API server with an unmodified client-go: bench -kubeconfig FILE [-protobuf].
//
// It prints one line of JSON for each figure: {"work": "creates, 16 callers", "figure": "1850/s  p50 7.9 ms  p99 21.0 ms"}.
// Objects live in the namespace "bench", which is emptied at the end.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

const namespace = "bench"

// A server is what the measurements need of the one that is measured.
type server struct {
	client kubernetes.Interface
	pods   typedcorev1.PodInterface
	// How long each load lasts.
	duration time.Duration
}

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "file that says where the server is")
	protobuf := flag.Bool("protobuf", false, "speak protobuf instead of JSON")
	seconds := flag.Float64("seconds", 5, "length of each load")
	only := flag.String("only", "", "run this measurement and no other: creates, changes, watches, collections")
	flag.Parse()
	bench, err := connect(*kubeconfig, *protobuf)
	if err != nil {
		log.Fatal(err)
	}
	bench.duration = time.Duration(*seconds * float64(time.Second))
	for _, measurement := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"creates", bench.creates},
		{"changes", bench.changes},
		{"watches", bench.watches},
		{"collections", bench.collections},
	} {
		if *only != "" && *only != measurement.name {
			continue
		}
		if err := measurement.run(context.Background()); err != nil {
			log.Fatalf("%s: %v", measurement.name, err)
		}
	}
}

func connect(kubeconfig string, protobuf bool) (*server, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	config.ContentType = "application/json"
	if protobuf {
		config.ContentType = "application/vnd.kubernetes.protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &server{client: client, pods: client.CoreV1().Pods(namespace)}, ensureNamespace(client)
}

// A server without controllers makes no default account, and refuses pods without it.
func ensureNamespace(client kubernetes.Interface) error {
	ctx := context.Background()
	core := client.CoreV1()
	_, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	_, err = core.ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

func (s *server) empty(ctx context.Context) error {
	now := int64(0)
	return s.pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
}

func say(work, format string, values ...any) {
	line, _ := json.Marshal(map[string]string{"work": work, "figure": fmt.Sprintf(format, values...)})
	fmt.Println(string(line))
}
