// operator: a controller-runtime operator of the usual kind (a custom resource, an owned object, a finalizer, a status
// subresource, events, leader election), and a user who drives it through a greeting's whole life.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	controllerruntime "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	// The flag -kubeconfig is controller-runtime's own.
	flag.Parse()
	controllerruntime.SetLogger(zap.New())
	config, err := clientcmd.BuildConfigFromFlags("", flag.Lookup("kubeconfig").Value.String())
	must(err)
	kinds := runtime.NewScheme()
	must(scheme.AddToScheme(kinds))
	must(greetings.AddToScheme(kinds))
	manager, err := controllerruntime.NewManager(config, controllerruntime.Options{
		Scheme: kinds, Metrics: server.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "greeter", LeaderElectionNamespace: "default",
		LeaderElectionReleaseOnCancel: true,
	})
	must(err)
	greeter := &greeter{Client: manager.GetClient(), events: manager.GetEventRecorder("greeter")}
	must(controllerruntime.NewControllerManagedBy(manager).For(&Greeting{}).Owns(&corev1.ConfigMap{}).Complete(greeter))
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	stopped := make(chan error)
	go func() { stopped <- manager.Start(ctx) }()
	user, err := client.New(config, client.Options{Scheme: kinds})
	must(err)
	live(ctx, user)
	stop()
	must(<-stopped)
}

// live is the user's side: make, change, damage, delete; each step waits for what the operator must do about it.
func live(ctx context.Context, user client.Client) {
	greeting := &Greeting{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "hello"}, Spec: GreetingSpec{Text: "hi"}}
	key := client.ObjectKeyFromObject(greeting)
	must(user.Create(ctx, greeting))
	until(ctx, "the greeting is said", func() bool { return said(ctx, user, key, "hi") })

	must(user.Get(ctx, key, greeting))
	greeting.Spec.Text = "hello"
	must(user.Update(ctx, greeting))
	until(ctx, "a change is followed", func() bool { return said(ctx, user, key, "hello") })

	must(user.Delete(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}))
	until(ctx, "damage is repaired", func() bool { return said(ctx, user, key, "hello") })

	must(user.Delete(ctx, greeting))
	until(ctx, "finalizer and garbage collector leave nothing", func() bool {
		return errors.IsNotFound(user.Get(ctx, key, &Greeting{})) && errors.IsNotFound(user.Get(ctx, key, &corev1.ConfigMap{}))
	})
}

func said(ctx context.Context, user client.Client, key client.ObjectKey, text string) bool {
	greeting, made := &Greeting{}, &corev1.ConfigMap{}
	if user.Get(ctx, key, greeting) != nil || user.Get(ctx, key, made) != nil {
		return false
	}
	return made.Data["text"] == text && greeting.Status.Said == text &&
		greeting.Status.ObservedGeneration == greeting.Generation
}

func until(ctx context.Context, what string, done func() bool) {
	check := func(context.Context) (bool, error) { return done(), nil }
	if err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, check); err != nil {
		log.Fatalf("not so within a minute: %s", what)
	}
	fmt.Println(what)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
