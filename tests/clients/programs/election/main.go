// election: two candidates of client-go's leader election on one Lease. The first leads, stops and lets go; the second
// takes over.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the cluster")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	all, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	first, stopFirst := context.WithCancel(all)
	leading := make(chan string)
	go campaign(first, client, "first", leading)
	expect(leading, "first")
	go campaign(all, client, "second", leading)
	stopFirst()
	expect(leading, "second")
}

func campaign(ctx context.Context, client kubernetes.Interface, name string, leading chan<- string) {
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: "default", Name: "election"},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration:   15 * time.Second,
		RenewDeadline:   10 * time.Second,
		RetryPeriod:     time.Second,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leading <- name },
			OnStoppedLeading: func() {},
		},
	})
}

func expect(leading <-chan string, name string) {
	select {
	case leader := <-leading:
		if leader != name {
			log.Fatalf("%s leads, not %s", leader, name)
		}
		fmt.Println(leader, "leads")
	case <-time.After(30 * time.Second):
		log.Fatalf("%s never led", name)
	}
}
