package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var labels = map[string]string{"app": "bench", "app.kubernetes.io/part-of": "bench", "tier": "load"}

// samplePod is a pod of about 1.2 KB that no node will run.
func samplePod(name string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels},
		Spec: corev1.PodSpec{
			SchedulerName: "nobody",
			Containers:    []corev1.Container{sampleContainer()},
			Tolerations: []corev1.Toleration{
				{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "bench", Effect: corev1.TaintEffectNoSchedule},
			},
			NodeSelector: map[string]string{"kubernetes.io/os": "linux"},
		},
	}
}

func sampleContainer() corev1.Container {
	settings := make([]corev1.EnvVar, 8)
	for i := range settings {
		settings[i] = corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: fmt.Sprintf("value-number-%d", i)}
	}
	ready := corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromString("http")}
	return corev1.Container{
		Name:    "main",
		Image:   "registry.example.com/team/bench:1.2.3",
		Command: []string{"/bin/server", "--listen=:8080", "--log-level=info"},
		Env:     settings,
		Ports:   []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("64Mi")},
			Limits:   corev1.ResourceList{"memory": resource.MustParse("128Mi")},
		},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &ready}, PeriodSeconds: 10},
	}
}
