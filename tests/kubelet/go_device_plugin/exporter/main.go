// Asks a kubelet for the devices of its pods with Kubernetes' own bindings, as exporters of GPUs' figures do:
// `exporter SOCKET NAMESPACE POD`. Prints a line each for the pods, the pod by itself, one that is not there, and what
// there is to give.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"
)

func told(devices []*api.ContainerDevices) (words []string) {
	for _, one := range devices {
		var nodes []int64
		for _, node := range one.GetTopology().GetNodes() {
			nodes = append(nodes, node.GetID())
		}
		words = append(words, fmt.Sprint(one.GetResourceName(), one.GetDeviceIds(), nodes))
	}
	sort.Strings(words)
	return words
}

func printPod(pod *api.PodResources) {
	for _, container := range pod.GetContainers() {
		fmt.Println(pod.GetNamespace(), pod.GetName(), container.GetName(), told(container.GetDevices()))
		for _, claim := range container.GetDynamicResources() {
			for _, one := range claim.GetClaimResources() {
				fmt.Println(claim.GetClaimNamespace(), claim.GetClaimName(), one.GetDriverName(), one.GetPoolName(), one.GetDeviceName(), len(one.GetCdiDevices()))
			}
		}
	}
}

func main() {
	socket, namespace, name := os.Args[1], os.Args[2], os.Args[3]
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	ctx, lister := context.Background(), api.NewPodResourcesListerClient(connection)
	list, err := lister.List(ctx, &api.ListPodResourcesRequest{})
	if err != nil {
		panic(err)
	}
	for _, pod := range list.GetPodResources() {
		printPod(pod)
	}
	one, err := lister.Get(ctx, &api.GetPodResourcesRequest{PodName: name, PodNamespace: namespace})
	if err != nil {
		panic(err)
	}
	printPod(one.GetPodResources())
	_, err = lister.Get(ctx, &api.GetPodResourcesRequest{PodName: "nobody", PodNamespace: namespace})
	fmt.Println(err)
	all, err := lister.GetAllocatableResources(ctx, &api.AllocatableResourcesRequest{})
	if err != nil {
		panic(err)
	}
	fmt.Println(told(all.GetDevices()), all.GetCpuIds(), all.GetMemory())
}
