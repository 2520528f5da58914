package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	controllerruntime "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const finalizer = "tests.example.com/greeter"

type greeter struct {
	client.Client
	events events.EventRecorder
}

func (g *greeter) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	greeting := &Greeting{}
	if err := g.Get(ctx, request.NamespacedName, greeting); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !greeting.DeletionTimestamp.IsZero() {
		controllerutil.RemoveFinalizer(greeting, finalizer)
		return reconcile.Result{}, g.Update(ctx, greeting)
	}
	if controllerutil.AddFinalizer(greeting, finalizer) {
		if err := g.Update(ctx, greeting); err != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{}, g.say(ctx, greeting)
}

func (g *greeter) say(ctx context.Context, greeting *Greeting) error {
	made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: greeting.Namespace, Name: greeting.Name}}
	_, err := controllerruntime.CreateOrUpdate(ctx, g.Client, made, func() error {
		made.Data = map[string]string{"text": greeting.Spec.Text}
		return controllerutil.SetControllerReference(greeting, made, g.Scheme())
	})
	if err != nil {
		return err
	}
	g.events.Eventf(greeting, made, corev1.EventTypeNormal, "Said", "Say", "said %q", greeting.Spec.Text)
	before := greeting.DeepCopyObject().(*Greeting)
	greeting.Status = GreetingStatus{Said: greeting.Spec.Text, ObservedGeneration: greeting.Generation}
	return g.Status().Patch(ctx, greeting, client.MergeFrom(before))
}
